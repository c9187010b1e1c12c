use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// Pieces of a file in order, and where in the file they lie.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pieces: VecDeque<Bytes>,
    len: u64,
    position: u64,
}

impl Buffer {
    /// Adds bytes. Small pieces are joined, so that the pieces never weigh more than their content.
    pub(super) fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        self.len += len_of(&bytes);
        match self.pieces.back_mut() {
            Some(last) if last.len() + bytes.len() <= CRUMB => {
                *last = [&last[..], &bytes[..]].concat().into();
            }
            _ => self.pieces.push_back(bytes),
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The offset in the file of the first byte held.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// The offset in the file after the last byte held.
    pub(super) const fn end(&self) -> u64 {
        self.position + self.len
    }

    /// Takes the next `N` bytes, if they are there. Copied, where they lie in one piece: a slice
    /// counts its owners, which costs more.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        if let Some(first) = self.pieces.front_mut()
            && let Some(array) = first.first_chunk().copied()
            && first.len() > N
        {
            first.advance(N);
            self.count_off(N as u64);
            return Some(array);
        }
        let mut array = [0; N];
        let bytes = self.take(u32::try_from(N).ok()?)?;
        array.copy_from_slice(&bytes);
        Some(array)
    }

    /// Takes the next `len` bytes, if they are there: as a slice if one piece has them all.
    pub(super) fn take(&mut self, len: u32) -> Option<Bytes> {
        if self.len < u64::from(len) {
            return None;
        }
        let wanted = usize::try_from(len).ok()?;
        self.count_off(u64::from(len));
        match self.pieces.front_mut() {
            Some(first) if first.len() > wanted => Some(first.split_to(wanted)),
            Some(first) if first.len() == wanted => self.pieces.pop_front(),
            _ => Some(self.join(wanted)),
        }
    }

    /// Throws away up to `len` bytes and says how many there were.
    pub(super) fn skip(&mut self, len: u32) -> u32 {
        let len = len.min(u32::try_from(self.len).unwrap_or(u32::MAX));
        self.count_off(u64::from(len));
        let mut left = usize::try_from(len).unwrap_or(usize::MAX);
        while left > 0 {
            left -= self.front_piece(left).len();
        }
        len
    }

    fn join(&mut self, len: usize) -> Bytes {
        let mut joined = Vec::with_capacity(len);
        while joined.len() < len {
            let piece = self.front_piece(len - joined.len());
            joined.extend_from_slice(&piece);
        }
        joined.into()
    }

    /// Up to `len` bytes of the first piece, which is dropped when it is used up.
    fn front_piece(&mut self, len: usize) -> Bytes {
        let Some(first) = self.pieces.front_mut() else {
            unreachable!("`len` counts what the pieces hold");
        };
        let piece = first.split_to(len.min(first.len()));
        if !first.has_remaining() {
            self.pieces.pop_front();
        }
        piece
    }

    const fn count_off(&mut self, len: u64) {
        self.len -= len;
        self.position += len;
    }
}

fn len_of(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

const CRUMB: usize = 512;
