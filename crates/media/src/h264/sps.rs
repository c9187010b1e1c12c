use super::framing::{NalUnitType, nal_unit_type};
use super::{rbsp, vui};
use crate::bits::BitReader;
use crate::{Error, FrameRate, Size};

const SPS: &str = "H.264 sequence parameter set";

/// Larger than any level allows; what keeps the arithmetic small.
pub(crate) const MAX_SIDE: u32 = 1 << 16;

/// What a sequence parameter set says (ISO/IEC 14496-10 §7.3.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sps {
    /// `profile_idc`: 66 Baseline, 77 Main, 100 High, ...
    pub profile: u8,
    /// The `constraint_setN_flag`s, set 0 in the highest bit.
    pub constraints: u8,
    /// `level_idc`: ten times the level, so 40 is level 4.
    pub level: u8,
    /// `seq_parameter_set_id`.
    pub id: u8,
    /// How colour is sampled.
    pub chroma_format: ChromaFormat,
    /// Bits in a luma sample.
    pub luma_bits: u8,
    /// Bits in a chroma sample.
    pub chroma_bits: u8,
    /// Picture size after cropping: what is shown.
    pub size: Size,
    /// False when pictures may be coded as fields: interlaced.
    pub progressive: bool,
    /// How many reference frames a decoder keeps.
    pub reference_frames: u8,
    /// Pictures per second as the VUI declares them; `None` when it does not, or
    /// when it declares more than a thousand.
    pub frame_rate: Option<FrameRate>,
    /// True when the VUI promises that the frame rate never varies.
    pub fixed_frame_rate: bool,
    /// A pixel's width to its height, where the VUI says so.
    pub sample_aspect_ratio: Option<(u16, u16)>,
    /// How many frames may precede one in decoding order and follow it in
    /// output order; `Some(0)` promises that there are no B-frames to reorder.
    pub reorder_frames: Option<u8>,
}

/// How colour is sampled (`chroma_format_idc`, ISO/IEC 14496-10 table 6-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChromaFormat {
    /// No colour (0).
    Monochrome,
    /// Half the columns and half the rows (1): 4:2:0.
    Yuv420,
    /// Half the columns (2): 4:2:2.
    Yuv422,
    /// Every sample (3): 4:4:4.
    Yuv444,
}

/// The name of a `profile_idc` with these constraint flags (ISO/IEC 14496-10 §A.2).
pub const fn profile_name(idc: u8, constraints: u8) -> Option<&'static str> {
    Some(match idc {
        66 if constraints & 0x40 != 0 => "Constrained Baseline",
        66 => "Baseline",
        77 => "Main",
        88 => "Extended",
        100 => "High",
        110 => "High 10",
        122 => "High 4:2:2",
        244 => "High 4:4:4 Predictive",
        44 => "CAVLC 4:4:4 Intra",
        _ => return None,
    })
}

impl Sps {
    /// Reads an SPS NAL unit, its header byte included.
    ///
    /// A VUI that ends early or contradicts itself counts as absent, as decoders
    /// treat it: everything else still holds. Byte offsets in errors count after
    /// the removal of emulation prevention.
    pub fn parse(nal: &[u8]) -> Result<Self, Error> {
        if nal_unit_type(nal) != Some(NalUnitType::Sps) {
            return Err(Error::invalid(
                "H.264 sequence parameter set: wrong NAL unit type",
                0,
            ));
        }
        let rbsp = rbsp(nal);
        let mut bits = BitReader::new(&rbsp, SPS);
        bits.skip(8)?;
        let mut sps = Self::head(&mut bits)?;
        let separate_planes = sps.colour(&mut bits)?;
        sps.order(&mut bits)?;
        sps.picture(&mut bits, separate_planes)?;
        sps.vui(&mut bits);
        Ok(sps)
    }

    fn head(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        Ok(Self {
            profile: bits.small(8)?,
            constraints: bits.small(8)?,
            level: bits.small(8)?,
            id: bits.up_to(31)?,
            chroma_format: ChromaFormat::Yuv420,
            luma_bits: 8,
            chroma_bits: 8,
            size: Size::new(0, 0),
            progressive: true,
            reference_frames: 0,
            frame_rate: None,
            fixed_frame_rate: false,
            sample_aspect_ratio: None,
            reorder_frames: None,
        })
    }

    /// What only the profiles above Main have; tells whether the three planes
    /// are coded apart.
    fn colour(&mut self, bits: &mut BitReader<'_>) -> Result<bool, Error> {
        if !has_chroma_fields(self.profile) {
            return Ok(false);
        }
        let format = bits.up_to(3)?;
        self.chroma_format = ChromaFormat::from_idc(format);
        let separate_planes = format == 3 && bits.flag()?;
        self.luma_bits = 8 + bits.up_to(6)?;
        self.chroma_bits = 8 + bits.up_to(6)?;
        bits.skip(1)?; // qpprime_y_zero_transform_bypass_flag
        if bits.flag()? {
            skip_scaling_lists(bits, if format == 3 { 12 } else { 8 })?;
        }
        Ok(separate_planes)
    }

    /// Frame numbering, picture order count, references.
    fn order(&mut self, bits: &mut BitReader<'_>) -> Result<(), Error> {
        bits.up_to(12)?; // log2_max_frame_num_minus4
        match bits.up_to(2)? {
            0 => drop(bits.up_to(12)?), // log2_max_pic_order_cnt_lsb_minus4
            1 => skip_order_cycle(bits)?,
            _ => {}
        }
        self.reference_frames = bits.up_to(16)?;
        bits.skip(1) // gaps_in_frame_num_value_allowed_flag
    }

    fn picture(&mut self, bits: &mut BitReader<'_>, separate_planes: bool) -> Result<(), Error> {
        let width = side(bits, 16)?;
        let height_units = bits.ue()?;
        self.progressive = bits.flag()?; // frame_mbs_only_flag
        let fields = if self.progressive { 1 } else { 2 };
        let height = pixels(height_units, 16 * fields).ok_or_else(|| bits.invalid())?;
        if !self.progressive {
            bits.skip(1)?; // mb_adaptive_frame_field_flag
        }
        bits.skip(1)?; // direct_8x8_inference_flag
        let format = if separate_planes {
            ChromaFormat::Monochrome
        } else {
            self.chroma_format
        };
        let (across, down) = format.subsampling();
        let crop = if bits.flag()? {
            Crop::read(bits)?
        } else {
            Crop::default()
        };
        self.size = crop
            .apply(Size::new(width, height), (across, down * fields))
            .ok_or_else(|| {
                Error::invalid(
                    "H.264 sequence parameter set: cropped to nothing",
                    bits.position(),
                )
            })?;
        Ok(())
    }

    fn vui(&mut self, bits: &mut BitReader<'_>) {
        if !bits.flag().unwrap_or(false) {
            return;
        }
        if let Ok(vui) = vui::Vui::read(bits) {
            self.frame_rate = vui.frame_rate;
            self.fixed_frame_rate = vui.fixed_frame_rate;
            self.sample_aspect_ratio = vui.sample_aspect_ratio;
            self.reorder_frames = vui.reorder_frames;
        }
    }
}

impl ChromaFormat {
    /// The format's number, `chroma_format_idc`.
    pub const fn idc(self) -> u8 {
        match self {
            Self::Monochrome => 0,
            Self::Yuv420 => 1,
            Self::Yuv422 => 2,
            Self::Yuv444 => 3,
        }
    }

    pub(crate) const fn from_idc(idc: u8) -> Self {
        match idc {
            0 => Self::Monochrome,
            1 => Self::Yuv420,
            2 => Self::Yuv422,
            _ => Self::Yuv444,
        }
    }

    /// How many luma samples share a chroma sample, across and down.
    pub(crate) const fn subsampling(self) -> (u32, u32) {
        match self {
            Self::Yuv420 => (2, 2),
            Self::Yuv422 => (2, 1),
            Self::Monochrome | Self::Yuv444 => (1, 1),
        }
    }
}

/// The profiles whose SPS tells the chroma format and the bit depths.
const fn has_chroma_fields(profile: u8) -> bool {
    matches!(
        profile,
        44 | 83 | 86 | 100 | 110 | 118 | 122 | 128 | 134 | 135 | 138 | 139 | 244
    )
}

/// `frame_cropping`, HEVC's conformance window: left, right, top, bottom, in crop units.
#[derive(Default)]
pub(crate) struct Crop([u32; 4]);

impl Crop {
    pub(crate) fn read(bits: &mut BitReader<'_>) -> Result<Self, Error> {
        Ok(Self([bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?]))
    }

    /// `size` less the cropping; `None` when nothing would be left.
    pub(crate) fn apply(&self, size: Size, unit: (u32, u32)) -> Option<Size> {
        let [left, right, top, bottom] = self.0;
        let shrink = |side: u32, a: u32, b: u32, unit: u32| {
            let cut = a.checked_add(b)?.checked_mul(unit)?;
            side.checked_sub(cut).filter(|&left| left > 0)
        };
        Some(Size::new(
            shrink(size.width, left, right, unit.0)?,
            shrink(size.height, top, bottom, unit.1)?,
        ))
    }
}

fn side(bits: &mut BitReader<'_>, unit: u32) -> Result<u32, Error> {
    let units = bits.ue()?;
    pixels(units, unit).ok_or_else(|| bits.invalid())
}

/// `units_minus1 + 1` units in pixels.
fn pixels(units_minus1: u32, unit: u32) -> Option<u32> {
    let side = units_minus1.checked_add(1)?.checked_mul(unit)?;
    Some(side).filter(|&side| side <= MAX_SIDE)
}

fn skip_order_cycle(bits: &mut BitReader<'_>) -> Result<(), Error> {
    bits.skip(1)?; // delta_pic_order_always_zero_flag
    bits.se()?; // offset_for_non_ref_pic
    bits.se()?; // offset_for_top_to_bottom_field
    for _ in 0..bits.up_to(255)? {
        bits.se()?; // offset_for_ref_frame
    }
    Ok(())
}

fn skip_scaling_lists(bits: &mut BitReader<'_>, lists: usize) -> Result<(), Error> {
    for list in 0..lists {
        if bits.flag()? {
            skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
        }
    }
    Ok(())
}

/// `scaling_list()` (§7.3.2.1.1.1): the list ends early once the next scale is 0.
fn skip_scaling_list(bits: &mut BitReader<'_>, entries: usize) -> Result<(), Error> {
    let mut scale = 8_i64;
    for _ in 0..entries {
        scale = (scale + i64::from(bits.se()?)).rem_euclid(256);
        if scale == 0 {
            break;
        }
    }
    Ok(())
}
