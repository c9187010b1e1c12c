use std::sync::Arc;

use onair_media::{AudioConfig, Bitrate, Config, Packet, VideoConfig};

use super::super::info::{AudioInfo, VideoInfo};
use super::super::meter::Meter;

/// A stream's tracks and their figures.
#[derive(Debug, Default)]
pub(super) struct TrackMeters {
    video: Option<(Arc<VideoConfig>, Meter)>,
    audio: Option<(Arc<AudioConfig>, Meter)>,
}

impl TrackMeters {
    pub(super) fn add(&mut self, packet: &Packet) {
        let meter = match &packet.config {
            Config::Video(config) => meter(&mut self.video, config),
            Config::Audio(config) => meter(&mut self.audio, config),
        };
        meter.add(packet);
    }

    /// The configuration of the newest picture.
    pub(super) fn video(&self) -> Option<&Arc<VideoConfig>> {
        self.video.as_ref().map(|(config, _)| config)
    }

    pub(super) fn video_info(&self) -> Option<VideoInfo> {
        let (config, meter) = self.video.as_ref()?;
        Some(VideoInfo {
            codec: config.codec_string(),
            width: config.size.width,
            height: config.size.height,
            frame_rate: meter.rate(),
            bitrate_bps: meter.bitrate().map(Bitrate::as_bps),
            keyframe_interval_s: meter.keyframe_interval().map(|time| time.as_secs_f64()),
            keyframes_only: meter.is_keyframes_only(),
            missing_frames: meter.missing(),
        })
    }

    pub(super) fn audio_info(&self) -> Option<AudioInfo> {
        let (config, meter) = self.audio.as_ref()?;
        Some(AudioInfo {
            codec: config.codec_string(),
            sample_rate: config.sample_rate,
            channels: config.channels,
            bitrate_bps: meter.bitrate().map(Bitrate::as_bps),
        })
    }
}

fn meter<'a, C>(track: &'a mut Option<(Arc<C>, Meter)>, config: &Arc<C>) -> &'a mut Meter {
    let (kept, meter) = track.get_or_insert_with(|| (config.clone(), Meter::default()));
    if !Arc::ptr_eq(kept, config) {
        kept.clone_from(config);
    }
    meter
}
