//! What a track entry says of its coding (RFC 9559 §5.1.4).

use std::num::NonZeroU64;
use std::sync::Arc;

use bytes::Bytes;
use matroska_demuxer::{ContentCompAlgo, ContentEncodingValue, TrackEntry};
use onair_media::aac::AudioSpecificConfig;
use onair_media::{AudioConfig, Config, FrameRate, Kind, Size, VideoConfig};

use crate::codec::matroska_name;
use crate::selection::Unusable;
use crate::{Error, Refused};

pub(super) fn video(entry: &TrackEntry) -> Result<Config, Unusable> {
    let parse = match entry.codec_id() {
        "V_MPEG4/ISO/AVC" => VideoConfig::h264,
        "V_MPEGH/ISO/HEVC" => VideoConfig::hevc,
        other => return Err(refused(entry, Kind::Video, &matroska_name(other))),
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

pub(super) fn audio(entry: &TrackEntry) -> Result<Config, Unusable> {
    if !entry.codec_id().starts_with("A_AAC") {
        return Err(refused(
            entry,
            Kind::Audio,
            &matroska_name(entry.codec_id()),
        ));
    }
    let record = match entry.codec_private() {
        Some(record) if !record.is_empty() => Bytes::copy_from_slice(record),
        _ => described(entry)?,
    };
    AudioConfig::aac(record)
        .map(|config| Config::Audio(Arc::new(config)))
        .map_err(|e| Error::media(&e, 0).into())
}

/// A track whose codec cannot be sent.
fn refused(entry: &TrackEntry, kind: Kind, codec: &str) -> Unusable {
    let mut refused = Refused::new(kind, codec);
    if let Some(video) = entry.video().filter(|_| kind == Kind::Video) {
        let side = |side: NonZeroU64| u32::try_from(side.get()).unwrap_or(u32::MAX);
        let size = Size::new(side(video.pixel_width()), side(video.pixel_height()));
        refused.size = Some(size);
    }
    if let Some(audio) = entry.audio().filter(|_| kind == Kind::Audio) {
        refused.channels = u32::try_from(audio.channels().get()).ok();
        refused.sample_rate = rate(audio.sampling_frequency());
    }
    Unusable::Refused(refused)
}

/// The AAC configuration of old files, which only name a rate and channels.
fn described(entry: &TrackEntry) -> Result<Bytes, Error> {
    let wrong = || Error::invalid("Matroska AAC track lacks its CodecPrivate", 0);
    let audio = entry.audio().ok_or_else(wrong)?;
    let channels = u8::try_from(audio.channels().get()).map_err(|_| wrong())?;
    let rate = rate(audio.sampling_frequency()).ok_or_else(wrong)?;
    AudioSpecificConfig::aac_lc(rate, channels)
        .and_then(|config| config.write())
        .map_err(|_| wrong())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to lie in 1..=192000"
)]
fn rate(frequency: f64) -> Option<u32> {
    let rate = frequency.round();
    (1.0..=192_000.0).contains(&rate).then_some(rate as u32)
}

/// The bytes that header stripping (RFC 9559 §5.1.4.1.31.6) took off each frame.
pub(super) fn stripped(entry: &TrackEntry, kind: Kind) -> Result<Bytes, Unusable> {
    let encodings = entry.content_encodings().unwrap_or_default();
    let mut prefix = Bytes::new();
    for encoding in encodings {
        match encoding.encoding() {
            ContentEncodingValue::Compression(c) if c.algo() == ContentCompAlgo::Stripping => {
                prefix = Bytes::copy_from_slice(c.settings().unwrap_or_default());
            }
            ContentEncodingValue::Encryption(_) => return Err(refused(entry, kind, "encrypted")),
            _ => {
                let what = "compressed inside Matroska (zlib or the like)";
                return Err(refused(entry, kind, what));
            }
        }
    }
    Ok(prefix)
}
