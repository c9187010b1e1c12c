//! ADTS: AAC frames that carry their own small header (ISO/IEC 13818-7 §6.2,
//! ISO/IEC 14496-3 §1.A.2.2).

use bytes::Bytes;

use super::asc::AudioSpecificConfig;
use super::{SAMPLE_RATES, channels_of, rate_index};
use crate::Error;

const ADTS: &str = "ADTS header";
const SHORT: usize = 7;
const MAX_FRAME_BYTES: usize = 0x1fff;

/// What an ADTS header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The audio object type: 1 Main, 2 LC, 3 SSR, 4 LTP.
    pub object_type: u8,
    /// Samples per second in each channel, before any implicit SBR.
    pub sample_rate: u32,
    /// `channel_configuration`: 0 when the frames themselves tell.
    pub channel_configuration: u8,
    /// Bytes of the whole frame, header included.
    pub frame_length: usize,
    /// Bytes of the header: 7, or 9 with a checksum.
    pub header_length: usize,
    /// Raw data blocks in the frame: nearly always 1.
    pub blocks: u8,
}

impl Header {
    /// Reads the header at the start of `data`.
    pub fn parse(data: &[u8]) -> Result<Self, Error> {
        let Some(&[s0, s1, b2, b3, b4, b5, b6]) = data.first_chunk::<SHORT>() else {
            return Err(Error::truncated(ADTS, data.len()));
        };
        if s0 != 0xff || s1 & 0xf6 != 0xf0 {
            return Err(Error::invalid("ADTS header: no sync word", 0));
        }
        let sample_rate = SAMPLE_RATES.get(usize::from(b2 >> 2 & 0xf)).copied();
        let header = Self {
            object_type: (b2 >> 6) + 1,
            sample_rate: sample_rate.ok_or(Error::invalid(
                "ADTS header: reserved sampling frequency",
                2,
            ))?,
            channel_configuration: (b2 & 1) << 2 | b3 >> 6,
            frame_length: usize::from(b3 & 3) << 11 | usize::from(b4) << 3 | usize::from(b5 >> 5),
            header_length: if s1 & 1 == 1 { SHORT } else { SHORT + 2 },
            blocks: (b6 & 3) + 1,
        };
        if header.frame_length < header.header_length {
            return Err(Error::invalid(
                "ADTS header: frame shorter than its header",
                3,
            ));
        }
        Ok(header)
    }

    /// The configuration that frames under this header need once stripped.
    pub fn config(&self) -> Result<AudioSpecificConfig, Error> {
        let channels = channels_of(self.channel_configuration).ok_or(Error::unsupported(
            "ADTS that leaves its channels to the AAC frames",
        ))?;
        let config = AudioSpecificConfig::aac_lc(self.sample_rate, channels)?;
        Ok(AudioSpecificConfig {
            object_type: self.object_type,
            ..config
        })
    }
}

/// Takes the first frame of `data` out of its ADTS header: the header and the
/// raw data block, which is a slice of `data`. `header.frame_length` says where
/// the next one begins.
pub fn strip(data: &Bytes) -> Result<(Header, Bytes), Error> {
    let header = Header::parse(data)?;
    if header.blocks > 1 {
        return Err(Error::unsupported("ADTS frames of several raw data blocks"));
    }
    if data.len() < header.frame_length {
        return Err(Error::truncated("ADTS frame", data.len()));
    }
    Ok((
        header,
        data.slice(header.header_length..header.frame_length),
    ))
}

/// Puts one raw data block behind an ADTS header without a checksum.
pub fn wrap(config: &AudioSpecificConfig, raw: &[u8]) -> Result<Vec<u8>, Error> {
    let length = SHORT + raw.len();
    let rate = rate_index(config.sample_rate)
        .ok_or(Error::unsupported("ADTS at a sample rate without an index"))?;
    let fits = matches!(config.object_type, 1..=4) && matches!(config.channel_configuration, 1..=7);
    if !fits || config.short_frames {
        return Err(Error::unsupported("ADTS of this AAC configuration"));
    }
    if length > MAX_FRAME_BYTES {
        return Err(Error::unsupported("ADTS frames above 8191 bytes"));
    }
    let (profile, channels) = (config.object_type - 1, config.channel_configuration);
    let [.., high, low] = length.to_be_bytes();
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(&[0xff, 0xf1, profile << 6 | rate << 2 | channels >> 2]);
    // Buffer fullness is all ones: variable rate.
    out.extend_from_slice(&[
        (channels & 3) << 6 | high >> 3,
        high << 5 | low >> 3,
        low << 5 | 0x1f,
        0xfc,
    ]);
    out.extend_from_slice(raw);
    Ok(out)
}
