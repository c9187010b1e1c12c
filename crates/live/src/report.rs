use std::path::PathBuf;
use std::time::Duration;

use onair_av::capture::{AudioTally, FrameTally};
use onair_demux::Damage;
use onair_media::{Bitrate, Timestamp};
use serde::Serialize;

use crate::rate::BitrateLimit;
use crate::{Failure, HandoverReason};

/// What a broadcast did, reported once at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Why it ended, in words.
    pub reason: String,
    /// The same for programs.
    pub outcome: Outcome,
    /// How long it lasted.
    pub duration: Duration,
    /// In the order in which they were added.
    pub destinations: Vec<DestinationReport>,
    /// What encoded it; both tracks are absent when a file was passed through untouched.
    pub encoder: EncoderReport,
    /// What devices, or a pipe of raw frames, gave.
    pub capture: Option<Box<CaptureReport>>,
    /// What could not be read of a compressed source, if not all could be.
    pub damage: Option<Box<Damage>>,
    /// The local copy, if one was asked for.
    pub recording: Option<Box<RecordingReport>>,
    /// True if everything that was asked for was done: no destination was given up, and neither the
    /// source nor the recording failed.
    pub ok: bool,
}

/// How a broadcast ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The sources ended, or the requested duration did.
    Finished,
    /// Somebody called [`Broadcast::stop`](crate::Broadcast::stop).
    Stopped,
    /// Every destination failed, or the source did.
    Failed,
}

/// The state of a broadcast.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// How long it has lasted.
    pub elapsed: Duration,
    /// In the order in which they were added.
    pub destinations: Vec<DestinationStats>,
    /// What encodes it.
    pub encoder: EncoderReport,
    /// How fast it does that; zero if a file is passed through untouched.
    pub encoding: Encoding,
    /// What devices, or a pipe of raw frames, have given so far.
    pub capture: CaptureReport,
    /// How long a pipe of raw frames has given nothing; meanwhile the last frame is repeated. Zero
    /// while frames come, and for all other sources.
    pub source_dry: Duration,
    /// Silence is sent instead of what the audio source gives.
    pub is_muted: bool,
    /// The local copy so far, if one was asked for.
    pub recording: Option<RecordingReport>,
}

/// The local copy of a broadcast.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordingReport {
    /// The file; it does not exist if nothing came that could be recorded.
    pub path: PathBuf,
    /// How much of the broadcast is in it, in media time.
    pub duration: Duration,
    /// Its size.
    pub bytes: u64,
    /// Frames left out because the disk was too slow.
    pub dropped: u64,
    /// Why it ended before the broadcast, or is not whole; what is there plays.
    pub error: Option<String>,
}

/// How fast video and audio are encoded, over the last seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Encoding {
    /// Frames a second.
    pub video_frame_rate: f64,
    /// Of the video.
    pub video_bitrate: Bitrate,
    /// Of the audio.
    pub audio_bitrate: Bitrate,
}

/// The state of one destination.
#[derive(Clone, Debug, PartialEq)]
pub struct DestinationStats {
    /// What has happened so far.
    pub so_far: DestinationReport,
    /// What went out over the last three seconds, protocol included, however often it is asked for.
    pub bitrate: Bitrate,
    /// The rate at which the kernel saw data arrive while there was more of it than the line took
    /// (Linux); `None` while the line carries everything, which says nothing about its limit.
    pub delivery: Option<Bitrate>,
    /// What the line is estimated to carry of everything, audio and all; `None` while it has not
    /// been the limit yet, or is not [followed](crate::Adapt).
    pub carries: Option<Bitrate>,
    /// Bytes that the kernel took and has not sent yet (Linux).
    pub unsent_bytes: Option<u64>,
    /// Media time waiting in the queue.
    pub queued: Duration,
}

/// What happened at one destination.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DestinationReport {
    /// The address, its key redacted.
    pub url: String,
    /// Its state.
    pub state: State,
    /// The address that is on air, or was last: not that of `url` where the server or a handover has
    /// led elsewhere.
    pub address: String,
    /// How often another connection [took over](crate::Event::HandedOver).
    pub handovers: u64,
    /// Why it did the last time.
    pub last_handover: Option<HandoverReason>,
    /// How often the server agreed to a publish.
    pub connects: u64,
    /// Bytes handed to the network, protocol included.
    pub bytes: u64,
    /// Video.
    pub video: TrackReport,
    /// Audio.
    pub audio: TrackReport,
    /// The connection's round trip as the kernel measures it.
    pub rtt: Option<Duration>,
    /// How long packets waited between encoder and socket.
    pub queue_delay: QueueDelay,
    /// What viewers did not see, in media time.
    pub gaps: Vec<Gap>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// The state of a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not yet on air.
    #[default]
    Connecting,
    /// On air.
    Live,
    /// Was on air, and will be.
    Reconnecting,
    /// Ended as asked.
    Ended,
    /// Given up.
    Failed,
}

/// Packets of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TrackReport {
    /// Handed to the connection.
    pub frames: u64,
    /// Not sent: those in `lost`, and those left out because the line was too slow.
    pub dropped: u64,
    /// How many of `dropped` came while there was no connection.
    pub lost: u64,
    /// How many of `frames` were keyframes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyframes: Option<u64>,
}

impl TrackReport {
    /// `count` packets came while there was no connection.
    pub(crate) const fn lose(&mut self, count: u64) {
        self.dropped += count;
        self.lost += count;
    }
}

/// How long packets waited in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDelay {
    /// The median.
    pub p50: Duration,
    /// The 95th percentile.
    pub p95: Duration,
    /// The longest.
    pub max: Duration,
}

/// A stretch of media time without video (or, where there is no video, audio).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first frame missing.
    pub from: Timestamp,
    /// The first frame there again.
    pub to: Timestamp,
}

/// What happened to captured frames and audio; empty for sources that are not live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaptureReport {
    /// Video.
    pub video: Option<VideoCapture>,
    /// Audio.
    pub audio: Option<AudioCapture>,
}

impl CaptureReport {
    /// Whether nothing was captured.
    pub const fn is_empty(&self) -> bool {
        self.video.is_none() && self.audio.is_none()
    }
}

/// Frames that were not shown as they came, and what was shown instead. Frames that the encoder was
/// too slow for are in [`EncoderTrack::dropped`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct VideoCapture {
    /// Shown again because none came, slates and black ones included: the picture stood still.
    pub repeated: u64,
    /// Left out because they came faster than wanted.
    pub skipped: u64,
    /// Taken back by the system before they could be handed over.
    pub missed: u64,
    /// Left out because a later one was shown already.
    pub late: u64,
    /// Left out because the slate was shown instead.
    pub hidden: u64,
}

/// Audio that was not heard as it came, and the silence instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AudioCapture {
    /// Silence put in because nothing came.
    pub silence: Duration,
    /// Audio left out because it waited too long for its encoder.
    pub dropped: Duration,
}

impl From<FrameTally> for VideoCapture {
    fn from(tally: FrameTally) -> Self {
        Self {
            repeated: tally.repeated,
            skipped: tally.skipped,
            missed: tally.missed,
            late: tally.late,
            hidden: tally.hidden,
        }
    }
}

impl From<AudioTally> for AudioCapture {
    fn from(tally: AudioTally) -> Self {
        Self {
            silence: tally.silence,
            dropped: tally.dropped,
        }
    }
}

/// What encodes a broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncoderReport {
    /// The video encoder.
    pub video: Option<EncoderTrack>,
    /// The audio encoder.
    pub audio: Option<EncoderTrack>,
    /// A line carries so little that audio is all that is encoded.
    pub audio_alone: bool,
}

/// One encoder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncoderTrack {
    /// Its name, as `onair devices` lists it.
    pub name: String,
    /// The rate it aims at, and who limits it to that.
    pub bitrate: Option<BitrateLimit>,
    /// What came out of it.
    pub frames: u64,
    /// Raw frames that a newer one overtook while it was busy, or that it left out itself.
    pub dropped: u64,
    /// Raw frames left out because a line was behind, so that others are not late, or carries audio
    /// alone.
    pub left_out: u64,
    /// Raw frames that came while the system had taken it away.
    pub lost: u64,
    /// The media time it was away.
    pub lost_time: Duration,
}
