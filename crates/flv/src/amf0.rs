//! Action Message Format 0 (Adobe AMF0, December 2007): values both ways.

mod read;
mod write;

pub use read::{read, read_all};
pub use write::write_all;

/// The deepest nesting [`read`] follows.
pub const MAX_DEPTH: usize = 32;
/// The most values one [`read`] or [`read_all`] builds, nested ones included.
pub const MAX_VALUES: usize = 16_384;

/// A value (AMF0 §2.1). Properties keep their order, and a name may repeat.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// §2.2.
    Number(f64),
    /// §2.3.
    Boolean(bool),
    /// §2.4, and §2.14 where it needs more than 65 535 bytes.
    String(String),
    /// §2.5, an anonymous object.
    Object(Vec<(String, Self)>),
    /// §2.7.
    Null,
    /// §2.8.
    Undefined,
    /// §2.9: the index of a complex value in the same message, left unresolved: resolving would let
    /// a small message grow without bound.
    Reference(u16),
    /// §2.10, an associative array.
    EcmaArray(Vec<(String, Self)>),
    /// §2.12.
    StrictArray(Vec<Self>),
    /// §2.13.
    Date {
        /// Milliseconds since 1970-01-01 UTC.
        millis: f64,
        /// Reserved: should be zero, yet some senders fill it.
        time_zone: i16,
    },
    /// §2.15: what the sender could not serialise.
    Unsupported,
    /// §2.17.
    Xml(String),
    /// §2.18.
    TypedObject {
        /// The class, by the alias both sides agreed upon.
        class: String,
        /// Its properties.
        properties: Vec<(String, Self)>,
    },
}

impl Value {
    /// An anonymous object of these properties.
    pub fn object<K: Into<String>>(properties: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Object(named(properties))
    }

    /// An ECMA array of these properties.
    pub fn ecma_array<K: Into<String>>(properties: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::EcmaArray(named(properties))
    }

    /// The property called `name` of an object or ECMA array; the last, where
    /// the name repeats.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let found = self.properties().iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    }

    /// The properties of an object or ECMA array; none for anything else.
    pub fn properties(&self) -> &[(String, Self)] {
        match self {
            Self::Object(properties)
            | Self::EcmaArray(properties)
            | Self::TypedObject { properties, .. } => properties,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a number.
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

fn named<K: Into<String>>(
    properties: impl IntoIterator<Item = (K, Value)>,
) -> Vec<(String, Value)> {
    let named = |(name, value): (K, Value)| (name.into(), value);
    properties.into_iter().map(named).collect()
}

mod marker {
    //! AMF0 §2.1, type markers.
    pub(super) const NUMBER: u8 = 0x00;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const STRING: u8 = 0x02;
    pub(super) const OBJECT: u8 = 0x03;
    pub(super) const MOVIE_CLIP: u8 = 0x04;
    pub(super) const NULL: u8 = 0x05;
    pub(super) const UNDEFINED: u8 = 0x06;
    pub(super) const REFERENCE: u8 = 0x07;
    pub(super) const ECMA_ARRAY: u8 = 0x08;
    pub(super) const OBJECT_END: u8 = 0x09;
    pub(super) const STRICT_ARRAY: u8 = 0x0A;
    pub(super) const DATE: u8 = 0x0B;
    pub(super) const LONG_STRING: u8 = 0x0C;
    pub(super) const UNSUPPORTED: u8 = 0x0D;
    pub(super) const RECORD_SET: u8 = 0x0E;
    pub(super) const XML_DOCUMENT: u8 = 0x0F;
    pub(super) const TYPED_OBJECT: u8 = 0x10;
    pub(super) const AVM_PLUS: u8 = 0x11;
}

#[cfg(test)]
mod tests;
