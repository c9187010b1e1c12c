//! Elementary streams: H.264 in Annex B, AAC in ADTS.

use std::sync::Arc;

use onair_media::aac::{AudioSpecificConfig, adts};
use onair_media::h264::{
    AvcDecoderConfig, LengthSize, NalUnitType, length_prefixed, nal_unit_type,
};
use onair_media::{AudioCodec, AudioConfig, Packet, VideoCodec, VideoConfig};

use crate::Error;
use crate::pes::Pes;

const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// A delimiter for slices of any type: each access unit has to begin with one
/// (ISO/IEC 13818-1 §2.14.1).
const DELIMITER: [u8; 6] = [0, 0, 0, 1, 0x09, 0xf0];

/// How a video track is written.
#[derive(Debug)]
pub(crate) struct Video {
    config: Arc<VideoConfig>,
    length_size: LengthSize,
    /// The parameter sets, each behind a start code.
    sets: Vec<u8>,
    /// True until they are written.
    is_new: bool,
}

impl Video {
    /// `stream_type` of H.264.
    pub(crate) const STREAM_TYPE: u8 = 0x1b;

    pub(crate) fn new(config: Arc<VideoConfig>) -> Result<Self, Error> {
        match config.codec {
            VideoCodec::H264 => Self::h264(config),
            codec @ VideoCodec::Hevc => Err(Error::Video(codec)),
        }
    }

    fn h264(config: Arc<VideoConfig>) -> Result<Self, Error> {
        let avcc = AvcDecoderConfig::parse(&config.decoder_config)?;
        let extensions = avcc.high.iter().flat_map(|high| &high.sps_extensions);
        let sets = avcc.sps.iter().chain(extensions).chain(&avcc.pps);
        let sets = sets.flat_map(|set| [&START_CODE, &set[..]].concat());
        Ok(Self {
            length_size: avcc.length_size,
            sets: sets.collect(),
            is_new: true,
            config,
        })
    }

    /// Goes on with this configuration.
    pub(crate) fn adopt(&mut self, config: &Arc<VideoConfig>) -> Result<(), Error> {
        if !Arc::ptr_eq(&self.config, config) && self.config != *config {
            *self = Self::new(config.clone())?;
        }
        Ok(())
    }

    /// Writes an access unit, with its parameter sets where a decoder may begin.
    pub(crate) fn put(&mut self, packet: &Packet, pes: &mut Pes) -> Result<(), Error> {
        pes.extend(&DELIMITER);
        if packet.keyframe || self.is_new {
            pes.extend(&self.sets);
        }
        for unit in length_prefixed(&packet.payload, self.length_size) {
            let unit = unit?;
            if nal_unit_type(unit) != Some(NalUnitType::AccessUnitDelimiter) {
                pes.extend(&START_CODE);
                pes.extend(unit);
            }
        }
        self.is_new = false;
        Ok(())
    }
}

/// How an audio track is written.
#[derive(Debug)]
pub(crate) struct Audio {
    config: Arc<AudioConfig>,
    asc: AudioSpecificConfig,
}

impl Audio {
    /// `stream_type` of AAC in ADTS.
    pub(crate) const STREAM_TYPE: u8 = 0x0f;

    pub(crate) fn new(config: Arc<AudioConfig>) -> Result<Self, Error> {
        match config.codec {
            AudioCodec::Aac => Self::aac(config),
        }
    }

    /// Checks that ADTS can carry it, before the first frame.
    fn aac(config: Arc<AudioConfig>) -> Result<Self, Error> {
        let asc = AudioSpecificConfig::parse(&config.decoder_config)?;
        adts::wrap(&asc, &[])?;
        Ok(Self { config, asc })
    }

    /// Goes on with this configuration.
    pub(crate) fn adopt(&mut self, config: &Arc<AudioConfig>) -> Result<(), Error> {
        if !Arc::ptr_eq(&self.config, config) && self.config != *config {
            *self = Self::new(config.clone())?;
        }
        Ok(())
    }

    pub(crate) fn put(&self, packet: &Packet, pes: &mut Pes) -> Result<(), Error> {
        pes.extend(&adts::wrap(&self.asc, &packet.payload)?);
        Ok(())
    }
}
