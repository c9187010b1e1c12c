use std::sync::Arc;
use std::time::Duration;

use onair_flv::Metadata;
use onair_media::{AudioConfig, Config, Packet, Timestamp, VideoConfig};

/// Waits until it is known which tracks a stream has.
///
/// That is when both have come, or when there was time enough for the other, or when the stream's
/// metadata says that there is no other. Pictures before the first keyframe are left out.
#[derive(Debug, Default)]
pub(crate) struct Lineup {
    held: Vec<Packet>,
    bytes: usize,
    video: Option<Arc<VideoConfig>>,
    audio: Option<Arc<AudioConfig>>,
    only_one: bool,
}

/// The tracks of a stream, and what came while that was not known.
#[derive(Debug)]
pub(crate) struct Tracks {
    pub(crate) video: Option<Arc<VideoConfig>>,
    pub(crate) audio: Option<Arc<AudioConfig>>,
    pub(crate) packets: Vec<Packet>,
}

/// How long to wait for the second track, in media time.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much to hold meanwhile.
const MOST: usize = 8 * 1024 * 1024;

impl Lineup {
    /// Takes what the stream says about itself.
    pub(crate) const fn describe(&mut self, metadata: &Metadata) {
        self.only_one = metadata.video_codec.is_some() != metadata.audio_codec.is_some();
    }

    /// Takes a packet; gives all so far when the tracks are known.
    pub(crate) fn push(&mut self, packet: Packet) -> Option<Tracks> {
        match &packet.config {
            Config::Video(_) if self.video.is_none() && !packet.keyframe => return None,
            Config::Video(config) if self.video.is_none() => self.video = Some(config.clone()),
            Config::Audio(config) if self.audio.is_none() => self.audio = Some(config.clone()),
            _ => {}
        }
        self.bytes += packet.payload.len();
        self.held.push(packet);
        self.is_known().then(|| self.give())
    }

    /// What there is at the stream's end; `None` when there is nothing.
    pub(crate) fn finish(&mut self) -> Option<Tracks> {
        (!self.held.is_empty()).then(|| self.give())
    }

    fn is_known(&self) -> bool {
        let first = self
            .held
            .first()
            .map_or(Timestamp::ZERO, |packet| packet.dts);
        let last = self
            .held
            .last()
            .map_or(Timestamp::ZERO, |packet| packet.dts);
        (self.video.is_some() && self.audio.is_some())
            || self.only_one
            || last.since(first) >= PATIENCE
            || self.bytes >= MOST
    }

    fn give(&mut self) -> Tracks {
        let Self {
            held, video, audio, ..
        } = std::mem::take(self);
        Tracks {
            video,
            audio,
            packets: held,
        }
    }
}

impl Tracks {
    /// The earliest decoding time.
    pub(crate) fn origin(&self) -> Timestamp {
        let times = self.packets.iter().map(|packet| packet.dts);
        times.min().unwrap_or_default()
    }
}
