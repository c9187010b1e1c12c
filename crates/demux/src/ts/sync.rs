//! Finding packets in a byte stream: 188 bytes each (ISO/IEC 13818-1 §2.4.3.2),
//! 192 with a time stamp in front (BDAV), or 204 with parity behind.

use std::io::Read;

use crate::Error;
use crate::source::read_piece;

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
    buffer: Vec<u8>,
    start: usize,
    layout: Option<Layout>,
    /// Byte offset of the buffer's beginning.
    base: u64,
    ended: bool,
    /// How often sync was lost.
    pub(super) losses: u64,
}

impl Packets {
    pub(super) const fn new(input: Box<dyn Read + Send>) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            start: 0,
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
            let rest = &self.buffer[self.start..];
            if let Some(packet) = self
                .layout
                .and_then(|layout| aligned(rest, layout, self.ended))
            {
                self.start += self.layout.map_or(PACKET, |l| l.stride).min(rest.len());
                return Ok(Some(packet));
            }
            let lost = self.layout.is_none() || rest.len() >= WINDOW;
            if (lost || self.ended) && self.resync() {
                continue;
            }
            if self.ended {
                return self.finish();
            }
            self.fill()?;
        }
    }

    /// Finds the packets' layout again; false when more bytes are needed.
    fn resync(&mut self) -> bool {
        let rest = &self.buffer[self.start..];
        if rest.len() < WINDOW && !self.ended {
            return false;
        }
        if let Some(found) = find(rest) {
            self.losses += u64::from(self.layout.is_some() || found.offset > TIME_STAMP);
            self.start += found.offset;
            self.layout = Some(found);
            return true;
        }
        let keep = rest.len().min(WINDOW / 2);
        self.start = self.buffer.len() - keep;
        false
    }

    fn fill(&mut self) -> Result<(), Error> {
        let piece = read_piece(&mut self.input)?;
        self.ended = piece.is_empty();
        self.base += self.start as u64;
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(&piece);
        Ok(())
    }

    /// What is left is nothing, a layout's trailer or padding, or a cut packet.
    fn finish(&self) -> Result<Option<[u8; PACKET]>, Error> {
        let rest = &self.buffer[self.start..];
        if rest.len() > TIME_STAMP && rest.contains(&SYNC) {
            let end = self.base + self.buffer.len() as u64;
            return Err(Error::truncated("TS packet", end));
        }
        Ok(None)
    }
}

/// The packet at the beginning of `rest`, if it and its successor are in sync.
fn aligned(rest: &[u8], layout: Layout, ended: bool) -> Option<[u8; PACKET]> {
    let packet = rest.first_chunk::<PACKET>()?;
    let next = rest.get(layout.stride);
    let followed = next.map_or(ended, |byte| *byte == SYNC);
    (packet[0] == SYNC && followed).then_some(*packet)
}

/// Bytes of a packet.
pub(super) const PACKET: usize = 188;

/// The byte every packet begins with.
const SYNC: u8 = 0x47;

/// Distances of sync bytes.
const STRIDES: [usize; 3] = [188, 192, 204];

/// Sync bytes in a row that make a layout.
const SYNCS: usize = 5;

/// Bytes in which a layout must show.
const WINDOW: usize = 204 * (SYNCS + 1);

/// Bytes before the sync byte in the 192-byte layout.
const TIME_STAMP: usize = 4;
