use std::fmt;
use std::io::IoSlice;
use std::ops::Range;

use bytes::{Buf, Bytes};

/// Bytes to send, in pieces: short headers in one growing buffer, payloads by reference.
///
/// Reads as a [`Buf`]; [`Buf::chunks_vectored`] fills a `writev`. A `Slices` read to its end
/// starts over, keeping its allocations.
#[derive(Clone, Default)]
pub struct Slices {
    /// The bytes that are ours: chunk headers and small heads.
    headers: Vec<u8>,
    /// The bytes that are the encoder's, one entry a message.
    payloads: Vec<Bytes>,
    segments: Vec<Segment>,
    /// The first segment with something left; its `range` shrinks from the front.
    next: usize,
    remaining: usize,
}

/// A run of bytes in the headers (`payload` is none) or in one payload.
#[derive(Clone, Debug)]
struct Segment {
    payload: Option<usize>,
    range: Range<usize>,
}

impl Slices {
    /// Nothing to send.
    pub const fn new() -> Self {
        Self {
            headers: Vec::new(),
            payloads: Vec::new(),
            segments: Vec::new(),
            next: 0,
            remaining: 0,
        }
    }

    /// How many bytes are left.
    pub const fn len(&self) -> usize {
        self.remaining
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.remaining == 0
    }

    /// The pieces that are left, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.segments[self.next..].iter().map(|s| self.piece(s))
    }

    /// Appends `bytes` by copy.
    pub fn copy_from(&mut self, bytes: &[u8]) {
        let start = self.headers.len();
        self.headers.extend_from_slice(bytes);
        self.remaining += bytes.len();
        match self.segments.last_mut() {
            Some(last) if last.payload.is_none() => {
                last.range.end = self.headers.len();
            }
            _ if bytes.is_empty() => {}
            _ => self.segments.push(Segment {
                payload: None,
                range: start..self.headers.len(),
            }),
        }
    }

    /// Appends `bytes` by reference.
    pub fn push(&mut self, bytes: Bytes) {
        let range = 0..bytes.len();
        let payload = self.hold(bytes);
        self.refer(payload, range);
    }

    /// Appends what is left of `other`.
    pub fn append(&mut self, other: &Self) {
        self.forget_read();
        for segment in &other.segments[other.next..] {
            self.append_segment(other, segment);
        }
    }

    fn append_segment(&mut self, other: &Self, segment: &Segment) {
        match segment.payload {
            None => self.copy_from(&other.headers[segment.range.clone()]),
            Some(payload) => self.push(other.payloads[payload].slice(segment.range.clone())),
        }
    }

    /// Frees what was read, once that is more than what is left, so that a reader who is always
    /// behind does not make this grow.
    fn forget_read(&mut self) {
        let read = self.headers.len().saturating_sub(self.remaining);
        if read > self.remaining + SLACK || self.next > self.segments.len() / 2 + SLACK {
            let whole = std::mem::take(self);
            for segment in &whole.segments[whole.next..] {
                self.append_segment(&whole, segment);
            }
        }
    }

    /// Forgets everything, keeping the allocations.
    pub fn clear(&mut self) {
        self.headers.clear();
        self.payloads.clear();
        self.segments.clear();
        self.next = 0;
        self.remaining = 0;
    }

    /// Makes room for a message of so many chunks and header bytes.
    pub(crate) fn reserve(&mut self, chunks: usize, headers: usize) {
        self.headers.reserve(headers);
        self.segments.reserve(2 * chunks);
    }

    /// Keeps `payload` alive, for [`Self::refer`] to point into.
    pub(crate) fn hold(&mut self, payload: Bytes) -> usize {
        self.payloads.push(payload);
        self.payloads.len() - 1
    }

    /// Appends a part of a held payload.
    pub(crate) fn refer(&mut self, payload: usize, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        self.remaining += range.len();
        self.segments.push(Segment {
            payload: Some(payload),
            range,
        });
    }

    fn piece(&self, segment: &Segment) -> &[u8] {
        let source = match segment.payload {
            None => &self.headers[..],
            Some(payload) => &self.payloads[payload][..],
        };
        &source[segment.range.clone()]
    }
}

impl Buf for Slices {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.pieces().next().unwrap_or_default()
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (chunk, piece) in dst.iter_mut().zip(self.pieces()) {
            *chunk = IoSlice::new(piece);
            count += 1;
        }
        count
    }

    /// # Panics
    /// If `count` exceeds what is left, as [`Buf`] demands.
    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.remaining, "advanced past the end");
        self.remaining -= count;
        if self.remaining == 0 {
            return self.clear();
        }
        while let Some(segment) = self.segments.get_mut(self.next) {
            if count < segment.range.len() {
                segment.range.start += count;
                return;
            }
            count -= segment.range.len();
            self.next += 1;
        }
    }
}

impl fmt::Debug for Slices {
    /// Lengths only: the bytes may hold a stream key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slices")
            .field("len", &self.remaining)
            .field("pieces", &(self.segments.len() - self.next))
            .finish()
    }
}

/// Up to so much read, in bytes or segments, the rest is not worth moving.
const SLACK: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_but_never_all_makes_nothing_grow() {
        let mut pieces = Slices::new();
        pieces.copy_from(&[7; 100]);
        pieces.push(vec![7; 100].into());
        let mut slices = Slices::new();
        (0..20).for_each(|_| slices.append(&pieces));
        for _ in 0..10_000 {
            slices.append(&pieces);
            slices.advance(200);
            assert_eq!(slices.len(), 4000);
            assert_eq!(slices.pieces().map(<[u8]>::len).sum::<usize>(), 4000);
        }
        assert!(slices.pieces().flatten().all(|byte| *byte == 7));
        let held = (
            slices.headers.len(),
            slices.payloads.len(),
            slices.segments.len(),
        );
        assert!(
            held.0 < 20_000 && held.1 < 10_000 && held.2 < 20_000,
            "{held:?}"
        );
    }
}
