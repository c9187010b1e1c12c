//! Transport packets (ISO/IEC 13818-1 §2.4.3.2) and their adaptation fields (§2.4.3.4).

use bytes::{BufMut, BytesMut};

/// Bytes of a transport packet.
pub const PACKET: usize = 188;

const HEADER: usize = 4;
/// Bytes of a packet behind its header.
pub(crate) const BODY: usize = PACKET - HEADER;

const SYNC: u8 = 0x47;
const STUFFING: u8 = 0xff;
const RANDOM_ACCESS: u8 = 0x40;
const PCR: u8 = 0x10;

/// What the first packet of a unit says beside its payload.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Adaptation {
    /// Decoding can begin with this unit.
    pub(crate) random_access: bool,
    /// The program clock, in ticks of 90 kHz.
    pub(crate) clock: Option<u64>,
}

/// The packets of one packet id.
#[derive(Debug)]
pub(crate) struct Channel {
    pid: u16,
    /// The `continuity_counter` of the next packet with a payload.
    counter: u8,
}

impl Channel {
    pub(crate) const fn new(pid: u16) -> Self {
        Self { pid, counter: 0 }
    }

    /// Cuts a unit, a PES packet or a section behind its pointer, into packets.
    pub(crate) fn put_unit(&mut self, unit: &[u8], adaptation: Adaptation, out: &mut BytesMut) {
        let mut rest = self.put(unit, true, adaptation, out);
        while !rest.is_empty() {
            rest = self.put(rest, false, Adaptation::default(), out);
        }
    }

    /// A packet that has the clock and no payload; those do not count (§2.4.3.3).
    pub(crate) fn put_clock(&mut self, clock: u64, out: &mut BytesMut) {
        self.counter = self.counter.wrapping_sub(1);
        let adaptation = Adaptation {
            random_access: false,
            clock: Some(clock),
        };
        self.put(&[], false, adaptation, out);
    }

    /// One packet of as much as fits; gives the rest.
    fn put<'a>(
        &mut self,
        unit: &'a [u8],
        start: bool,
        adaptation: Adaptation,
        out: &mut BytesMut,
    ) -> &'a [u8] {
        let room = BODY - adaptation.size();
        let (payload, rest) = unit.split_at(room.min(unit.len()));
        let field = BODY - payload.len();
        let [high, low] = self.pid.to_be_bytes();
        let control = u8::from(field > 0) << 5 | u8::from(!payload.is_empty()) << 4;
        out.put_slice(&[SYNC, u8::from(start) << 6 | high, low]);
        out.put_u8(control | self.counter & 0x0f);
        adaptation.put(field, out);
        out.put_slice(payload);
        self.counter = self.counter.wrapping_add(1);
        rest
    }
}

impl Adaptation {
    const fn size(self) -> usize {
        match self.clock {
            Some(_) => 8,
            None if self.random_access => 2,
            None => 0,
        }
    }

    /// Writes a field that is `size` bytes long, its length included: what is too much is stuffing.
    fn put(self, size: usize, out: &mut BytesMut) {
        let end = out.len() + size;
        let Some(length) = size.checked_sub(1) else {
            return;
        };
        out.put_u8(u8::try_from(length).unwrap_or(u8::MAX));
        if length == 0 {
            return;
        }
        let random_access = if self.random_access { RANDOM_ACCESS } else { 0 };
        out.put_u8(random_access | if self.clock.is_some() { PCR } else { 0 });
        if let Some(clock) = self.clock {
            out.put_slice(&reference(clock));
        }
        out.resize(end, STUFFING);
    }
}

/// A `program_clock_reference`: 33 bits of 90 kHz, six reserved, nine of 27 MHz (§2.4.3.5).
fn reference(clock: u64) -> [u8; 6] {
    let [_, _, bytes @ ..] = (clock << 15 | 0x7e00).to_be_bytes();
    bytes
}
