use std::time::Duration;

use crate::{Failure, HandoverReason};

/// The state of a broadcast.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Stats {
    /// How long it has lasted.
    pub elapsed: Duration,
    /// In the order in which they were given.
    pub destinations: Vec<DestinationStats>,
    /// The video encoder, once it has encoded.
    pub video: Option<EncoderStats>,
    /// The audio encoder, once it has encoded.
    pub audio: Option<EncoderStats>,
    /// A line carries so little that audio is all that is sent.
    pub audio_alone: bool,
    /// Frames encoded a second, over the last seconds.
    pub video_frame_rate: f64,
    /// The bitrate of the encoded video, over the last seconds.
    pub video_bitrate: u64,
    /// The bitrate of the encoded audio, over the last seconds.
    pub audio_bitrate: u64,
    /// What happened to the frames pushed, once one was encoded.
    pub video_capture: Option<VideoCapture>,
    /// What happened to the audio pushed, once some was encoded.
    pub audio_capture: Option<AudioCapture>,
}

/// Frames that were not shown as they came, and what was shown instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct AudioCapture {
    /// Silence put in because nothing came.
    pub silence: Duration,
    /// Left out because it waited too long for its encoder.
    pub dropped: Duration,
}

/// The state of one destination.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct DestinationStats {
    /// What has happened so far.
    pub so_far: DestinationReport,
    /// The bitrate that went out, over the last seconds.
    pub bitrate: u64,
    /// What the line is estimated to carry of everything, audio and all; `None` while it has not
    /// been the limit.
    pub carries: Option<u64>,
    /// Media time waiting in the queue.
    pub queued: Duration,
}

/// What happened at one destination.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct DestinationReport {
    /// The address, its key redacted.
    pub url: String,
    /// Its state.
    pub state: DestinationState,
    /// The address that is on air, or was last, its key redacted.
    pub address: String,
    /// How often another connection took over.
    pub handovers: u64,
    /// Why it did the last time.
    pub last_handover: Option<HandoverReason>,
    /// How often the server agreed to a publish.
    pub connects: u64,
    /// Bytes handed to the network, protocol included.
    pub bytes: u64,
    /// Video.
    pub video: TrackStats,
    /// Audio.
    pub audio: TrackStats,
    /// The connection's round trip as the kernel measures it.
    pub round_trip: Option<Duration>,
    /// What viewers did not see.
    pub gaps: Vec<Gap>,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// What a broadcast did, reported once at its end.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct Report {
    /// Why it ended, in words.
    pub reason: String,
    /// The same for programs.
    pub outcome: Outcome,
    /// How long it lasted.
    pub duration: Duration,
    /// In the order in which they were given.
    pub destinations: Vec<DestinationReport>,
    /// What happened to the frames pushed.
    pub video_capture: Option<VideoCapture>,
    /// What happened to the audio pushed.
    pub audio_capture: Option<AudioCapture>,
}

/// How a broadcast ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Outcome {
    /// Everything was sent.
    Finished,
    /// As asked.
    Stopped,
    /// Every destination failed, or the encoders did.
    Failed,
}

/// The state of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum DestinationState {
    /// Not yet on air.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct TrackStats {
    /// Handed to the connection.
    pub frames: u64,
    /// Shed because the line was too slow, or lost while there was none.
    pub dropped: u64,
}

/// A stretch of media time without video (or, where there is no video, audio).
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Gap {
    /// When the first missing frame was due, in milliseconds.
    pub from_ms: i64,
    /// When the first frame after it was due, in milliseconds.
    pub to_ms: i64,
}

/// Who limits a bitrate: the lowest limit applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum LimitedBy {
    /// What was asked for.
    User,
    /// The machine is hot.
    Thermal,
    /// A destination's line carries no more.
    Line,
}

/// One encoder.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EncoderStats {
    /// Its name.
    pub name: String,
    /// The bitrate it aims at.
    pub asked_bitrate: Option<u64>,
    /// The bitrate that was asked for.
    pub wanted_bitrate: Option<u64>,
    /// Who limits it to less.
    pub limited_by: Option<LimitedBy>,
    /// What came out of it.
    pub frames: u64,
    /// Raw frames that a newer one overtook while it was busy.
    pub dropped: u64,
    /// Raw frames left out because a line was behind.
    pub left_out: u64,
    /// Raw frames that came while the system had taken it away.
    pub lost: u64,
}

impl From<onair::Stats> for Stats {
    fn from(stats: onair::Stats) -> Self {
        Self {
            elapsed: stats.elapsed,
            destinations: stats.destinations.into_iter().map(Into::into).collect(),
            video: stats.encoder.video.map(Into::into),
            audio: stats.encoder.audio.map(Into::into),
            audio_alone: stats.encoder.audio_alone,
            video_frame_rate: stats.encoding.video_frame_rate,
            video_bitrate: stats.encoding.video_bitrate.as_bps(),
            audio_bitrate: stats.encoding.audio_bitrate.as_bps(),
            video_capture: stats.capture.video.map(Into::into),
            audio_capture: stats.capture.audio.map(Into::into),
        }
    }
}

impl From<onair::DestinationStats> for DestinationStats {
    fn from(stats: onair::DestinationStats) -> Self {
        Self {
            so_far: stats.so_far.into(),
            bitrate: stats.bitrate.as_bps(),
            carries: stats.carries.map(onair::media::Bitrate::as_bps),
            queued: stats.queued,
        }
    }
}

impl From<onair::DestinationReport> for DestinationReport {
    fn from(report: onair::DestinationReport) -> Self {
        Self {
            url: report.url,
            state: report.state.into(),
            address: report.address,
            handovers: report.handovers,
            last_handover: report.last_handover.map(Into::into),
            connects: report.connects,
            bytes: report.bytes,
            video: report.video.into(),
            audio: report.audio.into(),
            round_trip: report.rtt,
            gaps: report.gaps.into_iter().map(Into::into).collect(),
            failure: report.failure.map(Into::into),
        }
    }
}

impl From<onair::Report> for Report {
    fn from(report: onair::Report) -> Self {
        let capture = report.capture.unwrap_or_default();
        Self {
            reason: report.reason,
            outcome: report.outcome.into(),
            duration: report.duration,
            destinations: report.destinations.into_iter().map(Into::into).collect(),
            video_capture: capture.video.map(Into::into),
            audio_capture: capture.audio.map(Into::into),
        }
    }
}

impl From<onair::Outcome> for Outcome {
    fn from(outcome: onair::Outcome) -> Self {
        match outcome {
            onair::Outcome::Finished => Self::Finished,
            onair::Outcome::Stopped => Self::Stopped,
            onair::Outcome::Failed => Self::Failed,
        }
    }
}

impl From<onair::State> for DestinationState {
    fn from(state: onair::State) -> Self {
        match state {
            onair::State::Connecting => Self::Connecting,
            onair::State::Live => Self::Live,
            onair::State::Reconnecting => Self::Reconnecting,
            onair::State::Ended => Self::Ended,
            onair::State::Failed => Self::Failed,
        }
    }
}

impl From<onair::TrackReport> for TrackStats {
    fn from(track: onair::TrackReport) -> Self {
        Self {
            frames: track.frames,
            dropped: track.dropped,
        }
    }
}

impl From<onair::Gap> for Gap {
    fn from(gap: onair::Gap) -> Self {
        Self {
            from_ms: gap.from.as_millis(),
            to_ms: gap.to.as_millis(),
        }
    }
}

impl From<onair::VideoCapture> for VideoCapture {
    fn from(capture: onair::VideoCapture) -> Self {
        Self {
            repeated: capture.repeated,
            skipped: capture.skipped,
            missed: capture.missed,
            late: capture.late,
            hidden: capture.hidden,
        }
    }
}

impl From<onair::AudioCapture> for AudioCapture {
    fn from(capture: onair::AudioCapture) -> Self {
        Self {
            silence: capture.silence,
            dropped: capture.dropped,
        }
    }
}

impl From<onair::EncoderTrack> for EncoderStats {
    fn from(track: onair::EncoderTrack) -> Self {
        Self {
            name: track.name,
            asked_bitrate: track.bitrate.map(|limit| limit.bitrate.as_bps()),
            wanted_bitrate: track.bitrate.map(|limit| limit.wanted.as_bps()),
            limited_by: track.bitrate.map(|limit| limit.limited_by.into()),
            frames: track.frames,
            dropped: track.dropped,
            left_out: track.left_out,
            lost: track.lost,
        }
    }
}

impl From<onair::rate::LimitedBy> for LimitedBy {
    fn from(by: onair::rate::LimitedBy) -> Self {
        match by {
            onair::rate::LimitedBy::User => Self::User,
            onair::rate::LimitedBy::Thermal => Self::Thermal,
            onair::rate::LimitedBy::Line => Self::Line,
        }
    }
}
