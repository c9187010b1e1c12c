//! What a track entry says of its coding (RFC 9559 §5.1.4).

use std::sync::Arc;

use bytes::Bytes;
use matroska_demuxer::{ContentCompAlgo, ContentEncodingValue, TrackEntry};
use onair_media::aac::AudioSpecificConfig;
use onair_media::{Config, FrameRate, Kind, VideoConfig, aac};

use crate::Error;
use crate::codec::{matroska_name, unsupported};

pub(super) fn video(entry: &TrackEntry) -> Result<Config, Error> {
    let parse = match entry.codec_id() {
        "V_MPEG4/ISO/AVC" => VideoConfig::h264,
        "V_MPEGH/ISO/HEVC" => VideoConfig::hevc,
        other => return Err(unsupported(Kind::Video, &matroska_name(other))),
    };
    let record = entry
        .codec_private()
        .ok_or_else(|| Error::invalid("Matroska video track lacks its CodecPrivate", 0))?;
    let mut config = parse(Bytes::copy_from_slice(record)).map_err(|e| Error::media(&e, 0))?;
    if config.frame_rate.is_none() {
        config.frame_rate = entry
            .default_duration()
            .and_then(|nanos| FrameRate::new(1_000_000_000, u32::try_from(nanos.get()).ok()?));
    }
    Ok(Config::Video(Arc::new(config)))
}

pub(super) fn audio(entry: &TrackEntry) -> Result<Config, Error> {
    if !entry.codec_id().starts_with("A_AAC") {
        return Err(unsupported(Kind::Audio, &matroska_name(entry.codec_id())));
    }
    let record = match entry.codec_private() {
        Some(record) if !record.is_empty() => Bytes::copy_from_slice(record),
        _ => described(entry)?,
    };
    aac::audio_config(record)
        .map(|config| Config::Audio(Arc::new(config)))
        .map_err(|e| Error::media(&e, 0))
}

/// The configuration of old files, which only name a rate and channels.
fn described(entry: &TrackEntry) -> Result<Bytes, Error> {
    let wrong = || Error::invalid("Matroska AAC track lacks its CodecPrivate", 0);
    let audio = entry.audio().ok_or_else(wrong)?;
    let channels = u8::try_from(audio.channels().get()).map_err(|_| wrong())?;
    let rate = audio.sampling_frequency().round();
    if !(1.0..=192_000.0).contains(&rate) {
        return Err(wrong());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie in 1..=192000"
    )]
    let rate = rate as u32;
    AudioSpecificConfig::aac_lc(rate, channels)
        .and_then(|config| config.write())
        .map_err(|_| wrong())
}

/// The bytes that header stripping (RFC 9559 §5.1.4.1.31.6) took off each frame.
pub(super) fn stripped(entry: &TrackEntry, kind: Kind) -> Result<Bytes, Error> {
    let encodings = entry.content_encodings().unwrap_or_default();
    let mut prefix = Bytes::new();
    for encoding in encodings {
        match encoding.encoding() {
            ContentEncodingValue::Compression(c) if c.algo() == ContentCompAlgo::Stripping => {
                prefix = Bytes::copy_from_slice(c.settings().unwrap_or_default());
            }
            ContentEncodingValue::Encryption(_) => return Err(unsupported(kind, "encrypted")),
            _ => {
                return Err(unsupported(
                    kind,
                    "compressed inside Matroska (zlib or the like)",
                ));
            }
        }
    }
    Ok(prefix)
}
