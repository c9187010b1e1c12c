use std::sync::Arc;

use bytes::Bytes;
use onair_media::{Config, Error as MediaError, Kind, VideoConfig, aac};
use shiguredo_mp4::boxes::EsdsBox;

use super::boxes::{BoxRef, decode};
use crate::Error;
use crate::codec::{object_type_name, sample_entry_name, unsupported};

/// The decoder set-ups of a track, one per sample description (ISO/IEC 14496-12 §8.5.2).
pub(super) fn configs(stsd: BoxRef<'_>, kind: Kind) -> Result<Vec<Config>, Error> {
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
        return Err(Error::invalid(
            "mp4 track has no sample description",
            stsd.at,
        ));
    }
    Ok(configs)
}

/// AVCSampleEntry and HEVCSampleEntry (ISO/IEC 14496-15 §5.4.2.1, §8.4.1.1).
fn video(entry: BoxRef<'_>) -> Result<Config, Error> {
    type Parse = fn(Bytes) -> Result<VideoConfig, MediaError>;
    let (record, lacking, parse): (_, _, Parse) = match &entry.kind {
        b"avc1" | b"avc3" => (b"avcC", "mp4 avc1 entry lacks its avcC", VideoConfig::h264),
        b"hvc1" | b"hev1" => (b"hvcC", "mp4 hvc1 entry lacks its hvcC", VideoConfig::hevc),
        other => return Err(unsupported(Kind::Video, &sample_entry_name(*other))),
    };
    let found = entry
        .children_after(VISUAL_FIELDS)
        .find(|child| child.kind == *record)
        .ok_or_else(|| Error::invalid(lacking, entry.at))?;
    parse(Bytes::copy_from_slice(found.body))
        .map(|config| Config::Video(Arc::new(config)))
        .map_err(|e| Error::media(&e, found.at))
}

/// MP4AudioSampleEntry (ISO/IEC 14496-14 §5.6) and QuickTime's sound
/// descriptions, which may carry more fields and wrap the esds in a `wave`.
fn audio(entry: BoxRef<'_>) -> Result<Config, Error> {
    if entry.kind != *b"mp4a" {
        return Err(unsupported(Kind::Audio, &sample_entry_name(entry.kind)));
    }
    let esds =
        find_esds(entry).ok_or_else(|| Error::invalid("mp4a entry lacks its esds", entry.at))?;
    let decoded: EsdsBox =
        decode(esds).ok_or_else(|| Error::invalid("mp4 esds is not understood", esds.at))?;
    let decoder = decoded.es.dec_config_descr;
    if !matches!(decoder.object_type_indication, 0x40 | 0x66..=0x68) {
        let name = object_type_name(decoder.object_type_indication);
        return Err(unsupported(Kind::Audio, &name));
    }
    let specific = decoder
        .dec_specific_info
        .ok_or_else(|| Error::invalid("mp4 esds lacks its AudioSpecificConfig", esds.at))?;
    aac::audio_config(specific.payload.into())
        .map(|config| Config::Audio(Arc::new(config)))
        .map_err(|e| Error::media(&e, esds.at))
}

fn find_esds(entry: BoxRef<'_>) -> Option<BoxRef<'_>> {
    let version = entry.body.get(8..10)?;
    let fields = match version {
        [0, 1] => SOUND_FIELDS + 16,
        [0, 2] => SOUND_FIELDS + 36,
        _ => SOUND_FIELDS,
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
const SOUND_FIELDS: usize = 28;

/// Sample descriptions looked at; more than a handful is not a real file.
const MAX_DESCRIPTIONS: usize = 256;
