use bytes::{Bytes, BytesMut};
use onair_media::{Config, Kind, Packet, Timestamp, Tracks};

use crate::Error;
use crate::clock::Clock;
use crate::elementary::{Audio, Video};
use crate::packet::{Adaptation, BODY, Channel, PACKET};
use crate::pes::{self, Pes};
use crate::tables::Tables;

/// Packet ids, where most muxers have them.
const VIDEO_PID: u16 = 0x100;
const AUDIO_PID: u16 = 0x101;

/// Writes a program of at most one video and one audio track.
///
/// The tables come first, before each keyframe, and at least every 0.4 s of media time; the clock
/// rides on the video, if there is any. So a reader may begin anywhere.
///
/// ```
/// # use onair_media::{AudioConfig, Config, Packet, Timestamp, Tracks};
/// # let config = AudioConfig::aac(bytes::Bytes::from_static(&[0x11, 0x90]))?;
/// # let config = Config::Audio(config.into());
/// let tracks = Tracks::from_iter([config.clone()]);
/// let mut muxer = onair_ts::Muxer::new(&tracks, Timestamp::ZERO)?;
/// let frame = Packet {
///     config,
///     pts: Timestamp::ZERO,
///     dts: Timestamp::ZERO,
///     duration: None,
///     keyframe: true,
///     payload: bytes::Bytes::from_static(&[0x21, 0x10, 0x04]),
/// };
/// let packets = muxer.push(&frame)?;
/// assert_eq!(packets.len(), 3 * onair_ts::PACKET); // two tables and a frame
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Muxer {
    video: Option<Video>,
    audio: Option<Audio>,
    pes: Pes,
    tables: Tables,
    clock: Clock,
    /// The track whose packets carry the clock.
    clock_track: Kind,
    channels: Channels,
}

#[derive(Debug)]
struct Channels {
    video: Channel,
    audio: Channel,
}

impl Muxer {
    /// A program of the main tracks among these. `origin` is the media time that is written as
    /// 1.4 s, so that what comes somewhat before it has a time as well.
    ///
    /// # Errors
    ///
    /// When there is no track whose configuration is known, or one of the two has a codec that is
    /// not written here.
    pub fn new(tracks: &Tracks, origin: Timestamp) -> Result<Self, Error> {
        let (mut video, mut audio) = (None, None);
        for config in tracks.configs() {
            match config {
                Config::Video(config) if video.is_none() => video = Some(Video::new(config)?),
                Config::Audio(config) if audio.is_none() => audio = Some(Audio::new(config)?),
                Config::Video(_) | Config::Audio(_) => {}
            }
        }
        let channels = Channels {
            video: Channel::new(VIDEO_PID),
            audio: Channel::new(AUDIO_PID),
        };
        let listed = [
            video.as_ref().map(|_| (Video::STREAM_TYPE, VIDEO_PID)),
            audio.as_ref().map(|_| (Audio::STREAM_TYPE, AUDIO_PID)),
        ];
        let listed: Vec<_> = listed.into_iter().flatten().collect();
        let (_, clock_pid) = *listed.first().ok_or(Error::NoTracks)?;
        Ok(Self {
            clock_track: if video.is_some() {
                Kind::Video
            } else {
                Kind::Audio
            },
            video,
            audio,
            pes: Pes::default(),
            tables: Tables::new(&listed, clock_pid),
            clock: Clock::new(origin),
            channels,
        })
    }

    /// The transport packets of one access unit or frame of audio, and of whatever else is due:
    /// a multiple of [`PACKET`] bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then it leaves no trace in the stream.
    pub fn push(&mut self, packet: &Packet) -> Result<Bytes, Error> {
        let times = [packet.pts, packet.dts].map(|time| self.clock.ticks(time));
        match &packet.config {
            Config::Video(config) => {
                let video = self.video.as_mut().ok_or(Error::NoTrack(Kind::Video))?;
                video.adopt(config)?;
                self.pes.begin(pes::VIDEO, times);
                video.put(packet, &mut self.pes)?;
            }
            Config::Audio(config) => {
                let audio = self.audio.as_mut().ok_or(Error::NoTrack(Kind::Audio))?;
                audio.adopt(config)?;
                self.pes.begin(pes::AUDIO, times);
                audio.put(packet, &mut self.pes)?;
            }
        }
        Ok(self.packets(packet))
    }

    /// What is due before the unit, and the unit.
    fn packets(&mut self, packet: &Packet) -> Bytes {
        let unit = self.pes.finish();
        let mut out = BytesMut::with_capacity(PACKET * (unit.len() / BODY + 5));
        let random_access = packet.is_video_keyframe();
        self.clock.advance(packet.dts);
        if self.clock.take_tables(random_access) {
            self.tables.put(&mut out);
        }
        let mut clock = self.clock.take_reading(packet.kind() == Kind::Video);
        if packet.kind() != self.clock_track
            && let Some(reading) = clock.take()
        {
            self.channels
                .of(self.clock_track)
                .put_clock(reading, &mut out);
        }
        let adaptation = Adaptation {
            random_access,
            clock,
        };
        let channel = self.channels.of(packet.kind());
        channel.put_unit(unit, adaptation, &mut out);
        out.freeze()
    }
}

impl Channels {
    const fn of(&mut self, kind: Kind) -> &mut Channel {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}
