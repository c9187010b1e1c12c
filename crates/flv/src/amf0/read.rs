use super::{MAX_DEPTH, MAX_VALUES, Value, marker};
use crate::Error;

/// Reads one value from the front of `data`: the value and how many bytes it took.
///
/// Text that is not UTF-8 is read with replacement characters: servers put Latin-1 into
/// descriptions. An ECMA array's count is only a hint, and is ignored. What is built is bounded by
/// [`MAX_DEPTH`], [`MAX_VALUES`] and three times the length of `data`.
pub fn read(data: &[u8]) -> Result<(Value, usize), Error> {
    let mut reader = Reader::new(data);
    let value = reader.value(0)?;
    Ok((value, reader.at))
}

/// Reads values until `data` ends: a command's or script's whole body.
pub fn read_all(data: &[u8]) -> Result<Vec<Value>, Error> {
    let mut reader = Reader::new(data);
    let mut values = Vec::new();
    while reader.at < data.len() {
        values.push(reader.value(0)?);
    }
    Ok(values)
}

struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    budget: usize,
}

impl<'a> Reader<'a> {
    const fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            at: 0,
            budget: MAX_VALUES,
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.spend()?;
        let at = self.at;
        let [marker] = self.array()?;
        match marker {
            marker::NUMBER => Ok(Value::Number(self.number()?)),
            marker::BOOLEAN => Ok(Value::Boolean(self.array::<1>()? != [0])),
            marker::STRING => Ok(Value::String(self.short_text()?)),
            marker::LONG_STRING => Ok(Value::String(self.long_text()?)),
            marker::XML_DOCUMENT => Ok(Value::Xml(self.long_text()?)),
            marker::NULL => Ok(Value::Null),
            marker::UNDEFINED => Ok(Value::Undefined),
            marker::UNSUPPORTED => Ok(Value::Unsupported),
            marker::REFERENCE => Ok(Value::Reference(u16::from_be_bytes(self.array()?))),
            marker::DATE => self.date(),
            marker::OBJECT => Ok(Value::Object(self.properties(depth)?)),
            marker::ECMA_ARRAY => self.ecma_array(depth),
            marker::STRICT_ARRAY => self.strict_array(depth),
            marker::TYPED_OBJECT => self.typed_object(depth),
            _ => Err(refuse(marker, at)),
        }
    }

    fn date(&mut self) -> Result<Value, Error> {
        Ok(Value::Date {
            millis: self.number()?,
            time_zone: i16::from_be_bytes(self.array()?),
        })
    }

    fn ecma_array(&mut self, depth: usize) -> Result<Value, Error> {
        let _hint: [u8; 4] = self.array()?;
        Ok(Value::EcmaArray(self.properties(depth)?))
    }

    fn typed_object(&mut self, depth: usize) -> Result<Value, Error> {
        Ok(Value::TypedObject {
            class: self.short_text()?,
            properties: self.properties(depth)?,
        })
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, Error> {
        let depth = self.deeper(depth)?;
        let count = u32::from_be_bytes(self.array()?);
        let mut values = Vec::new();
        for _ in 0..count {
            values.push(self.value(depth)?);
        }
        Ok(Value::StrictArray(values))
    }

    fn properties(&mut self, depth: usize) -> Result<Vec<(String, Value)>, Error> {
        let depth = self.deeper(depth)?;
        let mut properties = Vec::new();
        while !self.ends_object() {
            let name = self.short_text()?;
            properties.push((name, self.value(depth)?));
        }
        self.at += OBJECT_END.len();
        Ok(properties)
    }

    fn ends_object(&self) -> bool {
        self.data[self.at..].starts_with(&OBJECT_END)
    }

    fn number(&mut self) -> Result<f64, Error> {
        self.array().map(f64::from_be_bytes)
    }

    fn short_text(&mut self) -> Result<String, Error> {
        let len = u16::from_be_bytes(self.array()?);
        let text = text(self.take(usize::from(len))?);
        Ok(cut(&text).to_owned())
    }

    fn long_text(&mut self) -> Result<String, Error> {
        let len = u32::from_be_bytes(self.array()?);
        self.take(usize::try_from(len).unwrap_or(usize::MAX))
            .map(text)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let rest = &self.data[self.at..];
        let taken = rest
            .get(..len)
            .ok_or_else(|| Error::truncated("AMF0 value", self.data.len()))?;
        self.at += len;
        Ok(taken)
    }

    fn spend(&mut self) -> Result<(), Error> {
        self.budget = self
            .budget
            .checked_sub(1)
            .ok_or_else(|| self.too_much("AMF0 values", MAX_VALUES))?;
        Ok(())
    }

    fn deeper(&self, depth: usize) -> Result<usize, Error> {
        if depth >= MAX_DEPTH {
            return Err(self.too_much("AMF0 nesting", MAX_DEPTH));
        }
        Ok(depth + 1)
    }

    fn too_much(&self, what: &'static str, limit: usize) -> Error {
        let at = u64::try_from(self.at).unwrap_or(u64::MAX);
        Error::TooMuch { what, limit, at }
    }
}

/// The longest beginning of `text` that a 16-bit length can count: replacement characters may have
/// made it longer than it was.
pub(super) fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(usize::from(u16::MAX));
    &text[..end]
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn refuse(marker: u8, at: usize) -> Error {
    match marker {
        marker::AVM_PLUS => Error::unsupported("AMF3 inside AMF0 (AVM+ marker)"),
        marker::MOVIE_CLIP => Error::unsupported("AMF0 movie clip"),
        marker::RECORD_SET => Error::unsupported("AMF0 record set"),
        marker::OBJECT_END => Error::invalid("AMF0: an object ends where none began", at),
        _ => Error::invalid("AMF0: no such type marker", at),
    }
}

/// An empty name, then the marker.
const OBJECT_END: [u8; 3] = [0, 0, marker::OBJECT_END];
