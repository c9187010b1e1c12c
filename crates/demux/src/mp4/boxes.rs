use crate::Error;
use crate::block_cache::BlockCache;

/// A box: its type, its bytes with and without the header, and where it lies
/// (ISO/IEC 14496-12 §4.2).
#[derive(Clone, Copy)]
pub(super) struct BoxRef<'a> {
    pub(super) kind: [u8; 4],
    pub(super) whole: &'a [u8],
    pub(super) body: &'a [u8],
    /// Byte offset in the file.
    pub(super) at: u64,
}

impl<'a> BoxRef<'a> {
    /// The boxes inside, from `skip` bytes into the body on.
    pub(super) fn children_after(&self, skip: usize) -> Children<'a> {
        let header = self.whole.len() - self.body.len();
        Children {
            rest: self.body.get(skip..).unwrap_or_default(),
            at: self.at + (header + skip) as u64,
        }
    }

    pub(super) fn children(&self) -> Children<'a> {
        self.children_after(0)
    }

    /// The first box of type `kind` inside.
    pub(super) fn child(&self, kind: &[u8; 4]) -> Option<Self> {
        self.children().find(|child| child.kind == *kind)
    }

    /// The box at the end of a path of types.
    pub(super) fn descendant(&self, path: &[&[u8; 4]]) -> Option<Self> {
        path.iter()
            .try_fold(*self, |parent, kind| parent.child(kind))
    }
}

/// Boxes one after another; a malformed one ends them, because nothing behind
/// it can be located.
pub(super) struct Children<'a> {
    rest: &'a [u8],
    at: u64,
}

impl<'a> Iterator for Children<'a> {
    type Item = BoxRef<'a>;

    fn next(&mut self) -> Option<BoxRef<'a>> {
        let Header { kind, size, length } = Header::parse(self.rest)?;
        let size = size.map_or(Some(self.rest.len()), |n| usize::try_from(n).ok())?;
        let whole = self.rest.get(..size)?;
        let found = BoxRef {
            kind,
            whole,
            body: whole.get(length..)?,
            at: self.at,
        };
        self.rest = &self.rest[size..];
        self.at += size as u64;
        Some(found)
    }
}

/// A box's first bytes.
pub(super) struct Header {
    pub(super) kind: [u8; 4],
    /// Bytes of the whole box; `None` when it reaches to the end of the file.
    pub(super) size: Option<u64>,
    /// Bytes of the header.
    pub(super) length: usize,
}

impl Header {
    fn parse(data: &[u8]) -> Option<Self> {
        let kind = *data.get(4..)?.first_chunk::<4>()?;
        let (size, length) = match u32::from_be_bytes(*data.first_chunk::<4>()?) {
            0 => (None, 8),
            1 => (
                Some(u64::from_be_bytes(*data.get(8..)?.first_chunk::<8>()?)),
                16,
            ),
            size => (Some(u64::from(size)), 8),
        };
        if size.is_some_and(|size| size < length as u64) {
            return None;
        }
        Some(Self { kind, size, length })
    }

    /// Reads the header of the top-level box at `at`; `None` at the file's end.
    pub(super) fn read(blocks: &mut BlockCache, at: u64) -> Result<Option<Self>, Error> {
        let left = blocks.len().saturating_sub(at);
        if left == 0 {
            return Ok(None);
        }
        let head = blocks.bytes(at, left.min(16), "mp4 box header")?;
        if head.len() < 8 {
            return Err(Error::truncated("mp4 box header", blocks.len()));
        }
        let header =
            Self::parse(&head).ok_or_else(|| Error::invalid("mp4 box size is wrong", at))?;
        Ok(Some(header))
    }
}

/// Decodes a box with the library; what it refuses is `None`.
pub(super) fn decode<T: shiguredo_mp4::Decode>(found: BoxRef<'_>) -> Option<T> {
    T::decode(found.whole).ok().map(|(decoded, _)| decoded)
}
