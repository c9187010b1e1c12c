//! What avcC and hvcC have in common: parameter sets behind 16-bit lengths.

use bytes::Bytes;

use crate::Error;

/// The longest parameter set a record can hold.
pub(crate) const MAX_SET_BYTES: usize = 0xffff;

/// Reads a record; errors name it and the byte.
pub(crate) struct Reader<'a> {
    record: &'a Bytes,
    at: usize,
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(record: &'a Bytes, what: &'static str) -> Self {
        Self {
            record,
            at: 0,
            what,
        }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        let byte = self.record.get(self.at).copied();
        self.at += usize::from(byte.is_some());
        byte.ok_or_else(|| Error::truncated(self.what, self.at))
    }

    /// A 16-bit number.
    pub(crate) fn half(&mut self) -> Result<u16, Error> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// `count` parameter sets, as slices of the record.
    pub(crate) fn sets(&mut self, count: u16) -> Result<Vec<Bytes>, Error> {
        (0..count).map(|_| self.set()).collect()
    }

    fn set(&mut self) -> Result<Bytes, Error> {
        let end = usize::from(self.half()?) + self.at;
        if end > self.record.len() {
            return Err(Error::truncated(self.what, self.record.len()));
        }
        let set = self.record.slice(self.at..end);
        self.at = end;
        Ok(set)
    }
}

/// The sets without repetitions and empty ones.
pub(crate) fn distinct(sets: &[Bytes], most: usize) -> Result<Vec<Bytes>, Error> {
    let mut kept: Vec<Bytes> = Vec::new();
    for set in sets.iter().filter(|set| !set.is_empty()) {
        if kept.contains(set) {
            continue;
        }
        if set.len() > MAX_SET_BYTES || kept.len() == most {
            return Err(Error::unsupported(
                "more parameter sets than a decoder configuration can hold",
            ));
        }
        kept.push(set.clone());
    }
    Ok(kept)
}
