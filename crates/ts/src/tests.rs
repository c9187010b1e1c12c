use std::io::Cursor;

use bytes::Bytes;
use onair_demux::Format;
use onair_media::{Config, Kind, Packet, Timestamp, Tracks, VideoCodec, VideoConfig};
use onair_samples::Configs;

use crate::fuzz::Receiver;
use crate::{Error, Muxer, PACKET};

/// The tables as FFmpeg writes them for one program of H.264 and AAC, but for their packets' headers.
const ASSOCIATION: &str = "0000b00d0001c100000001f0002ab104b2";
const MAP: &str = "0002b0170001c10000e100f0001be100f0000fe101f0002f44b99b";

fn hex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

fn both() -> (Configs, Muxer) {
    let configs = Configs::new();
    let video = Config::Video(configs.video[0].clone());
    let audio = Config::Audio(configs.audio.clone());
    let muxer = muxer([video, audio]).unwrap();
    (configs, muxer)
}

fn muxer<const N: usize>(configs: [Config; N]) -> Result<Muxer, Error> {
    Muxer::new(&Tracks::from_iter(configs), Timestamp::ZERO)
}

/// Packets of an ordinary stream.
trait Packets {
    fn video(&self, millis: i64, keyframe: bool, size: usize) -> Packet;
    fn audio(&self, millis: i64, size: usize) -> Packet;
}

impl Packets for Configs {
    fn video(&self, millis: i64, keyframe: bool, size: usize) -> Packet {
        let kind = if keyframe { 0x65 } else { 0x41 };
        let mut payload = u32::try_from(size).unwrap().to_be_bytes().to_vec();
        payload.push(kind);
        payload.extend((1..size).map(|at| u8::try_from(at % 251).unwrap() | 1));
        Packet {
            config: Config::Video(self.video[0].clone()),
            pts: Timestamp::from_millis(millis + 80),
            dts: Timestamp::from_millis(millis),
            duration: None,
            keyframe,
            payload: payload.into(),
        }
    }

    fn audio(&self, millis: i64, size: usize) -> Packet {
        Packet {
            config: Config::Audio(self.audio.clone()),
            pts: Timestamp::from_millis(millis),
            dts: Timestamp::from_millis(millis),
            duration: None,
            keyframe: true,
            payload: vec![0x21; size].into(),
        }
    }
}

/// What `onair-demux`, which shares no code with the muxer, reads in a stream.
fn demuxed(stream: Vec<u8>) -> Vec<Packet> {
    let mut demux = onair_demux::read(Box::new(Cursor::new(stream)), Format::Ts).unwrap();
    std::iter::from_fn(|| demux.next_packet().unwrap()).collect()
}

#[test]
fn times_go_on_over_days_though_their_33_bits_begin_again_twice() {
    let (configs, mut muxer) = both();
    // A picture and a frame of audio each 9 s, as far apart as a reader takes for one stream.
    let pairs = (0..22_000).map(|index| index * 9000);
    let sent: Vec<_> = pairs
        .flat_map(|millis| [configs.video(millis, true, 8), configs.audio(millis, 3)])
        .collect();
    let written = sent.iter().map(|packet| muxer.push(packet).unwrap());
    let found = demuxed(written.flatten().collect());
    assert_eq!(found.len(), sent.len());
    let start = found[0].dts;
    for (found, sent) in found.iter().zip(&sent) {
        let (dts, pts) = (found.dts.since(start), found.pts.since(start));
        let of = |time: Timestamp| time.since(Timestamp::ZERO);
        assert_eq!((dts, pts), (of(sent.dts), of(sent.pts)));
    }
    let days = found[found.len() - 1].dts.since(start).as_secs() / 86_400;
    assert_eq!(days, 2);
}

#[test]
fn a_stream_begins_with_the_tables_and_the_first_keyframe() {
    let (configs, mut muxer) = both();
    let video = configs.video(0, true, 8);
    let written = muxer.push(&video).unwrap();
    assert_eq!(written.len(), 3 * PACKET);
    let (packets, _) = written.as_chunks::<PACKET>();
    let table = |pid: &str, section: &str| {
        let mut table = [hex(pid), hex(section)].concat();
        table.resize(PACKET, 0xff);
        table
    };
    assert_eq!(packets[0][..], table("47400010", ASSOCIATION));
    assert_eq!(packets[1][..], table("47500010", MAP));
    let unit = [
        // Two times of 1.4 s and 80 ms more, H.264 behind delimiter and parameter sets.
        "000001e0003884c00a",
        "31000910a1",
        "110007d861",
        "0000000109f0",
        "000000016742c01fda014016e806d0a135",
        "0000000168ce3c80",
        "00000001",
        "6501030305050707",
    ];
    let unit = hex(&unit.concat());
    // The clock is 0.7 s behind the decoding time; everything else is stuffing.
    let field = PACKET - 4 - unit.len();
    let mut first = hex("47410030");
    first.push(u8::try_from(field - 1).unwrap());
    first.extend(hex("5000007b0c7e00"));
    first.resize(PACKET - unit.len(), 0xff);
    first.extend(&unit);
    assert_eq!(packets[2][..], first);
}

#[test]
fn audio_is_put_behind_an_adts_header_with_one_time() {
    let (configs, mut muxer) = both();
    muxer.push(&configs.video(0, true, 8)).unwrap();
    let written = muxer.push(&configs.audio(20, 3)).unwrap();
    let unit = hex("000001c00012848005210007e671fff14c80015ffc212121");
    assert_eq!(written.len(), PACKET);
    assert_eq!(written[..4], hex("47410130"));
    assert_eq!(written[4], u8::try_from(PACKET - 5 - unit.len()).unwrap());
    assert_eq!(written[5], 0, "no flags");
    assert_eq!(written[PACKET - unit.len()..], unit);
}

#[test]
fn units_of_every_size_are_cut_and_stuffed() {
    for size in 1..600 {
        let (configs, mut muxer) = both();
        let mut receiver = Receiver::default();
        for packet in [configs.video(0, true, size), configs.audio(0, size)] {
            let units = receiver.read(&muxer.push(&packet).unwrap());
            let pid = if packet.kind() == Kind::Video {
                0x100
            } else {
                0x101
            };
            let payload = packet.payload.slice(packet.payload.len() - size..);
            assert!(units[&pid].ends_with(&payload), "{size}");
        }
    }
}

#[test]
fn what_is_written_is_read_back_equal() {
    let (configs, mut muxer) = both();
    let pair = |at: i64| {
        let size = usize::try_from(at * 977 % 90_000 + 1).unwrap();
        let audio = configs.audio(at * 40 + 20, size % 800 + 1);
        [configs.video(at * 40, at % 25 == 0, size), audio]
    };
    let sent: Vec<_> = (0..100).flat_map(pair).collect();
    let stream = sent.iter().flat_map(|packet| muxer.push(packet).unwrap());
    let read = demuxed(stream.collect());
    for kind in [Kind::Video, Kind::Audio] {
        let of = |packets: &[Packet]| -> Vec<Packet> {
            let of_kind = packets.iter().filter(|packet| packet.kind() == kind);
            let without_duration = |packet: &Packet| Packet {
                duration: None,
                ..packet.clone()
            };
            of_kind.map(without_duration).collect()
        };
        let moved = |packet: Packet| Packet {
            pts: packet.pts.offset(1_400_000_000),
            dts: packet.dts.offset(1_400_000_000),
            ..packet
        };
        let wanted: Vec<_> = of(&sent).into_iter().map(moved).collect();
        assert_eq!(of(&read), wanted, "{kind:?}");
    }
}

#[test]
fn the_clock_comes_often_enough_and_never_goes_back() {
    let (configs, mut muxer) = both();
    let mut receiver = Receiver::default();
    // Five pictures a second, and audio that is half a second late.
    for frame in 0..500 {
        let time = frame * 20;
        if frame % 10 == 0 {
            receiver.read(&muxer.push(&configs.video(time, frame == 0, 100)).unwrap());
        }
        receiver.read(&muxer.push(&configs.audio(time - 500, 100)).unwrap());
    }
    let steps = |most| {
        receiver
            .clocks
            .windows(2)
            .all(|pair| (1..=most).contains(&(pair[1] - pair[0])))
    };
    assert!(
        steps(18_000),
        "no faster than pictures, for audio is behind them"
    );
    let (configs, mut muxer) = both();
    let mut receiver = Receiver::default();
    for frame in 0..500 {
        if frame % 50 == 0 {
            receiver.read(
                &muxer
                    .push(&configs.video(frame * 20, frame == 0, 100))
                    .unwrap(),
            );
        }
        receiver.read(&muxer.push(&configs.audio(frame * 20, 100)).unwrap());
    }
    assert!(
        receiver
            .clocks
            .windows(2)
            .all(|pair| pair[1] - pair[0] <= 9_000)
    );
    assert!(receiver.clocks.len() > 100);
}

#[test]
fn the_tables_come_again_with_keyframes_and_time() {
    let (configs, mut muxer) = both();
    let mut tables = Vec::new();
    for frame in 0..50 {
        let video = configs.video(frame * 40, frame % 30 == 0, 8);
        if muxer.push(&video).unwrap()[1..3] == [0x40, 0] {
            tables.push(frame * 40);
        }
    }
    assert_eq!(tables, [0, 400, 800, 1200, 1600]);
}

#[test]
fn times_wrap_at_33_bits_and_may_lie_before_the_origin() {
    let (configs, mut muxer) = both();
    let hours = 27 * 3_600_000;
    for (millis, ticks) in [
        (-1400, 0),
        (-1401, (1 << 33) - 90),
        (hours, (hours * 90 + 126_000) % (1 << 33)),
    ] {
        let mut receiver = Receiver::default();
        let units = receiver.read(&muxer.push(&configs.audio(millis, 8)).unwrap());
        let [a, b, c, d, e] = *units[&0x101][9..].first_chunk::<5>().unwrap();
        let [a, b, c, d, e] = [a, b, c, d, e].map(i64::from);
        assert_eq!(
            (a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1,
            ticks
        );
    }
}

#[test]
fn a_new_configuration_is_written_with_the_first_frame_that_needs_it() {
    let (configs, mut muxer) = both();
    muxer.push(&configs.video(0, true, 8)).unwrap();
    let other = Config::Video(configs.video[1].clone());
    let changed = |payload: &'static [u8]| Packet {
        config: other.clone(),
        payload: Bytes::from_static(payload),
        ..configs.video(40, false, 8)
    };
    let broken = muxer.push(&changed(&[0, 0, 0, 9, 0x41]));
    assert!(matches!(broken, Err(Error::Media(_))), "{broken:?}");
    let set = [0x68, 0xce, 0x3c, 0x81];
    for (nth, has_sets) in [(1, true), (2, false)] {
        let written = muxer.push(&changed(&[0, 0, 0, 2, 0x41, 0x9a])).unwrap();
        let found = written.windows(4).any(|window| window == set);
        assert_eq!(found, has_sets, "picture {nth}");
    }
}

#[test]
fn an_access_unit_has_one_delimiter() {
    let (configs, mut muxer) = both();
    let payload = hex("0000000209f000000002659a");
    let video = Packet {
        payload: payload.into(),
        ..configs.video(0, true, 8)
    };
    let written = muxer.push(&video).unwrap();
    let delimiters = written
        .windows(6)
        .filter(|window| **window == hex("0000000109f0"));
    assert_eq!(delimiters.count(), 1);
}

#[test]
fn what_cannot_be_carried_is_refused_by_name() {
    let configs = Configs::new();
    let hevc = VideoConfig {
        codec: VideoCodec::Hevc,
        ..(*configs.video[0]).clone()
    };
    let refused = muxer([Config::Video(hevc.into())]);
    assert_eq!(refused.unwrap_err(), Error::Video(VideoCodec::Hevc));
    let none = muxer([]);
    assert_eq!(none.unwrap_err(), Error::NoTracks);
    let mut silent = muxer([Config::Video(configs.video[0].clone())]).unwrap();
    let audio = silent.push(&configs.audio(0, 8));
    assert_eq!(audio.unwrap_err(), Error::NoTrack(Kind::Audio));
}

#[test]
fn a_refused_packet_leaves_the_counters_alone() {
    let (configs, mut muxer) = both();
    let mut receiver = Receiver::default();
    receiver.read(&muxer.push(&configs.audio(0, 8)).unwrap());
    assert!(matches!(
        muxer.push(&configs.audio(20, 9000)),
        Err(Error::Media(_))
    ));
    receiver.read(&muxer.push(&configs.audio(40, 8)).unwrap());
}
