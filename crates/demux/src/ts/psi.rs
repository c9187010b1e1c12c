//! Program-specific information: which packets carry which stream
//! (ISO/IEC 13818-1 §2.4.4).

/// Puts sections together from packet payloads.
#[derive(Default)]
pub(super) struct Sections {
    buffer: Vec<u8>,
    /// Inside a section, waiting for the rest of it.
    open: bool,
}

impl Sections {
    /// Takes a payload in; `start` says that a section begins in it. Gives the
    /// bodies of whole, intact sections, from behind their header to before
    /// their CRC, each with its table id.
    pub(super) fn push(&mut self, payload: &[u8], start: bool) -> Vec<(u8, Vec<u8>)> {
        let mut done = Vec::new();
        if !start {
            if self.open {
                self.buffer.extend_from_slice(payload);
                self.drain(&mut done);
            }
            return done;
        }
        let Some((pointer, rest)) = payload.split_first() else {
            return done;
        };
        let Some((tail, fresh)) = rest.split_at_checked(usize::from(*pointer)) else {
            return done;
        };
        if self.open {
            self.buffer.extend_from_slice(tail);
            self.drain(&mut done);
        }
        self.buffer.clear();
        self.buffer.extend_from_slice(fresh);
        self.open = true;
        self.drain(&mut done);
        done
    }

    /// Takes the whole sections off the buffer. One is at most 4096 bytes, so the
    /// buffer stays small.
    fn drain(&mut self, done: &mut Vec<(u8, Vec<u8>)>) {
        while let [table, high, low, ..] = self.buffer[..] {
            if table == STUFFING {
                self.open = false;
                self.buffer.clear();
                return;
            }
            let size = 3 + (usize::from(high & 0x0f) << 8 | usize::from(low));
            if self.buffer.len() < size {
                return;
            }
            let section: Vec<u8> = self.buffer.drain(..size).collect();
            if size > HEADER + CRC && crc(&section) == 0 {
                done.push((table, section[HEADER..size - CRC].to_vec()));
            }
        }
    }
}

/// Packet ids of the program map tables a program association table lists (§2.4.4.3).
pub(super) fn program_maps(body: &[u8]) -> Vec<u16> {
    let (entries, _) = body.as_chunks::<4>();
    let programs = entries.iter().filter(|entry| entry[..2] != [0, 0]);
    programs.map(|[_, _, high, low]| pid(*high, *low)).collect()
}

/// An elementary stream of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Elementary<'a> {
    pub(super) stream_type: u8,
    pub(super) pid: u16,
    pub(super) descriptors: &'a [u8],
}

/// The streams a program map table lists (§2.4.4.8).
pub(super) fn elementary_streams(body: &[u8]) -> Vec<Elementary<'_>> {
    let mut streams = Vec::new();
    let info = body.get(2..4).map_or(0, |b| length(b[0], b[1]));
    let mut rest = body.get(4 + info..).unwrap_or_default();
    while let [stream_type, p0, p1, l0, l1, tail @ ..] = rest {
        let size = length(*l0, *l1).min(tail.len());
        let (descriptors, behind) = tail.split_at(size);
        streams.push(Elementary {
            stream_type: *stream_type,
            pid: pid(*p0, *p1),
            descriptors,
        });
        rest = behind;
    }
    streams
}

impl Elementary<'_> {
    /// What a stream of private data is, by its descriptors (§2.6.8; ETSI EN 300 468).
    pub(super) fn private_codec(&self) -> Option<&'static str> {
        let mut rest = self.descriptors;
        while let [tag, size, tail @ ..] = rest {
            let (body, behind) = tail.split_at_checked(usize::from(*size))?;
            match (tag, body) {
                (0x6a, _) | (0x05, b"AC-3") => return Some("AC-3"),
                (0x7a, _) | (0x05, b"EAC3") => return Some("E-AC-3"),
                (0x7b, _) => return Some("DTS"),
                (0x05, b"Opus") => return Some("Opus"),
                _ => rest = behind,
            }
        }
        None
    }
}

const fn pid(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high & 0x1f, low])
}

const fn length(high: u8, low: u8) -> usize {
    ((high & 0x0f) as usize) << 8 | low as usize
}

/// CRC-32 of ISO/IEC 13818-1 annex A: zero over a section and its CRC.
fn crc(data: &[u8]) -> u32 {
    data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}

/// Bytes of a section's header up to its last section number.
const HEADER: usize = 8;

/// Bytes of its CRC.
const CRC: usize = 4;

/// `table_id` where there are no more sections in the packet.
const STUFFING: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_mpeg() {
        assert_eq!(crc(b"123456789"), 0x0376_e6e7);
    }

    #[test]
    fn a_program_map_lists_its_streams_and_their_descriptors() {
        let body = [
            0xe1, 0x00, 0xf0, 0x02, 0x05, 0x00, 0x1b, 0xe1, 0x00, 0xf0, 0x00, 0x06, 0xe1, 0x01,
            0xf0, 0x06, 0x05, 0x04, b'A', b'C', b'-', b'3',
        ];
        let streams = elementary_streams(&body);
        assert_eq!((streams[0].stream_type, streams[0].pid), (0x1b, 0x100));
        assert_eq!(streams[1].private_codec(), Some("AC-3"));
    }
}
