//! Every container against ffprobe, packet by packet, and against each other,
//! byte by byte.

use super::common::{of_kind, packets, path, probed};
use onair_demux::{Container, Error, Format, open, open_lenient, read};
use onair_media::{Bitrate, Config, Kind, Packet, Size, Timestamp, VideoCodec, h264, hevc};

/// Microseconds by which two roundings of one time may differ.
const ROUNDING: i64 = 1;

/// The same for a transport stream's 90 kHz ticks.
const TICK: i64 = 12;

fn check(name: &str, kind: Kind, tolerance: i64) {
    let ours = of_kind(&packets(open(&path(name)).unwrap().as_mut()), kind);
    let theirs = probed(name, kind);
    assert_eq!(ours.len(), theirs.len(), "{name}: {kind:?} packets");
    for (index, (our, their)) in ours.iter().zip(&theirs).enumerate() {
        let close =
            |time: Timestamp, micros: i64| (time.as_nanos() / 1000 - micros).abs() <= tolerance;
        assert!(
            close(our.pts, their.pts),
            "{name} {index}: {our:?} {their:?}"
        );
        if let Some(dts) = their.dts {
            assert!(close(our.dts, dts), "{name} {index}: {our:?} {their:?}");
        }
        assert_eq!(our.keyframe, their.keyframe, "{name} {index}");
        if tolerance == ROUNDING {
            assert_eq!(our.payload.len(), their.size, "{name} {index}");
        }
    }
}

#[test]
fn mp4_with_b_frames_and_edit_lists_is_as_ffprobe_says() {
    for name in ["bframes.mp4", "faststart.mp4", "rotated.mp4"] {
        check(name, Kind::Video, ROUNDING);
        check(name, Kind::Audio, ROUNDING);
    }
}

#[test]
fn fragmented_mp4_is_as_ffprobe_says() {
    check("fragmented.mp4", Kind::Video, ROUNDING);
    check("fragmented.mp4", Kind::Audio, ROUNDING);
}

#[test]
fn quicktime_is_as_ffprobe_says() {
    check("quicktime.mov", Kind::Video, ROUNDING);
    check("quicktime.mov", Kind::Audio, ROUNDING);
    let demux = open(&path("quicktime.mov")).unwrap();
    assert_eq!(demux.container(), Some(Container::QuickTime));
}

#[test]
fn varying_frame_durations_are_kept() {
    check("vfr.mp4", Kind::Video, ROUNDING);
}

#[test]
fn flv_is_as_ffprobe_says() {
    check("plain.flv", Kind::Video, ROUNDING);
    check("plain.flv", Kind::Audio, ROUNDING);
}

#[test]
fn transport_streams_are_as_ffprobe_says() {
    check("plain.ts", Kind::Video, TICK);
    check("plain.ts", Kind::Audio, TICK);
}

#[test]
fn matroska_presentation_times_are_as_ffprobe_says() {
    check("plain.mkv", Kind::Audio, ROUNDING);
    let ours = of_kind(
        &packets(open(&path("plain.mkv")).unwrap().as_mut()),
        Kind::Video,
    );
    let theirs = probed("plain.mkv", Kind::Video);
    let pts = |packet: &Packet| packet.pts.as_nanos() / 1000;
    let (ours, theirs): (Vec<_>, Vec<_>) = (
        ours.iter().map(pts).collect(),
        theirs.iter().map(|packet| packet.pts).collect(),
    );
    assert_eq!(ours, theirs);
}

#[test]
fn matroska_decoding_times_are_reconstructed_to_within_its_milliseconds() {
    let video = |name| of_kind(&packets(open(&path(name)).unwrap().as_mut()), Kind::Video);
    let (mkv, mp4) = (video("plain.mkv"), video("bframes.mp4"));
    let shift = mkv[0].pts.nanos_from(mp4[0].pts);
    for (ours, original) in mkv.iter().zip(&mp4) {
        let off = ours.dts.nanos_from(original.dts) - shift;
        assert!(off.abs() < 1_000_000, "{} for {}", ours.dts, original.dts);
        assert!(ours.dts <= ours.pts);
    }
}

#[test]
fn the_same_stream_has_the_same_payloads_in_every_container() {
    let payloads = |name: &str, kind| -> Vec<_> {
        let all = packets(open(&path(name)).unwrap().as_mut());
        of_kind(&all, kind).into_iter().map(|p| p.payload).collect()
    };
    for kind in [Kind::Video, Kind::Audio] {
        let reference = payloads("bframes.mp4", kind);
        assert_eq!(reference.len(), if kind == Kind::Video { 40 } else { 76 });
        for name in [
            "fragmented.mp4",
            "quicktime.mov",
            "plain.flv",
            "plain.ts",
            "plain.mkv",
        ] {
            assert_eq!(payloads(name, kind), reference, "{name}");
        }
    }
}

#[test]
fn an_edit_list_cuts_frames_at_the_keyframe_and_audio_at_the_frame() {
    check("trimmed.mp4", Kind::Video, ROUNDING);
    let demux = &mut open(&path("trimmed.mp4")).unwrap();
    let ours = of_kind(&packets(demux.as_mut()), Kind::Audio);
    let theirs = probed("trimmed.mp4", Kind::Audio);
    let hidden = theirs.iter().filter(|packet| packet.discard).count();
    assert!(hidden > 20, "ffprobe marks what the list hides");
    assert_eq!(
        ours.len(),
        theirs.len() - hidden + 1,
        "one frame of lead-in"
    );
    assert!(demux.tracks()[0].notes[0].contains("starts between keyframes"));
}

#[test]
fn hevc_of_phones_is_as_ffprobe_says() {
    for name in ["hevc.mp4", "hevc-hev1.mp4", "hevc.mov"] {
        check(name, Kind::Video, ROUNDING);
        check(name, Kind::Audio, ROUNDING);
    }
    check("hevc.ts", Kind::Video, TICK);
    check("hevc.ts", Kind::Audio, TICK);
    check("hevc.mkv", Kind::Audio, ROUNDING);
}

#[test]
fn hevc_has_the_same_frames_and_times_in_every_container() {
    let video = |name| of_kind(&packets(open(&path(name)).unwrap().as_mut()), Kind::Video);
    let frames = |packet: &Packet| nal_units(packet);
    let reference = video("hevc.mp4");
    assert_eq!(reference.len(), 40);
    for name in ["hevc-hev1.mp4", "hevc.mov", "hevc.ts", "hevc.mkv"] {
        let ours = video(name);
        assert!(
            ours.iter().map(frames).eq(reference.iter().map(frames)),
            "{name}"
        );
        let shift = ours[0].pts.nanos_from(reference[0].pts);
        for (ours, original) in ours.iter().zip(&reference) {
            let off = ours.dts.nanos_from(original.dts) - shift;
            assert!(
                off.abs() < 1_000_000,
                "{name}: {} for {}",
                ours.dts,
                original.dts
            );
            let Config::Video(config) = &ours.config else {
                panic!("{name}")
            };
            assert_eq!(
                (config.codec, config.size),
                (VideoCodec::Hevc, Size::new(96, 64))
            );
            assert_eq!(ours.keyframe, original.keyframe, "{name}");
        }
    }
}

/// A picture's NAL units, without parameter sets, which a transport stream
/// repeats, and SEI.
fn nal_units(packet: &Packet) -> Vec<Vec<u8>> {
    let units = h264::length_prefixed(&packet.payload, h264::LengthSize::Four).map(Result::unwrap);
    let is_video = |unit: &&[u8]| hevc::nal_unit_type(unit).is_some_and(|kind| kind.is_picture());
    units.filter(is_video).map(<[u8]>::to_vec).collect()
}

#[test]
fn packets_of_both_tracks_come_in_decoding_order() {
    for name in [
        "bframes.mp4",
        "fragmented.mp4",
        "plain.flv",
        "plain.ts",
        "plain.mkv",
    ] {
        let all = packets(open(&path(name)).unwrap().as_mut());
        assert!(all.is_sorted_by_key(|packet| packet.dts), "{name}");
    }
}

#[test]
fn a_track_matrix_is_told_as_a_rotation() {
    let demux = open(&path("rotated.mp4")).unwrap();
    assert_eq!(demux.tracks()[0].rotation, Some(270));
    assert_eq!(
        open(&path("bframes.mp4")).unwrap().tracks()[0].rotation,
        None
    );
}

#[test]
fn mean_bitrates_are_known_where_the_container_can_tell() {
    for name in ["bframes.mp4", "plain.flv"] {
        for track in open(&path(name)).unwrap().tracks() {
            let packets = of_kind(&packets(open(&path(name)).unwrap().as_mut()), track.kind());
            let bytes: usize = packets.iter().map(|packet| packet.payload.len()).sum();
            let time = packets[packets.len() - 1].dts.since(packets[0].dts);
            let measured = Bitrate::of(bytes as u64, time).as_bps();
            let told = track.bitrate.expect("it is told").as_bps();
            let off = told.abs_diff(measured) * 100 / measured;
            assert!(
                name == "plain.flv" || off < 10,
                "{name}: {told} for {measured}"
            );
            assert!(told > 0);
        }
    }
}

#[test]
fn what_rtmp_cannot_carry_is_refused_by_name_with_a_way_out() {
    let Err(Error::Codec { refused, command }) = open(&path("mp3.mp4")).map(|_| ()) else {
        panic!("it is refused");
    };
    let [audio] = &refused[..] else {
        panic!("one track: {refused:?}");
    };
    assert_eq!((audio.kind, audio.codec.as_str()), (Kind::Audio, "MP3"));
    assert_eq!((audio.sample_rate, audio.channels), (Some(44_100), None));
    assert!(
        command.starts_with("ffmpeg -i INPUT -c:v copy -c:a aac"),
        "{command}"
    );
    let opened = open_lenient(&path("mp3.mp4")).unwrap();
    assert_eq!(opened.refused, refused);
    assert_eq!(opened.media.tracks()[0].kind(), Kind::Video);
}

#[test]
fn pipes_give_what_files_give_however_the_bytes_come() {
    for (name, format) in [("plain.flv", Format::Flv), ("plain.ts", Format::Ts)] {
        let whole = packets(open(&path(name)).unwrap().as_mut());
        for size in [1, 7, 188, 4096] {
            let bytes = std::fs::read(path(name)).unwrap();
            let pipe = Dribble { bytes, at: 0, size };
            let piped = packets(read(Box::new(pipe), format).unwrap().as_mut());
            assert_eq!(piped, whole, "{name} in pieces of {size}");
        }
    }
}

#[test]
fn transport_streams_are_read_in_all_three_packet_sizes() {
    let plain = std::fs::read(path("plain.ts")).unwrap();
    let whole = packets(open(&path("plain.ts")).unwrap().as_mut());
    let bdav = plain.chunks(188).flat_map(|p| [&[0, 1, 2, 3], p].concat());
    let parity = plain.chunks(188).flat_map(|p| [p, &[0xaa; 16]].concat());
    for bytes in [bdav.collect::<Vec<u8>>(), parity.collect()] {
        let input = Box::new(std::io::Cursor::new(bytes));
        assert_eq!(packets(read(input, Format::Ts).unwrap().as_mut()), whole);
    }
}

/// A pipe that gives a few bytes at a time.
struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    size: usize,
}

impl std::io::Read for Dribble {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let count = self.size.min(buf.len()).min(self.bytes.len() - self.at);
        buf[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
