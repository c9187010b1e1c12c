use bytes::{BufMut, Bytes, BytesMut};

use super::nal::{NalUnitType, is_keyframe};
use super::profile::Profile;
use super::sps::Sps;
use crate::Error;
use crate::bits::BitReader;
use crate::descriptor::{FourCc, VideoDescriptor, VideoFacts};
use crate::h264::{ChromaFormat, LengthSize};
use crate::parameter_sets::{MAX_SET_BYTES, Reader, distinct};

const HVCC: &str = "hvcC";
/// As many as there are ids (ISO/IEC 23008-2 §7.4.3.1, §7.4.3.2, §7.4.3.3).
const MAX_VPS: usize = 16;
const MAX_SPS: usize = 16;
const MAX_PPS: usize = 64;

/// Which byte of a record has `lengthSizeMinusOne`.
const LENGTH_SIZE_AT: usize = 21;

/// The `HEVCDecoderConfigurationRecord`, "hvcC" (ISO/IEC 14496-15 §8.3.3.1):
/// what a decoder is set up with before length-prefixed HEVC.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HevcDecoderConfig {
    /// Profile, tier and level.
    pub profile: Profile,
    /// `min_spatial_segmentation_idc`; 0 when nothing is promised.
    pub min_spatial_segmentation: u16,
    /// `parallelismType`: 0 when unknown or mixed.
    pub parallelism: u8,
    /// How colour is sampled.
    pub chroma_format: ChromaFormat,
    /// Bits in a luma sample.
    pub luma_bits: u8,
    /// Bits in a chroma sample.
    pub chroma_bits: u8,
    /// `avgFrameRate`: pictures in 256 seconds; 0 when unsaid.
    pub average_frame_rate: u16,
    /// `constantFrameRate`: 0 when unsaid.
    pub constant_frame_rate: u8,
    /// `numTemporalLayers`: 0 when unsaid.
    pub temporal_layers: u8,
    /// `temporalIdNested`.
    pub temporal_id_nested: bool,
    /// How long the length in front of each NAL unit is.
    pub length_size: LengthSize,
    /// Parameter sets, by kind.
    pub arrays: Vec<NalArray>,
}

/// The parameter sets (or SEI) of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NalArray {
    /// `array_completeness`: there are no others of this kind in the stream.
    pub complete: bool,
    /// `NAL_unit_type`, of six bits.
    pub kind: u8,
    /// NAL units, headers included.
    pub units: Vec<Bytes>,
}

impl HevcDecoderConfig {
    /// Reads a record; its parameter sets are slices of `record`. Whatever
    /// follows the record is ignored.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let mut reader = Reader::new(record, HVCC);
        if reader.byte()? != 1 {
            return Err(Error::invalid("hvcC: configurationVersion is not 1", 0));
        }
        let mut profile = [0; 12];
        for byte in &mut profile {
            *byte = reader.byte()?;
        }
        let profile = Profile::read(&mut BitReader::new(&profile, HVCC), 0)?;
        let min_spatial_segmentation = reader.half()? & 0x0fff;
        let parallelism = reader.byte()? & 0b11;
        let chroma_format = ChromaFormat::from_idc(reader.byte()? & 0b11);
        let luma_bits = 8 + (reader.byte()? & 0b111);
        let chroma_bits = 8 + (reader.byte()? & 0b111);
        let average_frame_rate = reader.half()?;
        let layers = reader.byte()?;
        let length_size = LengthSize::new((layers & 0b11) + 1)
            .ok_or_else(|| Error::invalid("hvcC: lengthSizeMinusOne is 2", LENGTH_SIZE_AT))?;
        let count = reader.byte()?;
        let arrays = (0..count).map(|_| NalArray::read(&mut reader));
        Ok(Self {
            profile,
            min_spatial_segmentation,
            parallelism,
            chroma_format,
            luma_bits,
            chroma_bits,
            average_frame_rate,
            constant_frame_rate: layers >> 6,
            temporal_layers: layers >> 3 & 0b111,
            temporal_id_nested: layers & 0b100 != 0,
            length_size,
            arrays: arrays.collect::<Result<_, _>>()?,
        })
    }

    /// The record for these parameter sets, with four-byte lengths and all sets
    /// in it (`hvc1`). The first SPS decides profile and level; repeated sets are
    /// kept once.
    pub fn from_parameter_sets(vps: &[Bytes], sps: &[Bytes], pps: &[Bytes]) -> Result<Self, Error> {
        let first = sps.iter().find(|set| !set.is_empty());
        let facts = Sps::parse(first.ok_or(Error::invalid("hvcC: no SPS", 0))?)?;
        let arrays = [
            NalArray::of(VPS, vps, MAX_VPS, "hvcC: no VPS")?,
            NalArray::of(SPS, sps, MAX_SPS, "hvcC: no SPS")?,
            NalArray::of(PPS, pps, MAX_PPS, "hvcC: no PPS")?,
        ];
        Ok(Self {
            profile: facts.profile,
            min_spatial_segmentation: 0,
            parallelism: 0,
            chroma_format: facts.chroma_format,
            luma_bits: facts.luma_bits,
            chroma_bits: facts.chroma_bits,
            average_frame_rate: 0,
            constant_frame_rate: 0,
            temporal_layers: facts.temporal_layers,
            temporal_id_nested: facts.temporal_id_nested,
            length_size: LengthSize::Four,
            arrays: arrays.into(),
        })
    }

    /// Writes the record. What it cannot count is left out; neither constructor lets it in.
    pub fn write(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(128);
        out.put_u8(1);
        out.put_slice(&self.profile.bytes());
        out.put_u16(0xf000 | self.min_spatial_segmentation & 0x0fff);
        out.put_u8(0b1111_1100 | self.parallelism & 0b11);
        out.put_u8(0b1111_1100 | self.chroma_format.idc());
        out.put_u8(0b1111_1000 | self.luma_bits.saturating_sub(8) & 0b111);
        out.put_u8(0b1111_1000 | self.chroma_bits.saturating_sub(8) & 0b111);
        out.put_u16(self.average_frame_rate);
        let nested = u8::from(self.temporal_id_nested);
        let layers = self.constant_frame_rate << 6 | (self.temporal_layers & 0b111) << 3;
        out.put_u8(layers | nested << 2 | (self.length_size.bytes() - 1));
        let arrays = self.arrays.iter().take(usize::from(u8::MAX));
        out.put_u8(u8::try_from(arrays.len()).unwrap_or(u8::MAX));
        arrays.for_each(|array| array.write(&mut out));
        out.freeze()
    }

    /// The NAL units of one kind.
    pub fn units(&self, kind: NalUnitType) -> impl Iterator<Item = &Bytes> {
        let wanted = move |array: &&NalArray| NalUnitType::from_number(array.kind) == kind;
        self.arrays
            .iter()
            .filter(wanted)
            .flat_map(|array| &array.units)
    }

    /// What the first SPS says.
    pub fn facts(&self) -> Result<Sps, Error> {
        let first = self.units(NalUnitType::Sps).next();
        Sps::parse(first.ok_or(Error::invalid("hvcC: no SPS", 22))?)
    }

    /// The codec as media types name it, e.g. `hvc1.1.6.L93.90` (ISO/IEC 14496-15 Annex E.3).
    pub fn codec_string(&self) -> String {
        self.profile.codec_string()
    }
}

impl NalArray {
    fn of(kind: u8, sets: &[Bytes], most: usize, none: &'static str) -> Result<Self, Error> {
        let units = distinct(sets, most)?;
        if units.is_empty() {
            return Err(Error::invalid(none, 0));
        }
        Ok(Self {
            complete: true,
            kind,
            units,
        })
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let first = reader.byte()?;
        let count = reader.half()?;
        Ok(Self {
            complete: first & 0x80 != 0,
            kind: first & 0x3f,
            units: reader.sets(count)?,
        })
    }

    fn write(&self, out: &mut BytesMut) {
        let fitting = || {
            let short = self.units.iter().filter(|unit| unit.len() <= MAX_SET_BYTES);
            short.take(usize::from(u16::MAX))
        };
        out.put_u8(u8::from(self.complete) << 7 | self.kind & 0x3f);
        out.put_u16(u16::try_from(fitting().count()).unwrap_or(u16::MAX));
        for unit in fitting() {
            out.put_u16(u16::try_from(unit.len()).unwrap_or(u16::MAX));
            out.put_slice(unit);
        }
    }
}

/// HEVC, as the table of codecs has it.
pub(crate) const DESCRIPTOR: VideoDescriptor = VideoDescriptor {
    name: "HEVC",
    four_cc: FourCc(*b"hvc1"),
    facts: |hvcc| {
        let sps = HevcDecoderConfig::parse(hvcc)?.facts()?;
        Ok(VideoFacts {
            size: sps.size,
            frame_rate: None,
            reorder_depth: Some(sps.reorder_pictures),
        })
    },
    codec_string: |hvcc| {
        HevcDecoderConfig::parse(hvcc)
            .map_or_else(|_| "hvc1".to_owned(), |hvcc| hvcc.codec_string())
    },
    length_size_at: Some(LENGTH_SIZE_AT),
    is_random_access_point: |payload, hvcc| {
        is_keyframe(payload, LengthSize::read(hvcc, LENGTH_SIZE_AT))
    },
};

const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;
