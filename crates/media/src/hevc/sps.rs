use super::nal::{NalUnitType, nal_unit_type};
use super::profile::Profile;
use crate::bits::BitReader;
use crate::h264::{ChromaFormat, Crop, MAX_SIDE, rbsp};
use crate::{Error, Size};

const SPS: &str = "HEVC sequence parameter set";

/// What a sequence parameter set says (ISO/IEC 23008-2 §7.3.2.2), as far as a publisher needs it:
/// the coding tools and the VUI behind are not read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sps {
    /// Profile, tier and level.
    pub profile: Profile,
    /// `sps_max_sub_layers_minus1 + 1`: how many temporal layers there may be.
    pub temporal_layers: u8,
    /// `sps_temporal_id_nesting_flag`: one may move up a layer anywhere.
    pub temporal_id_nested: bool,
    /// `sps_seq_parameter_set_id`.
    pub id: u8,
    /// How colour is sampled.
    pub chroma_format: ChromaFormat,
    /// Bits in a luma sample.
    pub luma_bits: u8,
    /// Bits in a chroma sample.
    pub chroma_bits: u8,
    /// Picture size after cropping: what is shown.
    pub size: Size,
    /// How many pictures may precede one in decoding order and follow it in
    /// output order; 0 promises that there is nothing to reorder.
    pub reorder_pictures: u8,
}

impl Sps {
    /// Reads an SPS NAL unit, its header of two bytes included.
    ///
    /// Byte offsets in errors count after the removal of emulation prevention.
    pub fn parse(nal: &[u8]) -> Result<Self, Error> {
        if nal_unit_type(nal) != Some(NalUnitType::Sps) {
            return Err(Error::invalid(
                "HEVC sequence parameter set: wrong NAL unit type",
                0,
            ));
        }
        let rbsp = rbsp(nal);
        let mut bits = BitReader::new(&rbsp, SPS);
        bits.skip(16 + 4)?; // the header, sps_video_parameter_set_id
        let sub_layers = bits.small(3)?;
        if sub_layers > 6 {
            return Err(bits.invalid());
        }
        let temporal_id_nested = bits.flag()?;
        let profile = Profile::read(&mut bits, sub_layers)?;
        let id = bits.up_to(15)?;
        let (chroma_format, size) = picture(&mut bits)?;
        let (luma_bits, chroma_bits) = (8 + bits.up_to(8)?, 8 + bits.up_to(8)?);
        bits.up_to(12)?; // log2_max_pic_order_cnt_lsb_minus4
        Ok(Self {
            profile,
            temporal_layers: sub_layers + 1,
            temporal_id_nested,
            id,
            chroma_format,
            luma_bits,
            chroma_bits,
            size,
            reorder_pictures: reorder_pictures(&mut bits, sub_layers)?,
        })
    }
}

fn picture(bits: &mut BitReader<'_>) -> Result<(ChromaFormat, Size), Error> {
    let format = bits.up_to(3)?;
    let chroma_format = ChromaFormat::from_idc(format);
    let separate_planes = format == 3 && bits.flag()?;
    let coded = Size::new(side(bits)?, side(bits)?);
    let crop = if bits.flag()? {
        Crop::read(bits)?
    } else {
        Crop::default()
    };
    let unit = if separate_planes {
        (1, 1)
    } else {
        chroma_format.subsampling()
    };
    let size = crop.apply(coded, unit).ok_or_else(|| bits.invalid())?;
    Ok((chroma_format, size))
}

fn side(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    let side = bits.ue()?;
    if (1..=MAX_SIDE).contains(&side) {
        Ok(side)
    } else {
        Err(bits.invalid())
    }
}

/// `sps_max_num_reorder_pics` of the highest layer.
fn reorder_pictures(bits: &mut BitReader<'_>, sub_layers: u8) -> Result<u8, Error> {
    let told = if bits.flag()? { sub_layers + 1 } else { 1 };
    let mut reorder = 0;
    for _ in 0..told {
        bits.up_to(15)?; // sps_max_dec_pic_buffering_minus1
        reorder = bits.up_to(15)?;
        bits.ue()?; // sps_max_latency_increase_plus1
    }
    Ok(reorder)
}
