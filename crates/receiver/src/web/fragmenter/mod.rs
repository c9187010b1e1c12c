//! Packets to fragmented MP4, a fragment a frame, for one viewer of the watch page. Pure.

mod boxes;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use onair_media::aac::AudioSpecificConfig;
use onair_media::{AudioConfig, Config, Kind, Packet, Size, Timestamp, VideoConfig};
use onair_mp4::header;

use boxes::Placed;

/// What the viewer gets, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// The first, and again whenever the tracks or their coding change.
    Init(Description, Bytes),
    /// One frame; several may be joined.
    Media(Bytes),
}

/// What a page must know before it can make a buffer for the segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// The codecs of the tracks as media types name them (RFC 6381), video first.
    pub(crate) codecs: Vec<String>,
    /// The picture's size, if there is a picture.
    pub(crate) size: Option<Size>,
}

/// Why packets could not be made into MP4.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The track's set-up or its sizes do not fit the boxes.
    #[error("cannot be written as MP4: {0}")]
    Unwritable(String),
}

/// The tracks of the stream, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tracks {
    pub(crate) video: Option<Arc<VideoConfig>>,
    pub(crate) audio: Option<Arc<AudioConfig>>,
}

/// Makes one viewer's segments. It begins at a keyframe, and waits for that
/// until it knows which tracks there are: half a second of media at most.
pub(crate) struct Fragmenter {
    expected: Expected,
    /// Packets held back while the tracks are not yet known.
    held: Vec<Packet>,
    /// Their payload bytes.
    held_bytes: usize,
    tracks: Tracks,
    /// What the last init segment described; `None` before it.
    described: Option<Tracks>,
    origin: Timestamp,
    sequence: u32,
    video: Lane,
    audio: Lane,
    joined: BytesMut,
    ready: Vec<Segment>,
}

/// The tracks a stream is known to have, where that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Whether pictures are to come.
    pub(crate) video: bool,
    /// Whether sound is to come.
    pub(crate) audio: bool,
}

/// One track's clock.
#[derive(Default)]
struct Lane {
    /// Where the last sample ended, in ticks.
    end: Option<u64>,
    /// The decoding time last written and the duration with it, in ticks.
    written: Option<(u64, u32)>,
    /// How long pictures last, as far as their distances tell.
    usual: Option<Duration>,
    last: Option<Timestamp>,
}

impl Fragmenter {
    /// A fragmenter for a stream that is expected to have these tracks.
    pub(crate) fn new(expected: Expected) -> Self {
        Self {
            expected,
            held: Vec::new(),
            held_bytes: 0,
            tracks: Tracks::default(),
            described: None,
            origin: Timestamp::ZERO,
            sequence: 0,
            video: Lane::default(),
            audio: Lane::default(),
            joined: BytesMut::new(),
            ready: Vec::new(),
        }
    }

    /// Takes the stream's next packet.
    pub(crate) fn push(&mut self, packet: Packet) -> Result<(), Error> {
        if self.described.is_some() {
            return self.place(&packet);
        }
        self.learn(&packet);
        self.held_bytes += packet.payload.len();
        self.held.push(packet);
        if self.knows_enough() {
            self.begin()?;
        }
        Ok(())
    }

    /// What is ready to be sent: all media between two init segments as one.
    pub(crate) fn take(&mut self) -> Vec<Segment> {
        self.join();
        std::mem::take(&mut self.ready)
    }

    /// When the viewer is to see or hear a frame; `None` before the first init segment.
    pub(crate) fn time_of(&self, pts: Timestamp) -> Option<Duration> {
        self.described.as_ref()?;
        let nanos = pts.nanos_from(self.origin).saturating_add(LEAD_IN);
        u64::try_from(nanos).ok().map(Duration::from_nanos)
    }

    /// How many bytes are held back.
    pub(crate) const fn held(&self) -> usize {
        self.held_bytes
    }

    fn learn(&mut self, packet: &Packet) {
        match &packet.config {
            Config::Video(config) => self.tracks.video = Some(config.clone()),
            Config::Audio(config) => self.tracks.audio = Some(config.clone()),
        }
    }

    fn knows_enough(&self) -> bool {
        let video = self.tracks.video.is_some() || !self.expected.video;
        let audio = self.tracks.audio.is_some() || !self.expected.audio;
        let span = match (self.held.first(), self.held.last()) {
            (Some(first), Some(last)) => last.dts.since(first.dts),
            _ => Duration::ZERO,
        };
        (video && audio)
            || span >= PATIENCE
            || self.held.len() >= MOST_HELD
            || self.held_bytes >= MOST_HELD_BYTES
    }

    /// Lets what was held back go, from the first keyframe on.
    fn begin(&mut self) -> Result<(), Error> {
        let held = std::mem::take(&mut self.held);
        self.held_bytes = 0;
        let pictures = self.tracks.video.is_some();
        let starts = |packet: &&Packet| !pictures || packet.is_video_keyframe();
        let Some(first) = held.iter().find(starts) else {
            return Ok(());
        };
        self.origin = first.dts;
        self.describe()?;
        let mut begun = false;
        for packet in &held {
            begun |= starts(&packet);
            let early_sound =
                packet.kind() == Kind::Audio && packet.dts >= first.dts - EARLIER_SOUND;
            if begun || early_sound {
                self.place(packet)?;
            }
        }
        Ok(())
    }

    fn describe(&mut self) -> Result<(), Error> {
        self.join();
        let init = boxes::init_segment(&self.tracks)?;
        self.described = Some(self.tracks.clone());
        self.ready.push(Segment::Init(self.tracks.describe(), init));
        Ok(())
    }

    /// Puts one packet into a fragment, and a new init segment before it if need be.
    fn place(&mut self, packet: &Packet) -> Result<(), Error> {
        self.learn(packet);
        let known = self.described.clone().unwrap_or_default();
        if self.tracks != known {
            if self.tracks.video.is_none() || packet.is_video_keyframe() {
                self.describe()?;
            } else if !known.has(&packet.config) {
                return Ok(()); // a new set-up begins with the next keyframe
            }
        }
        match &packet.config {
            Config::Video(_) => self.place_video(packet),
            Config::Audio(config) => self.place_audio(packet, config),
        }
    }

    fn place_video(&mut self, packet: &Packet) -> Result<(), Error> {
        let scale = header::timescale(&packet.config).get();
        let duration = ticks_of(self.video.duration(packet), scale);
        let decoded = self.ticks(packet.dts, scale);
        let offset = signed_ticks(packet.pts.nanos_from(packet.dts), scale);
        let decode_time = self.video.decode_time(decoded, duration, scale);
        self.write(&Placed {
            track: 1,
            decode_time,
            composition: between(decode_time, decoded).saturating_add(offset),
            duration,
            keyframe: packet.keyframe,
            payload: &packet.payload,
        })
    }

    /// Sound follows on what came before to the sample: timestamps that came over RTMP are
    /// rounded to milliseconds, and a decoder would hear each rounding as a gap.
    fn place_audio(&mut self, packet: &Packet, config: &AudioConfig) -> Result<(), Error> {
        let scale = header::timescale(&packet.config).get();
        let stated = AudioSpecificConfig::parse(&config.decoder_config);
        let frame = stated.map_or(AUDIO_FRAME, |asc| asc.frame_duration());
        let duration = ticks_of(packet.duration.unwrap_or(frame), scale);
        let stamped = self.ticks(packet.dts, scale);
        let waver = ticks_of(WAVER, scale).into();
        let follows = |end: &u64| end.abs_diff(stamped) <= waver;
        let start = self.audio.end.filter(follows).unwrap_or(stamped);
        self.audio.end = Some(start.saturating_add(duration.into()));
        let decode_time = self.audio.decode_time(start, duration, scale);
        self.write(&Placed {
            track: 1 + u32::from(self.tracks.video.is_some()),
            decode_time,
            composition: between(decode_time, start),
            duration,
            keyframe: true,
            payload: &packet.payload,
        })
    }

    fn write(&mut self, placed: &Placed<'_>) -> Result<(), Error> {
        self.sequence = self.sequence.wrapping_add(1);
        boxes::write_fragment(self.sequence, placed, &mut self.joined)
    }

    fn join(&mut self) {
        if !self.joined.is_empty() {
            self.ready
                .push(Segment::Media(self.joined.split().freeze()));
        }
    }

    /// A time on the viewer's line, which begins ten seconds in: what belongs
    /// a little before the first keyframe has room there.
    fn ticks(&self, at: Timestamp, scale: u32) -> u64 {
        let nanos = at.nanos_from(self.origin).saturating_add(LEAD_IN);
        u64::try_from(signed_ticks(nanos, scale)).unwrap_or(0)
    }
}

impl Tracks {
    fn has(&self, config: &Config) -> bool {
        match config {
            Config::Video(config) => self.video.as_ref() == Some(config),
            Config::Audio(config) => self.audio.as_ref() == Some(config),
        }
    }

    fn describe(&self) -> Description {
        let video = self.video.as_ref().map(|config| config.codec_string());
        let audio = self.audio.as_ref().map(|config| config.codec_string());
        Description {
            codecs: video.into_iter().chain(audio).collect(),
            size: self.video.as_ref().map(|config| config.size),
        }
    }
}

impl Lane {
    /// How long a picture lasts: as it says, else as the ones before did, since its successor
    /// has not been seen yet. One late picture does not make the next a long one.
    fn duration(&mut self, packet: &Packet) -> Duration {
        let step = self.last.map(|last| packet.dts.since(last));
        self.last = Some(packet.dts);
        if let Some(step) = step.filter(|step| *step <= LONGEST_FRAME) {
            let most = self.usual.map_or(step, |usual| usual * 2);
            self.usual = Some(step.min(most).max(SHORTEST_FRAME));
        }
        packet.duration.or(self.usual).unwrap_or(FRAME)
    }

    /// The decoding time to write for a sample that is decoded at `wanted`.
    ///
    /// Media Source Extensions take a step of more than two durations for a cut, and throw
    /// away what follows up to the next keyframe, on all tracks (§3.5.8). So after frames
    /// that a camera or a line left out, decoding time makes up the distance step by step, and
    /// the composition offset keeps the time of presentation exact. A real jump stays one.
    fn decode_time(&mut self, wanted: u64, duration: u32, scale: u32) -> u64 {
        let jump = u64::from(ticks_of(LONGEST_SILENCE, scale));
        let gentle = |&(last, _): &(u64, u32)| last.abs_diff(wanted) <= jump;
        let time = self
            .written
            .filter(gentle)
            .map_or(wanted, |(last, lasted)| {
                let step = u64::from(lasted) * 7 / 4;
                wanted.clamp(last.saturating_add(1), last.saturating_add(step.max(1)))
            });
        self.written = Some((time, duration));
        time
    }
}

/// From one time in ticks to another.
fn between(from: u64, to: u64) -> i64 {
    let distance = i64::try_from(from.abs_diff(to)).unwrap_or(i64::MAX);
    if to < from { -distance } else { distance }
}

fn signed_ticks(nanos: i64, scale: u32) -> i64 {
    let ticks = (i128::from(nanos) * i128::from(scale) + 500_000_000).div_euclid(1_000_000_000);
    i64::try_from(ticks).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

fn ticks_of(duration: Duration, scale: u32) -> u32 {
    let nanos = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    u32::try_from(signed_ticks(nanos, scale)).unwrap_or(u32::MAX)
}

/// How much media is waited through for a track that may not exist.
const PATIENCE: Duration = Duration::from_millis(500);
const MOST_HELD: usize = 256;
const MOST_HELD_BYTES: usize = 4 * 1024 * 1024;
/// How far before the first picture sound is still of use.
const EARLIER_SOUND: Duration = Duration::from_millis(100);
/// A picture's length before there are two.
const FRAME: Duration = Duration::from_millis(33);
const SHORTEST_FRAME: Duration = Duration::from_millis(16);
const LONGEST_FRAME: Duration = Duration::from_secs(1);
/// How long nothing may come before what follows is a new beginning.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);
/// The length of 1024 samples at 48 kHz, for a set-up that does not say.
const AUDIO_FRAME: Duration = Duration::from_nanos(21_333_333);
/// How far sound's timestamps may stray from its samples before they are believed.
const WAVER: Duration = Duration::from_millis(40);
const LEAD_IN: i64 = 10_000_000_000;
