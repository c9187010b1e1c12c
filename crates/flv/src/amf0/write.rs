use super::{Value, marker};

/// The values one after another: a command's or script's whole body.
pub fn write_all(values: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        value.write(&mut out);
    }
    out
}

impl Value {
    /// Appends the value's one encoding: equal values give equal bytes.
    ///
    /// A property name over 65 535 bytes, which AMF0 cannot express, is cut there.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => fixed(out, marker::NUMBER, number.to_be_bytes()),
            Self::Boolean(truth) => fixed(out, marker::BOOLEAN, [u8::from(*truth)]),
            Self::String(text) => string(out, text),
            Self::Object(properties) => object(out, properties),
            Self::Null => out.push(marker::NULL),
            Self::Undefined => out.push(marker::UNDEFINED),
            Self::Reference(index) => fixed(out, marker::REFERENCE, index.to_be_bytes()),
            Self::EcmaArray(properties) => ecma_array(out, properties),
            Self::StrictArray(values) => strict_array(out, values),
            Self::Date { millis, time_zone } => date(out, *millis, *time_zone),
            Self::Unsupported => out.push(marker::UNSUPPORTED),
            Self::Xml(text) => long(out, marker::XML_DOCUMENT, text),
            Self::TypedObject { class, properties } => typed_object(out, class, properties),
        }
    }
}

fn fixed<const N: usize>(out: &mut Vec<u8>, marker: u8, bytes: [u8; N]) {
    out.push(marker);
    out.extend_from_slice(&bytes);
}

fn string(out: &mut Vec<u8>, text: &str) {
    if text.len() > usize::from(u16::MAX) {
        return long(out, marker::LONG_STRING, text);
    }
    out.push(marker::STRING);
    short(out, text);
}

fn object(out: &mut Vec<u8>, object: &[(String, Value)]) {
    out.push(marker::OBJECT);
    properties(out, object);
}

fn ecma_array(out: &mut Vec<u8>, array: &[(String, Value)]) {
    fixed(out, marker::ECMA_ARRAY, count(array.len()));
    properties(out, array);
}

fn strict_array(out: &mut Vec<u8>, array: &[Value]) {
    fixed(out, marker::STRICT_ARRAY, count(array.len()));
    for value in array {
        value.write(out);
    }
}

fn date(out: &mut Vec<u8>, millis: f64, time_zone: i16) {
    fixed(out, marker::DATE, millis.to_be_bytes());
    out.extend_from_slice(&time_zone.to_be_bytes());
}

fn typed_object(out: &mut Vec<u8>, class: &str, object: &[(String, Value)]) {
    out.push(marker::TYPED_OBJECT);
    short(out, class);
    properties(out, object);
}

fn properties(out: &mut Vec<u8>, properties: &[(String, Value)]) {
    for (name, value) in properties {
        short(out, name);
        value.write(out);
    }
    out.extend_from_slice(&[0, 0, marker::OBJECT_END]);
}

fn short(out: &mut Vec<u8>, text: &str) {
    let text = super::read::cut(text);
    let len = u16::try_from(text.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn long(out: &mut Vec<u8>, marker: u8, text: &str) {
    fixed(out, marker, count(text.len()));
    out.extend_from_slice(text.as_bytes());
}

/// Nothing that fits into memory has 2^32 parts.
fn count(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}
