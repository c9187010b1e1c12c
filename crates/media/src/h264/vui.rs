use crate::bits::BitReader;
use crate::{Error, FrameRate};

/// More pictures a second than this is a clock's resolution, not a frame rate.
const FASTEST: f64 = 1000.0;

/// `aspect_ratio_idc` of a ratio that is spelled out.
const EXTENDED_SAR: u8 = 255;

/// Sample aspect ratios by `aspect_ratio_idc` (ISO/IEC 14496-10 table E-1).
const ASPECT_RATIOS: [(u16, u16); 16] = [
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
];

/// Video usability information (ISO/IEC 14496-10 Annex E.1.1).
#[derive(Debug, Default)]
pub(super) struct Vui {
    pub(super) frame_rate: Option<FrameRate>,
    pub(super) fixed_frame_rate: bool,
    pub(super) sample_aspect_ratio: Option<(u16, u16)>,
    pub(super) reorder_frames: Option<u8>,
}

impl Vui {
    pub(super) fn read(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        let mut vui = Self::default();
        if bits.flag()? {
            vui.sample_aspect_ratio = aspect_ratio(bits)?;
        }
        skip_presentation(bits)?;
        if bits.flag()? {
            vui.frame_rate = frame_rate(bits.bits(32)?, bits.bits(32)?);
            vui.fixed_frame_rate = bits.flag()?;
        }
        skip_decoder_models(bits)?;
        bits.skip(1)?; // pic_struct_present_flag
        if bits.flag()? {
            vui.reorder_frames = Some(restriction(bits)?);
        }
        Ok(vui)
    }
}

fn aspect_ratio(bits: &mut BitReader<'_>) -> Result<Option<(u16, u16)>, Error> {
    let idc = bits.small(8)?;
    if idc != EXTENDED_SAR {
        let index = usize::from(idc).checked_sub(1);
        return Ok(index.and_then(|index| ASPECT_RATIOS.get(index).copied()));
    }
    let ratio = (half(bits)?, half(bits)?);
    Ok(Some(ratio).filter(|&(width, height)| width > 0 && height > 0))
}

fn half(bits: &mut BitReader<'_>) -> Result<u16, Error> {
    Ok(u16::try_from(bits.bits(16)?).unwrap_or(u16::MAX))
}

/// Overscan, signal type, chroma location.
fn skip_presentation(bits: &mut BitReader<'_>) -> Result<(), Error> {
    if bits.flag()? {
        bits.skip(1)?; // overscan_appropriate_flag
    }
    if bits.flag()? {
        bits.skip(4)?; // video_format, video_full_range_flag
        if bits.flag()? {
            bits.skip(24)?; // colour_primaries, transfer_characteristics, matrix_coefficients
        }
    }
    if bits.flag()? {
        bits.ue()?; // chroma_sample_loc_type_top_field
        bits.ue()?; // chroma_sample_loc_type_bottom_field
    }
    Ok(())
}

/// A tick lasts a field, and a frame is two of them (§E.2.1).
fn frame_rate(units_in_tick: u32, time_scale: u32) -> Option<FrameRate> {
    let (upper, lower) = (u64::from(time_scale), 2 * u64::from(units_in_tick));
    let divisor = gcd(upper, lower);
    let upper = u32::try_from(upper.checked_div(divisor)?).ok()?;
    let lower = u32::try_from(lower.checked_div(divisor)?).ok()?;
    FrameRate::new(upper, lower).filter(|rate| rate.as_f64() <= FASTEST)
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The NAL and VCL hypothetical reference decoders, and `low_delay_hrd_flag`.
fn skip_decoder_models(bits: &mut BitReader<'_>) -> Result<(), Error> {
    let mut any = false;
    for _ in 0..2 {
        if bits.flag()? {
            any = true;
            skip_decoder_model(bits)?;
        }
    }
    bits.skip(usize::from(any))
}

/// `hrd_parameters()` (Annex E.1.2).
fn skip_decoder_model(bits: &mut BitReader<'_>) -> Result<(), Error> {
    let buffers = bits.up_to(31)? + 1;
    bits.skip(8)?; // bit_rate_scale, cpb_size_scale
    for _ in 0..buffers {
        bits.ue()?; // bit_rate_value_minus1
        bits.ue()?; // cpb_size_value_minus1
        bits.skip(1)?; // cbr_flag
    }
    bits.skip(20) // three delay lengths, time_offset_length
}

/// `max_num_reorder_frames` out of the bitstream restriction.
fn restriction(bits: &mut BitReader<'_>) -> Result<u8, Error> {
    bits.skip(1)?; // motion_vectors_over_pic_boundaries_flag
    for _ in 0..4 {
        bits.ue()?; // bytes per picture, bits per macroblock, two vector lengths
    }
    let reorder = bits.up_to(16)?;
    bits.ue()?; // max_dec_frame_buffering
    Ok(reorder)
}
