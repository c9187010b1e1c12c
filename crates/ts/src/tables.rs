//! The two tables without which nobody finds the streams (ISO/IEC 13818-1 §2.4.4).

use bytes::BytesMut;

use crate::packet::{Adaptation, BODY, Channel};

/// The packet id of the program association table.
const ASSOCIATION: u16 = 0;

/// The packet id of the program map, where most muxers have it.
const MAP: u16 = 0x1000;

const PROGRAM: u16 = 1;

/// A program's tables, ready to be repeated.
#[derive(Debug)]
pub(crate) struct Tables {
    association: (Channel, Vec<u8>),
    map: (Channel, Vec<u8>),
}

impl Tables {
    /// The tables of a program with streams of these types and packet ids, of which one has the clock.
    pub(crate) fn new(streams: &[(u8, u16)], clock: u16) -> Self {
        let program = [PROGRAM.to_be_bytes(), pid(MAP)].concat();
        let mut map = [pid(clock), [0xf0, 0]].concat();
        for (stream_type, stream) in streams {
            map.push(*stream_type);
            map.extend_from_slice(&pid(*stream));
            map.extend_from_slice(&[0xf0, 0]);
        }
        Self {
            association: (Channel::new(ASSOCIATION), section(0, 1, &program)),
            map: (Channel::new(MAP), section(2, PROGRAM, &map)),
        }
    }

    pub(crate) fn put(&mut self, out: &mut BytesMut) {
        for (channel, section) in [&mut self.association, &mut self.map] {
            channel.put_unit(section, Adaptation::default(), out);
        }
    }
}

/// A packet id or a length behind reserved bits.
const fn pid(pid: u16) -> [u8; 2] {
    (0xe000 | pid).to_be_bytes()
}

/// The body of a packet that holds a pointer, one section and stuffing.
fn section(table_id: u8, extension: u16, body: &[u8]) -> Vec<u8> {
    // From behind the length to the end of the CRC.
    let length = u8::try_from(5 + body.len() + 4).unwrap_or(u8::MAX);
    let [high, low] = extension.to_be_bytes();
    let mut section = vec![table_id, 0xb0, length, high, low, 0xc1, 0, 0];
    section.extend_from_slice(body);
    let crc = crc(&section);
    section.extend_from_slice(&crc.to_be_bytes());
    section.insert(0, 0);
    section.resize(BODY, 0xff);
    section
}

/// CRC-32 of ISO/IEC 13818-1 annex A.
fn crc(data: &[u8]) -> u32 {
    data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            crc << 1 ^ if crc >> 31 == 1 { 0x04c1_1db7 } else { 0 }
        })
    })
}
