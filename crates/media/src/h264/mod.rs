//! H.264 bitstream facts: framing, parameter sets, the decoder configuration.
//!
//! | what | where it is defined |
//! |---|---|
//! | NAL units, emulation prevention, parameter sets, SEI | ISO/IEC 14496-10 §7.3, §7.4, Annex D |
//! | the byte stream with start codes | ISO/IEC 14496-10 Annex B |
//! | VUI: timing, aspect ratio, reordering | ISO/IEC 14496-10 Annex E |
//! | length prefixes, `avcC` | ISO/IEC 14496-15 §5.3.3.1 |
//! | the `avc1.…` string | RFC 6381 §3.3 |

mod access_unit;
mod avcc;
mod framing;
mod sei;
mod sps;
mod vui;

use std::borrow::Cow;

pub use access_unit::AccessUnit;
pub(crate) use avcc::DESCRIPTOR;
pub use avcc::{AvcDecoderConfig, HighProfile};
pub(crate) use framing::put_length_prefixed;
pub use framing::{
    AnnexB, LengthPrefixed, LengthSize, NalUnitType, annex_b, annex_b_to_length_prefixed, is_idr,
    length_prefixed, length_prefixed_to_annex_b, nal_unit_type, with_four_byte_lengths,
};
pub use sps::{ChromaFormat, Sps, profile_name};
pub(crate) use sps::{Crop, MAX_SIDE};

/// A NAL unit without its emulation prevention bytes (ISO/IEC 14496-10 §7.3.1):
/// each `00 00 03` becomes `00 00`.
pub fn rbsp(nal: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = nal.windows(3).position(|window| window == [0, 0, 3]) else {
        return Cow::Borrowed(nal);
    };
    let mut out = nal[..first].to_vec();
    let mut zeros = 0;
    for &byte in &nal[first..] {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    Cow::Owned(out)
}

#[cfg(test)]
pub(crate) mod golden;
#[cfg(test)]
mod tests;
