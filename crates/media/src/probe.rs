use std::sync::Arc;
use std::time::Duration;

use crate::{AudioConfig, Config, Kind, Packet, Timestamp, Tracks, VideoConfig};

/// Waits until the tracks of a stream are known.
///
/// That is when each track that may come has come, or when they had time enough. Pictures before
/// the first keyframe are left out.
#[derive(Debug)]
pub struct TrackProbe {
    timeout: Duration,
    max_bytes: usize,
    held: Vec<Packet>,
    bytes: usize,
    video: Option<Arc<VideoConfig>>,
    audio: Option<Arc<AudioConfig>>,
    /// What was announced of the video track, and of the audio track.
    said: [Said; 2],
}

/// What was announced of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    /// Nothing: it may come.
    Nothing,
    /// It will come.
    Promised,
    /// There is none.
    Denied,
}

/// How many times longer a promised track is waited for.
const PROMISED: u32 = 5;

/// The tracks of a stream, and what came before they were known.
#[derive(Debug)]
pub struct Probed {
    /// At most one of each kind.
    pub tracks: Tracks,
    /// In the order in which they came.
    pub packets: Vec<Packet>,
}

impl TrackProbe {
    /// Waits up to `timeout` for the second track, in media time, and holds up to `max_bytes`
    /// meanwhile, by [`Packet::weight`].
    pub const fn new(timeout: Duration, max_bytes: usize) -> Self {
        Self {
            timeout,
            max_bytes,
            held: Vec::new(),
            bytes: 0,
            video: None,
            audio: None,
            said: [Said::Nothing; 2],
        }
    }

    /// Notes that the stream announces such a track, which is then waited for longer. A track that
    /// is not announced may come all the same.
    pub const fn promise(&mut self, kind: Kind) {
        self.said[kind as usize] = Said::Promised;
    }

    /// Takes what is known for certain: whether the stream has video, and audio.
    pub const fn expect(&mut self, video: bool, audio: bool) {
        if video && !audio {
            self.said[Kind::Audio as usize] = Said::Denied;
        }
        if audio && !video {
            self.said[Kind::Video as usize] = Said::Denied;
        }
    }

    /// Takes a packet; gives all packets so far once the tracks are known.
    pub fn push(&mut self, packet: Packet) -> Option<Probed> {
        match &packet.config {
            Config::Video(_) if self.video.is_none() && !packet.keyframe => return None,
            Config::Video(config) => {
                self.video.get_or_insert_with(|| config.clone());
            }
            Config::Audio(config) => {
                self.audio.get_or_insert_with(|| config.clone());
            }
        }
        self.bytes += packet.weight();
        self.held.push(packet);
        self.is_known().then(|| self.give())
    }

    /// All there is at the stream's end; `None` if that is nothing.
    pub fn finish(&mut self) -> Option<Probed> {
        (!self.held.is_empty()).then(|| self.give())
    }

    /// How many bytes are held, by [`Packet::weight`].
    pub const fn held_bytes(&self) -> usize {
        self.bytes
    }

    fn is_known(&self) -> bool {
        let ends = self.held.first().zip(self.held.last());
        let span = ends.map_or(Duration::ZERO, |(first, last)| last.dts.since(first.dts));
        let is_over = |timeout: Duration| span >= timeout;
        self.timeout().is_none_or(is_over) || self.bytes >= self.max_bytes
    }

    /// How long to wait for the tracks that have not come and may; `None` if there are none.
    fn timeout(&self) -> Option<Duration> {
        let [video, audio] = self.said;
        let video = Some(video).filter(|_| self.video.is_none());
        let audio = Some(audio).filter(|_| self.audio.is_none());
        let missing = [video, audio].into_iter().flatten();
        let timeouts = missing.filter_map(|said| match said {
            Said::Nothing => Some(self.timeout),
            Said::Promised => Some(self.timeout.saturating_mul(PROMISED)),
            Said::Denied => None,
        });
        timeouts.max()
    }

    fn give(&mut self) -> Probed {
        let fresh = Self::new(self.timeout, self.max_bytes);
        let known = std::mem::replace(self, fresh);
        let video = known.video.map(Config::Video);
        let audio = known.audio.map(Config::Audio);
        Probed {
            tracks: video.into_iter().chain(audio).collect(),
            packets: known.held,
        }
    }
}

impl Probed {
    /// The earliest decoding or presentation time: counted from there none is negative, and no
    /// player cuts the first picture off.
    pub fn origin(&self) -> Timestamp {
        let times = self.packets.iter().map(|packet| packet.dts.min(packet.pts));
        times.min().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{AudioCodec, Size, VideoCodec};

    fn probe() -> TrackProbe {
        TrackProbe::new(Duration::from_secs(1), 56 * picture(0, true).weight())
    }

    fn picture(millis: i64, keyframe: bool) -> Packet {
        let config = VideoConfig {
            codec: VideoCodec::H264,
            size: Size::new(16, 16),
            frame_rate: None,
            decoder_config: Bytes::new(),
        };
        packet(Config::Video(config.into()), millis, keyframe)
    }

    fn audio(millis: i64) -> Packet {
        let config = AudioConfig {
            codec: AudioCodec::Aac,
            sample_rate: 48_000,
            channels: 2,
            decoder_config: Bytes::new(),
        };
        packet(Config::Audio(config.into()), millis, true)
    }

    fn packet(config: Config, millis: i64, keyframe: bool) -> Packet {
        let at = Timestamp::from_millis(millis);
        Packet {
            config,
            pts: at,
            dts: at,
            duration: None,
            keyframe,
            payload: Bytes::from_static(&[0; 9]),
        }
    }

    #[test]
    fn both_tracks_are_waited_for_and_nothing_after_the_first_keyframe_is_lost() {
        let mut probe = probe();
        assert!(probe.push(picture(0, false)).is_none());
        assert!(probe.push(picture(40, true)).is_none());
        assert!(probe.push(picture(80, false)).is_none());
        let probed = probe.push(audio(30)).unwrap();
        assert!(probed.tracks.has(Kind::Video) && probed.tracks.has(Kind::Audio));
        assert_eq!(probed.packets.len(), 3);
        assert_eq!(probed.origin(), Timestamp::from_millis(30));
    }

    #[test]
    fn a_picture_shown_before_it_is_decoded_is_where_time_begins() {
        let mut probe = probe();
        let mut first = picture(40, true);
        first.pts = Timestamp::from_millis(6);
        assert!(probe.push(first).is_none());
        assert_eq!(probe.finish().unwrap().origin(), Timestamp::from_millis(6));
    }

    #[test]
    fn a_track_that_does_not_come_is_not_waited_for_long() {
        let mut probe = probe();
        let mut pictures = (0..100).map(|i| picture(i * 40, i % 10 == 0));
        let probed = pictures.find_map(|packet| probe.push(packet));
        let probed = probed.unwrap();
        assert!(!probed.tracks.has(Kind::Audio));
        assert_eq!(probed.packets.len(), 26);
    }

    #[test]
    fn no_more_than_so_many_bytes_are_held() {
        let mut probe = probe();
        let mut pictures = (0..100).map(|i| picture(i, i == 0));
        let probed = pictures.find_map(|packet| probe.push(packet)).unwrap();
        assert_eq!(probed.packets.len(), 56);
        let held = probed.packets.len() * size_of::<Packet>();
        assert!(held <= probe.max_bytes, "what is not payload counts too");
    }

    #[test]
    fn a_track_that_is_promised_is_waited_for_longer_and_none_is_denied() {
        let mut probe = probe();
        probe.promise(Kind::Audio);
        probe.max_bytes = usize::MAX;
        let pictures = (0..51).map(|i| picture(i * 40, i % 10 == 0));
        assert!(
            pictures
                .filter_map(|packet| probe.push(packet))
                .next()
                .is_none()
        );
        let probed = probe.push(audio(2040)).unwrap();
        assert!(probed.tracks.has(Kind::Audio));
        assert_eq!(probed.packets.len(), 52);
        let mut silent = self::probe();
        silent.promise(Kind::Video);
        assert!(
            silent.push(picture(0, true)).is_none(),
            "audio may come all the same"
        );
    }

    #[test]
    fn a_track_that_is_denied_is_not_waited_for_at_all() {
        let mut probe = probe();
        probe.expect(false, true);
        assert!(probe.push(audio(0)).is_some());
    }

    #[test]
    fn a_picture_shown_before_it_is_decoded_is_not_before_the_origin() {
        let mut probe = probe();
        let mut early = picture(40, true);
        early.pts = Timestamp::from_millis(6);
        assert!(probe.push(early).is_none());
        let probed = probe.push(audio(50)).unwrap();
        assert_eq!(probed.origin(), Timestamp::from_millis(6));
    }

    #[test]
    fn an_end_gives_what_there_is() {
        let mut probe = probe();
        assert!(probe.finish().is_none());
        assert!(probe.push(audio(0)).is_none());
        assert_eq!(probe.finish().unwrap().packets.len(), 1);
    }
}
