use std::collections::VecDeque;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use onair_media::{Config, Kind, Packet, Size};

use super::advisor::Advisor;
use super::hello::{Advice, AudioSetup, Hello, Said, Setup, VideoSetup, Wish};
use super::media;
use super::publisher::Publisher;
use super::socket::parse;
use super::{check_token, fuzz};
use crate::web::{Web, samples};
use crate::{RegistryConfig, StreamRegistry, Token};

fn setup(packets: &[Packet]) -> Setup {
    let mut setup = Setup::default();
    for packet in packets {
        match &packet.config {
            Config::Video(config) => {
                setup.video = Some(VideoSetup {
                    codec: config.codec_string(),
                    description: Some(STANDARD.encode(&config.decoder_config)),
                });
            }
            Config::Audio(config) => {
                setup.audio = Some(AudioSetup {
                    codec: config.codec_string(),
                    description: Some(STANDARD.encode(&config.decoder_config)),
                    sample_rate: config.sample_rate,
                    channels: config.channels,
                });
            }
        }
    }
    setup
}

fn message(packet: &Packet) -> Bytes {
    let video = packet.kind() == Kind::Video;
    let flags = u8::from(video && packet.keyframe);
    let micros = START + packet.pts.as_nanos() / 1000;
    raw(if video { 1 } else { 2 }, flags, micros, &packet.payload)
}

fn raw(kind: u8, flags: u8, micros: i64, payload: &[u8]) -> Bytes {
    let mut message = BytesMut::new();
    message.put_slice(&[kind, flags, 0, 0]);
    message.put_i64(micros);
    message.put_u32(0);
    message.put_u32(0);
    message.put_slice(payload);
    message.freeze()
}

fn record(packet: &Packet) -> &Bytes {
    match &packet.config {
        Config::Video(config) => &config.decoder_config,
        Config::Audio(config) => &config.decoder_config,
    }
}

fn publisher(packets: &[Packet]) -> Publisher {
    let mut publisher = Publisher::default();
    publisher.configure(&setup(packets)).unwrap();
    publisher
}

fn pcm(codec: &str) -> Publisher {
    let mut publisher = Publisher::default();
    let audio = AudioSetup {
        codec: codec.to_owned(),
        description: None,
        sample_rate: 48_000,
        channels: 1,
    };
    let (video, audio) = (None, Some(audio));
    publisher.configure(&Setup { video, audio }).unwrap();
    publisher
}

/// Where a phone's clock may happen to be.
const START: i64 = 987_654_321_000;

#[test]
fn what_a_browser_sends_arrives_as_it_was() {
    let packets = samples::interleaved(20);
    let mut publisher = publisher(&packets);
    for packet in &packets {
        let came = publisher.take(message(packet)).unwrap();
        let [came] = &came[..] else {
            panic!("one packet a message");
        };
        assert_eq!(
            (&came.payload, came.keyframe),
            (&packet.payload, packet.keyframe)
        );
        assert_eq!(record(came), record(packet));
        let moved = came.pts.nanos_from(packet.pts) + packets[0].pts.as_nanos();
        assert!(moved.abs() < 2000, "microseconds: {moved}");
    }
}

#[test]
fn pictures_begin_with_a_keyframe_and_one_is_asked_for() {
    let packets = samples::video(Size::new(160, 96), 20);
    let mut publisher = publisher(&packets);
    assert!(publisher.take(message(&packets[1])).unwrap().is_empty());
    assert!(publisher.waits_for_keyframe());
    assert_eq!(publisher.take(message(&packets[15])).unwrap().len(), 1);
    assert!(!publisher.waits_for_keyframe());
}

#[test]
fn time_that_goes_backwards_costs_pictures_up_to_the_next_keyframe() {
    let packets = samples::video(Size::new(160, 96), 20);
    let mut publisher = publisher(&packets);
    for (index, given) in [(0, 1), (3, 1), (2, 0), (4, 0), (5, 0), (15, 1), (16, 1)] {
        let came = publisher.take(message(&packets[index])).unwrap();
        assert_eq!(came.len(), given, "picture {index}");
    }
}

#[test]
fn a_lie_about_a_keyframe_is_an_error() {
    let packets = samples::video(Size::new(160, 96), 2);
    let mut publisher = publisher(&packets);
    let lie = raw(1, 1, START, &packets[1].payload);
    assert_eq!(publisher.take(lie).unwrap_err().code, "video");
}

#[test]
fn media_before_its_configuration_is_an_error() {
    let packets = samples::interleaved(2);
    for packet in &packets {
        let code = Publisher::default().take(message(packet)).unwrap_err().code;
        assert!(code == "video" || code == "audio");
    }
}

#[test]
fn raw_sound_is_encoded_and_keeps_its_time() {
    for (codec, bytes) in [("pcm-f32", 4), ("pcm-s16", 2)] {
        let mut publisher = pcm(codec);
        let mut packets = Vec::new();
        for index in 0..50 {
            let stretch = raw(2, 0, START + index * 20_000, &vec![0; 960 * bytes]);
            packets.extend(publisher.take(stretch).unwrap());
        }
        assert!(packets.len() >= 45, "{codec}: {}", packets.len());
        for pair in packets.windows(2) {
            let step = pair[1].dts.nanos_from(pair[0].dts);
            assert!((21_333_000..21_334_000).contains(&step), "{codec}: {step}");
        }
        assert!(matches!(&packets[0].config, Config::Audio(config) if config.channels == 1));
    }
}

#[test]
fn raw_sound_after_a_long_gap_begins_anew_instead_of_being_filled() {
    let mut publisher = pcm("pcm-s16");
    let stretch = |at: i64| raw(2, 0, START + at, &[0; 960 * 2]);
    let mut before = Vec::new();
    for index in 0..10 {
        before.extend(publisher.take(stretch(index * 20_000)).unwrap());
    }
    let mut after = Vec::new();
    for index in 0..10 {
        after.extend(publisher.take(stretch(9_000_000 + index * 20_000)).unwrap());
    }
    assert!(after.len() <= 10, "{}", after.len());
    assert!(after[0].dts.nanos_from(before[0].dts) > 8_000_000_000);
}

#[test]
fn raw_sound_that_is_no_whole_samples_or_too_long_is_an_error() {
    for length in [1, 3, 9601 * 2] {
        let message = raw(2, 0, START, &vec![0; length]);
        assert_eq!(
            pcm("pcm-s16").take(message).unwrap_err().code,
            "audio",
            "{length}"
        );
    }
}

#[test]
fn configurations_that_cannot_be_are_refused_in_words() {
    let video = |codec: &str, description: &str| Setup {
        video: Some(VideoSetup {
            codec: codec.to_owned(),
            description: Some(description.to_owned()),
        }),
        audio: None,
    };
    let audio = |codec: &str, sample_rate, channels| Setup {
        video: None,
        audio: Some(AudioSetup {
            codec: codec.to_owned(),
            description: Some("AAAA".to_owned()),
            sample_rate,
            channels,
        }),
    };
    let impossible = [
        video("vp09.00.10.08", "AAAA"),
        video("avc1.640028", "not base64!"),
        video("avc1.640028", "AAAA"),
        audio("opus", 48_000, 2),
        audio("pcm-f32", 12_345, 2),
        audio("pcm-f32", 0, 2),
        audio("pcm-s16", 48_000, 0),
        audio("pcm-s16", 48_000, 9),
    ];
    for setup in impossible {
        let problem = Publisher::default().configure(&setup).unwrap_err();
        assert_eq!(problem.code, "config", "{setup:?}");
        assert!(!problem.message.is_empty());
    }
}

#[test]
fn a_hello_is_checked_before_anything_is_done() {
    let hello = |version: u32, name: &str, session: &str| {
        let json = serde_json::json!({
            "type": "hello", "version": version, "token": "secret-token", "name": name, "session": session,
        });
        match parse(&json.to_string()).unwrap() {
            Said::Hello(hello) => hello,
            said => panic!("{said:?}"),
        }
    };
    let session = "0123456789abcdef";
    assert_eq!(hello(1, "phone", session).check(), Ok(()));
    assert_eq!(
        hello(2, "phone", session).check().unwrap_err().code,
        "version"
    );
    for name in ["", "a/b", "a b", "<b>", "ü", &"x".repeat(65)] {
        assert_eq!(
            hello(1, name, session).check().unwrap_err().code,
            "hello",
            "{name}"
        );
    }
    assert!(hello(1, "phone", "short").check().is_err());
    let shown = format!("{:?}", hello(1, "phone", session));
    assert!(
        !shown.contains("secret") && !shown.contains(session),
        "{shown}"
    );
}

#[test]
fn cut_and_flipped_messages_never_panic() {
    let packets = samples::interleaved(3);
    for packet in packets.iter().take(6) {
        let whole = message(packet);
        for end in 0..whole.len().min(400) {
            let _ = publisher(&packets).take(whole.slice(..end));
        }
        let mut publisher = publisher(&packets);
        for at in 0..whole.len().min(400) {
            let mut flipped = whole.to_vec();
            flipped[at] ^= 0xff;
            let _ = publisher.take(flipped.into());
        }
    }
}

#[test]
fn the_fuzz_body_holds_for_a_broadcast_its_prefixes_and_noise() {
    let packets = samples::interleaved(4);
    let mut whole = Vec::new();
    let mut add = |message: &[u8]| {
        whole.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
        whole.extend(message);
    };
    add(config(&packets).as_bytes());
    packets.iter().for_each(|packet| add(&message(packet)));
    for end in (0..whole.len()).step_by(97).chain([whole.len()]) {
        fuzz::browser(&whole[..end]);
    }
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()[0]
    };
    for _ in 0..200 {
        let mut noisy = whole.clone();
        for _ in 0..8 {
            let at = usize::from(next()) << 8 | usize::from(next());
            let length = noisy.len();
            noisy[at % length] = next();
        }
        fuzz::browser(&noisy);
        let noise: Vec<u8> = (0..500)
            .map(|index| if index % 40 == 0 { 0 } else { next() })
            .collect();
        fuzz::browser(&noise);
    }
}

fn config(packets: &[Packet]) -> String {
    let video = setup(packets).video.unwrap();
    let video = serde_json::json!({"codec": video.codec, "description": video.description});
    serde_json::json!({"type": "config", "video": video}).to_string()
}

#[test]
fn the_owner_may_go_live_while_its_address_has_to_wait_for_what_others_guess() {
    let token = Token::random().unwrap();
    let web = Web::new(StreamRegistry::new(RegistryConfig::default())).token(token.clone());
    let from = [192, 0, 2, 1].into();
    (0..20_u8).for_each(|key| web.guesses.wrong(from, &key.to_string(), Instant::now()));
    let hello = |token: &str| Hello {
        version: 1,
        token: token.to_owned(),
        name: "phone".to_owned(),
        session: "0123456789abcdef".to_owned(),
        software: String::new(),
        setup: Setup::default(),
    };
    let refused = check_token(&hello("another"), &web, from).unwrap_err();
    assert!(refused.message.starts_with("Too many wrong keys"));
    assert!(check_token(&hello(token.expose()), &web, from).is_ok());
}

/// How a page is that has sent so much, as bytes.
fn word(millis: i64, sent: u64, queued: u32) -> Bytes {
    let mut word = BytesMut::new();
    word.put_slice(&[4, 0, 0, 20]);
    word.put_i64(millis * 1000);
    word.put_u64(sent);
    word.put_u64(sent);
    word.put_u32(queued);
    word.put_u32(0);
    word.freeze()
}

fn wish(bitrate: u64) -> Wish {
    let text = format!(
        r#"{{"type":"wish","width":1280,"height":720,"frameRate":30,"bitrate":{bitrate},"audio":96000}}"#
    );
    match parse(&text).unwrap() {
        Said::Wish(wish) => wish,
        said => panic!("{said:?}"),
    }
}

/// A page that puts what it may on a line of so many kilobits per second for so many seconds, and what
/// it is advised at last. What waits on the line comes late, and what the page said with it.
fn advised(kbps: u64, seconds: u64, takes_sizes: bool) -> Advice {
    let began = Instant::now();
    let mut advisor = Advisor::new(takes_sizes, began);
    advisor.wish(wish(2_500_000)).unwrap();
    let (mut encoded, mut sent, mut arrived) = (0, 0, 0);
    let (mut said, mut last) = (VecDeque::new(), None::<Advice>);
    for step in 1..=seconds * 100 {
        let now = began + Duration::from_millis(step * 10);
        encoded += (last.map_or(1_500_000, |advice| advice.bitrate) + 96_000) / 800;
        let may_wait = last.map_or(64_000, |advice| advice.in_flight);
        sent = encoded.min(arrived + may_wait).max(sent);
        let millis = i64::try_from(step * 10).unwrap();
        let queued = u32::try_from(encoded - sent).unwrap();
        let mut now_said = media::word(word(millis, sent, queued)).unwrap().unwrap();
        now_said.queue_age = Duration::from_millis(u64::from(queued) * 8 / kbps);
        said.push_back(now_said);
        let carried = (kbps * 10 / 8).min(sent - arrived);
        arrived += carried;
        advisor.receive(carried);
        while let Some(word) = said.pop_front_if(|word| word.sent <= arrived) {
            advisor.hear(word, now);
        }
        last = advisor.look(now);
    }
    last.unwrap()
}

#[test]
fn a_page_is_advised_what_its_line_carries_and_no_more_than_it_wishes() {
    let wide = advised(6000, 10, true);
    assert_eq!((wide.bitrate, wide.side, wide.every), (2_500_000, 720, 1));
    let narrow = advised(1500, 10, true);
    assert!(
        (1_200_000..1_500_000).contains(&narrow.bitrate),
        "{narrow:?}"
    );
    let carries = narrow.carries.unwrap();
    assert!((1_300_000..1_700_000).contains(&carries), "{narrow:?}");
}

#[test]
fn a_weak_line_gets_smaller_pictures_or_fewer_where_the_size_has_to_stay() {
    let small = advised(500, 10, true);
    assert!(small.side < 720 && small.every == 1, "{small:?}");
    let few = advised(500, 10, false);
    assert!(few.side == 720 && few.every > 1, "{few:?}");
}

#[test]
fn without_a_wish_or_a_word_there_is_no_advice() {
    let now = Instant::now();
    let mut advisor = Advisor::new(true, now);
    assert_eq!(advisor.look(now), None);
    advisor.wish(wish(2_500_000)).unwrap();
    assert_eq!(advisor.look(now), None);
    for cannot_be in [0, u64::MAX] {
        assert_eq!(advisor.wish(wish(cannot_be)).unwrap_err().code, "message");
    }
}

#[test]
fn a_picture_in_parts_is_one_and_audio_may_come_between() {
    let packets = samples::interleaved(2);
    let video = packets.iter().find(|packet| packet.kind() == Kind::Video);
    let audio = packets.iter().find(|packet| packet.kind() == Kind::Audio);
    let (video, audio) = (video.unwrap(), audio.unwrap());
    let mut publisher = publisher(&packets);
    let whole = message(video);
    let mut first = BytesMut::from(&whole[..100]);
    first[1] |= 2;
    assert!(publisher.take(first.freeze()).unwrap().is_empty());
    assert_eq!(publisher.take(message(audio)).unwrap().len(), 1);
    let part = |flags, bytes: &[u8]| Bytes::from([&[3, flags, 0, 0], bytes].concat());
    assert!(
        publisher
            .take(part(2, &whole[100..200]))
            .unwrap()
            .is_empty()
    );
    let came = publisher.take(part(0, &whole[200..])).unwrap();
    assert_eq!((came.len(), &came[0].payload), (1, &video.payload));
    assert_eq!(publisher.take(part(0, b"?")).unwrap_err().code, "message");
}

#[test]
fn parts_without_end_are_an_error_before_they_fill_the_memory() {
    let packets = samples::interleaved(2);
    let mut publisher = publisher(&packets);
    publisher.take(raw(1, 3, START, &[0; 1000])).unwrap();
    let part = Bytes::from([&[3, 2, 0, 0][..], &[0; 100_000]].concat());
    let taken = (0..100).take_while(|_| publisher.take(part.clone()).is_ok());
    assert!(taken.count() < 22);
}
