//! What a survey says of known files.

use super::common::path;
use bytes::Bytes;
use onair_demux::{Error, Format, Report, Survey, open, open_lenient, read};
use onair_flv::{Muxer, file};
use onair_media::{Config, Packet, Timestamp, VideoConfig};

fn survey(name: &str) -> Report {
    Survey::of(open(&path(name)).unwrap().as_mut()).report()
}

/// A survey of a file's packets after `change` has had its way with them.
fn changed(name: &str, change: impl Fn(usize, &mut Packet)) -> Report {
    let mut demux = open(&path(name)).unwrap();
    let mut survey = Survey::new(demux.as_ref());
    for (index, mut packet) in super::common::packets(demux.as_mut())
        .into_iter()
        .enumerate()
    {
        change(index, &mut packet);
        survey.push(&packet);
    }
    survey.report()
}

#[test]
fn an_audio_file_has_its_figures_and_no_faults() {
    let report = survey("bframes.mp4");
    assert_eq!(report.container.as_deref(), Some("MP4"));
    let [video, audio] = &report.tracks[..] else {
        panic!("two tracks");
    };
    assert_eq!(video.codec.to_lowercase(), "avc1.64000a");
    assert_eq!(video.size.as_deref(), Some("96x64"));
    assert_eq!((video.fps, video.b_frames), (Some(25.0), Some(true)));
    let gops = video.gops.unwrap();
    assert_eq!(
        (gops.keyframes, gops.frames.max, gops.seconds.avg),
        (2, 20.0, 0.8)
    );
    assert_eq!(video.largest_keyframe_bytes, Some(1104));
    assert_eq!(
        (audio.codec.as_str(), audio.channels),
        ("mp4a.40.2", Some(1))
    );
    assert_eq!(report.start_skew_ms, Some(-21.33));
    for track in &report.tracks {
        assert_eq!(track.faults, onair_demux::Faults::default());
        assert!(track.peak_bitrate_bps >= track.bitrate_bps);
    }
    assert!(
        report
            .verdicts
            .iter()
            .all(|verdict| verdict.ready && verdict.reasons.is_empty())
    );
}

#[test]
fn varying_frame_rates_show_in_what_is_measured() {
    let report = survey("vfr.mp4");
    let measured = report.tracks[0].fps_measured.unwrap();
    assert_eq!((measured.min, measured.max), (12.5, 25.0));
    assert_eq!(report.tracks[0].b_frames, Some(false));
    let twitch = report
        .verdicts
        .iter()
        .find(|v| v.service == "Twitch")
        .unwrap();
    assert_eq!(twitch.reasons, ["no audio: add a silent track"]);
}

#[test]
fn times_that_go_back_and_gaps_are_counted_and_placed() {
    let report = changed("vfr.mp4", |index, packet| match index {
        10 => packet.dts = Timestamp::ZERO,
        20.. => packet.dts = packet.dts.offset(2_000_000_000),
        _ => {}
    });
    let faults = report.tracks[0].faults;
    assert_eq!(
        (faults.dts_back.count, faults.dts_back.first_at_s),
        (1, Some(0.0))
    );
    assert!(faults.gaps.count >= 1 && faults.gaps.largest_ms > 2000.0);
    let rtmp = &report.verdicts[0];
    assert!(!rtmp.ready, "{rtmp:?}");
    assert!(
        rtmp.reasons.iter().any(|r| r.contains("go back")),
        "{rtmp:?}"
    );
}

#[test]
fn keyframes_too_far_apart_are_refused_with_the_reason() {
    let report = changed("vfr.mp4", |_, packet| {
        packet.dts = Timestamp::from_nanos(packet.dts.as_nanos() * 4);
        packet.pts = packet.dts;
    });
    let youtube = report
        .verdicts
        .iter()
        .find(|v| v.service == "YouTube")
        .unwrap();
    assert!(!youtube.ready);
    let apart = youtube.reasons.iter().filter(|r| r.contains("keyframes"));
    assert_eq!(apart.count(), 1, "{youtube:?}");
}

#[test]
fn what_cannot_be_read_further_is_not_called_damaged() {
    let ended = |error: &Error| {
        let mut survey = Survey::of(open(&path("bframes.mp4")).unwrap().as_mut());
        survey.fail(error);
        survey.report()
    };
    let broken = ended(&Error::Io {
        doing: "read the stream",
        source: std::io::Error::other("it rains").into(),
    });
    assert_eq!(broken.error.as_deref(), Some("read the stream: it rains"));
    assert!(broken.verdicts.iter().all(|verdict| verdict.ready));
    let cut = ended(&Error::Truncated {
        what: "a tag",
        at: 1,
    });
    assert!(cut.verdicts.iter().all(|verdict| !verdict.ready));
}

/// A Flash Video file of HEVC, 25 pictures of it.
fn hevc() -> Vec<u8> {
    let hvcc = include_bytes!("../../../flv/testdata/main_720p.hvcc");
    let config = VideoConfig::hevc(Bytes::from_static(hvcc)).unwrap();
    let config = Config::Video(config.into());
    let (mut muxer, mut out) = (Muxer::new(), file::header(false, true).to_vec());
    for index in 0..25 {
        let time = Timestamp::from_millis(index * 40);
        let packet = Packet {
            config: config.clone(),
            pts: time,
            dts: time,
            duration: None,
            keyframe: index == 0,
            payload: Bytes::from_static(&[0, 0, 0, 3, 0x26, 1, 0xaf]),
        };
        let tags = muxer.mux(&packet).into_iter();
        tags.for_each(|tag| file::write_tag(&tag, &mut out));
    }
    out
}

#[test]
fn hevc_is_for_those_who_take_it() {
    let input = Box::new(std::io::Cursor::new(hevc()));
    let mut demux = read(input, Format::Flv).unwrap();
    let report = Survey::of(demux.as_mut()).report();
    assert_eq!(report.tracks[0].codec, "hvc1.1.6.L93.90");
    let said = |service: &str| {
        let verdict = report.verdicts.iter().find(|v| v.service == service);
        let verdict = verdict.unwrap();
        let words = verdict.reasons.iter().any(|reason| reason.contains("HEVC"));
        (verdict.ready, words)
    };
    assert_eq!(said("RTMP"), (true, true));
    assert_eq!(said("YouTube"), (true, false));
    assert_eq!(said("Twitch"), (false, true));
}

#[test]
fn text_and_json_say_the_same() {
    let report = survey("rotated.mp4");
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["rotation"], 270);
    assert_eq!(json["tracks"][0]["kind"], "video");
    let text = report.to_string();
    for part in ["270 degrees", "96x64", "mp4a.40.2", "ready for RTMP"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

/// Whether a service is content, and what it says.
fn said<'a>(report: &'a Report, service: &str) -> (bool, &'a [String]) {
    let verdict = report
        .verdicts
        .iter()
        .find(|v| v.service.starts_with(service));
    let verdict = verdict.unwrap();
    (verdict.ready, &verdict.reasons)
}

const PLATFORMS: [&str; 4] = ["YouTube", "Twitch", "Facebook", "Kick"];

#[test]
fn what_no_platform_decodes_is_ready_for_none_and_a_command_cures_it() {
    for (name, word, cure) in [
        ("high10.mp4", "10 bits", "-pix_fmt yuv420p"),
        ("yuv444.mp4", "4:4:4", "-pix_fmt yuv420p"),
        (
            "surround.mp4",
            "96000 Hz",
            "-c:v copy -c:a aac -b:a 160k -ar 48000 -ac 2",
        ),
        ("sound.mp4", "no video", "-f lavfi -i color"),
    ] {
        let report = survey(name);
        for service in PLATFORMS {
            let (ready, reasons) = said(&report, service);
            let strict = !(service == "Kick" && name == "surround.mp4");
            assert!(!ready, "{name} {service}");
            assert!(
                !strict || reasons.iter().any(|r| r.contains(word)),
                "{reasons:?}"
            );
        }
        assert!(said(&report, "RTMP").0, "{name}");
        let command = report.cure.expect("there is a cure");
        assert!(command.contains(cure), "{name}: {command}");
    }
}

#[test]
fn a_cut_file_is_ready_for_nothing() {
    let mut bytes = std::fs::read(path("faststart.mp4")).unwrap();
    bytes.truncate(bytes.len() * 2 / 3);
    let file = std::env::temp_dir().join(format!("onair-demux-{}-cut.mp4", std::process::id()));
    std::fs::write(&file, bytes).unwrap();
    let report = Survey::of(open(&file).unwrap().as_mut()).report();
    std::fs::remove_file(&file).unwrap();
    assert!(report.verdicts.iter().all(|verdict| !verdict.ready));
    let damage = report.damage.expect("there is damage");
    assert_eq!(damage.video.damaged + damage.audio.damaged, 1);
}

#[test]
fn files_that_cannot_be_sent_still_have_their_facts_and_one_command_for_all() {
    for (name, video, audio) in [
        ("vp9-opus.webm", "VP9, 97x63", "Opus, 48000 Hz, 1 channel"),
        (
            "sorenson-mp3.flv",
            "Sorenson H.263, 96x64",
            "MP3, 44100 Hz, 1 channel",
        ),
        ("mpeg2-ac3.ts", "MPEG-2 video", "AC-3"),
    ] {
        let opened = open_lenient(&path(name)).unwrap();
        let names: Vec<_> = opened.refused.iter().map(ToString::to_string).collect();
        assert_eq!(names, [video, audio], "{name}");
        let report = Survey::of_opened(&opened).report();
        assert!(
            report.verdicts.iter().all(|verdict| !verdict.ready),
            "{name}"
        );
        let Err(Error::Codec { command, .. }) = open(&path(name)).map(|_| ()) else {
            panic!("{name} is refused");
        };
        assert_eq!(report.cure.as_ref(), Some(&command), "{name}");
        assert!(
            command.contains("libx264") && command.contains("-c:a aac"),
            "{command}"
        );
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["refused"][0]["kind"], "video", "{json}");
        assert_eq!(json["cure"], command);
    }
}

#[test]
fn every_objection_names_its_rule() {
    let report = survey("high10.mp4");
    for verdict in &report.verdicts {
        assert_eq!(verdict.objections.len(), verdict.reasons.len());
        assert!(verdict.objections.iter().all(|o| !o.source.is_empty()));
        assert_eq!(verdict.ready, verdict.objections.iter().all(|o| !o.needed));
    }
}
