use bytes::{BufMut, Bytes, BytesMut};

use super::framing::{LengthSize, is_idr};
use super::sps::{ChromaFormat, Sps};
use crate::Error;
use crate::descriptor::{FourCc, VideoDescriptor, VideoFacts};
use crate::parameter_sets::{MAX_SET_BYTES, Reader, distinct};

const AVCC: &str = "avcC";
const MAX_SPS: usize = 31;
const MAX_PPS: usize = 255;

/// The `AVCDecoderConfigurationRecord`, "avcC" (ISO/IEC 14496-15 §5.3.3.1):
/// what a decoder is set up with before length-prefixed H.264.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AvcDecoderConfig {
    /// `AVCProfileIndication`: the `profile_idc`.
    pub profile: u8,
    /// `profile_compatibility`: the constraint flags.
    pub compatibility: u8,
    /// `AVCLevelIndication`: the `level_idc`.
    pub level: u8,
    /// How long the length in front of each NAL unit is.
    pub length_size: LengthSize,
    /// Sequence parameter sets, NAL unit headers included.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, NAL unit headers included.
    pub pps: Vec<Bytes>,
    /// The end of a High profile's record; many writers leave it out.
    pub high: Option<HighProfile>,
}

/// The end of an avcC of the profiles above Main.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HighProfile {
    /// How colour is sampled.
    pub chroma_format: ChromaFormat,
    /// Bits in a luma sample.
    pub luma_bits: u8,
    /// Bits in a chroma sample.
    pub chroma_bits: u8,
    /// SPS extension NAL units.
    pub sps_extensions: Vec<Bytes>,
}

impl AvcDecoderConfig {
    /// Reads a record; its parameter sets are slices of `record`.
    ///
    /// A High profile record whose last part is missing or damaged is accepted
    /// without it, and whatever follows the record is ignored.
    pub fn parse(record: &Bytes) -> Result<Self, Error> {
        let mut reader = Reader::new(record, AVCC);
        if reader.byte()? != 1 {
            return Err(Error::invalid("avcC: configurationVersion is not 1", 0));
        }
        let [profile, compatibility, level] = [reader.byte()?, reader.byte()?, reader.byte()?];
        let length_size = LengthSize::new((reader.byte()? & 0b11) + 1)
            .ok_or_else(|| Error::invalid("avcC: lengthSizeMinusOne is 2", 4))?;
        let sps = reader.byte()? & 0b1_1111;
        let sps = reader.sets(sps.into())?;
        let pps = reader.byte()?;
        let pps = reader.sets(pps.into())?;
        let high = if is_high(profile) {
            high(&mut reader).ok()
        } else {
            None
        };
        Ok(Self {
            profile,
            compatibility,
            level,
            length_size,
            sps,
            pps,
            high,
        })
    }

    /// The record for these parameter sets, with four-byte lengths. The first
    /// SPS decides profile and level; repeated sets are kept once.
    pub fn from_parameter_sets(sps: &[Bytes], pps: &[Bytes]) -> Result<Self, Error> {
        let (sps, pps) = (distinct(sps, MAX_SPS)?, distinct(pps, MAX_PPS)?);
        let first = sps.first().ok_or(Error::invalid("avcC: no SPS", 0))?;
        if pps.is_empty() {
            return Err(Error::invalid("avcC: no PPS", 0));
        }
        let facts = Sps::parse(first)?;
        Ok(Self {
            profile: facts.profile,
            compatibility: facts.constraints,
            level: facts.level,
            length_size: LengthSize::Four,
            high: is_high(facts.profile).then(|| HighProfile::of(&facts)),
            sps,
            pps,
        })
    }

    /// Writes the record. What it cannot count (more than 31 SPS or 255 PPS, a set above 64 KiB) is
    /// left out; neither constructor lets it in.
    pub fn write(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(64);
        out.put_slice(&[1, self.profile, self.compatibility, self.level]);
        out.put_u8(0b1111_1100 | (self.length_size.bytes() - 1));
        put_sets(&self.sps, MAX_SPS, 0b1110_0000, &mut out);
        put_sets(&self.pps, MAX_PPS, 0, &mut out);
        if let Some(high) = &self.high {
            out.put_u8(0b1111_1100 | high.chroma_format.idc());
            out.put_u8(0b1111_1000 | (high.luma_bits.saturating_sub(8) & 0b111));
            out.put_u8(0b1111_1000 | (high.chroma_bits.saturating_sub(8) & 0b111));
            put_sets(&high.sps_extensions, MAX_PPS, 0, &mut out);
        }
        out.freeze()
    }

    /// What the first SPS says.
    pub fn facts(&self) -> Result<Sps, Error> {
        let first = self.sps.first().ok_or(Error::invalid("avcC: no SPS", 5))?;
        Sps::parse(first)
    }

    /// The codec as media types name it, e.g. `avc1.640028` (RFC 6381 §3.3).
    pub fn codec_string(&self) -> String {
        codec_string(self.profile, self.compatibility, self.level)
    }
}

impl HighProfile {
    const fn of(sps: &Sps) -> Self {
        Self {
            chroma_format: sps.chroma_format,
            luma_bits: sps.luma_bits,
            chroma_bits: sps.chroma_bits,
            sps_extensions: Vec::new(),
        }
    }
}

/// The codec as media types name it, e.g. `avc1.640028` (RFC 6381 §3.3).
fn codec_string(profile: u8, compatibility: u8, level: u8) -> String {
    format!("avc1.{profile:02X}{compatibility:02X}{level:02X}")
}

/// H.264, as the table of codecs has it.
pub(crate) const DESCRIPTOR: VideoDescriptor = VideoDescriptor {
    name: "H.264",
    four_cc: FourCc(*b"avc1"),
    facts: |avcc| {
        let sps = AvcDecoderConfig::parse(avcc)?.facts()?;
        Ok(VideoFacts {
            size: sps.size,
            frame_rate: sps.frame_rate,
            reorder_depth: match sps.profile {
                BASELINE => Some(0),
                _ => sps.reorder_frames,
            },
        })
    },
    codec_string: |avcc| match avcc.get(1..4) {
        Some(&[profile, compatibility, level]) => codec_string(profile, compatibility, level),
        _ => "avc1".to_owned(),
    },
    length_size_at: Some(LENGTH_SIZE_AT),
    is_random_access_point: |payload, avcc| is_idr(payload, LengthSize::read(avcc, LENGTH_SIZE_AT)),
};

/// Which byte of a record has `lengthSizeMinusOne`.
const LENGTH_SIZE_AT: usize = 4;

/// `profile_idc` of a profile without B-frames (ISO/IEC 14496-10 §A.2.1).
const BASELINE: u8 = 66;

/// Every profile but Baseline, Main and Extended ends its record with a
/// [`HighProfile`].
const fn is_high(profile: u8) -> bool {
    !matches!(profile, 66 | 77 | 88)
}

fn put_sets(sets: &[Bytes], most: usize, reserved: u8, out: &mut BytesMut) {
    let fitting = || {
        sets.iter()
            .filter(|set| set.len() <= MAX_SET_BYTES)
            .take(most)
    };
    out.put_u8(reserved | u8::try_from(fitting().count()).unwrap_or(u8::MAX));
    for set in fitting() {
        out.put_u16(u16::try_from(set.len()).unwrap_or(u16::MAX));
        out.put_slice(set);
    }
}

fn high(reader: &mut Reader<'_>) -> Result<HighProfile, Error> {
    let chroma_format = ChromaFormat::from_idc(reader.byte()? & 0b11);
    let luma_bits = 8 + (reader.byte()? & 0b111);
    let chroma_bits = 8 + (reader.byte()? & 0b111);
    let count = reader.byte()?;
    Ok(HighProfile {
        chroma_format,
        luma_bits,
        chroma_bits,
        sps_extensions: reader.sets(count.into())?,
    })
}
