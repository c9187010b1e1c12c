use std::time::Duration;

use onair_media::{Kind, Packet, Timestamp};

use crate::sample::Sample;
use crate::ticks;

/// Sample times for a player that gets each sample at once, before the next one is known, through
/// Media Source Extensions.
#[derive(Debug)]
pub(crate) struct LiveClock {
    timescale: u32,
    /// Where the last frame of audio ended, in ticks.
    end: Option<u64>,
    /// The decoding time last written and the duration with it, in ticks.
    written: Option<(u64, u32)>,
    /// How long frames last, by their distances.
    usual: Option<Duration>,
    last: Option<Timestamp>,
}

impl LiveClock {
    pub(crate) const fn new(timescale: u32) -> Self {
        Self {
            timescale,
            end: None,
            written: None,
            usual: None,
            last: None,
        }
    }

    /// Sets the decoding time of a packet's sample. Its presentation time stays.
    pub(crate) fn place(&mut self, mut sample: Sample, packet: &Packet) -> Sample {
        let stamped = sample.time;
        let (start, duration) = match packet.kind() {
            Kind::Video => (stamped, self.frame_duration(packet)),
            Kind::Audio => self.place_audio(stamped, packet),
        };
        sample.duration = ticks::within(ticks::lasting(duration, self.timescale));
        sample.time = self.decode_time(start, sample.duration);
        sample.offset = sample.offset.saturating_add(between(sample.time, start));
        sample
    }

    /// Audio follows the audio before it to the sample: RTMP's timestamps are rounded to
    /// milliseconds, and each rounding would be an audible gap.
    fn place_audio(&mut self, stamped: u64, packet: &Packet) -> (u64, Duration) {
        let frame = packet.config.frame_duration().unwrap_or(AUDIO_FRAME);
        let duration = packet.duration.unwrap_or(frame);
        let stray = ticks::lasting(MAX_STRAY, self.timescale);
        let follows = |end: &u64| end.abs_diff(stamped) <= stray;
        let start = self.end.filter(follows).unwrap_or(stamped);
        let lasting = ticks::lasting(duration, self.timescale);
        self.end = Some(start.saturating_add(lasting));
        (start, duration)
    }

    /// How long a frame lasts: as it says, or else as the ones before it, since its successor is
    /// not known yet. One late frame does not make the next one long.
    fn frame_duration(&mut self, packet: &Packet) -> Duration {
        let step = self.last.map(|last| packet.dts.since(last));
        self.last = Some(packet.dts);
        if let Some(step) = step.filter(|step| *step <= MAX_FRAME) {
            let most = self.usual.map_or(step, |usual| usual * 2);
            self.usual = Some(step.min(most).max(MIN_FRAME));
        }
        packet.duration.or(self.usual).unwrap_or(FIRST_FRAME)
    }

    /// The decoding time to write for a sample to be decoded at `wanted`.
    ///
    /// Media Source Extensions take a step of more than two durations for a cut, and throw
    /// away what follows up to the next keyframe, on all tracks (§3.5.8). So after missing frames,
    /// decoding time makes up the distance step by step, and the composition offset keeps
    /// presentation times exact. A real jump stays one.
    fn decode_time(&mut self, wanted: u64, duration: u32) -> u64 {
        let jump = ticks::lasting(MAX_SILENCE, self.timescale);
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

/// A frame's duration before there are two.
const FIRST_FRAME: Duration = Duration::from_millis(33);
const MIN_FRAME: Duration = Duration::from_millis(16);
const MAX_FRAME: Duration = Duration::from_secs(1);
/// After a gap this long, what follows is a new beginning.
const MAX_SILENCE: Duration = Duration::from_secs(10);
/// The length of 1024 samples at 48 kHz, for a configuration that does not say.
const AUDIO_FRAME: Duration = Duration::from_nanos(21_333_333);
/// How far audio's timestamps may be from its sample count before they are believed.
const MAX_STRAY: Duration = Duration::from_millis(40);
