use std::fmt;
use std::time::{Duration, Instant};

use onair_media::Bitrate;

/// Decides what a line carries. Pure: a sample in, advice out.
///
/// A law belongs to one connection and is made anew with it. It is asked in the order of
/// [`LinkSample::at`].
pub trait RateLaw: fmt::Debug + Send {
    /// How often it wants to see a sample; `None` where it wants none.
    fn interval(&self) -> Option<Duration>;

    /// What to do, judging by the line so far.
    fn update(&mut self, sample: &LinkSample) -> RateAdvice;
}

/// The state of a connection, and of the encoder before it, at one moment.
///
/// Counts only grow, and begin anywhere, so that a law may use any window it likes. In bytes:
///
/// ```text
///   encoder ──► queue ──► taken ──► kernel, not sent ──► sent, not acknowledged ──► acknowledged
///   encoded     queued    pending   unsent               unacked
///                                   └──────────────── written ────────────────────────────────┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSample {
    /// When it was taken.
    pub at: Instant,
    /// How long the oldest packet in the queue has waited.
    pub queue_age: Duration,
    /// Bytes in the queue.
    pub queued: u64,
    /// Bytes taken off the queue that the kernel has not taken yet.
    pub pending: u64,
    /// Bytes the kernel has taken so far.
    pub written: u64,
    /// How many of them it has not sent; `None` if it does not tell them apart.
    pub unsent: Option<u64>,
    /// How many it has sent that the peer has not acknowledged, selectively or otherwise, as
    /// precisely as the kernel says; `None` if it does not.
    pub unacked: Option<u64>,
    /// By how much longer than at best what arrives now was on its way, as the far end sees it; `None`
    /// where the sample is taken at the near end, which knows of arrivals by acknowledgements.
    pub late: Option<Duration>,
    /// The rate at which the kernel saw data arrive while there was more of it than the line took;
    /// `None` while the line was not the limit.
    pub delivery: Option<Bitrate>,
    /// The smoothed round trip.
    pub rtt: Option<Duration>,
    /// The shortest round trip there was.
    pub min_rtt: Option<Duration>,
    /// Bytes of video encoded so far.
    pub encoded: u64,
    /// The rate that the video encoder is set to; zero if nothing is encoded.
    pub asked: Bitrate,
    /// The user's rate, the most to come back to.
    pub most: Bitrate,
    /// The rate of the audio.
    pub audio: Bitrate,
}

impl LinkSample {
    /// Bytes that have arrived, if the kernel tells.
    pub fn acked(&self) -> Option<u64> {
        let arrived = self.written.saturating_sub(self.unacked?);
        Some(arrived.saturating_sub(self.unsent.unwrap_or(0)))
    }

    /// Bytes encoded and not arrived, as far as anybody tells; what
    /// [`RateAdvice::skip_above`] is compared with.
    pub fn backlog(&self) -> u64 {
        let kernel = self
            .written
            .saturating_sub(self.acked().unwrap_or(self.written));
        kernel
            .saturating_add(self.queued)
            .saturating_add(self.pending)
    }
}

/// What a law says. What it leaves at `None` it does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateAdvice {
    /// The most that video should take, within what the user allows.
    pub bitrate: Option<Bitrate>,
    /// How many bytes may be on the line before the next packet waits in the queue, where it can
    /// still be shed; `None` leaves that to the kernel.
    pub in_flight: Option<u64>,
    /// A raw frame is skipped before the encoder while more bytes than this wait to arrive,
    /// wherever they wait ([`LinkSample::backlog`]).
    ///
    /// A threshold, so that a frame is judged by what waits when it comes, and not by what waited
    /// at the last sample.
    pub skip_above: Option<u64>,
    /// What the line is estimated to carry of everything, audio and all; `None` while nobody knows.
    pub carries: Option<Bitrate>,
}
