//! AAC-LC by AudioToolbox's `AudioConverter`.
//!
//! It pulls: [`Feed`] holds the samples of one access unit, and the converter is
//! asked for packets until it wants more than that.

use bytes::Bytes;
use onair_media::aac::{AudioSpecificConfig, esds};
use onair_media::{Bitrate, Kind};

use super::{AudioBackend, EncoderInfo};
use crate::Error;
use crate::apple::{AudioConverter, AudioStreamBasicDescription, Feed, FourCharCode, Status};
use crate::encode::settings::AudioSettings;

pub(super) const NAME: &str = "audiotoolbox";

pub(super) fn info() -> EncoderInfo {
    EncoderInfo {
        name: NAME,
        kind: Kind::Audio,
        codec: "AAC-LC",
        hardware: Some(false),
        notes: Vec::new(),
        default: true,
    }
}

pub(super) fn open(settings: &AudioSettings) -> Result<Box<dyn AudioBackend>, Error> {
    check(settings)?;
    let mut converter = AudioConverter::new(&samples(settings), &aac(settings))
        .map_err(|status| failed("making a converter", status))?;
    average(&mut converter);
    set_bitrate(&mut converter, settings.bitrate)?;
    let channels = usize::from(settings.channels);
    Ok(Box::new(AudioToolbox {
        priming: priming(&converter),
        config: config(&converter, settings)?,
        packet: vec![0; packet_size(&converter, channels)],
        feed: Feed::new(channels),
        converter,
    }))
}

struct AudioToolbox {
    converter: AudioConverter,
    feed: Feed,
    /// Room for one access unit.
    packet: Vec<u8>,
    priming: u32,
    config: Bytes,
}

impl AudioToolbox {
    /// The access units that this completes.
    fn drain(&mut self) -> Result<Vec<Bytes>, Error> {
        let mut units = Vec::new();
        while let Some(size) = self
            .converter
            .fill(&mut self.feed, &mut self.packet)
            .map_err(lost)?
        {
            units.push(Bytes::copy_from_slice(&self.packet[..size]));
        }
        Ok(units)
    }
}

impl AudioBackend for AudioToolbox {
    fn encode(&mut self, planes: &[&[f32]]) -> Result<Vec<Bytes>, Error> {
        self.feed.push(planes);
        self.drain()
    }

    fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        set_bitrate(&mut self.converter, bitrate)
    }

    fn finish(&mut self) -> Result<Vec<Bytes>, Error> {
        self.feed.end();
        self.drain()
    }

    fn frame_length(&self) -> u32 {
        FRAME_LENGTH
    }

    fn priming(&self) -> u32 {
        self.priming
    }

    fn audio_specific_config(&self) -> Bytes {
        self.config.clone()
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

fn check(settings: &AudioSettings) -> Result<(), Error> {
    if !(1..=2).contains(&settings.channels) {
        let channels = settings.channels;
        let what = format!("AAC with {channels} channels: 1 or 2 would work");
        return Err(Error::Unsupported { what });
    }
    if settings.bitrate.as_bps() == 0 {
        return Err(Error::invalid("an audio bitrate of zero"));
    }
    Ok(())
}

/// Interleaved floats at the stream's rate.
fn samples(settings: &AudioSettings) -> AudioStreamBasicDescription {
    let channels = u32::from(settings.channels);
    let frame = channels * 4;
    AudioStreamBasicDescription {
        sample_rate: settings.sample_rate.into(),
        format_id: LINEAR_PCM.0,
        format_flags: IS_FLOAT | IS_PACKED,
        bytes_per_packet: frame,
        frames_per_packet: 1,
        bytes_per_frame: frame,
        channels_per_frame: channels,
        bits_per_channel: 32,
        reserved: 0,
    }
}

/// AAC-LC at the same rate: a converter that resamples has a delay of its own.
fn aac(settings: &AudioSettings) -> AudioStreamBasicDescription {
    AudioStreamBasicDescription {
        sample_rate: settings.sample_rate.into(),
        format_id: MPEG4_AAC.0,
        frames_per_packet: FRAME_LENGTH,
        channels_per_frame: settings.channels.into(),
        ..AudioStreamBasicDescription::default()
    }
}

/// Keeps to the rate on average: quiet passages save for loud ones. Converters that cannot be told
/// have a mode of their own, which does no harm.
fn average(converter: &mut AudioConverter) {
    if let Err(status) = converter.set(BIT_RATE_CONTROL_MODE, LONG_TERM_AVERAGE) {
        tracing::debug!("{NAME}: the bit rate control mode stays as it is: {status}");
    }
}

/// The rate asked for, or the nearest that applies to this sample rate and these channels.
fn set_bitrate(converter: &mut AudioConverter, bitrate: Bitrate) -> Result<(), Error> {
    let wanted = u32::try_from(bitrate.as_bps()).unwrap_or(u32::MAX);
    let applicable = match converter.property(APPLICABLE_ENCODE_BIT_RATES) {
        Ok(ranges) => nearest(&ranges, wanted),
        Err(status) => {
            tracing::debug!("{NAME}: it does not say which bit rates apply: {status}");
            wanted
        }
    };
    if applicable != wanted {
        tracing::warn!("AAC at {wanted} bit/s does not apply here: using {applicable}");
    }
    let set = converter.set(ENCODE_BIT_RATE, applicable);
    set.map_err(|status| failed("setting the bit rate", status))
}

/// The value nearest to `wanted` in an array of `AudioValueRange`, each two doubles; `None` for an
/// empty one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates"
)]
fn nearest(ranges: &[u8], wanted: u32) -> u32 {
    let (numbers, _) = ranges.as_chunks::<8>();
    let (pairs, _) = numbers.as_chunks::<2>();
    let within = |[least, most]: &[[u8; 8]; 2]| {
        let (least, most) = (f64::from_ne_bytes(*least), f64::from_ne_bytes(*most));
        f64::from(wanted).min(most).max(least)
    };
    let off = |rate: &f64| (rate - f64::from(wanted)).abs();
    let rates = pairs.iter().map(within).filter(|rate| *rate >= 1.0);
    let best = rates.min_by(|a, b| off(a).total_cmp(&off(b)));
    best.map_or(wanted, |rate| rate as u32)
}

/// `AudioConverterPrimeInfo.leadingFrames`, or the 2112 that Apple's encoders have always had
/// (Technical Note TN2258).
fn priming(converter: &AudioConverter) -> u32 {
    let told = converter.property(PRIME_INFO).map(|info| {
        let leading = info.first_chunk().copied();
        leading.map(u32::from_ne_bytes)
    });
    match told {
        Ok(Some(leading)) if leading > 0 => leading,
        other => {
            tracing::debug!("{NAME}: it tells no priming ({other:?}): taking {USUAL_PRIMING}");
            USUAL_PRIMING
        }
    }
}

/// The `AudioSpecificConfig` in the converter's magic cookie, or else the one that
/// follows from the settings: for AAC-LC they say the same.
fn config(converter: &AudioConverter, settings: &AudioSettings) -> Result<Bytes, Error> {
    let cookie = converter.property(COMPRESSION_MAGIC_COOKIE);
    match cookie.map(|cookie| read_cookie(cookie, settings)) {
        Ok(Ok(config)) => return Ok(config),
        Ok(Err(error)) => tracing::debug!("{NAME}: an unusable magic cookie: {error}"),
        Err(status) => tracing::debug!("{NAME}: no magic cookie: {status}"),
    }
    let config = AudioSpecificConfig::aac_lc(settings.sample_rate, settings.channels)?;
    Ok(config.write()?)
}

fn read_cookie(cookie: Vec<u8>, settings: &AudioSettings) -> Result<Bytes, Error> {
    let config = esds::audio_specific_config(&cookie.into())?;
    let parsed = AudioSpecificConfig::parse(&config)?;
    let says = (parsed.output_sample_rate(), parsed.output_channels());
    if says != (settings.sample_rate, settings.channels) {
        return Err(Error::invalid(format!("it speaks of {says:?}")));
    }
    Ok(config)
}

/// How big an access unit can get.
fn packet_size(converter: &AudioConverter, channels: usize) -> usize {
    let told = converter.property(MAXIMUM_OUTPUT_PACKET_SIZE).ok();
    let told = told.and_then(|size| Some(u32::from_ne_bytes(*size.first_chunk()?)));
    let least = BYTES_PER_CHANNEL * channels;
    told.map_or(least, |size| least.max(size as usize))
}

fn failed(doing: &str, status: Status) -> Error {
    Error::backend(NAME, format!("{doing}: {status}"))
}

/// Our samples are always valid, so any failure is the converter's: the media services died with
/// it, or took it away. Another may open.
fn lost(status: Status) -> Error {
    Error::Lost {
        backend: NAME,
        what: status.to_string(),
    }
}

/// Samples a channel in an access unit.
const FRAME_LENGTH: u32 = 1024;
const USUAL_PRIMING: u32 = 2112;
/// The decoder's input buffer of 6144 bits (ISO/IEC 14496-3 §4.5.3.1).
const BYTES_PER_CHANNEL: usize = 6144 / 8;

// CoreAudioBaseTypes.h
const LINEAR_PCM: FourCharCode = FourCharCode::of(*b"lpcm");
const MPEG4_AAC: FourCharCode = FourCharCode::of(*b"aac ");
const IS_FLOAT: u32 = 1 << 0;
const IS_PACKED: u32 = 1 << 3;
// AudioConverter.h
const ENCODE_BIT_RATE: FourCharCode = FourCharCode::of(*b"brat");
const APPLICABLE_ENCODE_BIT_RATES: FourCharCode = FourCharCode::of(*b"aebr");
const PRIME_INFO: FourCharCode = FourCharCode::of(*b"prim");
const COMPRESSION_MAGIC_COOKIE: FourCharCode = FourCharCode::of(*b"cmgc");
const MAXIMUM_OUTPUT_PACKET_SIZE: FourCharCode = FourCharCode::of(*b"xops");
// AudioCodec.h
const BIT_RATE_CONTROL_MODE: FourCharCode = FourCharCode::of(*b"acbf");
const LONG_TERM_AVERAGE: u32 = 1;
