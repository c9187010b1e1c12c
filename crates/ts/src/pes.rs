//! The header of a PES packet (ISO/IEC 13818-1 §2.4.3.6).

/// `stream_id` of the first video stream.
pub(crate) const VIDEO: u8 = 0xe0;

/// `stream_id` of the first audio stream.
pub(crate) const AUDIO: u8 = 0xc0;

/// A PES packet under way: its bytes from the start code on.
#[derive(Debug, Default)]
pub(crate) struct Pes {
    data: Vec<u8>,
}

/// Bytes of the header that its length does not count.
const UNCOUNTED: usize = 6;

impl Pes {
    /// Begins another packet: presentation and decoding time in 33 bits of 90 kHz.
    pub(crate) fn begin(&mut self, stream_id: u8, [pts, dts]: [u64; 2]) {
        self.data.clear();
        self.data.extend_from_slice(&[0, 0, 1, stream_id, 0, 0]);
        // A unit begins right behind the header.
        self.data.push(0b1000_0100);
        if pts == dts {
            self.data.extend_from_slice(&[0b1000_0000, 5]);
            self.data.extend_from_slice(&time(0b0010, pts));
        } else {
            self.data.extend_from_slice(&[0b1100_0000, 10]);
            self.data.extend_from_slice(&time(0b0011, pts));
            self.data.extend_from_slice(&time(0b0001, dts));
        }
    }

    pub(crate) fn extend(&mut self, payload: &[u8]) {
        self.data.extend_from_slice(payload);
    }

    /// The whole packet. It says its length where that can be counted, so that a receiver need
    /// not wait for the next; video may go without.
    pub(crate) fn finish(&mut self) -> &[u8] {
        if let Ok(length) = u16::try_from(self.data.len() - UNCOUNTED) {
            self.data[4..UNCOUNTED].copy_from_slice(&length.to_be_bytes());
        }
        &self.data
    }
}

/// A time in five bytes, four bits of which say what it is (§2.4.3.7).
const fn time(mark: u8, ticks: u64) -> [u8; 5] {
    let ticks = ticks & 0x1_ffff_ffff;
    let spread = (mark as u64) << 36
        | (ticks >> 30) << 33
        | 1 << 32
        | (ticks >> 15 & 0x7fff) << 17
        | 1 << 16
        | (ticks & 0x7fff) << 1
        | 1;
    let [_, _, _, bytes @ ..] = spread.to_be_bytes();
    bytes
}
