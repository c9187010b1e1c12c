use std::time::Duration;

use bytes::Bytes;

use super::{SAMPLE_RATES, channels_of, rate_index};
use crate::Error;
use crate::bits::{BitReader, BitWriter};
use crate::descriptor::{AudioDescriptor, AudioFacts, FourCc};

const ASC: &str = "AudioSpecificConfig";

// Audio object types (ISO/IEC 14496-3 table 1.17).
const AAC_LC: u8 = 2;
const AAC_SCALABLE: u8 = 6;
const SBR: u8 = 5;
const PS: u8 = 29;
const ER_AAC_LC: u8 = 17;
const ER_AAC_SCALABLE: u8 = 20;
const ER_BSAC: u8 = 22;
const ER_AAC_LD: u8 = 23;
const ESCAPE: u8 = 31;

/// `syncExtensionType` of SBR, and of PS behind it (§1.6.2.1).
const SBR_SYNC: u32 = 0x2b7;
const PS_SYNC: u32 = 0x548;
/// `samplingFrequencyIndex` of a rate that is spelled out in 24 bits.
const EXPLICIT_RATE: u8 = 15;
/// The highest rate 24 bits can spell.
const FASTEST: u32 = 0xff_ffff;

/// What an AAC decoder is set up with (ISO/IEC 14496-3 §1.6.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioSpecificConfig {
    /// The audio object type of the core: 2 is AAC-LC. Never 5 or 29, which
    /// [`sbr`](Self::sbr) expresses.
    pub object_type: u8,
    /// The core's samples per second in each channel.
    pub sample_rate: u32,
    /// `channelConfiguration`: 0 means that a program config element lists the
    /// channels.
    pub channel_configuration: u8,
    /// The core's channels, whichever way they are told.
    pub channels: u8,
    /// True when a frame has 960 samples instead of 1024 (480 instead of 512
    /// for AAC-LD).
    pub short_frames: bool,
    /// HE-AAC, where it is signalled.
    pub sbr: Option<Sbr>,
}

/// Spectral band replication on top of the core: HE-AAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sbr {
    /// Samples per second once replicated.
    pub sample_rate: u32,
    /// True with parametric stereo: HE-AAC v2.
    pub parametric_stereo: bool,
    /// True when signalled by object type 5 or 29 in front; false when by an
    /// extension behind, which a decoder without SBR never meets.
    pub in_front: bool,
}

impl AudioSpecificConfig {
    /// AAC-LC at this rate with so many channels.
    pub fn aac_lc(sample_rate: u32, channels: u8) -> Result<Self, Error> {
        let channel_configuration = match channels {
            1..=6 => channels,
            8 => 7,
            _ => return Err(Error::unsupported("AAC with this number of channels")),
        };
        check_rate(sample_rate)?;
        Ok(Self {
            object_type: AAC_LC,
            sample_rate,
            channel_configuration,
            channels,
            short_frames: false,
            sbr: None,
        })
    }

    /// Reads a configuration. Object types without the shape of AAC (CELP, ALS,
    /// USAC, ...) are unsupported; whatever follows is ignored.
    pub fn parse(data: &[u8]) -> Result<Self, Error> {
        let mut bits = BitReader::new(data, ASC);
        let mut object_type = read_object_type(&mut bits)?;
        let sample_rate = read_rate(&mut bits)?;
        let channel_configuration = bits.small(4)?;
        let mut sbr = None;
        if matches!(object_type, SBR | PS) {
            let parametric_stereo = object_type == PS;
            let replicated = read_rate(&mut bits)?;
            object_type = read_object_type(&mut bits)?;
            sbr = Some(Sbr {
                sample_rate: replicated,
                parametric_stereo,
                in_front: true,
            });
        }
        if !has_aac_shape(object_type) {
            return Err(Error::unsupported(
                "an MPEG-4 audio object type that is not AAC",
            ));
        }
        check_rate(sample_rate)?;
        let (short_frames, listed) = read_general(&mut bits, object_type, channel_configuration)?;
        let channels = channels_of(channel_configuration)
            .or(listed)
            .ok_or_else(reserved_channels)?;
        sbr = sbr.or_else(|| read_extension(&mut bits));
        Ok(Self {
            object_type,
            sample_rate,
            channel_configuration,
            channels,
            short_frames,
            sbr,
        })
    }

    /// Writes the configuration. A program config element is not kept, so one
    /// that was read cannot be written again: keep the bytes it came in.
    pub fn write(&self) -> Result<Bytes, Error> {
        if channels_of(self.channel_configuration).is_none() || self.channel_configuration > 15 {
            return Err(Error::unsupported(
                "writing AAC channels as a program config element",
            ));
        }
        if !matches!(self.object_type, 1..=4) {
            return Err(Error::unsupported(
                "writing an AAC object type other than 1 to 4",
            ));
        }
        let mut bits = BitWriter::default();
        self.write_front(&mut bits)?;
        bits.put_flag(self.short_frames);
        bits.put(0, 2); // dependsOnCoreCoder, extensionFlag
        if let Some(sbr) = self.sbr.filter(|sbr| !sbr.in_front) {
            write_extension(sbr, &mut bits)?;
        }
        Ok(bits.into_bytes().into())
    }

    fn write_front(&self, bits: &mut BitWriter) -> Result<(), Error> {
        let front = self.sbr.filter(|sbr| sbr.in_front);
        let outer = front.map_or(self.object_type, |sbr| {
            if sbr.parametric_stereo { PS } else { SBR }
        });
        bits.put(u32::from(outer), 5);
        write_rate(self.sample_rate, bits)?;
        bits.put(u32::from(self.channel_configuration), 4);
        if let Some(sbr) = front {
            write_rate(sbr.sample_rate, bits)?;
            bits.put(u32::from(self.object_type), 5);
        }
        Ok(())
    }

    /// Samples per second in each channel that a decoder puts out.
    pub fn output_sample_rate(&self) -> u32 {
        self.sbr.map_or(self.sample_rate, |sbr| sbr.sample_rate)
    }

    /// Channels that a decoder puts out: parametric stereo makes two of one.
    pub fn output_channels(&self) -> u8 {
        let stereo = self.sbr.is_some_and(|sbr| sbr.parametric_stereo);
        if stereo && self.channels == 1 {
            2
        } else {
            self.channels
        }
    }

    /// Core samples in one frame, in each channel.
    pub const fn frame_samples(&self) -> u32 {
        match (self.object_type, self.short_frames) {
            (ER_AAC_LD, false) => 512,
            (ER_AAC_LD, true) => 480,
            (_, false) => 1024,
            (_, true) => 960,
        }
    }

    /// How long one frame lasts.
    pub fn frame_duration(&self) -> Duration {
        let nanos = u64::from(self.frame_samples()) * 1_000_000_000;
        Duration::from_nanos(nanos / u64::from(self.sample_rate.max(1)))
    }

    /// The codec as media types name it: `mp4a.40.2`, `mp4a.40.5` with SBR,
    /// `mp4a.40.29` with parametric stereo (RFC 6381 §3.3).
    pub fn codec_string(&self) -> String {
        let object_type = match self.sbr {
            Some(sbr) if sbr.parametric_stereo => PS,
            Some(_) => SBR,
            None => self.object_type,
        };
        format!("mp4a.40.{object_type}")
    }
}

/// AAC, as the table of codecs has it.
pub(crate) const DESCRIPTOR: AudioDescriptor = AudioDescriptor {
    name: "AAC",
    four_cc: FourCc(*b"mp4a"),
    facts: |asc| {
        let asc = AudioSpecificConfig::parse(asc)?;
        Ok(AudioFacts {
            sample_rate: asc.output_sample_rate(),
            channels: asc.output_channels(),
            frame_duration: asc.frame_duration(),
        })
    },
    codec_string: |asc| {
        let parsed = AudioSpecificConfig::parse(asc);
        parsed.map_or_else(|_| "mp4a.40".to_owned(), |asc| asc.codec_string())
    },
};

fn read_object_type(bits: &mut BitReader<'_>) -> Result<u8, Error> {
    match bits.small(5)? {
        ESCAPE => Ok(32 + bits.small(6)?),
        object_type => Ok(object_type),
    }
}

fn read_rate(bits: &mut BitReader<'_>) -> Result<u32, Error> {
    let index = bits.small(4)?;
    if index == EXPLICIT_RATE {
        return bits.bits(24);
    }
    let rate = SAMPLE_RATES.get(usize::from(index)).copied();
    rate.ok_or_else(|| {
        let what = "AudioSpecificConfig: reserved sampling frequency";
        Error::invalid(what, bits.position())
    })
}

fn write_rate(rate: u32, bits: &mut BitWriter) -> Result<(), Error> {
    check_rate(rate)?;
    if let Some(index) = rate_index(rate) {
        bits.put(u32::from(index), 4);
    } else {
        bits.put(u32::from(EXPLICIT_RATE), 4);
        bits.put(rate, 24);
    }
    Ok(())
}

const fn check_rate(rate: u32) -> Result<(), Error> {
    if rate == 0 || rate > FASTEST {
        return Err(Error::invalid(
            "AudioSpecificConfig: impossible sample rate",
            0,
        ));
    }
    Ok(())
}

const fn reserved_channels() -> Error {
    Error::unsupported("a reserved AAC channel configuration")
}

/// The object types that are followed by a `GASpecificConfig`.
const fn has_aac_shape(object_type: u8) -> bool {
    matches!(object_type, 1..=4 | 6 | 7 | 17 | 19..=23)
}

/// `GASpecificConfig` (ISO/IEC 14496-3 §4.4.1): whether frames are short, and the
/// channels a program config element lists.
fn read_general(
    bits: &mut BitReader<'_>,
    object_type: u8,
    channel_configuration: u8,
) -> Result<(bool, Option<u8>), Error> {
    let short_frames = bits.flag()?;
    if bits.flag()? {
        bits.skip(14)?; // coreCoderDelay
    }
    let extension = bits.flag()?;
    let listed = if channel_configuration == 0 {
        Some(read_program(bits)?)
    } else {
        None
    };
    if matches!(object_type, AAC_SCALABLE | ER_AAC_SCALABLE) {
        bits.skip(3)?; // layerNr
    }
    if extension {
        skip_general_extension(bits, object_type)?;
    }
    if object_type >= ER_AAC_LC {
        bits.skip(2)?; // epConfig
    }
    Ok((short_frames, listed))
}

fn skip_general_extension(bits: &mut BitReader<'_>, object_type: u8) -> Result<(), Error> {
    match object_type {
        ER_BSAC => bits.skip(16)?, // numOfSubFrame, layer_length
        17 | 19 | ER_AAC_SCALABLE | ER_AAC_LD => bits.skip(3)?, // resilience flags
        _ => {}
    }
    bits.skip(1) // extensionFlag3
}

/// `program_config_element` (ISO/IEC 14496-3 §4.4.1.1): how many channels it lists.
fn read_program(bits: &mut BitReader<'_>) -> Result<u8, Error> {
    bits.skip(10)?; // element_instance_tag, object_type, sampling_frequency_index
    let speakers = [bits.small(4)?, bits.small(4)?, bits.small(4)?]; // front, side, back
    let low_frequency = bits.small(2)?;
    let associated = usize::from(bits.small(3)?);
    let coupling = usize::from(bits.small(4)?);
    for mixdown in [4, 4, 3] {
        if bits.flag()? {
            bits.skip(mixdown)?;
        }
    }
    let mut channels = low_frequency;
    for _ in 0..speakers.iter().sum() {
        channels += 1 + u8::from(bits.flag()?); // a pair counts twice
        bits.skip(4)?;
    }
    bits.skip(4 * (usize::from(low_frequency) + associated) + 5 * coupling)?;
    bits.align();
    let comment = usize::from(bits.small(8)?);
    bits.skip(8 * comment)?;
    if channels == 0 {
        return Err(Error::invalid(
            "AudioSpecificConfig: no channels",
            bits.position(),
        ));
    }
    Ok(channels)
}

/// SBR signalled behind the core's configuration, if it is.
fn read_extension(bits: &mut BitReader<'_>) -> Option<Sbr> {
    if bits.bits(11).ok()? != SBR_SYNC
        || read_object_type(bits).ok()? != SBR
        || !bits.flag().ok()?
    {
        return None;
    }
    let sample_rate = read_rate(bits).ok().filter(|&rate| rate > 0)?;
    let parametric_stereo = bits.bits(11) == Ok(PS_SYNC) && bits.flag() == Ok(true);
    Some(Sbr {
        sample_rate,
        parametric_stereo,
        in_front: false,
    })
}

fn write_extension(sbr: Sbr, bits: &mut BitWriter) -> Result<(), Error> {
    bits.put(SBR_SYNC, 11);
    bits.put(u32::from(SBR), 5);
    bits.put_flag(true);
    write_rate(sbr.sample_rate, bits)?;
    if sbr.parametric_stereo {
        bits.put(PS_SYNC, 11);
        bits.put_flag(true);
    }
    Ok(())
}
