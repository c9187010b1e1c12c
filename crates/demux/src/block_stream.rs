use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

use crate::Error;

/// A stream read in large pieces. Memory is reused as soon as no packet lies in it: fresh memory
/// costs as much as reading.
pub(crate) struct BlockStream {
    input: Box<dyn Read + Send>,
    /// Whole buffers, of which packets may still hold parts.
    buffers: Vec<Bytes>,
}

impl BlockStream {
    pub(crate) const fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            buffers: Vec::new(),
        }
    }

    /// The next bytes, as many as one read gives: nothing waits for a live pipe to send more. Empty
    /// at the end.
    pub(crate) fn next(&mut self) -> Result<Bytes, Error> {
        let mut buffer = self.buffer();
        let count = read(&mut self.input, &mut buffer)?;
        let buffer = buffer.freeze();
        let piece = if count < PIECE / 2 {
            Bytes::copy_from_slice(&buffer[..count])
        } else {
            buffer.slice(..count)
        };
        if self.buffers.len() < KEPT {
            self.buffers.push(buffer);
        }
        Ok(piece)
    }

    /// A buffer that no packet lies in.
    fn buffer(&mut self) -> BytesMut {
        let free = self.buffers.iter().position(Bytes::is_unique);
        let free = free.map(|index| self.buffers.swap_remove(index));
        free.and_then(|buffer| buffer.try_into_mut().ok())
            .unwrap_or_else(|| BytesMut::zeroed(PIECE))
    }
}

/// Reads once, whatever interrupts it.
pub(crate) fn read(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, Error> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map_err(|error| Error::io("read the stream", error)),
        }
    }
}

/// Bytes asked of a stream at a time: several such pieces fit a processor's cache.
const PIECE: usize = 128 * 1024;

/// Buffers kept for reuse: as many as a fast connection has in flight.
const KEPT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(len: usize) -> BlockStream {
        let data: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[0]).collect();
        BlockStream::new(Box::new(io::Cursor::new(data)))
    }

    #[test]
    fn the_pieces_are_the_streams_bytes() {
        let mut pieces = pieces(3 * PIECE + 5);
        let mut at = 0_usize;
        loop {
            let piece = pieces.next().unwrap();
            if piece.is_empty() {
                break;
            }
            assert!(
                piece
                    .iter()
                    .enumerate()
                    .all(|(i, byte)| *byte == (at + i).to_le_bytes()[0])
            );
            at += piece.len();
        }
        assert_eq!(at, 3 * PIECE + 5);
    }

    #[test]
    fn memory_that_nobody_holds_is_used_again_and_what_is_held_stays() {
        let mut pieces = pieces(20 * PIECE);
        let held = pieces.next().unwrap();
        let copy = held.to_vec();
        let first = pieces.next().unwrap().as_ptr();
        for _ in 0..17 {
            assert_eq!(pieces.next().unwrap().as_ptr(), first);
        }
        assert!(held == copy);
        assert_eq!(pieces.buffers.len(), 2);
    }

    #[test]
    fn no_more_buffers_are_kept_than_a_fast_line_uses() {
        let mut pieces = pieces(20 * PIECE);
        let held: Vec<_> = (0..20).map(|_| pieces.next().unwrap()).collect();
        assert_eq!((held.len(), pieces.buffers.len()), (20, KEPT));
    }

    #[test]
    fn a_small_read_does_not_hold_a_large_buffer() {
        let mut pieces = pieces(100);
        let piece = pieces.next().unwrap();
        assert_eq!(piece.len(), 100);
        assert!(pieces.buffers[0].is_unique());
    }
}
