//! AAC-LC by `syom`, pure Rust.
//!
//! It fails for good on a sample that is beyond full scale or not a number, so samples are clamped
//! before they come here ([`AudioBackend::encode`]'s contract).
//!
//! Its bitrate is set once. Another rate is another encoder, which first hears the last blocks again:
//! an access unit is made of the block that comes and the one before, so that its next one follows on
//! the old encoder's.

use std::collections::VecDeque;

use bytes::Bytes;
use onair_media::{Bitrate, Kind};

use super::{AudioBackend, EncoderInfo};
use crate::Error;
use crate::encode::settings::AudioSettings;

pub(super) const NAME: &str = "syom";

pub(super) fn info() -> EncoderInfo {
    EncoderInfo {
        name: NAME,
        kind: Kind::Audio,
        codec: "AAC-LC",
        hardware: Some(false),
        notes: Vec::new(),
        default: cfg!(not(apple_media)),
    }
}

pub(super) fn open(settings: &AudioSettings) -> Result<Box<dyn AudioBackend>, Error> {
    check(settings)?;
    Ok(Box::new(Syom {
        encoder: encoder(settings)?,
        settings: settings.clone(),
        latest: VecDeque::new(),
    }))
}

fn encoder(settings: &AudioSettings) -> Result<syom::Encoder, Error> {
    let options = syom::EncodeOptions::raw().with_bitrate_bps(bitrate(settings)?);
    let channels = settings.channels.into();
    syom::Encoder::new(settings.sample_rate, channels, &options).map_err(failed)
}

struct Syom {
    encoder: syom::Encoder,
    settings: AudioSettings,
    /// The blocks that another encoder has to hear.
    latest: VecDeque<Vec<Vec<f32>>>,
}

impl AudioBackend for Syom {
    fn encode(&mut self, planes: &[&[f32]]) -> Result<Vec<Bytes>, Error> {
        let mut units = Vec::new();
        self.encoder
            .feed(planes, |frame| {
                units.push(Bytes::copy_from_slice(frame.payload));
                Ok(())
            })
            .map_err(failed)?;
        if self.latest.len() == HEARD_AGAIN {
            self.latest.pop_front();
        }
        let block = planes.iter().map(|plane| plane.to_vec());
        self.latest.push_back(block.collect());
        Ok(units)
    }

    fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        let settings = AudioSettings {
            bitrate,
            ..self.settings.clone()
        };
        let mut encoder = encoder(&settings)?;
        for block in &self.latest {
            let planes: Vec<_> = block.iter().map(Vec::as_slice).collect();
            encoder.feed(&planes, |_| Ok(())).map_err(failed)?;
        }
        (self.encoder, self.settings) = (encoder, settings);
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Bytes>, Error> {
        let mut units = Vec::new();
        self.encoder
            .finish(|frame| {
                units.push(Bytes::copy_from_slice(frame.payload));
                Ok(())
            })
            .map_err(failed)?;
        Ok(units)
    }

    fn frame_length(&self) -> u32 {
        FRAME_LENGTH
    }

    fn priming(&self) -> u32 {
        FRAME_LENGTH
    }

    fn audio_specific_config(&self) -> Bytes {
        Bytes::copy_from_slice(self.encoder.asc())
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

fn check(settings: &AudioSettings) -> Result<(), Error> {
    let (rate, channels) = (settings.sample_rate, settings.channels);
    if !SAMPLE_RATES.contains(&rate) {
        let what = format!("AAC at {rate} Hz: its rates are {SAMPLE_RATES:?}");
        return Err(Error::Unsupported { what });
    }
    if !(1..=2).contains(&channels) {
        let what = format!("AAC with {channels} channels: 1 or 2 would work");
        return Err(Error::Unsupported { what });
    }
    Ok(())
}

/// The rate asked for, or the highest there is at this sample rate.
fn bitrate(settings: &AudioSettings) -> Result<u32, Error> {
    let channels = u64::from(settings.channels);
    let buffer = BITS_PER_CHANNEL * channels * u64::from(settings.sample_rate);
    let (lowest, highest) = (8000 * channels, buffer / u64::from(FRAME_LENGTH));
    let wanted = settings.bitrate.as_bps();
    if wanted < lowest {
        let what = format!("AAC at {wanted} bit/s: {lowest} to {highest} would work");
        return Err(Error::Invalid { what });
    }
    if wanted > highest {
        tracing::warn!("AAC goes up to {highest} bit/s here, not {wanted}: using that");
    }
    Ok(u32::try_from(wanted.min(highest)).unwrap_or(u32::MAX))
}

fn failed(error: syom::AacError) -> Error {
    Error::backend(NAME, error.to_string())
}

/// ISO/IEC 14496-3 table 1.18, less 7350 Hz, which ADTS lists and few decoders take.
const SAMPLE_RATES: [u32; 12] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
];
/// Samples a channel in an access unit, and before the first audio.
const FRAME_LENGTH: u32 = 1024;
/// The block before is part of the next access unit, and those before that of whether an attack is
/// heard in it.
const HEARD_AGAIN: usize = 4;
/// The decoder's input buffer (ISO/IEC 14496-3 §4.5.3.1): no access unit is bigger.
const BITS_PER_CHANNEL: u64 = 6144;
