use onair::flv::amf0::{self, Value};

use super::dump::{Dump, quoted};

/// A script tag's body: AMF0 values one after another (FLV 10.1 §E.4.4; AMF0, December 2007).
pub(super) fn body(dump: &mut Dump<'_>) {
    for _ in 0..MAX_VALUES {
        match dump.rest().first().copied() {
            None => return,
            Some(ECMA_ARRAY) => {
                dump.field(1, "AMF0 marker 8: ECMA array, names with values");
                dump.read(|count| {
                    format!(
                        "about {} of them, which nobody relies on",
                        u32::from_be_bytes(count)
                    )
                });
                properties(dump);
            }
            Some(OBJECT) => {
                dump.field(1, "AMF0 marker 3: object, names with values");
                properties(dump);
            }
            Some(_) => value(dump, ""),
        }
    }
}

fn properties(dump: &mut Dump<'_>) {
    for _ in 0..MAX_PROPERTIES {
        if dump.rest().is_empty() {
            return;
        }
        if dump.rest().starts_with(&OBJECT_END) {
            dump.field(OBJECT_END.len(), "an empty name and marker 9: the end");
            return;
        }
        property(dump);
    }
}

/// A name (without a marker) and its value.
fn property(dump: &mut Dump<'_>) {
    let Some(&length) = dump.rest().first_chunk() else {
        return dump.remainder("a name cut short");
    };
    let length = usize::from(u16::from_be_bytes(length));
    let text = dump.rest()[2..].get(..length);
    let Some(name) = text.map(quoted) else {
        return dump.remainder("a name cut short");
    };
    dump.field(2 + length, format_args!("{name}, {length} characters"));
    value(dump, " = ");
}

fn value(dump: &mut Dump<'_>, before: &str) {
    match amf0::read(dump.rest()) {
        Ok((value, len)) => drop(dump.field(len, format_args!("{before}{}", say(&value)))),
        Err(error) => dump.remainder(error),
    }
}

fn say(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{number} (marker 0: number, a 64-bit float)"),
        Value::Boolean(truth) => format!("{truth} (marker 1: boolean)"),
        Value::String(text) => format!("{} (marker 2: string)", quoted(text.as_bytes())),
        Value::Date { millis, .. } => format!("{millis} ms since 1970 (marker 11: date)"),
        Value::Null => "nothing (marker 5: null)".to_owned(),
        Value::StrictArray(values) => format!("a list of {} (marker 10)", values.len()),
        other => format!("{} names with values", other.properties().len()),
    }
}

/// AMF0 §2.1, type markers.
const OBJECT: u8 = 3;
const ECMA_ARRAY: u8 = 8;
const OBJECT_END: [u8; 3] = [0, 0, 9];
/// More than anybody writes; whatever a hostile script has beyond is shown as one.
const MAX_VALUES: usize = 100;
const MAX_PROPERTIES: usize = 300;
