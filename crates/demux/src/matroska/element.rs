use bytes::Bytes;

use crate::Error;
use crate::block_cache::BlockCache;

/// The header of an EBML element (RFC 8794 §4).
#[derive(Clone, Copy)]
pub(super) struct Element {
    pub(super) id: u64,
    /// Where the element begins, and where its content does.
    pub(super) at: u64,
    pub(super) content: u64,
    /// Bytes of content; `None` when that is unknown.
    pub(super) size: Option<u64>,
}

impl Element {
    /// Reads the header at `at`; `None` where the file ends.
    pub(super) fn read(blocks: &mut BlockCache, at: u64) -> Result<Option<Self>, Error> {
        let left = blocks.len().saturating_sub(at);
        if left == 0 {
            return Ok(None);
        }
        let bytes = blocks.bytes(at, left.min(LONGEST), "Matroska element")?;
        if let Some(found) = Self::parse(&bytes, at) {
            return Ok(Some(found));
        }
        Err(if left < LONGEST {
            Error::truncated("Matroska element", blocks.len())
        } else {
            Error::invalid("Matroska element is wrong", at)
        })
    }

    fn parse(mut bytes: &[u8], at: u64) -> Option<Self> {
        let whole = bytes.len();
        let (id, _) = variable(&mut bytes, false)?;
        let (size, bits) = variable(&mut bytes, true)?;
        Some(Self {
            id,
            at,
            content: at + (whole - bytes.len()) as u64,
            size: Some(size).filter(|size| *size != (1 << bits) - 1),
        })
    }

    /// Where it ends; an error where its size is unknown.
    pub(super) fn end(&self) -> Result<u64, Error> {
        let end = self.size.and_then(|size| self.content.checked_add(size));
        end.ok_or_else(|| Error::invalid("Matroska element's size is unknown or wrong", self.at))
    }

    /// Its content, of `most` bytes at most.
    pub(super) fn content(&self, blocks: &mut BlockCache, most: u64) -> Result<Bytes, Error> {
        let size = self.end()? - self.content;
        if size > most {
            return Err(Error::invalid("Matroska element is too large", self.at));
        }
        blocks.bytes(self.content, size, "Matroska element")
    }
}

/// The elements one after another in `bytes`, up to the first that is cut.
pub(super) fn children(bytes: &Bytes) -> impl Iterator<Item = (u64, Bytes)> {
    let mut rest = bytes.clone();
    std::iter::from_fn(move || {
        let found = Element::parse(&rest, 0)?;
        let start = usize::try_from(found.content).ok()?;
        let end = usize::try_from(found.end().ok()?).ok()?;
        if end > rest.len() {
            return None;
        }
        let content = rest.slice(start..end);
        rest = rest.slice(end..);
        Some((found.id, content))
    })
}

/// An unsigned integer (RFC 8794 §7.2); `None` when it has more than 8 bytes.
pub(super) fn unsigned(content: &[u8]) -> Option<u64> {
    let fits = content.len() <= 8;
    fits.then(|| content.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

/// A variable-size number and how many bits it has; ids keep their marker.
pub(super) fn variable(input: &mut &[u8], unmark: bool) -> Option<(u64, u32)> {
    let first = *input.split_off_first()?;
    let extra = first.leading_zeros();
    let marker = 0x80_u8.checked_shr(extra)?;
    let mut value = u64::from(if unmark { first & !marker } else { first });
    for _ in 0..extra {
        value = value << 8 | u64::from(*input.split_off_first()?);
    }
    Some((value, 7 * (extra + 1)))
}

/// The longest header: ids have at most 8 bytes here, and sizes too.
const LONGEST: u64 = 16;
