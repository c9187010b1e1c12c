use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::{Bytes, BytesMut};

use crate::Error;

/// What a container can be read from when it needs seeking.
pub(crate) trait Storage: Read + Seek + Send {}
impl<T: Read + Seek + Send> Storage for T {}

/// A file read in large aligned blocks, of which the last few are kept.
///
/// What lies within one block is handed out as a slice of it. Two tracks far
/// apart in the file each find their own block, so neither makes the other
/// read twice.
pub(crate) struct BlockCache {
    storage: Box<dyn Storage>,
    len: u64,
    recent: VecDeque<(u64, Bytes)>,
}

impl BlockCache {
    pub(crate) fn new(mut storage: Box<dyn Storage>) -> Result<Self, Error> {
        let len = storage
            .seek(SeekFrom::End(0))
            .map_err(|e| Error::io("measure the file", e))?;
        Ok(Self {
            storage,
            len,
            recent: VecDeque::with_capacity(KEPT),
        })
    }

    /// Bytes in the whole file.
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// The `size` bytes at `at`; `what` names them when the file ends before they do.
    pub(crate) fn bytes(&mut self, at: u64, size: u64, what: &'static str) -> Result<Bytes, Error> {
        let end = at.checked_add(size).filter(|end| *end <= self.len);
        let (Some(end), Ok(size)) = (end, usize::try_from(size)) else {
            return Err(Error::truncated(what, self.len));
        };
        let io = |e| Error::io("read the file", e);
        let (offset, block) = self.block_at(at).map_err(io)?;
        if let Some(whole) = block.get(offset..offset.saturating_add(size)) {
            return Ok(block.slice_ref(whole));
        }
        let mut joined = BytesMut::with_capacity(size);
        while joined.len() < size {
            let position = end - (size - joined.len()) as u64;
            let (offset, block) = self.block_at(position).map_err(io)?;
            let part = block.get(offset..).unwrap_or_default();
            if part.is_empty() {
                return Err(Error::truncated(what, position));
            }
            joined.extend_from_slice(&part[..part.len().min(size - joined.len())]);
        }
        Ok(joined.freeze())
    }

    /// The block that holds byte `at`, and where in it.
    fn block_at(&mut self, at: u64) -> io::Result<(usize, Bytes)> {
        let index = at / BLOCK;
        let offset = usize::try_from(at % BLOCK).unwrap_or(0);
        if let Some((_, block)) = self.recent.iter().find(|(i, _)| *i == index) {
            return Ok((offset, block.clone()));
        }
        let block = self.load(index)?;
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back((index, block.clone()));
        Ok((offset, block))
    }

    fn load(&mut self, index: u64) -> io::Result<Bytes> {
        let start = index * BLOCK;
        let size = BLOCK.min(self.len.saturating_sub(start));
        self.storage.seek(SeekFrom::Start(start))?;
        let mut block = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        (&mut self.storage).take(size).read_to_end(&mut block)?;
        Ok(block.into())
    }
}

/// Bytes a block holds.
const BLOCK: u64 = 256 * 1024;

/// Blocks kept: enough for two tracks that each straddle a boundary.
const KEPT: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(len: usize) -> (Vec<u8>, BlockCache) {
        let data: Vec<u8> = (0..len).map(|i| (i * 31 % 251).to_le_bytes()[0]).collect();
        let storage = Box::new(io::Cursor::new(data.clone()));
        (data, BlockCache::new(storage).unwrap())
    }

    #[test]
    fn ranges_within_and_across_blocks_are_the_files_bytes() {
        let (data, mut blocks) = blocks(900_000);
        for (at, size) in [(0, 10), (262_140, 8), (100, 800_000), (899_990, 10), (5, 0)] {
            let got = blocks.bytes(at as u64, size as u64, "range").unwrap();
            assert_eq!(got, data[at..at + size], "{at}+{size}");
        }
    }

    #[test]
    fn a_range_past_the_end_is_truncated_and_nothing_is_allocated_for_it() {
        let (_, mut blocks) = blocks(100);
        for (at, size) in [(0, 101), (100, 1), (u64::MAX, 1), (1, u64::MAX)] {
            let error = blocks.bytes(at, size, "range").unwrap_err();
            assert!(matches!(error, Error::Truncated { .. }), "{at}+{size}");
        }
    }
}
