use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, Error as MediaError, Kind, Size, VideoConfig};
use shiguredo_mp4::boxes::EsdsBox;

use super::boxes::{BoxRef, decode};
use crate::Error;
use crate::Refused;
use crate::codec::{object_type_name, sample_entry_name};
use crate::selection::Unusable;

/// The decoder set-ups of a track, one per sample description (ISO/IEC 14496-12 §8.5.2).
pub(super) fn configs(stsd: BoxRef<'_>, kind: Kind) -> Result<Vec<Config>, Unusable> {
    let entries = stsd.children_after(STSD_HEADER);
    let configs: Result<Vec<_>, _> = entries
        .take(MAX_DESCRIPTIONS)
        .map(|entry| match kind {
            Kind::Video => video(entry),
            Kind::Audio => audio(entry),
        })
        .collect();
    let configs = configs?;
    if configs.is_empty() {
        let what = "mp4 track has no sample description";
        return Err(Error::invalid(what, stsd.at).into());
    }
    Ok(configs)
}

/// AVCSampleEntry and HEVCSampleEntry (ISO/IEC 14496-15 §5.4.2.1, §8.4.1.1).
fn video(entry: BoxRef<'_>) -> Result<Config, Unusable> {
    type Parse = fn(Bytes) -> Result<VideoConfig, MediaError>;
    let (record, lacking, parse): (_, _, Parse) = match &entry.kind {
        b"avc1" | b"avc3" => (b"avcC", "mp4 avc1 entry lacks its avcC", VideoConfig::h264),
        b"hvc1" | b"hev1" => (b"hvcC", "mp4 hvc1 entry lacks its hvcC", VideoConfig::hevc),
        other => {
            let refused = Refused::new(Kind::Video, sample_entry_name(*other));
            return Err(Unusable::Refused(sized(refused, entry)));
        }
    };
    let found = entry
        .children_after(VISUAL_FIELDS)
        .find(|child| child.kind == *record)
        .ok_or_else(|| Error::invalid(lacking, entry.at))?;
    parse(Bytes::copy_from_slice(found.body))
        .map(|config| Config::Video(Arc::new(config)))
        .map_err(|e| Error::media(&e, found.at).into())
}

/// Adds a VisualSampleEntry's size (ISO/IEC 14496-12 §12.1.3).
fn sized(mut refused: Refused, entry: BoxRef<'_>) -> Refused {
    let side = |at: usize| {
        entry
            .body
            .get(at..at + 2)
            .map(|b| u32::from(b[0]) << 8 | u32::from(b[1]))
    };
    let size = side(24).zip(side(26));
    refused.size = size.map(|(width, height)| Size::new(width, height));
    refused
}

/// MP4AudioSampleEntry (ISO/IEC 14496-14 §5.6) and QuickTime's sound
/// descriptions, which may carry more fields and wrap the esds in a `wave`.
fn audio(entry: BoxRef<'_>) -> Result<Config, Unusable> {
    if entry.kind != *b"mp4a" {
        let refused = Refused::new(Kind::Audio, sample_entry_name(entry.kind));
        return Err(Unusable::Refused(sampled(refused, entry)));
    }
    let esds =
        find_esds(entry).ok_or_else(|| Error::invalid("mp4a entry lacks its esds", entry.at))?;
    let decoded: EsdsBox =
        decode(esds).ok_or_else(|| Error::invalid("mp4 esds is not understood", esds.at))?;
    let decoder = decoded.es.dec_config_descr;
    if !matches!(decoder.object_type_indication, 0x40 | 0x66..=0x68) {
        let name = object_type_name(decoder.object_type_indication);
        let refused = Refused::new(Kind::Audio, name);
        return Err(Unusable::Refused(sampled(refused, entry)));
    }
    let specific = decoder
        .dec_specific_info
        .ok_or_else(|| Error::invalid("mp4 esds lacks its AudioSpecificConfig", esds.at))?;
    AudioConfig::aac(specific.payload.into())
        .map(|config| Config::Audio(Arc::new(config)))
        .map_err(|e| Error::media(&e, esds.at).into())
}

/// Adds an AudioSampleEntry's rate and channels; an `mp4a` always says two channels
/// (ISO/IEC 14496-12 §12.2.3, 14496-14 §5.6).
fn sampled(mut refused: Refused, entry: BoxRef<'_>) -> Refused {
    let half = |at: usize| {
        entry
            .body
            .get(at..at + 2)
            .map(|b| u32::from(b[0]) << 8 | u32::from(b[1]))
    };
    refused.sample_rate = half(24).filter(|rate| *rate > 0);
    if entry.kind != *b"mp4a" {
        refused.channels = half(16).filter(|channels| *channels > 0);
    }
    refused
}

fn find_esds(entry: BoxRef<'_>) -> Option<BoxRef<'_>> {
    let version = entry.body.get(8..10)?;
    let fields = match version {
        [0, 1] => AUDIO_FIELDS + 16,
        [0, 2] => AUDIO_FIELDS + 36,
        _ => AUDIO_FIELDS,
    };
    entry
        .children_after(fields)
        .find_map(|child| match &child.kind {
            b"esds" => Some(child),
            b"wave" => child.child(b"esds"),
            _ => None,
        })
}

/// Version, flags and entry count before the entries.
const STSD_HEADER: usize = 8;

/// SampleEntry and VisualSampleEntry fields before the child boxes.
const VISUAL_FIELDS: usize = 78;

/// SampleEntry and AudioSampleEntry fields before the child boxes.
const AUDIO_FIELDS: usize = 28;

/// Sample descriptions looked at; more than a handful is not a real file.
const MAX_DESCRIPTIONS: usize = 256;
