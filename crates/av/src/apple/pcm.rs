use onair_media::Timestamp;

use super::audio_buffers::AudioBuffers;
use super::sys::audio_toolbox::AudioStreamBasicDescription;
use super::{FourCharCode, SampleBuffer, Status};
use crate::pcm::{self, Encoding};
use crate::{AudioSamples, Error};

/// The audio in a sample buffer, its channels interleaved, stamped `timestamp`.
///
/// Taken are 16 (of either end first), 24 and 32 bit integers and 32 bit floats, interleaved or not, at any
/// rate: what microphones and ReplayKit give.
///
/// # Errors
///
/// [`Error::Unsupported`] for a buffer of something else, which says what it is, and
/// [`Error::Malformed`] for one that contradicts its own description.
pub fn audio_samples(buffer: &SampleBuffer, timestamp: Timestamp) -> Result<AudioSamples, Error> {
    let description = buffer.format_description();
    let format = description.and_then(|description| description.stream_format());
    let format =
        format.ok_or_else(|| Error::unsupported("a sample buffer that is not of sound"))?;
    let encoding = encoding(&format)?;
    let sample_rate = sample_rate(&format)?;
    let buffers = AudioBuffers::of(buffer).map_err(refused)?;
    let (channels, samples) = pcm::samples(encoding, &buffers.buffers())?;
    Ok(AudioSamples {
        samples,
        channels,
        sample_rate,
        timestamp,
    })
}

/// How each sample is stored.
fn encoding(format: &AudioStreamBasicDescription) -> Result<Encoding, Error> {
    let (flags, bits) = (format.format_flags, format.bits_per_channel);
    let has = |flag| flags & flag != 0;
    let interleaved = if has(IS_NON_INTERLEAVED) {
        1
    } else {
        format.channels_per_frame
    };
    let bytes = format.bytes_per_frame.checked_div(interleaved).unwrap_or(0);
    let is_linear = format.format_id == LINEAR_PCM.0 && !has(FRACTION);
    let is_plain = is_linear && !has(IS_BIG_ENDIAN);
    let is_integer = has(IS_SIGNED_INTEGER) && !has(IS_FLOAT);
    match (bits, bytes) {
        (32, 4) if is_plain && has(IS_FLOAT) => Ok(Encoding::F32),
        (16, 2) if is_plain && is_integer => Ok(Encoding::I16),
        (16, 2) if is_linear && is_integer => Ok(Encoding::I16Be),
        (24, 3) if is_plain && is_integer => Ok(Encoding::I24),
        (32, 4) if is_plain && is_integer => Ok(Encoding::I32),
        (24, 4) if is_plain && is_integer && has(IS_ALIGNED_HIGH) => Ok(Encoding::I32),
        _ => Err(Error::unsupported(format!(
            "sound as {:?} with flags {flags:#x}, {bits} bits in {bytes} bytes: linear PCM of 16, \
             24 or 32 bit integers or 32 bit floats would work",
            FourCharCode(format.format_id),
        ))),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within the range of a u32"
)]
fn sample_rate(format: &AudioStreamBasicDescription) -> Result<u32, Error> {
    let rate = format.sample_rate.round();
    if (1.0..=f64::from(u32::MAX)).contains(&rate) {
        return Ok(rate as u32);
    }
    Err(Error::Malformed {
        format: "PCM",
        what: format!("{} samples per second", format.sample_rate),
    })
}

fn refused(status: Status) -> Error {
    Error::Malformed {
        format: "PCM",
        what: format!("a sample buffer without its sound: {status}"),
    }
}

// CoreAudioBaseTypes.h
const LINEAR_PCM: FourCharCode = FourCharCode::of(*b"lpcm");
const IS_FLOAT: u32 = 1 << 0;
const IS_BIG_ENDIAN: u32 = 1 << 1;
const IS_SIGNED_INTEGER: u32 = 1 << 2;
const IS_ALIGNED_HIGH: u32 = 1 << 4;
const IS_NON_INTERLEAVED: u32 = 1 << 5;
/// `kLinearPCMFormatFlagsSampleFractionMask`: fixed point.
const FRACTION: u32 = 0x3f << 7;
