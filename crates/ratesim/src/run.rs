//! A broadcast of a minute.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

use onair::rate::{AudioLadder, AudioSample, LinkSample, RateAdvice, RateLaw};
use onair_media::{Bitrate, Timestamp};
use onair_netsim::epoch;

use crate::encoder::{Content, Encoder, FRAME_RATE};
use crate::figures::Figures;
use crate::line::{Flow, Line, LineHabits, Path};
use crate::page::Page;
use crate::queue::{Kind, Packet, Queue, QueuePolicy};
use crate::tcp::Tcp;
use crate::trace::{LENGTH, Trace};

/// A broadcast over a line.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What the line carries.
    pub trace: Trace,
    /// What it is like otherwise.
    pub habits: LineHabits,
    /// The user's rate, in kilobits per second.
    pub most: u64,
    /// What is in front of the camera.
    pub content: Content,
    /// The share of what it is asked for that the encoder makes, in percent.
    pub obeys: u64,
    /// When somebody else uploads what TCP lets them over the same line, in milliseconds.
    pub rival: Range<u64>,
    /// What the sender does with what waits.
    pub policy: QueuePolicy,
    /// Who sends, and what the law is told by.
    pub sender: Sender,
    /// Of the encoder's noise and the line's losses.
    pub seed: u64,
}

/// Who sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sender {
    /// A program, whose kernel says what it has sent and what was acknowledged.
    #[default]
    Program,
    /// A page in a browser, whose server sees what arrives, and runs the law.
    Page,
}

/// Kilobits per second of audio, with what carries it.
pub(crate) const AUDIO: u64 = 135;

/// The least rate of the video.
const LEAST: Bitrate = Bitrate::kbps(150);

/// Milliseconds of an AAC frame at 48 kHz, in thousandths.
const AUDIO_STEP: u64 = 21_333;

/// Without [`RateAdvice::in_flight`] so many bytes leave the queue at once.
const BATCH: u64 = 32 * 1024;

impl Scenario {
    /// A hard picture of at most 4.5 Mbit/s over a line.
    pub fn new(trace: Trace, habits: LineHabits) -> Self {
        Self {
            trace,
            habits,
            most: 4500,
            content: Content::Hard,
            obeys: 100,
            rival: 0..0,
            policy: QueuePolicy::default(),
            sender: Sender::default(),
            seed: 1,
        }
    }

    /// Broadcasts for a minute.
    pub fn run(&self, law: Box<dyn RateLaw>) -> Figures {
        let mut broadcast = Broadcast::new(self, law);
        for ms in 0..LENGTH {
            broadcast.step(ms);
        }
        broadcast.end();
        broadcast.figures
    }
}

struct Broadcast<'a> {
    scenario: &'a Scenario,
    law: Box<dyn RateLaw>,
    began: Instant,
    /// What is obeyed.
    advice: RateAdvice,
    /// The law's next look.
    look: u64,
    encoder: Encoder,
    encoded: u64,
    frames: u64,
    audio: u64,
    audio_ladder: AudioLadder,
    /// The next frame follows on audio alone.
    is_back: bool,
    queue: Queue,
    /// Bytes that the kernel has not taken yet.
    pending: u64,
    /// Bytes taken from the queue.
    taken: u64,
    line: Line,
    tcp: Tcp,
    rival: Tcp,
    page: Option<Page>,
    /// Packets that have not arrived, each with the count of bytes that brings it.
    under_way: VecDeque<(u64, Packet)>,
    figures: Figures,
}

impl<'a> Broadcast<'a> {
    fn new(scenario: &'a Scenario, law: Box<dyn RateLaw>) -> Self {
        let line = Line::new(scenario.trace.clone(), scenario.habits, scenario.seed);
        let path = || Path::new(scenario.habits);
        Self {
            scenario,
            law,
            began: epoch(),
            advice: RateAdvice::default(),
            look: 0,
            encoder: Encoder::new(scenario.content, scenario.seed),
            encoded: 0,
            frames: 0,
            audio: 0,
            audio_ladder: AudioLadder::new(Bitrate::kbps(AUDIO)),
            is_back: false,
            queue: Queue::new(scenario.policy),
            pending: 0,
            taken: 0,
            line,
            tcp: Tcp::new(Flow::Ours, path()),
            rival: Tcp::new(Flow::Rival, path()),
            page: (scenario.sender == Sender::Page).then(|| Page::new(scenario.habits.round_trip)),
            under_way: VecDeque::new(),
            figures: Figures::default(),
        }
    }

    fn step(&mut self, ms: u64) {
        self.carry(ms);
        self.receive(ms);
        self.obey_law(ms);
        self.produce(ms);
        self.transmit(ms);
    }

    fn end(&mut self) {
        let under_way = self.under_way.iter().map(|(_, packet)| packet);
        let left = under_way.chain(self.queue.video());
        let is_stuck = |packet: &&Packet| packet.kind != Kind::Audio && packet.at + 1000 < LENGTH;
        self.figures.stuck = left.filter(is_stuck).count() as u64;
        self.figures.end(self.scenario);
    }

    fn carry(&mut self, ms: u64) {
        for sent in self.line.step(ms) {
            match sent.flow {
                Flow::Ours => self.tcp.passed(sent, ms),
                Flow::Rival => self.rival.passed(sent, ms),
            }
        }
        self.tcp.step(ms, &mut self.line);
        if self.scenario.rival.contains(&ms) {
            self.rival.write(u64::MAX);
            self.rival.step(ms, &mut self.line);
        }
    }

    fn receive(&mut self, ms: u64) {
        let received = self.tcp.received();
        if let Some(page) = &mut self.page {
            page.arrive(received, ms);
            self.advice = page.hear(ms).unwrap_or(self.advice);
        }
        while let Some((end, packet)) = self.under_way.front()
            && *end <= received
        {
            self.figures.arrived(*packet, ms);
            self.under_way.pop_front();
        }
    }

    fn obey_law(&mut self, ms: u64) {
        let Some(interval) = self.law.interval().filter(|_| ms >= self.look) else {
            return;
        };
        self.look = ms + u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        match &mut self.page {
            None => self.advice = self.law.update(&self.sample(ms)),
            Some(page) => page.ask(&mut *self.law, self.scenario.most, ms),
        }
        self.figures.asked(ms, self.asked());
    }

    /// Bits per second that the encoder is asked for.
    fn asked(&self) -> u64 {
        let most = self.scenario.most * 1000;
        let advised = self.advice.bitrate.map_or(most, Bitrate::as_bps);
        advised.min(most)
    }

    fn sample(&self, ms: u64) -> LinkSample {
        let oldest = self.queue.oldest();
        LinkSample {
            at: self.began + Duration::from_millis(ms),
            queue_age: Duration::from_millis(oldest.map_or(0, |oldest| ms - oldest)),
            queued: self.queue.bytes(),
            pending: self.pending,
            written: self.tcp.written(),
            unsent: Some(self.tcp.unsent()),
            unacked: Some(self.tcp.unacked()),
            late: None,
            delivery: None,
            rtt: Some(self.tcp.rtt()),
            min_rtt: Some(Duration::from_millis(self.scenario.habits.round_trip)),
            encoded: self.encoded,
            asked: Bitrate::bps(if self.audio_ladder.step().is_alone {
                0
            } else {
                self.asked()
            }),
            most: Bitrate::kbps(self.scenario.most),
            audio: self.audio_ladder.step().bitrate,
        }
    }

    fn produce(&mut self, ms: u64) {
        while self.audio * AUDIO_STEP / 1000 <= ms {
            self.audio += 1;
            let bytes = self.audio_ladder.step().bitrate.as_bps() * AUDIO_STEP / 8_000_000;
            self.push(Kind::Audio, ms, bytes);
        }
        while self.frames * 1000 / FRAME_RATE <= ms {
            self.frames += 1;
            if self.leaves_out(ms) {
                self.figures.skipped += 1;
                continue;
            }
            let is_mended = self.advice.skip_above.is_some() && self.queue.needs_keyframe();
            let wants_keyframe = std::mem::take(&mut self.is_back) || is_mended;
            let asked = self.asked() * self.scenario.obeys / 100;
            let frame = self.encoder.encode(asked, wants_keyframe);
            self.encoded += frame.bytes;
            let keyframe = frame.keyframe;
            self.push(Kind::Video { keyframe }, ms, frame.bytes);
        }
        self.figures.shed = self.queue.shed;
        self.figures.frames = self.frames;
    }

    /// Bytes that wait anywhere, as far as the sender knows.
    fn backlog(&self, ms: u64) -> u64 {
        match &self.page {
            Some(page) => self.queue.bytes() + page.left() + page.under_way(),
            None => self.sample(ms).backlog(),
        }
    }

    /// Whether a frame is left out, since a line is behind or carries audio alone.
    fn leaves_out(&mut self, ms: u64) -> bool {
        let backlog = self.backlog(ms);
        let is_behind = self.advice.skip_above.is_some_and(|above| backlog > above);
        let was_alone = self.audio_ladder.step().is_alone;
        self.audio_ladder.update(&AudioSample {
            at: Timestamp::ZERO + Duration::from_millis(ms),
            // A browser's audio stays as it is.
            carries: self.advice.carries.filter(|_| self.page.is_none()),
            least_video: LEAST,
            is_behind,
        });
        let is_alone = self.audio_ladder.step().is_alone;
        self.is_back |= was_alone && !is_alone;
        is_behind || is_alone
    }

    fn push(&mut self, kind: Kind, at: u64, bytes: u64) {
        self.queue.push(Packet { kind, at, bytes });
    }

    /// Moves packets from the queue into the kernel, one at a time where the law limits what is
    /// on the line.
    fn transmit(&mut self, ms: u64) {
        loop {
            let written = self.tcp.write(self.pending);
            self.pending -= written;
            if self.pending > 0 || !self.may_take() || !self.take(ms) {
                return;
            }
        }
    }

    fn may_take(&self) -> bool {
        let under_way = match &self.page {
            Some(page) => page.under_way(),
            None => self.tcp.unsent() + self.tcp.unacked(),
        };
        let most = self.advice.in_flight;
        most.is_none_or(|most| under_way <= most)
    }

    fn take(&mut self, ms: u64) -> bool {
        if let Some(page) = &mut self.page {
            let (bytes, whole) = page.send(&mut self.queue, self.encoded, ms);
            self.taken += bytes;
            self.pending = bytes;
            self.under_way
                .extend(whole.map(|packet| (self.taken, packet)));
            return bytes > 0;
        }
        let budget = if self.advice.in_flight.is_some() {
            1
        } else {
            BATCH
        };
        while self.pending < budget
            && let Some(packet) = self.queue.pop()
        {
            self.pending += packet.bytes;
            self.taken += packet.bytes;
            self.under_way.push_back((self.taken, packet));
        }
        self.pending > 0
    }
}
