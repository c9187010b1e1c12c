//! A model of the sender's TCP: what the kernel takes, sends, sends again, and says of it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::line::{Flow, Line, Path};

/// Bytes of payload in a segment.
const SEGMENT: u64 = 1448;

/// The kernel takes more while it has less than this unsent…
const LOW_WATER: u64 = 16 * 1024;

/// …and then so much, which is one of its buffers.
const BUFFER: u64 = 64 * 1024;

/// The longest wait for an acknowledgement before all is sent again.
const RTO_MAX: u64 = 1000;

/// The shortest, beyond a round trip, as Linux has it.
const RTO_MIN: u64 = 200;

/// A connection: bytes in, in order out of the line at the other end.
///
/// Acknowledgements are selective and never lost. A window grows and is cut by what overflows in
/// the line, as NewReno's; what is lost otherwise is sent again and cuts nothing, as under BBR.
/// A timeout sends everything again. There is no pacing.
#[derive(Debug)]
pub(crate) struct Tcp {
    flow: Flow,
    path: Path,
    written: u64,
    unsent: u64,
    /// Sent, and not all acknowledged before.
    segments: VecDeque<Segment>,
    /// The number of the first of them.
    first: u64,
    /// Transmissions under way, in the order sent.
    sent: VecDeque<Sent>,
    /// Segments to send again.
    lost: VecDeque<u64>,
    acked: u64,
    under_way: u64,
    window: Window,
    rto: Rto,
    /// The next segment that the receiver waits for.
    expected: u64,
    received: u64,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    bytes: u64,
    arrived: bool,
    acked: bool,
}

/// A transmission of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) flow: Flow,
    /// How many transmissions came before.
    pub(crate) number: u64,
    pub(crate) segment: u64,
    pub(crate) bytes: u64,
    acked: bool,
}

/// What happened to a transmission at the line's end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Arrived(Sent),
    Acked(Sent),
}

/// How much may be under way.
#[derive(Debug)]
struct Window {
    bytes: u64,
    threshold: u64,
    /// The transmission after which another overflow cuts it again.
    cut_until: u64,
}

#[derive(Debug)]
struct Rto {
    /// When the last acknowledgement came, or the first byte went out.
    heard: u64,
    backoff: u32,
    /// The smoothed round trip, in microseconds.
    smoothed: u64,
}

impl Tcp {
    pub(crate) fn new(flow: Flow, path: Path) -> Self {
        let smoothed = 1000 * path.round_trip(0);
        Self {
            flow,
            path,
            written: 0,
            unsent: 0,
            segments: VecDeque::new(),
            first: 0,
            sent: VecDeque::new(),
            lost: VecDeque::new(),
            acked: 0,
            under_way: 0,
            window: Window {
                bytes: 10 * SEGMENT,
                threshold: u64::MAX,
                cut_until: 0,
            },
            rto: Rto {
                heard: 0,
                backoff: 0,
                smoothed,
            },
            expected: 0,
            received: 0,
        }
    }

    /// Takes as much of `bytes` as the kernel does.
    pub(crate) fn write(&mut self, bytes: u64) -> u64 {
        if self.unsent >= LOW_WATER {
            return 0;
        }
        let taken = bytes.min(BUFFER - self.unsent);
        self.written += taken;
        self.unsent += taken;
        taken
    }

    /// Bytes the kernel has taken.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// Bytes it has not sent.
    pub(crate) const fn unsent(&self) -> u64 {
        self.unsent
    }

    /// Bytes sent and not acknowledged.
    pub(crate) const fn unacked(&self) -> u64 {
        self.written - self.unsent - self.acked
    }

    /// The smoothed round trip.
    pub(crate) const fn rtt(&self) -> Duration {
        Duration::from_micros(self.rto.smoothed)
    }

    /// Bytes that have arrived in order.
    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// Takes what left the line.
    pub(crate) fn passed(&mut self, sent: Sent, ms: u64) {
        self.path.send(sent, ms);
    }

    /// Lets a millisecond pass.
    pub(crate) fn step(&mut self, ms: u64, line: &mut Line) {
        while let Some(fate) = self.path.next(ms) {
            match fate {
                Fate::Arrived(sent) => self.arrived(sent.segment),
                Fate::Acked(sent) => self.acknowledged(sent, ms, line),
            }
        }
        self.time_out(ms);
        self.send(ms, line);
    }

    fn segment(&mut self, number: u64) -> Option<&mut Segment> {
        let index = number.checked_sub(self.first)?;
        self.segments.get_mut(usize::try_from(index).ok()?)
    }

    fn arrived(&mut self, number: u64) {
        if let Some(segment) = self.segment(number) {
            segment.arrived = true;
        }
        while let Some(bytes) = self.expected_bytes() {
            self.received += bytes;
            self.expected += 1;
        }
    }

    /// The size of the segment that is expected, if it is there.
    fn expected_bytes(&mut self) -> Option<u64> {
        let segment = self.segment(self.expected)?;
        segment.arrived.then_some(segment.bytes)
    }

    fn acknowledged(&mut self, sent: Sent, ms: u64, line: &mut Line) {
        self.rto.heard(ms, ms - self.path.sent_at(sent.number));
        let is_full = self.under_way + SEGMENT > self.window.bytes;
        if let Some(segment) = self.segment(sent.segment).filter(|segment| !segment.acked) {
            segment.acked = true;
            let bytes = segment.bytes;
            self.acked += bytes;
            self.window.grow(bytes, is_full);
        }
        while self.segments.front().is_some_and(|segment| segment.acked) {
            self.segments.pop_front();
            self.first += 1;
        }
        self.notice_lost(sent.number, line);
    }

    /// Nothing overtakes on this line: what was sent three transmissions before one that arrived is
    /// lost.
    fn notice_lost(&mut self, arrived: u64, line: &mut Line) {
        let first = self.sent.front().map_or(0, |sent| sent.number);
        let index = arrived
            .checked_sub(first)
            .and_then(|at| usize::try_from(at).ok());
        if let Some(sent) = index.and_then(|index| self.sent.get_mut(index)) {
            sent.acked = true;
            self.under_way -= sent.bytes;
        }
        while let Some(sent) = self.sent.front().copied()
            && (sent.acked || sent.number + 2 < arrived)
        {
            self.sent.pop_front();
            if !sent.acked {
                self.under_way -= sent.bytes;
                self.lost.push_back(sent.segment);
                if line.overflowed(sent) {
                    self.window
                        .cut(sent.number, self.path.sent_count(), self.under_way);
                }
            }
        }
    }

    fn time_out(&mut self, ms: u64) {
        if self.sent.is_empty() || ms < self.rto.heard + self.rto.wait() {
            return;
        }
        self.rto.backoff += 1;
        self.rto.heard = ms;
        self.window.threshold = (self.window.bytes / 2).max(2 * SEGMENT);
        self.window.bytes = SEGMENT;
        let again = self.sent.drain(..).filter(|sent| !sent.acked);
        let again: Vec<u64> = again.map(|sent| sent.segment).collect();
        self.lost.extend(again);
        self.lost.make_contiguous().sort_unstable();
        self.under_way = 0;
    }

    fn send(&mut self, ms: u64, line: &mut Line) {
        while self.under_way < self.window.bytes
            && let Some(number) = self.next_to_send()
        {
            if self.sent.is_empty() {
                self.rto.heard = ms;
            }
            self.transmit(number, ms, line);
        }
    }

    fn transmit(&mut self, segment: u64, ms: u64, line: &mut Line) {
        let bytes = self.segment(segment).map_or(0, |segment| segment.bytes);
        let sent = Sent {
            flow: self.flow,
            number: self.path.begin(ms),
            segment,
            bytes,
            acked: false,
        };
        self.sent.push_back(sent);
        self.under_way += bytes;
        line.push(sent, ms);
    }

    /// The number of a segment that was lost, or of a new one.
    fn next_to_send(&mut self) -> Option<u64> {
        while let Some(number) = self.lost.pop_front() {
            if self.segment(number).is_some_and(|segment| !segment.acked) {
                return Some(number);
            }
        }
        let bytes = self.unsent.min(SEGMENT);
        self.unsent -= bytes;
        (bytes > 0).then(|| {
            self.segments.push_back(Segment {
                bytes,
                arrived: false,
                acked: false,
            });
            self.first + self.segments.len() as u64 - 1
        })
    }
}

impl Window {
    fn grow(&mut self, acked: u64, is_full: bool) {
        if !is_full {
            return;
        }
        self.bytes += match self.bytes < self.threshold {
            true => acked,
            // CUBIC is about three times as fast as one segment a round trip.
            false => 3 * SEGMENT * acked / self.bytes,
        };
    }

    /// What overflowed is sent again as acknowledgements come, and not all at once.
    fn cut(&mut self, lost: u64, sent: u64, under_way: u64) {
        if lost < self.cut_until {
            return;
        }
        self.cut_until = sent;
        self.threshold = (self.bytes * 7 / 10).max(2 * SEGMENT);
        self.bytes = self.threshold.min(under_way + 2 * SEGMENT);
    }
}

impl Rto {
    fn heard(&mut self, ms: u64, rtt: u64) {
        self.heard = ms;
        self.backoff = 0;
        self.smoothed = (7 * self.smoothed + 1000 * rtt) / 8;
    }

    fn wait(&self) -> u64 {
        let once = self.smoothed / 1000 + RTO_MIN;
        (once << self.backoff.min(8)).min(RTO_MAX)
    }
}
