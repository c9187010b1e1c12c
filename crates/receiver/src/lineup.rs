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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{picture, sound, stream};

    #[test]
    fn both_tracks_are_waited_for_and_nothing_after_the_first_keyframe_is_lost() {
        let mut lineup = Lineup::default();
        assert!(lineup.push(picture(0, false, 9)).is_none());
        assert!(lineup.push(picture(40, true, 9)).is_none());
        assert!(lineup.push(picture(80, false, 9)).is_none());
        let tracks = lineup.push(sound(30)).unwrap();
        assert!(tracks.video.is_some() && tracks.audio.is_some());
        assert_eq!(tracks.packets.len(), 3);
        assert_eq!(tracks.origin(), Timestamp::from_millis(30));
    }

    #[test]
    fn a_track_that_does_not_come_is_not_waited_for_long() {
        let mut lineup = Lineup::default();
        let pictures = stream(100, 10).into_iter().step_by(2);
        let tracks = pictures.into_iter().find_map(|packet| lineup.push(packet));
        let tracks = tracks.unwrap();
        assert!(tracks.audio.is_none());
        assert_eq!(tracks.packets.len(), 26);
    }

    #[test]
    fn a_track_the_metadata_denies_is_not_waited_for_at_all() {
        let mut lineup = Lineup::default();
        lineup.describe(&Metadata {
            audio_codec: Some(10),
            ..Metadata::default()
        });
        assert!(lineup.push(sound(0)).is_some());
    }

    #[test]
    fn an_end_gives_what_there_is() {
        let mut lineup = Lineup::default();
        assert!(lineup.finish().is_none());
        assert!(lineup.push(sound(0)).is_none());
        assert_eq!(lineup.finish().unwrap().packets.len(), 1);
    }
}
