//! Packetized elementary streams (ISO/IEC 13818-1 §2.4.3.6).

/// A PES packet taken apart: its times, still 33 bits, and where its payload begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pes {
    pub(super) pts: Option<u64>,
    pub(super) dts: Option<u64>,
    pub(super) payload: usize,
}

impl Pes {
    /// Reads the header at the beginning of `data`.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let [0, 0, 1, _, _, _, marks, flags, length, ..] = data else {
            return None;
        };
        let payload = FIXED + usize::from(*length);
        if marks & 0xc0 != 0x80 || data.len() < payload {
            return None;
        }
        let fields = &data[FIXED..payload];
        let pts = (flags & 0x80 != 0).then(|| time(fields)).flatten();
        let dts = (flags & 0xc0 == 0xc0)
            .then(|| time(fields.get(5..)?))
            .flatten();
        Some(Self { pts, dts, payload })
    }
}

/// Puts PES packets together from packet payloads.
#[derive(Default)]
pub(super) struct Assembler {
    buffer: Vec<u8>,
    /// Bytes of the whole packet, where its header says so.
    expected: Option<usize>,
    open: bool,
    /// The last payload, where the buffer does not end with it.
    last: Vec<u8>,
}

impl Assembler {
    /// Takes a payload in; `start` says that a PES packet begins with it. Gives the packet that
    /// this completes.
    pub(super) fn push(&mut self, payload: &[u8], start: bool) -> Option<Vec<u8>> {
        let done = if start { self.finish() } else { None };
        self.last.clear();
        if start {
            let length = payload
                .get(4..6)
                .map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
            self.expected = (length > 0).then(|| 6 + usize::from(length));
            self.buffer.reserve(self.expected.unwrap_or(USUAL));
            self.open = true;
        }
        if !self.open {
            self.last.extend_from_slice(payload);
            return done;
        }
        self.buffer.extend_from_slice(payload);
        if self.buffer.len() > MAX_PES {
            self.abandon();
        }
        let whole = self.expected.is_some_and(|size| self.buffer.len() >= size);
        if done.is_none() && whole {
            self.last.extend_from_slice(payload);
            self.finish()
        } else {
            done
        }
    }

    /// Whether this was the last payload.
    pub(super) fn has_just_taken(&self, payload: &[u8]) -> bool {
        if self.open {
            self.buffer.ends_with(payload)
        } else {
            self.last == payload
        }
    }

    /// The packet being put together, if it is whole.
    pub(super) fn finish(&mut self) -> Option<Vec<u8>> {
        let whole = !self.is_incomplete();
        self.finish_cut().filter(|_| whole)
    }

    /// As much of the packet being put together as there is.
    pub(super) fn finish_cut(&mut self) -> Option<Vec<u8>> {
        let was_open = std::mem::take(&mut self.open);
        let mut packet = std::mem::take(&mut self.buffer);
        packet.truncate(self.expected.take().unwrap_or(usize::MAX));
        was_open.then_some(packet)
    }

    /// Whether a packet of stated length waits for its rest.
    pub(super) fn is_incomplete(&self) -> bool {
        self.open && self.expected.is_some_and(|size| self.buffer.len() < size)
    }

    /// Gives up the packet being put together.
    fn abandon(&mut self) {
        *self = Self::default();
    }
}

/// A 33-bit time in five bytes with marker bits (§2.4.3.7).
fn time(field: &[u8]) -> Option<u64> {
    let [a, b, c, d, e] = field.first_chunk::<5>()?.map(u64::from);
    Some((a >> 1 & 7) << 30 | b << 22 | (c >> 1) << 15 | d << 7 | e >> 1)
}

/// Bytes of a header before its optional fields.
const FIXED: usize = 9;

/// Bytes allocated when a packet does not say its length.
const USUAL: usize = 16 * 1024;

/// Largest packet put together.
const MAX_PES: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Repeated packets are told by this (§2.4.3.3).
    #[test]
    fn the_last_payload_is_known_again_wherever_it_went() {
        let mut assembler = Assembler::default();
        let mut is_known = |payload: &[u8], start, whole: Option<&[u8]>| {
            let done = assembler.push(payload, start);
            assert_eq!(done.as_deref(), whole);
            assert!(assembler.has_just_taken(payload), "{payload:?}");
            assert!(!assembler.has_just_taken(b"another"), "{payload:?}");
        };
        let (open, stated) = ([0, 0, 1, 0xe0, 0, 0], [0, 0, 1, 0xc0, 0, 2, 7, 8]);
        is_known(b"before any PES packet", false, None);
        is_known(&open, true, None);
        is_known(b"more of it", false, None);
        let whole = [&open[..], b"more of it"].concat();
        is_known(&stated[..7], true, Some(&whole));
        is_known(&stated[7..], false, Some(&stated));
        is_known(&stated, true, Some(&stated));
        is_known(b"after it", false, None);
    }
}
