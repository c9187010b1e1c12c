//! The numbers and the report as in docs/json/publish.schema.json: names end in their unit.

use std::path::Path;
use std::time::Duration;

use onair::demux::Damage;
use onair::rate::LimitedBy;
use onair::{
    CaptureReport, DestinationReport, DestinationStats, EncoderReport, EncoderTrack, FailureStage,
    Fault, Gap, HandoverReason, QueueDelay, RecordingReport, Refusal, State, TrackReport,
    VideoCapture,
};
use serde::Serialize;

/// What a broadcast is doing.
#[derive(Serialize)]
pub(crate) struct Stats<'a> {
    elapsed_s: f64,
    destinations: Vec<LiveDestination<'a>>,
    encoder: Encoders<'a>,
    encoding: Encoding,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<Capture>,
    source_dry_s: f64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    muted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<Recording<'a>>,
}

/// What it did.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    /// Always true: tells the report from the numbers before it.
    report: bool,
    reason: &'a str,
    duration_s: f64,
    destinations: Vec<Destination<'a>>,
    encoder: Encoders<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<Capture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<&'a Damage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<Recording<'a>>,
    ok: bool,
}

#[derive(Serialize)]
struct LiveDestination<'a> {
    #[serde(flatten)]
    so_far: Destination<'a>,
    bitrate_bps: u64,
    delivery_bps: Option<u64>,
    unsent_bytes: Option<u64>,
    queued_ms: f64,
    carries_bps: Option<u64>,
}

#[derive(Serialize)]
struct Destination<'a> {
    url: &'a str,
    state: State,
    address: &'a str,
    handovers: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_handover: Option<HandoverReason>,
    connects: u64,
    bytes: u64,
    video: TrackReport,
    audio: TrackReport,
    rtt_ms: Option<f64>,
    queue_ms: Waited,
    gaps: Vec<Missing>,
    #[serde(flatten)]
    failure: Option<Failure<'a>>,
}

#[derive(Serialize)]
struct Failure<'a> {
    error: String,
    fault: Fault,
    stage: FailureStage,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a Refusal>,
}

#[derive(Serialize)]
struct Waited {
    p50: f64,
    p95: f64,
    max: f64,
}

#[derive(Serialize)]
struct Missing {
    from_ms: i64,
    to_ms: i64,
}

#[derive(Serialize)]
struct Encoding {
    video_fps: f64,
    video_bps: u64,
    audio_bps: u64,
}

#[derive(Serialize)]
struct Encoders<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<Encoder<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<Encoder<'a>>,
    audio_alone: bool,
}

#[derive(Serialize)]
struct Encoder<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bitrate: Option<Limit>,
    frames: u64,
    dropped: u64,
    lost: u64,
    lost_ms: u64,
    left_out: u64,
}

#[derive(Serialize)]
struct Limit {
    asked_bps: u64,
    limited_by: LimitedBy,
    wanted_bps: u64,
}

#[derive(Serialize)]
struct Capture {
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<VideoCapture>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<Silence>,
}

#[derive(Serialize)]
struct Silence {
    silence_ms: u64,
    dropped_ms: u64,
}

#[derive(Serialize)]
struct Recording<'a> {
    path: &'a Path,
    duration_s: f64,
    bytes: u64,
    dropped: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> From<&'a onair::Stats> for Stats<'a> {
    fn from(stats: &'a onair::Stats) -> Self {
        let encoding = &stats.encoding;
        Self {
            elapsed_s: stats.elapsed.as_secs_f64(),
            destinations: stats.destinations.iter().map(Into::into).collect(),
            encoder: (&stats.encoder).into(),
            encoding: Encoding {
                video_fps: encoding.video_frame_rate,
                video_bps: encoding.video_bitrate.as_bps(),
                audio_bps: encoding.audio_bitrate.as_bps(),
            },
            capture: (!stats.capture.is_empty()).then(|| stats.capture.into()),
            source_dry_s: (stats.source_dry.as_secs_f64() * 10.0).floor() / 10.0,
            muted: stats.is_muted,
            recording: stats.recording.as_ref().map(Into::into),
        }
    }
}

impl Stats<'_> {
    /// For whoever has been told of each gap.
    pub(super) fn without_gaps(mut self) -> Self {
        let destinations = self.destinations.iter_mut();
        destinations.for_each(|destination| destination.so_far.gaps.clear());
        self
    }
}

impl<'a> From<&'a onair::Report> for Report<'a> {
    fn from(report: &'a onair::Report) -> Self {
        Self {
            report: true,
            reason: &report.reason,
            duration_s: seconds(report.duration),
            destinations: report.destinations.iter().map(Into::into).collect(),
            encoder: (&report.encoder).into(),
            capture: report.capture.as_deref().map(|capture| (*capture).into()),
            damage: report.damage.as_deref(),
            recording: report.recording.as_deref().map(Into::into),
            ok: report.ok,
        }
    }
}

impl<'a> From<&'a DestinationStats> for LiveDestination<'a> {
    fn from(stats: &'a DestinationStats) -> Self {
        Self {
            so_far: (&stats.so_far).into(),
            bitrate_bps: stats.bitrate.as_bps(),
            delivery_bps: stats.delivery.map(onair::media::Bitrate::as_bps),
            unsent_bytes: stats.unsent_bytes,
            queued_ms: millis(stats.queued),
            carries_bps: stats.carries.map(onair::media::Bitrate::as_bps),
        }
    }
}

impl<'a> From<&'a DestinationReport> for Destination<'a> {
    fn from(report: &'a DestinationReport) -> Self {
        Self {
            url: &report.url,
            state: report.state,
            address: &report.address,
            handovers: report.handovers,
            last_handover: report.last_handover,
            connects: report.connects,
            bytes: report.bytes,
            video: report.video,
            audio: report.audio,
            rtt_ms: report.rtt.map(millis),
            queue_ms: report.queue_delay.into(),
            gaps: report.gaps.iter().copied().map(Into::into).collect(),
            failure: report.failure.as_ref().map(Into::into),
        }
    }
}

impl<'a> From<&'a onair::Failure> for Failure<'a> {
    fn from(failure: &'a onair::Failure) -> Self {
        Self {
            error: failure.to_string(),
            fault: failure.fault,
            stage: failure.stage,
            refusal: failure.refusal.as_ref(),
        }
    }
}

impl From<QueueDelay> for Waited {
    fn from(delay: QueueDelay) -> Self {
        let [p50, p95, max] = [delay.p50, delay.p95, delay.max].map(millis);
        Self { p50, p95, max }
    }
}

impl From<Gap> for Missing {
    fn from(gap: Gap) -> Self {
        Self {
            from_ms: gap.from.as_millis(),
            to_ms: gap.to.as_millis(),
        }
    }
}

impl<'a> From<&'a EncoderReport> for Encoders<'a> {
    fn from(report: &'a EncoderReport) -> Self {
        Self {
            video: report.video.as_ref().map(Into::into),
            audio: report.audio.as_ref().map(Into::into),
            audio_alone: report.audio_alone,
        }
    }
}

impl<'a> From<&'a EncoderTrack> for Encoder<'a> {
    fn from(track: &'a EncoderTrack) -> Self {
        Self {
            name: &track.name,
            bitrate: track.bitrate.map(|limit| Limit {
                asked_bps: limit.bitrate.as_bps(),
                limited_by: limit.limited_by,
                wanted_bps: limit.wanted.as_bps(),
            }),
            frames: track.frames,
            dropped: track.dropped,
            lost: track.lost,
            lost_ms: whole_millis(track.lost_time),
            left_out: track.left_out,
        }
    }
}

impl From<CaptureReport> for Capture {
    fn from(report: CaptureReport) -> Self {
        Self {
            video: report.video,
            audio: report.audio.map(|audio| Silence {
                silence_ms: whole_millis(audio.silence),
                dropped_ms: whole_millis(audio.dropped),
            }),
        }
    }
}

impl<'a> From<&'a RecordingReport> for Recording<'a> {
    fn from(report: &'a RecordingReport) -> Self {
        Self {
            path: &report.path,
            duration_s: seconds(report.duration),
            bytes: report.bytes,
            dropped: report.dropped,
            error: report.error.as_deref(),
        }
    }
}

/// Seconds to the millisecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

/// Milliseconds to the hundredth.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e5).round() / 100.0
}

fn whole_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use onair::Outcome;
    use onair::media::{Bitrate, Timestamp};
    use onair::rate::BitrateLimit;

    use super::*;

    fn destination() -> DestinationReport {
        let gap = |from, to| {
            let [from, to] = [from, to].map(Timestamp::from_millis);
            Gap { from, to }
        };
        DestinationReport {
            url: "rtmp://host/app/***".to_owned(),
            state: State::Failed,
            address: "rtmp://other/app/***".to_owned(),
            handovers: 2,
            last_handover: Some(HandoverReason::Stalled),
            connects: 3,
            bytes: 1_234_567,
            video: TrackReport {
                frames: 100,
                dropped: 7,
                lost: 5,
                keyframes: Some(4),
            },
            audio: TrackReport {
                frames: 200,
                ..TrackReport::default()
            },
            rtt: Some(Duration::from_nanos(12_345_678)),
            queue_delay: QueueDelay {
                p50: Duration::from_micros(500),
                p95: Duration::from_millis(18),
                max: Duration::from_nanos(1_234_567_891),
            },
            gaps: vec![gap(40, 8000), gap(9000, 9040)],
            failure: Some(onair::Failure::new(
                FailureStage::Live,
                Fault::KeyRejected,
                "it rains",
            )),
        }
    }

    fn well() -> DestinationReport {
        DestinationReport {
            url: "rtmps://host/app/***".to_owned(),
            address: "rtmps://host/app/***".to_owned(),
            state: State::Live,
            ..DestinationReport::default()
        }
    }

    fn encoder() -> EncoderReport {
        EncoderReport {
            video: Some(EncoderTrack {
                name: "openh264".to_owned(),
                bitrate: Some(BitrateLimit {
                    bitrate: Bitrate::kbps(2500),
                    wanted: Bitrate::kbps(4000),
                    limited_by: LimitedBy::Thermal,
                }),
                frames: 360,
                dropped: 2,
                left_out: 5,
                lost: 1,
                lost_time: Duration::from_millis(1234),
            }),
            audio: Some(EncoderTrack {
                name: "syom".to_owned(),
                bitrate: Some(BitrateLimit {
                    bitrate: Bitrate::kbps(64),
                    wanted: Bitrate::kbps(128),
                    limited_by: LimitedBy::Line,
                }),
                frames: 563,
                ..EncoderTrack::default()
            }),
            audio_alone: true,
        }
    }

    fn recording() -> RecordingReport {
        RecordingReport {
            path: "show.mp4".into(),
            duration: Duration::from_micros(3_960_400),
            bytes: 99,
            dropped: 1,
            error: Some("disk full".to_owned()),
        }
    }

    fn stats() -> onair::Stats {
        onair::Stats {
            elapsed: Duration::from_nanos(12_345_678_912),
            destinations: vec![
                DestinationStats {
                    so_far: destination(),
                    bitrate: Bitrate::bps(2_345_678),
                    delivery: Some(Bitrate::kbps(4000)),
                    carries: Some(Bitrate::kbps(3900)),
                    unsent_bytes: Some(1400),
                    queued: Duration::from_micros(12_500),
                },
                DestinationStats {
                    so_far: well(),
                    bitrate: Bitrate::bps(0),
                    delivery: None,
                    carries: None,
                    unsent_bytes: None,
                    queued: Duration::ZERO,
                },
            ],
            encoder: encoder(),
            encoding: onair::Encoding {
                video_frame_rate: 29.97,
                video_bitrate: Bitrate::kbps(2400),
                audio_bitrate: Bitrate::kbps(128),
            },
            capture: CaptureReport {
                video: Some(VideoCapture {
                    repeated: 3,
                    ..VideoCapture::default()
                }),
                audio: Some(onair::AudioCapture {
                    silence: Duration::from_micros(20_900),
                    dropped: Duration::ZERO,
                }),
            },
            source_dry: Duration::from_millis(1290),
            is_muted: false,
            recording: Some(recording()),
        }
    }

    fn report() -> onair::Report {
        onair::Report {
            reason: "every destination failed".to_owned(),
            outcome: Outcome::Failed,
            duration: Duration::from_nanos(12_345_678_912),
            destinations: vec![destination(), well()],
            encoder: encoder(),
            capture: None,
            damage: Some(Box::default()),
            recording: Some(Box::new(recording())),
            ok: false,
        }
    }

    fn assert_written(numbers: &impl Serialize, golden: &str) {
        let json = serde_json::to_string(numbers).expect("JSON");
        assert_eq!(json, golden.trim_end());
    }

    /// Scripts read this: names, order and digits stay.
    #[test]
    fn numbers_and_reports_are_the_same_bytes_as_ever() {
        assert_written(&Stats::from(&stats()), include_str!("golden/stats.json"));
        let report = report();
        assert_written(&Report::from(&report), include_str!("golden/report.json"));
        let short = onair::Report {
            destinations: Vec::new(),
            encoder: EncoderReport::default(),
            damage: None,
            recording: None,
            ok: true,
            ..report
        };
        let golden = include_str!("golden/short-report.json");
        assert_written(&Report::from(&short), golden);
    }
}
