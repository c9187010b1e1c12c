use std::sync::Arc;
use std::time::Duration;

use crate::{AudioConfig, Config, Kind, Packet, Timestamp, VideoConfig};

/// Waits until it is known which tracks a stream has.
///
/// That is when both have come, or when there was time enough for the other, or when it is said
/// that there is no other. Pictures before the first keyframe are left out.
#[derive(Debug)]
pub struct TrackProbe {
    patience: Duration,
    most: usize,
    held: Vec<Packet>,
    bytes: usize,
    video: Option<Arc<VideoConfig>>,
    audio: Option<Arc<AudioConfig>>,
    only_one: bool,
    /// The second track is promised.
    promised: [bool; 2],
}

/// By how much longer a track is waited for that is promised.
const PROMISED: u32 = 5;

/// The tracks of a stream, and what came while that was not known.
#[derive(Debug)]
pub struct Probed {
    /// Of pictures, if there are any.
    pub video: Option<Arc<VideoConfig>>,
    /// Of sound, if there is any.
    pub audio: Option<Arc<AudioConfig>>,
    /// In the order in which they came.
    pub packets: Vec<Packet>,
}

impl TrackProbe {
    /// Waits so long for the second track, in media time, and holds so many bytes meanwhile, by
    /// [`Packet::weight`].
    pub const fn new(patience: Duration, most: usize) -> Self {
        Self {
            patience,
            most,
            held: Vec::new(),
            bytes: 0,
            video: None,
            audio: None,
            only_one: false,
            promised: [false; 2],
        }
    }

    /// Notes that the stream is said to have such a track, which is waited for longer then. That
    /// nothing is said of a track does not mean that it will not come.
    pub const fn promise(&mut self, kind: Kind) {
        match kind {
            Kind::Video => self.promised[0] = true,
            Kind::Audio => self.promised[1] = true,
        }
    }

    /// Takes what is known for certain: whether the stream has pictures, and sound.
    pub const fn expect(&mut self, video: bool, audio: bool) {
        self.only_one = video != audio;
    }

    /// Takes a packet; gives all so far when the tracks are known.
    pub fn push(&mut self, packet: Packet) -> Option<Probed> {
        match &packet.config {
            Config::Video(_) if self.video.is_none() && !packet.keyframe => return None,
            Config::Video(config) if self.video.is_none() => self.video = Some(config.clone()),
            Config::Audio(config) if self.audio.is_none() => self.audio = Some(config.clone()),
            _ => {}
        }
        self.bytes += packet.weight();
        self.held.push(packet);
        self.is_known().then(|| self.give())
    }

    /// What there is at the stream's end; `None` when there is nothing.
    pub fn finish(&mut self) -> Option<Probed> {
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
            || last.since(first) >= self.patience()
            || self.bytes >= self.most
    }

    /// How long the track is waited for that has not come.
    const fn patience(&self) -> Duration {
        let [video, audio] = self.promised;
        if (video && self.video.is_none()) || (audio && self.audio.is_none()) {
            return self.patience.saturating_mul(PROMISED);
        }
        self.patience
    }

    fn give(&mut self) -> Probed {
        let fresh = Self::new(self.patience, self.most);
        let Self {
            held, video, audio, ..
        } = std::mem::replace(self, fresh);
        Probed {
            video,
            audio,
            packets: held,
        }
    }
}

impl Probed {
    /// The earliest time of all, of decoding or of presentation: counted from there, none is
    /// negative, and no player cuts the first picture off.
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

    fn sound(millis: i64) -> Packet {
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
        let tracks = probe.push(sound(30)).unwrap();
        assert!(tracks.video.is_some() && tracks.audio.is_some());
        assert_eq!(tracks.packets.len(), 3);
        assert_eq!(tracks.origin(), Timestamp::from_millis(30));
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
        let tracks = pictures.find_map(|packet| probe.push(packet));
        let tracks = tracks.unwrap();
        assert!(tracks.audio.is_none());
        assert_eq!(tracks.packets.len(), 26);
    }

    #[test]
    fn no_more_than_so_many_bytes_are_held() {
        let mut probe = probe();
        let mut pictures = (0..100).map(|i| picture(i, i == 0));
        let tracks = pictures.find_map(|packet| probe.push(packet)).unwrap();
        assert_eq!(tracks.packets.len(), 56);
        let held = tracks.packets.len() * size_of::<Packet>();
        assert!(held <= probe.most, "what is not payload counts too");
    }

    #[test]
    fn a_track_that_is_promised_is_waited_for_longer_and_none_is_denied() {
        let mut probe = probe();
        probe.promise(Kind::Audio);
        probe.most = usize::MAX;
        let pictures = (0..51).map(|i| picture(i * 40, i % 10 == 0));
        assert!(
            pictures
                .filter_map(|packet| probe.push(packet))
                .next()
                .is_none()
        );
        let tracks = probe.push(sound(2040)).unwrap();
        assert!(tracks.audio.is_some());
        assert_eq!(tracks.packets.len(), 52);
        let mut silent = self::probe();
        silent.promise(Kind::Video);
        assert!(
            silent.push(picture(0, true)).is_none(),
            "sound may come all the same"
        );
    }

    #[test]
    fn a_track_that_is_denied_is_not_waited_for_at_all() {
        let mut probe = probe();
        probe.expect(false, true);
        assert!(probe.push(sound(0)).is_some());
    }

    #[test]
    fn a_picture_shown_before_it_is_decoded_is_not_before_the_origin() {
        let mut probe = probe();
        let mut early = picture(40, true);
        early.pts = Timestamp::from_millis(6);
        assert!(probe.push(early).is_none());
        let tracks = probe.push(sound(50)).unwrap();
        assert_eq!(tracks.origin(), Timestamp::from_millis(6));
    }

    #[test]
    fn an_end_gives_what_there_is() {
        let mut probe = probe();
        assert!(probe.finish().is_none());
        assert!(probe.push(sound(0)).is_none());
        assert_eq!(probe.finish().unwrap().packets.len(), 1);
    }
}
