//! The codecs one side of a connection declares (E-RTMP v2, "Enhancing NetConnection connect
//! Command").

use onair_flv::amf0::Value;
use onair_media::{AudioCodec, FourCc, VideoCodec};

/// The names in an object's `videoFourCcInfoMap` that can be received, or else in its
/// `fourCcList`; `*` is any codec. Nothing when it declares none. Hostile lists are cut short.
pub(crate) fn declared(object: &Value) -> Vec<&str> {
    let names: Vec<_> = match object.get("videoFourCcInfoMap") {
        Some(map) => {
            let all = map.properties().iter();
            let received = all.filter(|(_, flags)| can_receive(flags));
            received.map(|(name, _)| &name[..]).collect()
        }
        None => match object.get("fourCcList") {
            Some(Value::StrictArray(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        },
    };
    names.into_iter().take(MAX_NAMES).collect()
}

/// Whether a peer that declared `names` takes `codec`. One that declared nothing may.
pub(crate) fn takes(names: &[impl AsRef<str>], codec: FourCc) -> bool {
    let codec = codec.to_string();
    let is_it = |name: &str| name == codec || name == "*";
    names.is_empty() || names.iter().any(|name| is_it(name.as_ref()))
}

/// Whether a client's `connect` mentions Enhanced RTMP at all.
pub(crate) fn is_enhanced(object: &Value) -> bool {
    let keys = [
        "fourCcList",
        "videoFourCcInfoMap",
        "audioFourCcInfoMap",
        "capsEx",
    ];
    keys.iter().any(|key| object.get(key).is_some())
}

/// The Enhanced RTMP that our server takes: what [`Demuxer`](onair_flv::Demuxer) reads. Only the
/// first of several tracks is kept, so multitrack is not declared.
pub(crate) fn taken() -> [(&'static str, Value); 4] {
    let video: Vec<_> = VideoCodec::ALL
        .iter()
        .map(|codec| codec.four_cc().to_string())
        .collect();
    let audio: Vec<_> = AudioCodec::ALL
        .iter()
        .map(|codec| codec.four_cc().to_string())
        .collect();
    let map = |names: &[String]| {
        let pairs = names
            .iter()
            .map(|name| (name.clone(), Value::from(f64::from(CAN_FORWARD))));
        Value::object(pairs)
    };
    let (video_map, audio_map) = (map(&video), map(&audio));
    let all = video.into_iter().chain(audio).map(Value::String);
    [
        ("fourCcList", Value::StrictArray(all.collect())),
        ("videoFourCcInfoMap", video_map),
        ("audioFourCcInfoMap", audio_map),
        ("capsEx", Value::from(CAPS_MOD_EX + CAPS_NANO_OFFSET)),
    ]
}

fn can_receive(flags: &Value) -> bool {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    let flags = flags.as_f64().map_or(u32::MAX, |flags| flags as u32);
    flags & (CAN_DECODE | CAN_FORWARD) != 0
}

/// E-RTMP v2, `FourCcInfoMask`.
const CAN_DECODE: u32 = 1;
const CAN_FORWARD: u32 = 4;

/// E-RTMP v2, `CapsExMask`.
const CAPS_MOD_EX: f64 = 4.0;
const CAPS_NANO_OFFSET: f64 = 8.0;

/// Far more codecs than exist.
const MAX_NAMES: usize = 64;
