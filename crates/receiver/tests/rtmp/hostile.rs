//! Hostile peers, beside an honest viewer.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Buf;
use onair::flv::Muxer;
use onair::media::text::is_printable;
use onair::rtmp::publisher::Config;
use onair::rtmp::{Error, Machine, Output, Publisher};
use onair_receiver::{Event, Keys, Limits};

use crate::encoder::Encoder;
use crate::player::{Player, requests};
use crate::setup::{Fixture, Media};

/// A publisher and a viewer, whatever else goes on.
struct Show {
    encoder: Encoder,
    player: Player,
    media: Media,
    next: i64,
}

impl Show {
    fn begin(fixture: &mut Fixture) -> Self {
        let encoder = Encoder::live(fixture.address(), "show");
        fixture.wait_for_publisher();
        Self {
            encoder,
            player: Player::play(fixture.address(), "show"),
            media: Media::new(),
            next: 0,
        }
    }

    /// One more picture goes through.
    fn goes_on(&mut self) {
        let picture = self
            .media
            .picture(self.next * 40, self.next % 25 == 0, 2000);
        self.encoder.send(&picture);
        assert_eq!(self.player.packet().unwrap().payload, picture.payload);
        self.next += 1;
    }
}

fn fixture() -> Fixture {
    let mut limits = Limits::default();
    limits.linger = Duration::ZERO;
    limits.half_open = 64;
    Fixture::with(|builder| builder.limits(limits))
}

/// Everything a publisher sends before it has heard an answer.
fn flight() -> Vec<u8> {
    let url = "rtmp://127.0.0.1/live/other".parse().unwrap();
    let mut publisher = Publisher::new(Config::new(url), Instant::now());
    let mut muxer = Muxer::new();
    for packet in Media::new().stream(0..4, 4) {
        muxer
            .mux(&packet)
            .into_iter()
            .for_each(|tag| publisher.send(&tag).unwrap());
    }
    let mut wire = Vec::new();
    loop {
        match publisher.poll_output() {
            Output::Transmit(mut bytes) => wire.extend(bytes.copy_to_bytes(bytes.remaining())),
            Output::Event(_) => {}
            Output::Timeout(_) => return wire,
        }
    }
}

/// Everything a player sends.
fn questions() -> Vec<u8> {
    let mut shake = onair::rtmp::handshake::Client::first_flight(1);
    let mut wire = shake.poll_transmit().unwrap().to_vec();
    wire.extend(requests("show"));
    wire
}

/// Sends all of it and nothing more, and reads until the receiver has had enough.
fn attack(address: SocketAddr, bytes: &[u8]) {
    let mut socket = TcpStream::connect(address).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let _refused = socket.write_all(bytes);
    let _gone = socket.shutdown(Shutdown::Write);
    let mut buffer = [0; 65536];
    while let Ok(1..) = socket.read(&mut buffer) {}
}

/// xorshift64.
fn noise(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn no_prefix_and_no_flipped_bit_of_a_conversation_disturbs_the_show() {
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    for golden in [flight(), questions()] {
        let commands = 3073..golden.len().min(3073 + 900);
        for at in commands.clone().step_by(7) {
            attack(fixture.address(), &golden[..at]);
            show.goes_on();
        }
        for at in commands.step_by(5) {
            let mut bent = golden.clone();
            bent[at] ^= 1 << (at % 8);
            attack(fixture.address(), &bent);
            show.goes_on();
        }
    }
}

#[test]
fn noise_of_any_kind_disturbs_nothing() {
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    let mut state = 0x5EED;
    for round in 0..200 {
        let length = usize::try_from(noise(&mut state) % 6000).unwrap();
        let mut bytes: Vec<u8> = (0..length)
            .map(|_| noise(&mut state).to_be_bytes()[0])
            .collect();
        if round % 2 == 0 {
            bytes.splice(0..0, flight()[..3073].to_vec());
        }
        attack(fixture.address(), &bytes);
        show.goes_on();
    }
    attack(
        fixture.address(),
        b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
    );
    show.goes_on();
}

#[test]
fn a_thousand_half_open_connections_keep_nobody_out() {
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    let mut half_open = Vec::new();
    for i in 0..1000 {
        let Ok(mut socket) = TcpStream::connect(fixture.address()) else {
            panic!("{i} connections, and no more");
        };
        let _pushed_out = socket.write_all(&flight()[..i * 3]);
        half_open.push(socket);
        if i % 50 == 0 {
            show.goes_on();
            let mut newcomer = Player::play(fixture.address(), "show");
            assert!(newcomer.packet().is_some());
        }
    }
    let mut open = 0;
    for socket in &half_open {
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 8192];
        open += usize::from(loop {
            match (&mut &*socket).read(&mut buffer) {
                Ok(0) => break false,
                Ok(_) => {}
                Err(error) => break error.kind() == std::io::ErrorKind::WouldBlock,
            }
        });
    }
    // The last may still be on its way out.
    assert!(open < 80, "{open} are still open");
    show.goes_on();
}

#[test]
fn who_lies_about_sizes_is_cut_off() {
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    let handshake = &flight()[..3073];
    let set_chunk_size = |size: u32| {
        [
            &[2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0],
            &size.to_be_bytes()[..],
        ]
        .concat()
    };
    let claim = [4, 0, 0, 0, 0xFF, 0xFF, 0xFF, 9, 1, 0, 0, 0];
    let lies = [
        set_chunk_size(0),
        set_chunk_size(u32::MAX),
        [set_chunk_size(0x7FFF_FFFF), claim.to_vec()].concat(),
        claim.to_vec(),
        (4..60)
            .flat_map(|csid| [csid, 0, 0, 0, 0x80, 0, 0, 9, 1, 0, 0, 0, 0])
            .collect(),
    ];
    for lie in lies {
        attack(fixture.address(), &[handshake, &lie].concat());
        show.goes_on();
    }
}

#[test]
fn who_sends_without_asking_is_cut_off() {
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    let mut socket = TcpStream::connect(fixture.address()).unwrap();
    socket.write_all(&flight()[..3073]).unwrap();
    // An endless row of messages of an unknown kind.
    let message = [&[4, 0, 0, 0, 0, 0, 100, 9, 1, 0, 0, 0], &[0; 100][..]].concat();
    let sent = (0..1_000_000).take_while(|_| socket.write_all(&message).is_ok());
    assert!(sent.count() < 1_000_000);
    show.goes_on();
}

#[test]
fn a_player_who_floods_the_receiver_is_cut_off() {
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    let mut player = Player::play(fixture.address(), "show");
    let message = [&[4, 0, 0, 0, 0, 0, 100, 9, 1, 0, 0, 0], &[0; 100][..]].concat();
    let sent = (0..1_000_000).take_while(|_| player.socket.write_all(&message).is_ok());
    assert!(sent.count() < 1_000_000);
    show.goes_on();
}

#[test]
fn payloads_that_are_no_media_are_passed_over() {
    let mut fixture = fixture();
    let media = Media::new();
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let mut player = Player::play(fixture.address(), "cam");
    let bodies: [&[u8]; 6] = [
        &[0x17, 0, 0, 0, 0, 1, 2],
        &[0x17, 1],
        &[0x27, 9, 0, 0, 0],
        &[0x91, b'h', b'v', b'c', b'1'],
        &[],
        &[0x12, 1, 2, 3],
    ];
    for body in bodies {
        use onair::flv::{Tag, TagKind};
        for kind in [TagKind::Video, TagKind::Audio, TagKind::Script] {
            let body = bytes::Bytes::copy_from_slice(body);
            encoder.send_tag(&Tag::from_body(kind, 0, body));
        }
    }
    encoder.send(&media.picture(0, true, 100));
    assert_eq!(player.packet().unwrap().payload.len(), 100);
}

/// How much the receiver takes of endless `words` from a peer that reads nothing, up to `most`.
fn taken(socket: &mut TcpStream, words: &[u8], most: usize) -> usize {
    let timeout = Some(Duration::from_secs(1));
    socket.set_write_timeout(timeout).unwrap();
    let block = words.repeat(64 * 1024 / words.len());
    let mut taken = 0;
    while taken < most {
        match socket.write(&block) {
            Ok(written) => taken += written,
            Err(_) => break,
        }
    }
    taken
}

/// More than two kernels' buffers hold.
const FLOOD: usize = 24 << 20;

const PING: [u8; 18] = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 7];

#[test]
fn a_publisher_who_reads_no_answers_is_not_read_either() {
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    let mut socket = TcpStream::connect(fixture.address()).unwrap();
    socket.write_all(&flight()).unwrap();
    fixture.wait_for_publisher();
    let taken = taken(&mut socket, &PING, FLOOD);
    assert!(taken < FLOOD, "all of it was read");
    show.goes_on();
}

#[test]
fn who_guesses_keys_has_to_wait_whatever_it_says_then() {
    let mut keys = Keys::none();
    keys.add("cam", &"sesame".into()).unwrap();
    let mut fixture = Fixture::with(|builder| builder.keys(keys));
    let refused = |key: &str| match Encoder::publish(fixture.address(), key) {
        Err(Error::Refused { description, .. }) => description,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("{key} is no key"),
    };
    for _ in 0..20 {
        assert_eq!(refused("last-years"), "this stream key is not known here");
    }
    let mut guesses = 0..100;
    let words = loop {
        let guess = guesses.next().expect("a wait before so many guesses");
        let words = refused(&format!("guess-{guess}"));
        if words != "this stream key is not known here" {
            break words;
        }
    };
    assert!(
        words.starts_with("too many wrong keys from this address"),
        "{words}"
    );
    let mut told = 0;
    while fixture.wait(|event| match event {
        Event::Refused { why, .. } => Some(!why.starts_with("too many")),
        _ => None,
    }) {
        told += 1;
    }
    assert!(told < 10, "{told} lines");
}

#[test]
fn who_may_not_watch_is_told_so_and_who_has_the_key_may() {
    let mut keys = Keys::none();
    keys.require_to_play(&"popcorn".into()).unwrap();
    let mut fixture = Fixture::with(|builder| builder.keys(keys));
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let (_, said) = Player::ask(fixture.address(), "cam").rest();
    let expected = (
        "NetStream.Play.Failed".to_owned(),
        "this stream key is not known here".to_owned(),
    );
    assert_eq!(said, [expected]);
    let mut player = Player::play(fixture.address(), "cam?key=popcorn");
    encoder.send(&Media::new().picture(0, true, 10));
    assert!(player.packet().is_some());
}

#[test]
fn viewers_that_take_every_place_leave_publishers_theirs_and_are_refused_in_words() {
    let mut limits = Limits::default();
    limits.connections = 8;
    let mut fixture = Fixture::with(|builder| builder.limits(limits));
    let _encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let viewers: Vec<_> = (0..6)
        .map(|_| Player::play(fixture.address(), "cam"))
        .collect();
    let (_, said) = Player::ask(fixture.address(), "cam").rest();
    let words = |words: &str| vec![("NetStream.Play.Failed".to_owned(), words.to_owned())];
    assert_eq!(said, words("this server takes no more viewers"));
    let _second = Encoder::live(fixture.address(), "other");
    drop(viewers);
    let mut limits = Limits::default();
    limits.viewers_per_address = 1;
    let mut fixture = Fixture::with(|builder| builder.limits(limits));
    let _encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    let _one = Player::play(fixture.address(), "cam");
    let (_, said) = Player::ask(fixture.address(), "cam").rest();
    assert_eq!(
        said,
        words("this server takes no more viewers from one address")
    );
}

#[test]
fn metadata_and_configurations_without_measure_cost_nothing_or_end_in_words() {
    use onair::flv::{Tag, TagKind};
    use onair::media::Tracks;
    let mut fixture = fixture();
    let mut show = Show::begin(&mut fixture);
    let mut encoder = Encoder::live(fixture.address(), "cam");
    fixture.wait_for_publisher();
    for i in 0..100 {
        encoder.describe(&Tracks {
            encoder: format!("{i}{}", "x".repeat(60_000)),
            ..Tracks::default()
        });
    }
    encoder.send(&Media::new().picture(0, true, 100));
    // An avcC whose one picture parameter set is longer than any.
    let sps: &[u8] = &[
        0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
    ];
    let pps = vec![0x68; 65_000];
    let mut body = vec![0x17, 0, 0, 0, 0, 1, 0x42, 0xC0, 0x1F, 0xFF, 0xE1, 0, 13];
    body.extend_from_slice(sps);
    body.push(2);
    for _ in 0..2 {
        body.extend_from_slice(&u16::try_from(pps.len()).unwrap().to_be_bytes());
        body.extend_from_slice(&pps);
    }
    encoder.send_tag(&Tag::from_body(TagKind::Video, 0, body.into()));
    encoder.send_tag(&Tag::from_body(
        TagKind::Video,
        0,
        vec![0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65].into(),
    ));
    let why = fixture.wait(|event| match event {
        Event::Refused { why, .. } => Some(why),
        _ => None,
    });
    assert!(
        why.starts_with("live/cam: a decoder configuration of 130"),
        "{why}"
    );
    encoder.wait_for_end();
    show.goes_on();
}

#[test]
fn nothing_a_publisher_calls_itself_acts_on_a_terminal_or_a_page() {
    let odd = "\u{202e}evil\u{1b}[2J\u{200b}\u{9b}\u{2066}";
    let mut fixture = fixture();
    let mut config = Config::new(
        format!("rtmp://{}/live/cam", fixture.address())
            .parse()
            .unwrap(),
    );
    config.flash_version = odd.to_owned();
    let mut encoder = Encoder::with(fixture.address(), config).unwrap();
    encoder.describe(&onair::media::Tracks {
        encoder: odd.to_owned(),
        ..Default::default()
    });
    encoder.send(&Media::new().picture(0, true, 10));
    let told = fixture.wait(|event| match event {
        Event::Published { origin, .. } => Some(origin.software),
        _ => None,
    });
    let mut player = Player::play(fixture.address(), "cam");
    player.packet().unwrap();
    let stream = &fixture.receiver.registry().streams()[0];
    let shown = [
        &told,
        &stream.publisher.software,
        &stream.encoder,
        &player.metadata[0].encoder,
    ];
    for words in shown {
        assert!(words.contains("evil"), "{words:?}");
        assert!(words.chars().all(is_printable), "{words:?}");
    }
    for name in ["a\u{202e}b", "a\u{200b}b"] {
        let Err(Error::Refused { description, .. }) = Encoder::publish(fixture.address(), name)
        else {
            panic!("{name:?} is no name");
        };
        assert_eq!(description, "this stream name cannot be used");
    }
}
