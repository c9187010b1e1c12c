use std::io::Write;
use std::process::{Command, Stdio};

use shiguredo_mp4::demux::Fmp4SegmentDemuxer;

use super::*;
use crate::web::samples;

const BOTH: Expected = Expected {
    video: true,
    audio: true,
};

fn segments(expected: Expected, packets: &[Packet]) -> Vec<Segment> {
    let mut fragmenter = Fragmenter::new(expected);
    let mut segments = Vec::new();
    for packet in packets {
        fragmenter.push(packet.clone()).unwrap();
        segments.extend(fragmenter.take());
    }
    segments
}

fn bytes(segments: &[Segment]) -> Vec<u8> {
    let pieces = segments.iter().map(|segment| match segment {
        Segment::Init(_, bytes) | Segment::Media(bytes) => &bytes[..],
    });
    pieces.collect::<Vec<_>>().concat()
}

/// A sample as another demuxer sees it, with times in ticks.
#[derive(Debug)]
struct Found {
    track: u32,
    decoded: u64,
    /// When it is presented.
    start: u64,
    duration: u32,
    keyframe: bool,
}

/// `moof` and `mdat`, pair by pair.
fn fragments(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let size = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let whole = size(0) + size(size(0));
        found.push(&bytes[..whole]);
        bytes = &bytes[whole..];
    }
    found
}

fn samples_in(segments: &[Segment]) -> Vec<Found> {
    let mut demuxer = Fmp4SegmentDemuxer::new();
    let mut found = Vec::new();
    for segment in segments {
        match segment {
            Segment::Init(_, bytes) => {
                demuxer = Fmp4SegmentDemuxer::new();
                demuxer.handle_init_segment(bytes).unwrap();
            }
            Segment::Media(bytes) => {
                for fragment in fragments(bytes) {
                    let samples = demuxer.handle_media_segment(fragment).unwrap();
                    found.extend(samples.iter().map(|sample| {
                        Found {
                            track: sample.track.track_id,
                            decoded: sample.timestamp,
                            start: sample
                                .timestamp
                                .saturating_add_signed(sample.composition_time_offset.unwrap_or(0)),
                            duration: sample.duration,
                            keyframe: sample.keyframe,
                        }
                    }));
                }
            }
        }
    }
    found
}

fn inits(segments: &[Segment]) -> Vec<&Description> {
    let only = segments.iter().filter_map(|segment| match segment {
        Segment::Init(description, _) => Some(description),
        Segment::Media(_) => None,
    });
    only.collect()
}

#[test]
fn ffmpeg_decodes_every_frame() {
    let packets = samples::interleaved(45);
    let whole = bytes(&segments(BOTH, &packets));
    let mut child = Command::new("ffprobe")
        .args(["-v", "error", "-count_frames", "-show_entries"])
        .args(["stream=codec_name,nb_read_frames", "-of", "csv=p=0", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ffprobe is installed");
    child.stdin.take().unwrap().write_all(&whole).unwrap();
    let output = child.wait_with_output().unwrap();
    let (said, complaints) = (text(&output.stdout), text(&output.stderr));
    let audio = packets.iter().filter(|p| p.kind() == Kind::Audio).count();
    assert_eq!(complaints, "");
    assert_eq!(said, format!("h264,45\naac,{audio}\n"));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_viewer_begins_at_a_keyframe() {
    let packets = samples::interleaved(45);
    let late: Vec<_> = packets[5..].to_vec();
    let samples = samples_in(&segments(BOTH, &late));
    let first = samples.iter().find(|sample| sample.track == 1).unwrap();
    assert!(first.keyframe, "a keyframe");
    assert_eq!(first.start, 10 * 90_000, "ten seconds in");
}

#[test]
fn a_page_is_told_the_codecs_and_the_size() {
    let segments = segments(BOTH, &samples::interleaved(3));
    let [described] = inits(&segments)[..] else {
        panic!("one init segment");
    };
    assert!(described.codecs[0].starts_with("avc1."), "{described:?}");
    assert_eq!(described.codecs[1], "mp4a.40.2");
    assert_eq!(described.size, Some(Size::new(160, 96)));
}

#[test]
fn a_track_that_never_comes_is_waited_for_half_a_second() {
    let packets = samples::video(Size::new(160, 96), 40);
    let before: Vec<_> = packets.iter().take(15).cloned().collect();
    assert_eq!(segments(BOTH, &before), []);
    let after = segments(BOTH, &packets);
    assert_eq!(inits(&after).len(), 1);
    assert_eq!(samples_in(&after).len(), 40);
}

#[test]
fn a_new_size_begins_with_a_new_init_segment() {
    let mut packets = samples::video(Size::new(160, 96), 20);
    let shift = Duration::from_secs(1);
    packets.extend(
        samples::video(Size::new(96, 160), 20)
            .into_iter()
            .map(|mut packet| {
                packet.pts = packet.pts + shift;
                packet.dts = packet.dts + shift;
                packet
            }),
    );
    let only_video = Expected {
        video: true,
        audio: false,
    };
    let segments = segments(only_video, &packets);
    let sizes: Vec<_> = inits(&segments).iter().map(|d| d.size).collect();
    assert_eq!(sizes, [Some(Size::new(160, 96)), Some(Size::new(96, 160))]);
    assert_eq!(samples_in(&segments).len(), 40);
}

#[test]
fn sound_that_starts_late_joins_at_a_keyframe() {
    let video = samples::video(Size::new(160, 96), 60);
    let audio = samples::audio(Duration::from_secs(2));
    let late = audio
        .into_iter()
        .filter(|packet| packet.dts.as_millis() > 1100);
    let mut packets: Vec<_> = video.into_iter().chain(late).collect();
    packets.sort_by_key(|packet| packet.dts);
    let segments = segments(BOTH, &packets);
    let counts: Vec<_> = inits(&segments).iter().map(|d| d.codecs.len()).collect();
    assert_eq!(counts, [1, 2]);
    let pictures = samples_in(&segments)
        .iter()
        .filter(|sample| sample.track == 1)
        .count();
    assert_eq!(pictures, 60, "no picture is lost to it");
}

#[test]
fn sound_rounded_to_milliseconds_has_no_gaps() {
    let mut packets = samples::audio(Duration::from_secs(1));
    for packet in &mut packets {
        packet.dts = Timestamp::from_millis(packet.dts.as_millis());
        packet.pts = packet.dts;
    }
    let only_audio = Expected {
        video: false,
        audio: true,
    };
    let samples = samples_in(&segments(only_audio, &packets));
    assert_eq!(samples.len(), packets.len());
    for pair in samples.windows(2) {
        assert_eq!(
            pair[0].start + u64::from(pair[0].duration),
            pair[1].start,
            "{pair:?}"
        );
    }
}

#[test]
fn a_jump_in_the_sounds_time_is_kept() {
    let mut packets = samples::audio(Duration::from_secs(1));
    let middle = packets.len() / 2;
    for packet in &mut packets[middle..] {
        packet.dts = packet.dts + Duration::from_secs(3);
        packet.pts = packet.dts;
    }
    let only_audio = Expected {
        video: false,
        audio: true,
    };
    let samples = samples_in(&segments(only_audio, &packets));
    let gap = samples[middle].start - samples[middle - 1].start;
    assert!((3 * 48_000..4 * 48_000).contains(&gap), "{gap}");
}

#[test]
fn what_is_held_back_is_bounded_whatever_the_timestamps_say() {
    let mut fragmenter = Fragmenter::new(BOTH);
    let mut picture = samples::video(Size::new(160, 96), 2).remove(1);
    picture.dts = Timestamp::ZERO;
    for _ in 0..2000 {
        fragmenter.push(picture.clone()).unwrap();
        assert_eq!(fragmenter.held(), 0, "no keyframe came");
    }
    assert_eq!(fragmenter.take(), []);
    let mut frame = samples::audio(Duration::from_millis(100)).remove(0);
    frame.dts = Timestamp::ZERO;
    let mut segments = Vec::new();
    while segments.is_empty() {
        fragmenter.push(frame.clone()).unwrap();
        assert!(fragmenter.held() <= MAX_HELD);
        segments = fragmenter.take();
    }
}

#[test]
fn times_at_the_ends_of_what_there_is_do_no_harm() {
    let mut packets = samples::interleaved(4);
    for (index, packet) in packets.iter_mut().enumerate().skip(2) {
        let far = if index % 2 == 0 { i64::MAX } else { i64::MIN };
        packet.dts = Timestamp::from_nanos(far);
        packet.pts = Timestamp::from_nanos(-far.saturating_add(1));
    }
    let mut fragmenter = Fragmenter::new(BOTH);
    for packet in packets {
        let _ = fragmenter.push(packet);
        fragmenter.take();
    }
}

#[test]
fn a_fragment_costs_little_over_its_frame() {
    let packets = samples::video(Size::new(160, 96), 10);
    let only_video = Expected {
        video: true,
        audio: false,
    };
    let segments = segments(only_video, &packets);
    let payload: usize = packets.iter().map(|packet| packet.payload.len()).sum();
    let media: usize = segments
        .iter()
        .map(|segment| match segment {
            Segment::Media(bytes) => bytes.len(),
            Segment::Init(..) => 0,
        })
        .sum();
    assert!(
        (media - payload) / packets.len() <= 120,
        "{}",
        (media - payload) / packets.len()
    );
}

/// What a browser's buffer throws away (Media Source Extensions §3.5.8).
fn cuts(samples: &[Found]) -> usize {
    let is_cut = |pair: &[&Found]| {
        let limit = 2 * u64::from(pair[0].duration);
        !(1..=limit).contains(&(pair[1].decoded.wrapping_sub(pair[0].decoded)))
    };
    let track = |number| samples.iter().filter(move |sample| sample.track == number);
    let cuts_in = |number| {
        let of_track: Vec<_> = track(number).collect();
        of_track.windows(2).filter(|pair| is_cut(pair)).count()
    };
    cuts_in(1) + cuts_in(2)
}

#[test]
fn frames_left_out_are_no_cut_and_what_follows_is_shown_on_time() {
    for missing in [2..4, 3..9, 5..25, 2..40] {
        let mut packets = samples::interleaved(45);
        let mut pictures = 0;
        packets.retain(|packet| {
            pictures += usize::from(packet.kind() == Kind::Video);
            packet.kind() == Kind::Audio || !missing.contains(&pictures)
        });
        let samples = samples_in(&segments(BOTH, &packets));
        assert_eq!(cuts(&samples), 0, "{missing:?}");
        let shown: Vec<_> = samples.iter().filter(|sample| sample.track == 1).collect();
        let sent = packets.iter().filter(|packet| packet.kind() == Kind::Video);
        for (shown, sent) in shown.iter().zip(sent) {
            let due = 900_000 + sent.pts.as_nanos() * 9 / 100_000;
            let off = due.abs_diff(i64::try_from(shown.start).unwrap());
            assert!(off <= 1, "{missing:?}: {off} ticks");
        }
    }
}

#[test]
fn a_camera_that_wavers_makes_no_cuts() {
    let mut packets = samples::video(Size::new(160, 96), 60);
    let mut at = Timestamp::ZERO;
    for (index, packet) in packets.iter_mut().enumerate() {
        let step = [5, 90, 33, 12, 250, 33, 33][index % 7];
        (packet.pts, packet.dts) = (at, at);
        at = at + Duration::from_millis(step);
    }
    let only_video = Expected {
        video: true,
        audio: false,
    };
    assert_eq!(cuts(&samples_in(&segments(only_video, &packets))), 0);
}

#[test]
fn a_break_in_the_sound_is_no_cut() {
    let mut packets = samples::interleaved(45);
    packets.retain(|packet| {
        packet.kind() == Kind::Video || !(300..900).contains(&packet.dts.as_millis())
    });
    assert_eq!(cuts(&samples_in(&segments(BOTH, &packets))), 0);
}
