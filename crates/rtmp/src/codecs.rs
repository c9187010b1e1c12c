//! The codecs one side of a connection declares (E-RTMP v2, "Enhancing NetConnection connect
//! Command").

use onair_flv::amf0::Value;

/// The names in an object's `videoFourCcInfoMap`, or else in its `fourCcList`; `*` is any codec.
/// Nothing when it declares none. Hostile lists are cut short.
pub(crate) fn declared(object: &Value) -> Vec<&str> {
    let names: Vec<_> = match object.get("videoFourCcInfoMap") {
        Some(map) => map.properties().iter().map(|(name, _)| &name[..]).collect(),
        None => match object.get("fourCcList") {
            Some(Value::StrictArray(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        },
    };
    names.into_iter().take(MOST).collect()
}

/// Many times as many codecs as there are.
const MOST: usize = 64;
