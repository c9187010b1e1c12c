//! The properties of a compression session: which there are, of what type, and their values.

use crate::core_foundation::{items, pairs, strings, text};
use crate::object::{Kind, Number, Object};

/// A property's value.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "they say what they are")]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<f64>),
    Dictionary(Vec<(String, Self)>),
}

/// The encoder settings that follow from the properties.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) bitrate: u64,
    pub(crate) keyframe_frames: Option<i64>,
    pub(crate) keyframe_seconds: Option<f64>,
}

impl Settings {
    pub(crate) fn apply(&mut self, key: &str, value: &Value) {
        match (key, value) {
            ("AverageBitRate", Value::Int(bits)) => self.bitrate = bits.unsigned_abs(),
            ("MaxKeyFrameInterval", Value::Int(frames)) => self.keyframe_frames = Some(*frames),
            ("MaxKeyFrameIntervalDuration", Value::Float(seconds)) => {
                self.keyframe_seconds = Some(*seconds);
            }
            _ => {}
        }
    }
}

/// The key and value of a property, if sessions of this codec have it.
///
/// # Panics
///
/// When the value is not what the header says it must be.
pub(crate) fn read(codec: u32, key: &Object, value: &Object) -> Option<(String, Value)> {
    let key = text(key).expect("keys are strings").to_owned();
    let is_h264 = codec == u32::from_be_bytes(*b"avc1");
    let value = self::value(value);
    let fits = match (key.as_str(), &value) {
        ("RealTime" | "AllowFrameReordering", Value::Bool(_))
        | ("PrioritizeEncodingSpeedOverQuality", Value::Bool(_)) => true,
        ("AverageBitRate" | "MaxKeyFrameInterval" | "MaxFrameDelayCount", Value::Int(number)) => {
            *number >= 0
        }
        ("ExpectedFrameRate" | "MaxKeyFrameIntervalDuration", Value::Float(number)) => {
            *number >= 0.0
        }
        ("DataRateLimits", Value::List(numbers)) => {
            let mut bytes = numbers.iter().step_by(2);
            numbers.len().is_multiple_of(2) && bytes.all(|bytes| bytes.fract() == 0.0)
        }
        ("ColorPrimaries" | "TransferFunction" | "YCbCrMatrix", Value::Text(name)) => {
            name == "ITU_R_709_2"
        }
        ("PixelTransferProperties", Value::Dictionary(pairs)) => {
            *pairs == [("ScalingMode".to_owned(), Value::Text("Trim".to_owned()))]
        }
        ("ProfileLevel", Value::Text(profile)) if is_h264 => profile.starts_with("H264_"),
        ("ProfileLevel", Value::Text(profile)) => profile.starts_with("HEVC_"),
        ("H264EntropyMode", Value::Text(mode)) if is_h264 => mode == "CABAC" || mode == "CAVLC",
        ("AllowOpenGOP", Value::Bool(_)) if !is_h264 => true,
        ("H264EntropyMode" | "AllowOpenGOP", _) => return None,
        (key, _) if KNOWN.contains(&key) => false,
        _ => return None,
    };
    assert!(fits, "{key} cannot be {value:?}");
    Some((key, value))
}

fn value(object: &Object) -> Value {
    match object.kind() {
        Kind::Boolean(value) => Value::Bool(*value),
        Kind::Number(Number::Int(number)) => Value::Int(*number),
        Kind::Number(Number::Float(number)) => Value::Float(*number),
        Kind::String(text) => Value::Text(text.clone().into_owned()),
        Kind::Array(_) => Value::List(items(object).iter().map(|item| number(item)).collect()),
        Kind::Dictionary(_) => {
            let pairs = pairs(object).iter().map(|(key, value)| {
                let key = text(key).expect("keys are strings").to_owned();
                (key, self::value(value))
            });
            Value::Dictionary(pairs.collect())
        }
        other => panic!("a {} is no property", other.name()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of bytes")]
fn number(object: &Object) -> f64 {
    match object.kind() {
        Kind::Number(Number::Int(number)) => *number as f64,
        Kind::Number(Number::Float(number)) => *number,
        other => panic!("a {} is no number", other.name()),
    }
}

const KNOWN: [&str; 14] = [
    "RealTime",
    "AllowFrameReordering",
    "PrioritizeEncodingSpeedOverQuality",
    "AverageBitRate",
    "MaxKeyFrameInterval",
    "MaxFrameDelayCount",
    "ExpectedFrameRate",
    "MaxKeyFrameIntervalDuration",
    "DataRateLimits",
    "ColorPrimaries",
    "TransferFunction",
    "YCbCrMatrix",
    "PixelTransferProperties",
    "ProfileLevel",
];

strings! {
    kVTCompressionPropertyKey_AllowFrameReordering = "AllowFrameReordering";
    kVTCompressionPropertyKey_AllowOpenGOP = "AllowOpenGOP";
    kVTCompressionPropertyKey_AverageBitRate = "AverageBitRate";
    kVTCompressionPropertyKey_ColorPrimaries = "ColorPrimaries";
    kVTCompressionPropertyKey_DataRateLimits = "DataRateLimits";
    kVTCompressionPropertyKey_ExpectedFrameRate = "ExpectedFrameRate";
    kVTCompressionPropertyKey_H264EntropyMode = "H264EntropyMode";
    kVTCompressionPropertyKey_MaxFrameDelayCount = "MaxFrameDelayCount";
    kVTCompressionPropertyKey_MaxKeyFrameInterval = "MaxKeyFrameInterval";
    kVTCompressionPropertyKey_MaxKeyFrameIntervalDuration = "MaxKeyFrameIntervalDuration";
    kVTCompressionPropertyKey_PixelTransferProperties = "PixelTransferProperties";
    kVTCompressionPropertyKey_PrioritizeEncodingSpeedOverQuality = "PrioritizeEncodingSpeedOverQuality";
    kVTCompressionPropertyKey_ProfileLevel = "ProfileLevel";
    kVTCompressionPropertyKey_RealTime = "RealTime";
    kVTCompressionPropertyKey_TransferFunction = "TransferFunction";
    kVTCompressionPropertyKey_YCbCrMatrix = "YCbCrMatrix";
    kVTH264EntropyMode_CABAC = "CABAC";
    kVTPixelTransferPropertyKey_ScalingMode = "ScalingMode";
    kVTProfileLevel_H264_High_AutoLevel = "H264_High_AutoLevel";
    kVTProfileLevel_HEVC_Main_AutoLevel = "HEVC_Main_AutoLevel";
    kVTScalingMode_Trim = "Trim";
}
