//! HEVC bitstream facts: parameter sets, the decoder configuration. Framing is H.264's.
//!
//! | what | where it is defined |
//! |---|---|
//! | NAL units, parameter sets, profile, tier and level | ISO/IEC 23008-2 §7.3, §7.4 |
//! | length prefixes, `hvcC` | ISO/IEC 14496-15 §8.3.3.1 |
//! | the `hvc1.…` string | ISO/IEC 14496-15 Annex E.3 |

mod access_unit;
mod hvcc;
mod nal;
mod profile;
mod sps;

pub use access_unit::AccessUnit;
pub(crate) use hvcc::DESCRIPTOR;
pub use hvcc::{HevcDecoderConfig, NalArray};
pub use nal::{NalUnitType, is_keyframe, nal_unit_type};
pub use profile::Profile;
pub use sps::Sps;

#[cfg(test)]
pub(crate) mod golden;
#[cfg(test)]
mod tests;
