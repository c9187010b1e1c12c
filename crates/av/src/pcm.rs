//! Linear PCM, as devices hand it over, made into samples.

use std::sync::Arc;

use crate::Error;

/// How one sample is stored: little endian, as every device here is, but for what says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Two bytes, signed.
    I16,
    /// Two bytes, signed, big endian: ReplayKit gives an app's audio so.
    I16Be,
    /// Three bytes, signed.
    I24,
    /// Four bytes, signed.
    I32,
    /// Four bytes, IEEE 754; full scale is -1 to 1.
    F32,
}

impl Encoding {
    /// How many bytes a sample has.
    pub const fn size(self) -> usize {
        match self {
            Self::I16 | Self::I16Be => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
        }
    }

    /// A sample of [`size`](Self::size) bytes.
    fn decode(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::I16, &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
            (Self::I16Be, &[a, b]) => f32::from(i16::from_be_bytes([a, b])) / 32_768.0,
            (Self::I24, &[a, b, c]) => fixed([0, a, b, c]),
            (Self::I32, &[a, b, c, d]) => fixed([a, b, c, d]),
            (Self::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            _ => 0.0,
        }
    }
}

/// Some channels of a stretch of audio, interleaved in one run of bytes: all of them, or
/// one where a device keeps its channels apart.
#[derive(Clone, Copy, Debug)]
pub struct Buffer<'a> {
    /// How many channels are interleaved.
    pub channels: u8,
    /// Whole frames of them.
    pub bytes: &'a [u8],
}

/// The samples of all `buffers`, interleaved, and how many channels that makes.
/// 24 bits of a sample are kept, which is what an [`f32`] holds.
///
/// # Errors
///
/// [`Error::Malformed`] when there are no channels or more than 255, or when
/// buffers end mid-frame or differ in length.
pub fn samples(encoding: Encoding, buffers: &[Buffer<'_>]) -> Result<(u8, Arc<[f32]>), Error> {
    let frames = frames(encoding, buffers)?;
    let channels: usize = buffers.iter().map(|b| usize::from(b.channels)).sum();
    let count = u8::try_from(channels).map_err(|_| malformed("more than 255 channels"))?;
    let taps: Vec<Tap<'_>> = buffers.iter().flat_map(|b| taps(encoding, *b)).collect();
    let size = encoding.size();
    let sample = |index: usize| {
        let tap = &taps[index % channels];
        let at = tap.first + index / channels * tap.stride;
        encoding.decode(&tap.bytes[at..at + size])
    };
    Ok((count, (0..frames * channels).map(sample).collect()))
}

/// One channel within its buffer.
struct Tap<'a> {
    bytes: &'a [u8],
    first: usize,
    stride: usize,
}

fn taps(encoding: Encoding, buffer: Buffer<'_>) -> impl Iterator<Item = Tap<'_>> {
    let channels = usize::from(buffer.channels);
    (0..channels).map(move |channel| Tap {
        bytes: buffer.bytes,
        first: channel * encoding.size(),
        stride: channels * encoding.size(),
    })
}

/// How many frames every one of `buffers` has.
fn frames(encoding: Encoding, buffers: &[Buffer<'_>]) -> Result<usize, Error> {
    let mut all = None;
    for buffer in buffers {
        let frame = usize::from(buffer.channels) * encoding.size();
        if frame == 0 {
            return Err(malformed("a buffer without channels"));
        }
        if !buffer.bytes.len().is_multiple_of(frame) {
            return Err(malformed("a buffer that ends mid-frame"));
        }
        let frames = buffer.bytes.len() / frame;
        if *all.get_or_insert(frames) != frames {
            return Err(malformed("channels of different lengths"));
        }
    }
    all.ok_or_else(|| malformed("no channels"))
}

/// A fraction of full scale in 32 bits.
#[expect(clippy::cast_precision_loss, reason = "24 bits are what is kept")]
const fn fixed(bytes: [u8; 4]) -> f32 {
    i32::from_le_bytes(bytes) as f32 / 2_147_483_648.0
}

fn malformed(what: &str) -> Error {
    Error::Malformed {
        format: "PCM",
        what: what.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    fn one(encoding: Encoding, channels: u8, bytes: &[u8]) -> Result<(u8, Vec<f32>), Error> {
        let (channels, samples) = samples(encoding, &[Buffer { channels, bytes }])?;
        Ok((channels, samples.to_vec()))
    }

    #[test]
    fn every_encoding_reaches_full_scale_and_is_exact() {
        let lowest = vec![-1.0, 0.5];
        let i16 = one(Encoding::I16, 1, &[0x00, 0x80, 0x00, 0x40]);
        assert_eq!(i16, Ok((1, lowest.clone())));
        let big = one(Encoding::I16Be, 1, &[0x80, 0x00, 0x40, 0x00]);
        assert_eq!(big, Ok((1, lowest.clone())));
        let i24 = one(Encoding::I24, 1, &[0, 0, 0x80, 0, 0, 0x40]);
        assert_eq!(i24, Ok((1, lowest.clone())));
        let i32 = one(Encoding::I32, 1, &[0, 0, 0, 0x80, 0, 0, 0, 0x40]);
        assert_eq!(i32, Ok((1, lowest)));
        let bytes = [0.1_f32, -7.0].map(f32::to_le_bytes).concat();
        assert_eq!(one(Encoding::F32, 1, &bytes), Ok((1, vec![0.1, -7.0])));
    }

    #[test]
    fn every_16_bit_sample_comes_back_from_its_float() {
        let all: Vec<u8> = (i16::MIN..=i16::MAX).flat_map(i16::to_le_bytes).collect();
        let (_, floats) = one(Encoding::I16, 2, &all).unwrap();
        let back = floats.iter().map(|float| float * 32_768.0);
        assert!(back.eq((i16::MIN..=i16::MAX).map(f32::from)));
    }

    #[test]
    fn channels_kept_apart_are_interleaved() {
        let left = [1_i16, 2, 3].map(i16::to_le_bytes).concat();
        let right = [-1_i16, -2, -3].map(i16::to_le_bytes).concat();
        let planes = [&left, &right].map(|bytes| Buffer { channels: 1, bytes });
        let (channels, got) = samples(Encoding::I16, &planes).unwrap();
        let together = [1_i16, -1, 2, -2, 3, -3].map(i16::to_le_bytes).concat();
        assert_eq!(
            one(Encoding::I16, 2, &together),
            Ok((channels, got.to_vec()))
        );
    }

    #[test]
    fn a_pair_and_a_single_make_three() {
        let pair = [1_i16, 2, 4, 5].map(i16::to_le_bytes).concat();
        let single = [3_i16, 6].map(i16::to_le_bytes).concat();
        let buffers =
            [(2, &pair), (1, &single)].map(|(channels, bytes)| Buffer { channels, bytes });
        let (channels, got) = samples(Encoding::I16, &buffers).unwrap();
        let counted: Vec<f32> = got.iter().map(|sample| sample * 32_768.0).collect();
        assert_eq!((channels, counted), (3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    }

    #[test]
    fn any_bytes_are_samples_or_refused() {
        let mut data: Vec<u8> = (0..=255).cycle().take(900).collect();
        for turn in 0..900 {
            data.rotate_left(7);
            fuzz::pcm(&data[..turn]);
        }
    }

    #[test]
    fn what_is_not_whole_frames_of_channels_is_refused() {
        let mono = |bytes| Buffer { channels: 1, bytes };
        let wide = Buffer {
            channels: 200,
            bytes: &[],
        };
        let uneven = [mono(&[0; 4]), mono(&[0; 6])];
        for buffers in [&[][..], &uneven, &[mono(&[0; 3])], &[wide, wide]] {
            let refused = samples(Encoding::I16, buffers);
            assert!(
                matches!(refused, Err(Error::Malformed { .. })),
                "{buffers:?}"
            );
        }
        assert!(one(Encoding::F32, 0, &[]).is_err());
        assert_eq!(one(Encoding::F32, 2, &[]), Ok((2, Vec::new())));
    }
}
