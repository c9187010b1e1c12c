//! A model of the page that goes live, and of its server: what a browser has instead of a kernel
//! that can be asked.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair::rate::{FarEnd, RateAdvice, RateLaw, SenderWord};
use onair_media::Bitrate;
use onair_netsim::epoch;

use crate::queue::{Packet, Queue};
use crate::run::AUDIO;

/// Bytes of a packet's part, which is a message, at least: audio comes between two, and they are seen
/// to arrive. Where more may be under way, a share of that.
const PART: u64 = 1200;
const PART_SHARE: u64 = 32;

/// What a message has beside, with its WebSocket frame.
const HEAD: u64 = 28;

/// A word of how the page is, in its frame.
const WORD: u64 = 56;

/// It goes before a message, unless the last one is this young, in milliseconds.
const WORD_EVERY: u64 = 10;

/// How often the server answers, in milliseconds.
const ANSWER_EVERY: u64 = 20;

/// The page, and its server, which knows of it by what arrives.
#[derive(Debug)]
pub(crate) struct Page {
    began: Instant,
    /// Half of the line's round trip.
    way: u64,
    /// The packet that is being sent, and what is left of it.
    current: Option<(Packet, u64)>,
    sent: u64,
    acked: u64,
    /// How much may be under way.
    in_flight: u64,
    /// The last word.
    told: Option<u64>,
    /// The counts of bytes sent, and when.
    trips: VecDeque<(u64, u64)>,
    round_trip: Option<Duration>,
    /// Messages under way, each with the count of bytes that brings it.
    messages: VecDeque<(u64, Option<SenderWord>)>,
    far: FarEnd,
    /// What the law asked for, in kilobits per second.
    asked: u64,
    /// Each with when it comes, and the count that it acknowledges.
    answers: VecDeque<(u64, u64, RateAdvice)>,
}

impl Page {
    pub(crate) fn new(round_trip: u64) -> Self {
        let began = epoch();
        Self {
            began,
            way: round_trip / 2,
            current: None,
            sent: 0,
            acked: 0,
            in_flight: 0,
            told: None,
            trips: VecDeque::new(),
            round_trip: None,
            messages: VecDeque::new(),
            far: FarEnd::new(began),
            asked: 0,
            answers: VecDeque::new(),
        }
    }

    /// What was sent and is not known to have arrived.
    pub(crate) const fn under_way(&self) -> u64 {
        self.sent - self.acked
    }

    /// What is left of the packet that is being sent.
    pub(crate) fn left(&self) -> u64 {
        self.current.map_or(0, |(_, left)| left)
    }

    /// Sends the next part, with a word before it if it is time; gives the bytes, and the packet that
    /// they complete.
    pub(crate) fn send(
        &mut self,
        queue: &mut Queue,
        encoded: u64,
        ms: u64,
    ) -> (u64, Option<Packet>) {
        let fresh = |packet: Packet| (packet, packet.bytes);
        let Some((packet, waiting)) = self.current.take().or_else(|| queue.pop().map(fresh)) else {
            return (0, None);
        };
        let part = waiting.min(PART.max(self.in_flight / PART_SHARE));
        let is_whole = part == waiting;
        self.current = (!is_whole).then_some((packet, waiting - part));
        let is_time = self.told.is_none_or(|told| ms >= told + WORD_EVERY);
        let word = if is_time { WORD } else { 0 };
        let bytes = word + HEAD + part;
        if is_time {
            self.told = Some(ms);
            let said = self.word(self.sent + bytes, queue, encoded, ms);
            self.messages.push_back((self.sent + word, Some(said)));
        }
        self.sent += bytes;
        self.messages.push_back((self.sent, None));
        self.trips.push_back((self.sent, ms));
        (bytes, is_whole.then_some(packet))
    }

    fn word(&self, sent: u64, queue: &Queue, encoded: u64, ms: u64) -> SenderWord {
        let current = self.current.map(|(packet, _)| packet.at);
        let oldest = current.into_iter().chain(queue.oldest()).min();
        SenderWord {
            at: Duration::from_millis(ms),
            sent,
            queued: queue.bytes() + self.left(),
            queue_age: Duration::from_millis(ms - oldest.unwrap_or(ms)),
            encoded,
            round_trip: self.round_trip,
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.began + Duration::from_millis(ms)
    }

    /// The server takes what has arrived.
    pub(crate) fn arrive(&mut self, received: u64, ms: u64) {
        let now = self.at(ms);
        while let Some((end, word)) = self.messages.pop_front_if(|(end, _)| *end <= received) {
            self.far.receive(end - self.far.arrived());
            if let Some(word) = word {
                self.far.hear(word, now);
            }
        }
    }

    /// The server's law has a look, and the page is answered if it is time.
    pub(crate) fn ask(&mut self, law: &mut dyn RateLaw, most: u64, ms: u64) {
        let rates = [self.asked, most, AUDIO].map(Bitrate::kbps);
        let Some(sample) = self.far.sample(self.at(ms), rates) else {
            return;
        };
        let advice = law.update(&sample);
        self.asked = advice.bitrate.map_or(most, Bitrate::as_kbps);
        if ms.is_multiple_of(ANSWER_EVERY) {
            let answer = (ms + self.way, self.far.arrived(), advice);
            self.answers.push_back(answer);
        }
    }

    /// What the page hears, if anything.
    pub(crate) fn hear(&mut self, ms: u64) -> Option<RateAdvice> {
        let mut heard = None;
        while let Some((_, acked, advice)) = self.answers.pop_front_if(|(due, ..)| *due <= ms) {
            self.acked = acked;
            while let Some((_, sent)) = self.trips.pop_front_if(|(end, _)| *end <= acked) {
                self.round_trip = Some(Duration::from_millis(ms - sent));
            }
            self.in_flight = advice.in_flight.unwrap_or(0);
            heard = Some(advice);
        }
        heard
    }
}
