//! HEVC: the simulated encoder knows H.264 only, so it gives a file's first two frames.

use onair_av::encode::VideoSettings;
use onair_av_sim::{Canned, Sim, Value};
use onair_media::h264::annex_b;
use onair_media::hevc::{HevcDecoderConfig, NalUnitType, nal_unit_type};
use onair_media::{Packet, Size, VideoCodec};

use crate::common::{encode, ffmpeg, video_config};
use crate::rig;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../demux/testdata/hevc.mp4");
const SIZE: Size = Size::new(96, 64);

fn settings() -> VideoSettings {
    VideoSettings {
        codec: VideoCodec::Hevc,
        size: SIZE,
        ..rig::settings()
    }
}

/// The file's first two frames; `None` without ffmpeg.
fn canned() -> Option<Canned> {
    let filter = ["-bsf:v", "hevc_mp4toannexb", "-frames:v", "2"];
    let to_annex_b = [
        &["-i", FILE, "-c", "copy"],
        &filter[..],
        &["-f", "hevc", "-"],
    ]
    .concat();
    let stream = ffmpeg(&to_annex_b, Vec::new())?;
    let (mut sets, mut frames) = (Vec::new(), Vec::new());
    for unit in annex_b(&stream) {
        match nal_unit_type(unit).unwrap() {
            NalUnitType::Vps | NalUnitType::Sps | NalUnitType::Pps => sets.push(unit.to_vec()),
            kind if kind.is_picture() => {
                let length = u32::try_from(unit.len()).unwrap();
                frames.push([&length.to_be_bytes(), unit].concat());
            }
            _ => {}
        }
    }
    assert_eq!((sets.len(), frames.len()), (3, 2));
    let other = frames.pop()?;
    let keyframe = frames.pop()?;
    Some(Canned {
        sets,
        keyframe,
        other,
    })
}

#[test]
fn an_hevc_stream_has_its_parameter_sets_in_its_configuration() {
    let sim = Sim::begin();
    let Some(canned) = canned() else {
        return;
    };
    sim.turn(|knobs| knobs.canned = Some(canned.clone()));
    let packets = encode(&settings(), 2, &[]);
    let config = video_config(&packets[0]);
    assert_eq!((config.codec, config.size), (VideoCodec::Hevc, SIZE));
    let record = HevcDecoderConfig::parse(&config.decoder_config).unwrap();
    let units = record.arrays.iter().flat_map(|array| &array.units);
    assert_eq!(
        units.map(|unit| unit.to_vec()).collect::<Vec<_>>(),
        canned.sets
    );
    assert!(packets[0].keyframe && !packets[1].keyframe);
    assert_eq!(decoded_bytes(&packets), I420_BYTES * 2);
}

const I420_BYTES: usize = 96 * 64 * 3 / 2;

/// How many bytes of frames FFmpeg decodes from the packets.
fn decoded_bytes(packets: &[Packet]) -> usize {
    let record = HevcDecoderConfig::parse(&video_config(&packets[0]).decoder_config).unwrap();
    let sets = record.arrays.iter().flat_map(|array| &array.units);
    let frames = packets.iter().map(|packet| packet.payload.slice(4..));
    let stream: Vec<u8> = sets
        .cloned()
        .chain(frames)
        .flat_map(|unit| [&[0, 0, 0, 1], &unit[..]].concat())
        .collect();
    let decode = [
        "-f", "hevc", "-i", "-", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-",
    ];
    ffmpeg(&decode, stream).unwrap().len()
}

#[test]
fn an_hevc_session_is_set_to_main_and_closed_groups_of_pictures() {
    let sim = Sim::begin();
    rig::Rig::with(&settings()).unwrap();
    let set = sim.properties();
    let has = |key: &str, value| set.contains(&(key.to_owned(), value));
    assert!(has(
        "ProfileLevel",
        Value::Text("HEVC_Main_AutoLevel".to_owned())
    ));
    assert!(has("AllowOpenGOP", Value::Bool(false)));
    assert!(!set.iter().any(|(key, _)| key == "H264EntropyMode"));
}

#[test]
fn an_hevc_encoder_need_not_know_of_open_groups_of_pictures() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.refused.insert("AllowOpenGOP".to_owned(), -12900));
    rig::Rig::with(&settings()).unwrap();
}
