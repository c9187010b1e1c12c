use std::collections::VecDeque;
use std::time::Duration;

use onair_media::{Bitrate, Config, Kind, Packet, Timestamp};

use super::coding::Coding;
use super::millis;
use super::report::{Fault, Faults, Gops, Span, TrackReport};

/// One track's figures so far.
#[derive(Debug)]
pub(super) struct Tally {
    config: Config,
    configs: u64,
    /// An audio frame's nanoseconds.
    frame: Option<i64>,
    packets: u64,
    bytes: u64,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    first_dts: Timestamp,
    last_dts: Option<Timestamp>,
    /// Nanoseconds between neighbours in decoding order.
    steps: Extremes,
    window: Window,
    gops: GopTally,
    highest_pts: Option<Timestamp>,
    reordered: bool,
    starts_with_keyframe: bool,
    largest_keyframe: usize,
    back: Fault,
    repeated: Fault,
    gaps: Fault,
}

impl Tally {
    pub(super) fn new(packet: &Packet) -> Self {
        Self {
            config: packet.config.clone(),
            configs: 1,
            frame: frame(&packet.config),
            packets: 0,
            bytes: 0,
            start: None,
            end: None,
            first_dts: packet.dts,
            last_dts: None,
            steps: Extremes::default(),
            window: Window::default(),
            gops: GopTally::default(),
            highest_pts: None,
            reordered: false,
            starts_with_keyframe: packet.keyframe,
            largest_keyframe: 0,
            back: Fault::default(),
            repeated: Fault::default(),
            gaps: Fault::default(),
        }
    }

    pub(super) fn add(&mut self, packet: &Packet) {
        if !packet.config.same(&self.config) {
            self.configs += 1;
            self.config = packet.config.clone();
            self.frame = frame(&packet.config);
        }
        let step = self.last_dts.map(|last| packet.dts.nanos_from(last));
        if let Some(step) = step {
            self.check(step, packet.dts);
        }
        self.packets += 1;
        self.bytes += packet.payload.len() as u64;
        self.window.add(packet.dts, packet.payload.len());
        if packet.is_video_keyframe() {
            self.largest_keyframe = self.largest_keyframe.max(packet.payload.len());
        }
        self.gops.add(packet);
        self.measure(packet, step);
    }

    pub(super) const fn last_dts(&self) -> Option<Timestamp> {
        self.last_dts
    }

    pub(super) const fn start(&self) -> Option<Timestamp> {
        self.start
    }

    pub(super) const fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// Notes what is wrong with the distance from the packet before.
    fn check(&mut self, step: i64, at: Timestamp) {
        let usual = self.frame.or(self.steps.least).unwrap_or(VIDEO_GAP);
        let gap = match self.config.kind() {
            Kind::Video => VIDEO_GAP.max(usual.saturating_mul(3)),
            Kind::Audio => usual + usual / 2,
        };
        match step {
            ..0 => self.back.note(step, at),
            0 => self.repeated.note(0, at),
            _ if step > gap => self.gaps.note(step, at),
            _ => {}
        }
        if step > 0 {
            self.steps.add(step);
        }
    }

    fn measure(&mut self, packet: &Packet, step: Option<i64>) {
        let pts = packet.pts;
        self.reordered |= self.highest_pts.is_some_and(|highest| pts < highest);
        self.highest_pts = self.highest_pts.max(Some(pts));
        self.start = Some(self.start.map_or(pts, |start| start.min(pts)));
        let stated = packet
            .duration
            .and_then(|d| i64::try_from(d.as_nanos()).ok());
        let lasts = stated.or(self.frame).or(step).unwrap_or(0);
        self.end = self.end.max(Some(pts.offset(lasts.max(0))));
        self.last_dts = Some(packet.dts);
    }

    pub(super) fn report(&self) -> TrackReport {
        let last = self.last_dts.unwrap_or(self.first_dts);
        let span = last.since(self.first_dts) + self.usual_step();
        let (size, sample_rate, channels) = match &self.config {
            Config::Video(video) => (Some(video.size.to_string()), None, None),
            Config::Audio(audio) => (None, Some(audio.sample_rate), Some(audio.channels)),
        };
        let is_video = self.config.kind() == Kind::Video;
        let coding = Coding::of(&self.config);
        let average = Bitrate::of(self.bytes, span).as_bps();
        TrackReport {
            kind: if is_video { "video" } else { "audio" },
            codec: codec_string(&self.config),
            profile: coding.profile,
            level: coding.level,
            bit_depth: coding.bit_depth,
            chroma: coding.chroma,
            interlaced: coding.interlaced,
            size,
            sample_rate,
            channels,
            fps: self.nominal_rate(),
            fps_measured: self.measured_rate(span).filter(|_| is_video),
            packets: self.packets,
            bytes: self.bytes,
            bitrate_bps: average,
            peak_bitrate_bps: self.window.peak().max(average),
            b_frames: is_video.then_some(self.reordered),
            starts_with_keyframe: self.starts_with_keyframe,
            gops: self.gops.report().filter(|_| is_video),
            largest_keyframe_bytes: is_video.then_some(self.largest_keyframe),
            configurations: self.configs,
            faults: Faults {
                dts_back: self.back,
                dts_repeated: self.repeated,
                gaps: self.gaps,
            },
        }
    }

    fn usual_step(&self) -> Duration {
        let average = self.steps.sum.checked_div(self.steps.count);
        Duration::from_nanos(average.unwrap_or(0))
    }

    fn nominal_rate(&self) -> Option<f64> {
        match &self.config {
            Config::Video(video) => video.frame_rate.map(|rate| round(rate.as_f64())),
            Config::Audio(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "for display")]
    fn measured_rate(&self, span: Duration) -> Option<Span> {
        let rate = |nanos: i64| round(1e9 / nanos as f64);
        Some(Span {
            min: rate(self.steps.most?),
            avg: round(self.packets as f64 / span.as_secs_f64()),
            max: rate(self.steps.least?),
        })
    }
}

/// The smallest, the largest and the sum of positive numbers.
#[derive(Debug, Default)]
struct Extremes {
    least: Option<i64>,
    most: Option<i64>,
    sum: u64,
    count: u64,
}

impl Extremes {
    fn add(&mut self, value: i64) {
        self.least = Some(self.least.map_or(value, |least| least.min(value)));
        self.most = self.most.max(Some(value));
        self.sum = self.sum.saturating_add(value.unsigned_abs());
        self.count += 1;
    }
}

/// The bytes of the last second, and the most there ever were.
#[derive(Debug, Default)]
struct Window {
    packets: VecDeque<(Timestamp, usize)>,
    bytes: usize,
    peak: usize,
}

impl Window {
    fn add(&mut self, at: Timestamp, bytes: usize) {
        self.packets.push_back((at, bytes));
        self.bytes += bytes;
        while let Some((oldest, size)) = self.packets.front().copied() {
            let recent = at.since(oldest) < Duration::from_secs(1);
            if recent && self.packets.len() <= MAX_WINDOW {
                break;
            }
            self.bytes -= size;
            self.packets.pop_front();
        }
        self.peak = self.peak.max(self.bytes);
    }

    const fn peak(&self) -> u64 {
        self.peak as u64 * 8
    }
}

/// GOPs, from keyframe to keyframe.
#[derive(Debug, Default)]
struct GopTally {
    opened: Option<Timestamp>,
    frames: u64,
    latest: Timestamp,
    seconds: Extremes,
    counts: Extremes,
    keyframes: u64,
}

impl GopTally {
    fn add(&mut self, packet: &Packet) {
        if packet.keyframe {
            self.close(packet.dts);
            self.keyframes += 1;
            self.opened = Some(packet.dts);
            self.frames = 0;
        }
        self.frames += 1;
        self.latest = packet.dts;
    }

    fn close(&mut self, at: Timestamp) {
        if let Some(opened) = self.opened {
            self.seconds.add(at.nanos_from(opened).max(1));
            self.counts
                .add(i64::try_from(self.frames).unwrap_or(i64::MAX));
        }
    }

    fn report(&self) -> Option<Gops> {
        let mut whole = Self {
            seconds: self.seconds.copy(),
            counts: self.counts.copy(),
            ..*self
        };
        if self.seconds.count == 0 || self.is_overlong() {
            whole.close(self.latest);
        }
        Some(Gops {
            keyframes: self.keyframes,
            seconds: whole.seconds.span(1e9)?,
            frames: whole.counts.span(1.0)?,
        })
    }

    /// Whether the group still open is already longer than all before it.
    fn is_overlong(&self) -> bool {
        let open = self
            .opened
            .map_or(0, |opened| self.latest.nanos_from(opened));
        self.seconds.most.is_some_and(|most| open > most)
    }
}

impl Extremes {
    const fn copy(&self) -> Self {
        Self { ..*self }
    }

    #[expect(clippy::cast_precision_loss, reason = "for display")]
    fn span(&self, scale: f64) -> Option<Span> {
        Some(Span {
            min: round(self.least? as f64 / scale),
            avg: round(self.sum as f64 / self.count as f64 / scale),
            max: round(self.most? as f64 / scale),
        })
    }
}

impl Fault {
    fn note(&mut self, step: i64, at: Timestamp) {
        self.count += 1;
        self.largest_ms = self.largest_ms.max(millis(step.saturating_abs()));
        self.first_at_s
            .get_or_insert_with(|| round(at.as_secs_f64()));
    }
}

/// `avc1.640028`, `mp4a.40.2` (RFC 6381).
fn codec_string(config: &Config) -> String {
    match config {
        Config::Video(video) => video.codec_string(),
        Config::Audio(audio) => audio.codec_string(),
    }
}

fn frame(config: &Config) -> Option<i64> {
    i64::try_from(config.frame_duration()?.as_nanos()).ok()
}

/// Rounded to three decimals.
fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// Frames further apart than this are a gap, in nanoseconds.
const VIDEO_GAP: i64 = 500_000_000;

/// Packets remembered for the peak bitrate: more in a second is hostile.
const MAX_WINDOW: usize = 100_000;
