use crate::h264::{LengthSize, length_prefixed};

/// What a NAL unit holds (`nal_unit_type`, ISO/IEC 23008-2 table 7-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NalUnitType {
    /// A slice of a picture that needs others (0 to 9).
    Slice(u8),
    /// A slice of a picture that decoding may start from, although pictures shown before it may
    /// refer to earlier ones: BLA (16 to 18) or CRA (21).
    RandomAccess(u8),
    /// A slice of an IDR picture (19, 20): decoding starts anew here.
    Idr,
    /// A video parameter set (32).
    Vps,
    /// A sequence parameter set (33).
    Sps,
    /// A picture parameter set (34).
    Pps,
    /// An access unit delimiter (35).
    AccessUnitDelimiter,
    /// The end of the coded sequence (36).
    EndOfSequence,
    /// The end of the stream (37).
    EndOfStream,
    /// Filler data (38).
    Filler,
    /// Supplemental enhancement information, before (39) or after (40) the picture.
    Sei,
    /// Anything else.
    Other(u8),
}

impl NalUnitType {
    /// The type with this number; only the low six bits count.
    pub const fn from_number(number: u8) -> Self {
        match number & 0x3f {
            slice @ 0..=9 => Self::Slice(slice),
            start @ (16..=18 | 21) => Self::RandomAccess(start),
            19 | 20 => Self::Idr,
            32 => Self::Vps,
            33 => Self::Sps,
            34 => Self::Pps,
            35 => Self::AccessUnitDelimiter,
            36 => Self::EndOfSequence,
            37 => Self::EndOfStream,
            38 => Self::Filler,
            39 | 40 => Self::Sei,
            other => Self::Other(other),
        }
    }

    /// True for coded picture data.
    pub const fn is_picture(self) -> bool {
        matches!(self, Self::Slice(_) | Self::RandomAccess(_) | Self::Idr)
    }

    /// True for a picture that decoding may start from.
    pub const fn is_random_access(self) -> bool {
        matches!(self, Self::RandomAccess(_) | Self::Idr)
    }
}

/// The type of a NAL unit; `None` when it is shorter than its header of two bytes.
pub fn nal_unit_type(nal: &[u8]) -> Option<NalUnitType> {
    match nal {
        [first, _, ..] => Some(NalUnitType::from_number(first >> 1)),
        _ => None,
    }
}

/// True when decoding may start with a length-prefixed access unit, judged by
/// its first picture NAL unit.
pub fn is_keyframe(payload: &[u8], size: LengthSize) -> bool {
    length_prefixed(payload, size)
        .map_while(Result::ok)
        .filter_map(nal_unit_type)
        .find(|kind| kind.is_picture())
        .is_some_and(NalUnitType::is_random_access)
}
