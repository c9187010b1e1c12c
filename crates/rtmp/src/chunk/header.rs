use super::EXTENDED;

/// A chunk header (Adobe RTMP 1.0, section 5.3.1), as far as its type goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkHeader {
    pub(super) id: u32,
    pub(super) format: u8,
    /// Absolute in type 0, a delta in types 1 and 2.
    pub(super) time: u32,
    /// The extended timestamp of types 0 to 2; a type 3 chunk's is not looked for here.
    pub(super) extended: Option<u32>,
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) stream_id: u32,
    /// The header's own length.
    pub(super) used: usize,
}

impl ChunkHeader {
    /// Reads the header at the beginning of `data`; none if it is not all there.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let (id, mut used) = basic(data)?;
        let format = data[0] >> 6;
        let length = [11, 7, 3, 0][usize::from(format)];
        let fields = data.get(used..used + length)?;
        used += length;
        let mut whole = [0; 11];
        whole[..length].copy_from_slice(fields);
        let [t0, t1, t2, l0, l1, l2, kind, stream_id @ ..] = whole;
        let mut time = u32::from_be_bytes([0, t0, t1, t2]);
        let mut extended = None;
        if time == EXTENDED {
            time = u32::from_be_bytes(*data.get(used..)?.first_chunk()?);
            extended = Some(time);
            used += 4;
        }
        Some(Self {
            id,
            format,
            time,
            extended,
            length: u32::from_be_bytes([0, l0, l1, l2]) as usize,
            kind,
            stream_id: u32::from_le_bytes(stream_id),
            used,
        })
    }
}

/// The basic header (section 5.3.1.1): the chunk stream, and one, two or three bytes.
fn basic(data: &[u8]) -> Option<(u32, usize)> {
    match *data {
        [first, second, ..] if first & 0x3F == 0 => Some((64 + u32::from(second), 2)),
        [first, second, third, ..] if first & 0x3F == 1 => {
            Some((64 + u32::from(second) + 256 * u32::from(third), 3))
        }
        [first, ..] if first & 0x3F > 1 => Some((u32::from(first & 0x3F), 1)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_basic_header_has_three_forms() {
        assert_eq!(basic(&[0x03]), Some((3, 1)));
        assert_eq!(basic(&[0x3F]), Some((63, 1)));
        assert_eq!(basic(&[0x00, 0]), Some((64, 2)));
        assert_eq!(basic(&[0x00, 255]), Some((319, 2)));
        assert_eq!(basic(&[0x01, 0, 1]), Some((320, 3)));
        assert_eq!(basic(&[0x01, 255, 255]), Some((65599, 3)));
        assert_eq!([basic(&[]), basic(&[0]), basic(&[1, 0])], [None; 3]);
    }

    #[test]
    fn a_full_header_reads_whole_and_waits_for_its_last_byte() {
        let bytes = [
            0x06, 0xFF, 0xFF, 0xFF, 0, 1, 2, 9, 1, 0, 0, 0, 0x01, 0, 0, 0,
        ];
        let header = ChunkHeader::parse(&bytes).unwrap();
        assert_eq!((header.id, header.format, header.used), (6, 0, 16));
        assert_eq!((header.time, header.extended), (1 << 24, Some(1 << 24)));
        assert_eq!((header.length, header.kind, header.stream_id), (258, 9, 1));
        for end in 0..bytes.len() {
            assert_eq!(ChunkHeader::parse(&bytes[..end]), None, "{end} bytes");
        }
    }
}
