//! [`RateLaw`]: what a line carries.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use onair_media::Bitrate;
use serde::{Deserialize, Serialize};

use super::line::{Line, Note, bps, nanos};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::rate::{self, LinkSample, RateAdvice, RateLaw};

type Law = Box<dyn RateLaw>;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New {
        destination: Option<usize>,
        min: Option<u64>,
    },
    Sample(Sample),
}

/// A [`LinkSample`], in nanoseconds, bytes and bits a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    queue_age: u64,
    queued: u64,
    pending: u64,
    written: u64,
    unsent: Option<u64>,
    unacked: Option<u64>,
    late: Option<u64>,
    delivery: Option<u64>,
    rtt: Option<u64>,
    min_rtt: Option<u64>,
    encoded: u64,
    asked: u64,
    most: u64,
    audio: u64,
}

/// A [`RateAdvice`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Says {
    bitrate: Option<u64>,
    in_flight: Option<u64>,
    skip_above: Option<u64>,
    carries: Option<u64>,
}

impl From<&LinkSample> for Sample {
    fn from(sample: &LinkSample) -> Self {
        Self {
            queue_age: nanos(sample.queue_age),
            queued: sample.queued,
            pending: sample.pending,
            written: sample.written,
            unsent: sample.unsent,
            unacked: sample.unacked,
            late: sample.late.map(nanos),
            delivery: bps(sample.delivery),
            rtt: sample.rtt.map(nanos),
            min_rtt: sample.min_rtt.map(nanos),
            encoded: sample.encoded,
            asked: sample.asked.as_bps(),
            most: sample.most.as_bps(),
            audio: sample.audio.as_bps(),
        }
    }
}

impl Sample {
    fn taken(self, at: Instant) -> LinkSample {
        LinkSample {
            at,
            queue_age: Duration::from_nanos(self.queue_age),
            queued: self.queued,
            pending: self.pending,
            written: self.written,
            unsent: self.unsent,
            unacked: self.unacked,
            late: self.late.map(Duration::from_nanos),
            delivery: self.delivery.map(Bitrate::bps),
            rtt: self.rtt.map(Duration::from_nanos),
            min_rtt: self.min_rtt.map(Duration::from_nanos),
            encoded: self.encoded,
            asked: Bitrate::bps(self.asked),
            most: Bitrate::bps(self.most),
            audio: Bitrate::bps(self.audio),
        }
    }
}

impl From<RateAdvice> for Says {
    fn from(advice: RateAdvice) -> Self {
        Self {
            bitrate: bps(advice.bitrate),
            in_flight: advice.in_flight,
            skip_above: advice.skip_above,
            carries: bps(advice.carries),
        }
    }
}

impl Traced<Law> {
    /// The law for a new connection.
    pub(crate) fn law(trace: &Trace, destination: Option<usize>, min: Option<Bitrate>) -> Law {
        let law = rate::law(min);
        let call = || Call::New {
            destination,
            min: bps(min),
        };
        let traced = Self::new(law, trace, call);
        match traced.is_noted() {
            true => Box::new(traced),
            false => traced.machine,
        }
    }
}

impl RateLaw for Traced<Law> {
    fn interval(&self) -> Option<Duration> {
        self.machine.interval()
    }

    fn update(&mut self, sample: &LinkSample) -> RateAdvice {
        let advice = self.machine.update(sample);
        let call = || Call::Sample(sample.into());
        self.note(Some(sample.at), call, Some(advice.into()));
        advice
    }
}

impl Machine for Law {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Rate(note)
    }

    fn repeats(_call: &Call, _before: &Call) -> bool {
        false
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        Ok(match *call {
            Call::New { min, .. } => Some(rate::law(min.map(Bitrate::bps))),
            Call::Sample(_) => None,
        })
    }

    fn again(&mut self, call: &Call, now: Instant) -> Answer<Says> {
        Ok(match call {
            Call::New { .. } => None,
            Call::Sample(sample) => Some(self.update(&sample.taken(now)).into()),
        })
    }
}

/// How the law that follows a line behaves, as a short word: the same word stands for the same
/// decisions, whatever its constants are called.
pub fn fingerprint() -> &'static str {
    static WORD: LazyLock<String> = LazyLock::new(rehearse);
    &WORD
}

fn rehearse() -> String {
    let mut law = rate::law(Some(Bitrate::kbps(150)));
    let mut line = Rehearsal::default();
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut now = Instant::now();
    for turn in 0..TURNS {
        now += Duration::from_millis(if turn == TURNS / 2 { 2500 } else { 10 });
        let advice = law.update(&line.turn(turn).taken(now));
        line.asked = advice.bitrate.map_or(line.asked, Bitrate::as_bps);
        let numbers = [
            bps(advice.bitrate),
            advice.in_flight,
            advice.skip_above,
            bps(advice.carries),
        ];
        // FNV-1a over whole numbers.
        for number in numbers {
            hash = (hash ^ number.unwrap_or(u64::MAX)).wrapping_mul(0x0000_0100_0000_01B3);
        }
    }
    format!("{hash:016x}")
}

/// Twenty seconds, a hundredth each.
const TURNS: u64 = 2000;

/// What the line carries in each fifth of that, in bytes a turn.
const CARRIES: [u64; 5] = [7500, 1900, 500, 0, 7500];

/// A line that rises, falls, and stands still.
#[derive(Default)]
struct Rehearsal {
    written: u64,
    arrived: u64,
    asked: u64,
}

impl Rehearsal {
    fn turn(&mut self, turn: u64) -> Sample {
        let fifth = usize::try_from(turn * 5 / TURNS).unwrap_or(0);
        // A frame every third turn, and eight of them at once now and then.
        let frames = match turn % 600 {
            0 => 8,
            _ => u64::from(turn.is_multiple_of(3)),
        };
        self.written += frames * self.asked.max(800_000) / 240 + 200;
        self.arrived = self.written.min(self.arrived + CARRIES[fifth]);
        let waits = self.written - self.arrived;
        Sample {
            queue_age: 0,
            queued: waits.saturating_sub(60_000),
            pending: 0,
            written: self.written,
            unsent: Some(0),
            unacked: Some(waits.min(60_000)),
            late: None,
            delivery: None,
            rtt: Some(20_000_000 + waits * 1000),
            min_rtt: Some(20_000_000),
            encoded: self.written,
            asked: self.asked,
            most: 4_000_000,
            audio: 128_000,
        }
    }
}
