//! Finding packets in a byte stream: 188 bytes each (ISO/IEC 13818-1 §2.4.3.2),
//! 192 with a time stamp in front (BDAV), or 204 with parity behind.

use std::io::Read;

use crate::Error;
use crate::block_stream::read;

/// How packets lie in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Where the first sync byte is.
    pub(crate) offset: usize,
    /// From one sync byte to the next.
    pub(crate) stride: usize,
}

/// Looks for sync bytes at one of the three distances.
pub(crate) fn find(data: &[u8]) -> Option<Layout> {
    STRIDES.into_iter().find_map(|stride| {
        let offset = (0..stride).find(|offset| is_layout(data, *offset, stride))?;
        Some(Layout { offset, stride })
    })
}

fn is_layout(data: &[u8], offset: usize, stride: usize) -> bool {
    let syncs = data
        .get(offset..)
        .unwrap_or_default()
        .iter()
        .step_by(stride);
    let count = syncs.len().min(SYNCS);
    count >= 2 && data.len() >= offset + PACKET && syncs.take(count).all(|byte| *byte == SYNC)
}

/// The packets of a stream, sync bytes checked and found again when lost.
pub(super) struct Packets {
    input: Box<dyn Read + Send>,
    /// What was read lies in its `start..end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    layout: Option<Layout>,
    /// Byte offset of the buffer's beginning.
    base: u64,
    ended: bool,
    /// How often sync was lost.
    pub(super) losses: u64,
}

impl Packets {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            layout: None,
            base: 0,
            ended: false,
            losses: 0,
        }
    }

    /// Byte offset of what is read next.
    pub(super) const fn position(&self) -> u64 {
        self.base + self.start as u64
    }

    /// The next packet's 188 bytes; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<[u8; PACKET]>, Error> {
        loop {
            if let Some(packet) = self.aligned() {
                return Ok(Some(packet));
            }
            let rest = self.end - self.start;
            if self.ended && rest < PACKET {
                return self.finish();
            } else if let Some(stride) = self.stride_in_phase() {
                self.start += stride;
            } else if self.ended || rest >= WINDOW {
                self.resync();
            } else {
                self.fill()?;
            }
        }
    }

    /// What is read and not yet used.
    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Takes the packet that begins where the layout says.
    fn aligned(&mut self) -> Option<[u8; PACKET]> {
        let rest = self.rest();
        let packet = *rest.first_chunk::<PACKET>()?;
        let stride = self.layout.filter(|_| packet[0] == SYNC)?.stride;
        self.start = (self.start + stride).min(self.end);
        Some(packet)
    }

    /// How far the next packet is, when only this one's sync byte is wrong and most that follow are
    /// in place.
    fn stride_in_phase(&self) -> Option<usize> {
        let stride = self.layout?.stride;
        let ahead = self.rest().get(stride..)?;
        let syncs = ahead.iter().step_by(stride).take(SYNCS);
        let (count, right) = syncs.fold((0, 0), |(count, right), byte| {
            (count + 1, right + usize::from(*byte == SYNC))
        });
        (count == SYNCS && right > SYNCS / 2).then_some(stride)
    }

    /// Moves to the next sync byte that others follow at the right distance, or past all that was
    /// searched.
    fn resync(&mut self) {
        let rest = self.rest();
        let search = if self.ended { rest.len() } else { SEARCH };
        let strides = self.layout.map_or(STRIDES, |layout| [layout.stride; 3]);
        let found = (0..search).find_map(|offset| {
            let fits = |stride: &usize| is_layout(rest, offset, *stride);
            let stride = strides.into_iter().find(fits)?;
            Some(Layout { offset, stride })
        });
        let skip = found.map_or(search, |found| found.offset);
        let first = self.layout.is_none() && skip <= TIME_STAMP;
        self.losses += u64::from(found.is_some() && !first);
        self.start += skip;
        self.layout = found.or(self.layout);
    }

    fn fill(&mut self) -> Result<(), Error> {
        self.base += self.start as u64;
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let count = read(self.input.as_mut(), &mut self.buffer[self.end..])?;
        self.ended = count == 0;
        self.end += count;
        Ok(())
    }

    /// What is left is nothing, padding, or a cut packet.
    fn finish(&self) -> Result<Option<[u8; PACKET]>, Error> {
        if self.layout.is_some() && self.rest().first() == Some(&SYNC) {
            let end = self.base + self.end as u64;
            return Err(Error::truncated("TS packet", end));
        }
        Ok(None)
    }
}

/// Bytes read at a time.
const BUFFER: usize = 128 * 1024;

/// Bytes of a packet.
pub(super) const PACKET: usize = 188;

/// The byte every packet begins with.
const SYNC: u8 = 0x47;

/// Distances of sync bytes.
const STRIDES: [usize; 3] = [188, 192, 204];

/// Sync bytes in a row that make a layout.
const SYNCS: usize = 5;

/// Bytes searched at a time, with enough after them to see a layout.
const SEARCH: usize = 4096;

/// Bytes needed for that.
const WINDOW: usize = SEARCH + 204 * SYNCS;

/// Bytes before the sync byte in the 192-byte layout.
const TIME_STAMP: usize = 4;
