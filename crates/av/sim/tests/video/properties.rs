use onair_av::Error;
use onair_av::encode::VideoEncoder;
use onair_av_sim::{Sim, Value};
use onair_media::Bitrate;

use crate::rig::{Rig, numbers, settings};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn expected() -> Vec<(&'static str, Value)> {
    let scaling = vec![("ScalingMode".to_owned(), text("Trim"))];
    vec![
        ("ProfileLevel", text("H264_High_AutoLevel")),
        ("H264EntropyMode", text("CABAC")),
        ("PixelTransferProperties", Value::Dictionary(scaling)),
        ("RealTime", Value::Bool(true)),
        ("AllowFrameReordering", Value::Bool(false)),
        ("ExpectedFrameRate", Value::Float(30.0)),
        ("PrioritizeEncodingSpeedOverQuality", Value::Bool(true)),
        ("MaxFrameDelayCount", Value::Int(3)),
        ("MaxKeyFrameInterval", Value::Int(75)),
        ("MaxKeyFrameIntervalDuration", Value::Float(2.5)),
        ("ColorPrimaries", text("ITU_R_709_2")),
        ("TransferFunction", text("ITU_R_709_2")),
        ("YCbCrMatrix", text("ITU_R_709_2")),
        ("AverageBitRate", Value::Int(400_000)),
        ("DataRateLimits", Value::List(vec![75_000.0, 1.0])),
    ]
}

const REQUIRED: [&str; 3] = ["ProfileLevel", "AllowFrameReordering", "AverageBitRate"];

#[test]
fn a_session_is_set_to_all_that_live_video_needs() {
    let sim = Sim::begin();
    Rig::open();
    let set = sim.properties();
    let set: Vec<_> = set
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    assert_eq!(set, expected());
}

#[test]
fn what_is_optional_can_be_refused() {
    let optional = expected().into_iter().map(|(key, _)| key);
    for key in optional.filter(|key| !REQUIRED.contains(key)) {
        for status in [-12900, -12901, -12902] {
            let sim = Sim::begin();
            sim.turn(|knobs| knobs.refused.insert(key.to_owned(), status));
            let mut rig = Rig::open();
            let mut packets = rig.steps(3);
            packets.extend(rig.finish());
            assert_eq!(numbers(&packets), [0, 1, 2], "{key}");
            assert_eq!(sim.properties().len(), expected().len() - 1);
        }
    }
}

#[test]
fn what_is_required_fails_by_name_when_it_is_refused() {
    for key in REQUIRED {
        let sim = Sim::begin();
        sim.turn(|knobs| knobs.refused.insert(key.to_owned(), -12900));
        let error = VideoEncoder::open(&settings()).err().unwrap();
        assert!(matches!(error, Error::Backend { .. }), "{error}");
        let words = error.to_string();
        let says =
            format!("setting {key}, which the stream needs: kVTPropertyNotSupportedErr (-12900)");
        assert!(words.contains(&says), "{words}");
    }
}

#[test]
fn a_new_bitrate_is_average_and_limit_together() {
    let sim = Sim::begin();
    let mut rig = Rig::open();
    let mut packets = rig.steps(5);
    sim.properties();
    rig.encoder.set_bitrate(Bitrate::kbps(800)).unwrap();
    let set = sim.properties();
    assert_eq!(set[0], ("AverageBitRate".to_owned(), Value::Int(800_000)));
    let limits = Value::List(vec![150_000.0, 1.0]);
    assert_eq!(set[1..], [("DataRateLimits".to_owned(), limits)]);
    packets.extend(rig.steps(5));
    packets.extend(rig.finish());
    assert_eq!(packets.iter().filter(|packet| packet.keyframe).count(), 1);
}

#[test]
fn a_limit_is_whole_bytes() {
    let sim = Sim::begin();
    let mut rig = Rig::open();
    sim.properties();
    rig.encoder.set_bitrate(Bitrate::bps(800_001)).unwrap();
    let limits = Value::List(vec![150_000.0, 1.0]);
    assert_eq!(sim.properties()[1], ("DataRateLimits".to_owned(), limits));
}

#[test]
fn a_bitrate_beyond_what_the_property_holds_is_refused() {
    let _sim = Sim::begin();
    let mut rig = Rig::open();
    let refusal = rig.encoder.set_bitrate(Bitrate::kbps(3_000_000));
    assert!(matches!(refusal, Err(Error::Invalid { .. })));
}
