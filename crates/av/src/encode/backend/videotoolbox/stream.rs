use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use onair_media::h264::{self, AvcDecoderConfig, LengthSize};
use onair_media::hevc::{self, HevcDecoderConfig};
use onair_media::{Config, FrameRate, Packet, Timestamp, VideoCodec, VideoConfig};

use super::NAME;
use crate::Error;
use crate::apple::{FormatDescription, ParameterSets, SampleBuffer, Status};
use crate::encode::settings::VideoSettings;

/// Turns what a session gives into packets, and its format description into a configuration.
pub(super) struct Stream {
    codec: VideoCodec,
    frame_rate: FrameRate,
    duration: Duration,
    current: Option<Current>,
}

/// The last description, and its configuration.
struct Current {
    description: FormatDescription,
    sets: ParameterSets,
    config: Arc<VideoConfig>,
}

impl Stream {
    pub(super) fn new(settings: &VideoSettings) -> Self {
        Self {
            codec: settings.codec,
            frame_rate: settings.frame_rate,
            duration: settings.frame_rate.time_of(1),
            current: None,
        }
    }

    /// From now on frames come at another rate, which changes nothing in the configuration.
    pub(super) fn set_frame_rate(&mut self, rate: FrameRate) {
        self.duration = rate.time_of(1);
    }

    /// A packet of a compressed frame; its payload is the encoder's own memory.
    pub(super) fn packet(&mut self, sample: &SampleBuffer) -> Result<Packet, Error> {
        let description = sample.format_description();
        let config = self.config(description.ok_or_else(|| missing("format description"))?)?;
        let pts = sample.presentation_time().nanos();
        let pts = pts.ok_or_else(|| missing("presentation time"))?;
        let dts = sample.decode_time().nanos().unwrap_or(pts);
        let data = sample.data_buffer().ok_or_else(|| missing("data"))?;
        let payload = data.into_bytes().map_err(|status| failed("data", status))?;
        Ok(Packet {
            config: Config::Video(config),
            pts: Timestamp::from_nanos(pts),
            dts: Timestamp::from_nanos(dts),
            duration: Some(self.duration),
            keyframe: sample.is_sync(),
            payload,
        })
    }

    /// The configuration for a description: the same one, unless parameter sets changed.
    fn config(&mut self, description: FormatDescription) -> Result<Arc<VideoConfig>, Error> {
        if let Some(current) = &self.current
            && current.description.is(&description)
        {
            return Ok(current.config.clone());
        }
        let sets = description.parameter_sets();
        let sets = sets.map_err(|status| failed("parameter sets", status))?;
        let unchanged = self.current.take().filter(|current| current.sets == sets);
        let config = match unchanged {
            Some(current) => current.config,
            None => Arc::new(self.configure(&sets)?),
        };
        let current = Current {
            description,
            sets,
            config,
        };
        Ok(self.current.insert(current).config.clone())
    }

    fn configure(&self, sets: &ParameterSets) -> Result<VideoConfig, Error> {
        let length_size = LengthSize::new(sets.length_size).ok_or_else(|| {
            let what = format!("NAL units behind lengths of {} bytes", sets.length_size);
            Error::backend(NAME, what)
        })?;
        let mut config = match self.codec {
            VideoCodec::H264 => h264(&sets.units, length_size)?,
            VideoCodec::Hevc => hevc(&sets.units, length_size)?,
        };
        config.frame_rate = Some(self.frame_rate);
        Ok(config)
    }
}

fn h264(units: &[Bytes], length_size: LengthSize) -> Result<VideoConfig, Error> {
    use h264::NalUnitType::{Pps, Sps};
    let [sps, pps] = [Sps, Pps].map(|kind| of_kind(units, h264::nal_unit_type, kind));
    let mut record = AvcDecoderConfig::from_parameter_sets(&sps, &pps)?;
    record.length_size = length_size;
    Ok(VideoConfig::h264(record.write())?)
}

fn hevc(units: &[Bytes], length_size: LengthSize) -> Result<VideoConfig, Error> {
    use hevc::NalUnitType::{Pps, Sps, Vps};
    let [vps, sps, pps] = [Vps, Sps, Pps].map(|kind| of_kind(units, hevc::nal_unit_type, kind));
    let mut record = HevcDecoderConfig::from_parameter_sets(&vps, &sps, &pps)?;
    record.length_size = length_size;
    Ok(VideoConfig::hevc(record.write())?)
}

fn of_kind<K: PartialEq>(units: &[Bytes], kind_of: fn(&[u8]) -> Option<K>, kind: K) -> Vec<Bytes> {
    let units = units.iter();
    let units = units.filter(|unit| kind_of(unit).as_ref() == Some(&kind));
    units.cloned().collect()
}

fn missing(what: &str) -> Error {
    Error::backend(NAME, format!("a compressed frame without {what}"))
}

fn failed(what: &str, status: Status) -> Error {
    Error::backend(NAME, format!("a compressed frame's {what}: {status}"))
}
