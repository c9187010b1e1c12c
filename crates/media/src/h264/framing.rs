use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr_iter;

use crate::Error;

const LENGTH_PREFIXED: &str = "length-prefixed NAL unit";

/// How many bytes hold the length in front of each NAL unit
/// (`lengthSizeMinusOne + 1`, ISO/IEC 14496-15 §5.3.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LengthSize {
    /// One byte: units of at most 255 bytes.
    One,
    /// Two bytes.
    Two,
    /// Four bytes: what everything writes.
    #[default]
    Four,
}

impl LengthSize {
    /// The size that is `bytes` long; `None` for what the standard does not allow.
    pub const fn new(bytes: u8) -> Option<Self> {
        match bytes {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            4 => Some(Self::Four),
            _ => None,
        }
    }

    /// Reads the last two bits of the byte at `at` of a decoder configuration,
    /// `lengthSizeMinusOne`. Four if they hold nothing valid.
    pub(crate) fn read(decoder_config: &[u8], at: usize) -> Self {
        let size = decoder_config.get(at).map(|byte| (byte & 0b11) + 1);
        size.and_then(Self::new).unwrap_or_default()
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }
}

/// What a NAL unit holds (`nal_unit_type`, ISO/IEC 14496-10 table 7-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NalUnitType {
    /// A slice of a picture that is not an IDR picture (1).
    Slice,
    /// A data partition of a slice (2, 3, 4).
    Partition,
    /// A slice of an IDR picture (5): decoding can start here.
    Idr,
    /// Supplemental enhancement information (6).
    Sei,
    /// A sequence parameter set (7).
    Sps,
    /// A picture parameter set (8).
    Pps,
    /// An access unit delimiter (9).
    AccessUnitDelimiter,
    /// The end of the coded sequence (10).
    EndOfSequence,
    /// The end of the stream (11).
    EndOfStream,
    /// Filler data (12).
    Filler,
    /// A sequence parameter set extension (13).
    SpsExtension,
    /// Anything else.
    Other(u8),
}

impl NalUnitType {
    /// The type with this number; only the low five bits count.
    pub const fn from_number(number: u8) -> Self {
        match number & 0x1f {
            1 => Self::Slice,
            2..=4 => Self::Partition,
            5 => Self::Idr,
            6 => Self::Sei,
            7 => Self::Sps,
            8 => Self::Pps,
            9 => Self::AccessUnitDelimiter,
            10 => Self::EndOfSequence,
            11 => Self::EndOfStream,
            12 => Self::Filler,
            13 => Self::SpsExtension,
            other => Self::Other(other),
        }
    }

    /// True for coded picture data.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Slice | Self::Partition | Self::Idr)
    }
}

/// The type of a NAL unit; `None` when it is empty.
pub fn nal_unit_type(nal: &[u8]) -> Option<NalUnitType> {
    nal.first().map(|&header| NalUnitType::from_number(header))
}

/// The NAL units of a length-prefixed access unit, ending after the first error.
#[derive(Clone, Debug)]
pub struct LengthPrefixed<'a> {
    data: &'a [u8],
    at: usize,
    size: LengthSize,
}

/// Iterates over the NAL units of a length-prefixed access unit. Empty units
/// are skipped: some muxers write them.
pub const fn length_prefixed(data: &[u8], size: LengthSize) -> LengthPrefixed<'_> {
    LengthPrefixed { data, at: 0, size }
}

impl<'a> LengthPrefixed<'a> {
    fn unit(&mut self) -> Result<&'a [u8], Error> {
        let rest = &self.data[self.at..];
        let taken = self.length(rest).and_then(|(prefix, length)| {
            let end = prefix.checked_add(length)?;
            Some((rest.get(prefix..end)?, end))
        });
        let Some((unit, end)) = taken else {
            let at = std::mem::replace(&mut self.at, self.data.len());
            return Err(Error::truncated(LENGTH_PREFIXED, at));
        };
        self.at += end;
        Ok(unit)
    }

    fn length(&self, rest: &[u8]) -> Option<(usize, usize)> {
        let prefix = usize::from(self.size.bytes());
        let bytes = rest.get(..prefix)?;
        let length = bytes.iter().fold(0_u32, |n, &b| n << 8 | u32::from(b));
        Some((prefix, usize::try_from(length).ok()?))
    }
}

impl<'a> Iterator for LengthPrefixed<'a> {
    type Item = Result<&'a [u8], Error>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.data.len() {
            match self.unit() {
                Ok([]) => {}
                unit => return Some(unit),
            }
        }
        None
    }
}

/// The NAL units of an Annex B byte stream (ISO/IEC 14496-10 Annex B).
#[derive(Clone, Debug)]
pub struct AnnexB<'a> {
    /// What follows the last start code seen; `None` once it held no other.
    rest: Option<&'a [u8]>,
}

/// Iterates over the NAL units of an Annex B byte stream: start codes
/// stripped, trailing zero bytes trimmed, anything before the first start code
/// and empty units skipped.
pub fn annex_b(data: &[u8]) -> AnnexB<'_> {
    let rest = start_code(data).map(|at| &data[at + 3..]);
    AnnexB { rest }
}

impl<'a> Iterator for AnnexB<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while let Some(data) = self.rest {
            let end = start_code(data);
            self.rest = end.map(|at| &data[at + 3..]);
            let unit = trim_zeros(&data[..end.unwrap_or(data.len())]);
            if !unit.is_empty() {
                return Some(unit);
            }
        }
        None
    }
}

/// Turns an Annex B access unit into one with four-byte lengths, keeping every
/// NAL unit.
pub fn annex_b_to_length_prefixed(data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len() + 8);
    annex_b(data).for_each(|unit| put_length_prefixed(unit, &mut out));
    out.freeze()
}

/// Turns a length-prefixed access unit into Annex B with four-byte start codes.
pub fn length_prefixed_to_annex_b(data: &[u8], size: LengthSize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(data.len() + 16);
    for unit in length_prefixed(data, size) {
        out.extend_from_slice(&[0, 0, 0, 1]);
        out.extend_from_slice(unit?);
    }
    Ok(out)
}

/// Rewrites a length-prefixed access unit with four-byte lengths; the same
/// bytes, uncopied, when it has them already.
pub fn with_four_byte_lengths(data: &Bytes, size: LengthSize) -> Result<Bytes, Error> {
    if size == LengthSize::Four {
        return Ok(data.clone());
    }
    let mut out = BytesMut::with_capacity(data.len() + 16);
    for unit in length_prefixed(data, size) {
        put_length_prefixed(unit?, &mut out);
    }
    Ok(out.freeze())
}

/// True when a length-prefixed access unit is an IDR picture, judged by its
/// first picture NAL unit.
pub fn is_idr(payload: &[u8], size: LengthSize) -> bool {
    length_prefixed(payload, size)
        .map_while(Result::ok)
        .filter_map(nal_unit_type)
        .find(|kind| kind.is_picture())
        .is_some_and(|kind| kind == NalUnitType::Idr)
}

pub(crate) fn put_length_prefixed(unit: &[u8], out: &mut BytesMut) {
    // A slice never exceeds what a u32 counts in practice; one that did would be
    // cut rather than given a length that lies about the rest of the stream.
    let length = u32::try_from(unit.len()).unwrap_or(u32::MAX);
    out.put_u32(length);
    out.put_slice(&unit[..usize::try_from(length).unwrap_or(unit.len())]);
}

/// The offset of the next `00 00 01`.
fn start_code(data: &[u8]) -> Option<usize> {
    let mut ones = memchr_iter(1, data.get(2..)?);
    ones.find(|&at| data[at..at + 2] == [0, 0])
}

fn trim_zeros(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|&byte| byte != 0);
    &unit[..end.map_or(0, |last| last + 1)]
}
