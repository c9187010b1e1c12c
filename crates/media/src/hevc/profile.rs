use crate::Error;
use crate::bits::BitReader;

/// The general part of `profile_tier_level()` (ISO/IEC 23008-2 §7.3.3): what a
/// decoder must be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// `general_profile_space`: 0 for all there are.
    pub space: u8,
    /// `general_tier_flag`: true for the High tier.
    pub high_tier: bool,
    /// `general_profile_idc`: 1 Main, 2 Main 10, 4 range extensions, ...
    pub idc: u8,
    /// `general_profile_compatibility_flag`s, flag 0 in the highest bit.
    pub compatibility: u32,
    /// The 48 flags and reserved bits that follow, progressive source first.
    pub constraints: [u8; 6],
    /// `general_level_idc`: thirty times the level, so 93 is level 3.1.
    pub level: u8,
}

impl Profile {
    /// Reads it, and skips the sub-layers.
    pub(super) fn read(bits: &mut BitReader<'_>, sub_layers: u8) -> Result<Self, Error> {
        let profile = Self {
            space: bits.small(2)?,
            high_tier: bits.flag()?,
            idc: bits.small(5)?,
            compatibility: bits.bits(32)?,
            constraints: constraints(bits)?,
            level: bits.small(8)?,
        };
        skip_sub_layers(bits, sub_layers)?;
        Ok(profile)
    }

    /// Its twelve bytes, as an SPS and an hvcC have them.
    pub(super) fn bytes(&self) -> [u8; 12] {
        let first = (self.space & 0b11) << 6 | u8::from(self.high_tier) << 5 | self.idc & 0b1_1111;
        let [a, b, c, d] = self.compatibility.to_be_bytes();
        let [e, f, g, h, i, j] = self.constraints;
        [first, a, b, c, d, e, f, g, h, i, j, self.level]
    }

    /// The codec as media types name it, e.g. `hvc1.1.6.L93.90` (ISO/IEC 14496-15 Annex E.3).
    pub(super) fn codec_string(&self) -> String {
        let space = ["", "A", "B", "C"][usize::from(self.space & 0b11)];
        let (idc, compatibility) = (self.idc, self.compatibility.reverse_bits());
        let tier = if self.high_tier { 'H' } else { 'L' };
        let level = self.level;
        let mut text = format!("hvc1.{space}{idc}.{compatibility:X}.{tier}{level}");
        let used = self.constraints.iter().rposition(|&byte| byte != 0);
        for byte in &self.constraints[..used.map_or(0, |last| last + 1)] {
            text.push_str(&format!(".{byte:X}"));
        }
        text
    }
}

fn constraints(bits: &mut BitReader<'_>) -> Result<[u8; 6], Error> {
    let mut bytes = [0; 6];
    for byte in &mut bytes {
        *byte = bits.small(8)?;
    }
    Ok(bytes)
}

fn skip_sub_layers(bits: &mut BitReader<'_>, sub_layers: u8) -> Result<(), Error> {
    let mut present = 0;
    for _ in 0..sub_layers {
        present += if bits.flag()? { 88 } else { 0 }; // its profile
        present += if bits.flag()? { 8 } else { 0 }; // its level
    }
    if sub_layers > 0 {
        bits.skip(2 * (8 - usize::from(sub_layers.min(8))))?; // reserved_zero_2bits
    }
    bits.skip(present)
}
