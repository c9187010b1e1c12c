//! AAC bitstream facts: the `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1), the
//! descriptors it travels in, and ADTS framing (ISO/IEC 13818-7 §6.2).

pub mod adts;
mod asc;
pub mod esds;

pub(crate) use asc::DESCRIPTOR;
pub use asc::{AudioSpecificConfig, Sbr};

/// Sample rates by `samplingFrequencyIndex` (ISO/IEC 14496-3 table 1.18).
const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// The index of a sample rate that has one.
fn rate_index(rate: u32) -> Option<u8> {
    let index = SAMPLE_RATES.iter().position(|&known| known == rate)?;
    u8::try_from(index).ok()
}

/// The channels of a `channelConfiguration` (ISO/IEC 14496-3 table 1.19);
/// `None` for 0, where a program config element tells them, and what is reserved.
const fn channels_of(configuration: u8) -> Option<u8> {
    match configuration {
        1..=6 => Some(configuration),
        7 | 12 | 14 => Some(8),
        11 => Some(7),
        13 => Some(24),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests;
