//! The messages to a viewer beside the media: the text messages of [`super`].

use serde::Serialize;

use crate::web::fragmenter::{Description, Fragmenter};
use crate::{PublisherKind, Viewer};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum News<'a> {
    Offline,
    Stream {
        mime: String,
        codecs: &'a [String],
        width: Option<u32>,
        height: Option<u32>,
        publisher: PublisherKind,
        software: String,
    },
    Stats {
        viewers: usize,
        dropped: u64,
        bitrate_bps: u64,
        frame_rate: Option<f64>,
        behind_ms: u128,
        interrupted: bool,
        keyframes_only: bool,
        missing_frames: u64,
        left_out: Vec<String>,
        live_s: Option<f64>,
    },
    Ended,
}

impl<'a> News<'a> {
    pub(super) fn stream(description: &'a Description, viewer: &Viewer) -> Self {
        let info = viewer.info();
        let kind = if description.size.is_some() {
            "video"
        } else {
            "audio"
        };
        let encoder = Some(info.encoder).filter(|encoder| !encoder.is_empty());
        Self::Stream {
            mime: format!("{kind}/mp4; codecs=\"{}\"", description.codecs.join(",")),
            codecs: &description.codecs,
            width: description.size.map(|size| size.width),
            height: description.size.map(|size| size.height),
            publisher: info.publisher.kind,
            software: encoder.unwrap_or(info.publisher.software),
        }
    }

    pub(super) fn stats(viewer: &Viewer, fragmenter: &Fragmenter) -> Self {
        let live = viewer.live().and_then(|pts| fragmenter.time_of(pts));
        let info = viewer.info();
        let video_info = info.video.as_ref();
        let video = video_info.and_then(|video| video.bitrate_bps);
        let audio = info.audio.as_ref().and_then(|audio| audio.bitrate_bps);
        Self::Stats {
            viewers: info.viewers,
            dropped: viewer.dropped(),
            bitrate_bps: video.unwrap_or(0) + audio.unwrap_or(0),
            frame_rate: video_info.and_then(|video| video.frame_rate),
            behind_ms: viewer.behind().as_millis(),
            interrupted: info.interrupted,
            keyframes_only: video_info.is_some_and(|video| video.keyframes_only),
            missing_frames: video_info.map_or(0, |video| video.missing_frames),
            left_out: info.left_out,
            live_s: live.map(|time| time.as_secs_f64()),
        }
    }
}
