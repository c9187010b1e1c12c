use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

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
pub(crate) struct Blocks {
    storage: Box<dyn Storage>,
    len: u64,
    recent: VecDeque<(u64, Bytes)>,
    /// A byte read as another.
    replaced: Option<(u64, u8)>,
}

impl Blocks {
    pub(crate) fn new(mut storage: Box<dyn Storage>) -> Result<Self, Error> {
        let len = storage
            .seek(SeekFrom::End(0))
            .map_err(|e| Error::io("measure the file", e))?;
        Ok(Self {
            storage,
            len,
            recent: VecDeque::with_capacity(KEPT),
            replaced: None,
        })
    }

    /// From now on reads the byte at `at` as `byte`.
    pub(crate) fn replace(&mut self, at: u64, byte: u8) {
        self.replaced = Some((at, byte));
        self.recent.clear();
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

    /// Up to `buf.len()` bytes at `at`: fewer at a block's or the file's end.
    fn read_at(&mut self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        if at >= self.len {
            return Ok(0);
        }
        let (offset, block) = self.block_at(at)?;
        let part = block.get(offset..).unwrap_or_default();
        let count = part.len().min(buf.len());
        buf[..count].copy_from_slice(&part[..count]);
        Ok(count)
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
        if let Some((at, byte)) = self.replaced.filter(|(at, _)| *at >= start) {
            let index = usize::try_from(at - start).unwrap_or(usize::MAX);
            block.get_mut(index).into_iter().for_each(|old| *old = byte);
        }
        Ok(block.into())
    }
}

/// [`Blocks`] as a stream with a position.
pub(crate) struct Cursor {
    blocks: Blocks,
    progress: Progress,
}

/// How far a [`Cursor`] given away has read, and how far it may.
#[derive(Clone)]
pub(crate) struct Progress(Arc<Shared>);

struct Shared {
    position: AtomicU64,
    length: u64,
    /// Bytes that may still be read.
    left: AtomicU64,
}

impl Progress {
    /// The byte offset reached.
    pub(crate) fn position(&self) -> u64 {
        self.0.position.load(Relaxed)
    }

    /// Bytes in the whole file.
    pub(crate) fn length(&self) -> u64 {
        self.0.length
    }

    /// Allows reading without end.
    pub(crate) fn lift_limit(&self) {
        self.0.left.store(u64::MAX, Relaxed);
    }

    fn spend(&self, bytes: u64) -> io::Result<()> {
        let left = self.0.left.load(Relaxed);
        if left == u64::MAX {
            return Ok(());
        }
        let left = left.checked_sub(bytes);
        self.0
            .left
            .store(left.ok_or(io::ErrorKind::FileTooLarge)?, Relaxed);
        Ok(())
    }

    fn move_to(&self, position: u64) {
        self.0.position.store(position, Relaxed);
    }
}

impl Cursor {
    /// A stream from the beginning that refuses to give more than `limit` bytes
    /// until the limit is lifted.
    pub(crate) fn new(blocks: Blocks, limit: u64) -> (Self, Progress) {
        let progress = Progress(Arc::new(Shared {
            position: AtomicU64::new(0),
            length: blocks.len,
            left: AtomicU64::new(limit),
        }));
        let cursor = Self {
            blocks,
            progress: progress.clone(),
        };
        (cursor, progress)
    }
}

impl Read for Cursor {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let position = self.progress.position();
        let count = self.blocks.read_at(position, buf)?;
        self.progress.spend(count as u64)?;
        self.progress.move_to(position + count as u64);
        Ok(count)
    }
}

impl Seek for Cursor {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.blocks.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.progress.position().checked_add_signed(by),
        };
        let target = target.ok_or(io::ErrorKind::InvalidInput)?;
        self.progress.move_to(target);
        Ok(target)
    }

    fn stream_position(&mut self) -> io::Result<u64> {
        Ok(self.progress.position())
    }
}

/// Bytes a block holds.
const BLOCK: u64 = 256 * 1024;

/// Blocks kept: enough for two tracks that each straddle a boundary.
const KEPT: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(len: usize) -> (Vec<u8>, Blocks) {
        let data: Vec<u8> = (0..len).map(|i| (i * 31 % 251).to_le_bytes()[0]).collect();
        let storage = Box::new(io::Cursor::new(data.clone()));
        (data, Blocks::new(storage).unwrap())
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
