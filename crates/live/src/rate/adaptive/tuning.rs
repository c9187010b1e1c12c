//! The constants of [`Adaptive`](super::Adaptive), in one place. Rates are in bytes per second.
//!
//! They were tuned in virtual time (`crates/ratesim`), on its recorded traces. Most are flat: half or
//! twice as much changes little. What trades one thing for another says so.

use std::time::Duration;

use onair_media::Bitrate;

/// How often the line is looked at: three times a frame of 30 in a second.
pub(super) const INTERVAL: Duration = Duration::from_millis(10);

/// Where a connection begins. What follows is found within a second, and the first keyframe must
/// not fill a line for longer than that.
pub(super) const START: Bitrate = Bitrate::kbps(1500);

/// The least rate by size: openh264 at its highest quantiser makes 150 kbit/s of a hard picture that
/// is offered at 720p and scaled to half of that.
pub(super) const MIN_PIXELS_PER_BIT: u64 = 6;

/// …but no less than this…
pub(super) const MIN_LEAST: Bitrate = Bitrate::kbps(80);

/// …and no more, since what is larger is scaled further down.
pub(super) const MIN_MOST: Bitrate = Bitrate::kbps(400);

/// Samples further apart than this (a suspended machine) say nothing of what happened between.
pub(super) const GAP: Duration = Duration::from_secs(1);

/// For how long counts are remembered: a round trip of a satellite and a window.
pub(super) const KEPT: Duration = Duration::from_millis(2500);

/// The least round trip of this long is the line's without a queue. Longer, and a new route's
/// round trip is taken for a queue for as long; shorter, and a queue for the line's.
pub(super) const RTT_WINDOW: Duration = Duration::from_secs(10);

/// A longer round trip than this is no line's.
pub(super) const LONGEST_RTT: Duration = Duration::from_millis(1700);

/// A queue stands if the least round trip is longer by this than it once was. Less, and keyframes
/// on a slow line look like one.
pub(super) const NEAR_LEAST: Duration = Duration::from_millis(35);

/// For so long, and for so many round trips, the line is drained to see whose a queue is.
pub(super) const DRAIN_FOR: Duration = Duration::from_millis(200);
pub(super) const DRAIN_ROUND_TRIPS: f64 = 2.5;

/// While it is drained, this share of what fills it is on the line…
pub(super) const DRAINING: f64 = 0.3;

/// …and this share of what it carries is asked for. Less swings further, and 0.85 does not drain it.
pub(super) const DRAINING_USE: f64 = 0.7;

/// Ours is a queue of which no more than this is left then: of a rival's half is, at the least.
pub(super) const DRAINED: f64 = 0.4;

/// When to drain it again if the queue was not ours; twice as long each time, up to the rarest.
pub(super) const DRAIN_AGAIN: Duration = Duration::from_secs(5);
pub(super) const DRAIN_RAREST: Duration = Duration::from_secs(600);

/// By how much a round trip has to be longer than what is on the line explains…
pub(super) const FOREIGN_LEAST: Duration = Duration::from_millis(80);

/// …for so long, and for so many round trips, until it is somebody else who makes it so long. Less
/// takes a line that falls for a rival.
pub(super) const FOREIGN_AFTER: Duration = Duration::from_millis(300);
pub(super) const FOREIGN_ROUND_TRIPS: f64 = 1.5;

/// The end of that time says how long it is without ours.
pub(super) const FOREIGN_SEEN: Duration = Duration::from_millis(500);

/// A line that carries less than this share of the audio is dead and not contested.
pub(super) const FOREIGN_ALIVE: f64 = 0.5;

/// While it is contested the round trip varies by up to this, as the rival's window does.
pub(super) const CONTESTED_ROUND_TRIPS: f64 = 1.5;

/// By how much an acknowledgement may come later than the round trip on an idle line.
pub(super) const ACK_SLACK: Duration = Duration::from_millis(12);

/// What arrives is measured over this long at most; longer lags behind a line that falls.
pub(super) const WINDOW: Duration = Duration::from_millis(300);

/// …but over so many round trips, up to this long: what few bytes there are may arrive together once in each…
pub(super) const WINDOW_ROUND_TRIPS: f64 = 1.5;
pub(super) const WINDOW_MOST: Duration = Duration::from_millis(2400);

/// …and over this long at least, which is six frames of audio or two of video.
pub(super) const SHORTEST: Duration = Duration::from_millis(60);

/// …and over so many bytes, unless the window is full: four segments arrive together.
pub(super) const FEWEST: u64 = 6000;

/// A rise is looked for in a shorter window, so that a line that is back is used at once.
pub(super) const RISE_WINDOW: Duration = Duration::from_millis(120);

/// …with so many bytes in it…
pub(super) const RISE_FEWEST: u64 = 9000;

/// …and counts if it is higher than the estimate by this, or it would be noise.
pub(super) const RISE_RATIO: f64 = 1.3;

/// No line is slower than this, which is 8 kbit/s: what is divided by it stays finite.
pub(super) const SLOWEST: f64 = 1000.0;

/// A queue of fewer seconds than this is no sign that the line is slower than believed. More finds
/// a steady line's limit later, and swings further around it: 0.06 s made a deviation of 4.6 instead of 2.7 %.
pub(super) const FALL_DELAY: f64 = 0.035;

/// How fast the estimate falls to what was measured: at once but for noise.
pub(super) const FALL_TIME: f64 = 0.05;

/// How fast it rises to what was measured.
pub(super) const RISE_TIME: f64 = 0.15;

/// While more than this is queued nothing is probed.
pub(super) const PROBE_DELAY: f64 = 0.10;

/// The encoder has to use this share of what it is allowed before more is probed for: a static
/// picture proves nothing.
pub(super) const FILLED: f64 = 0.8;

/// The encoder's rate is taken over this long.
pub(super) const ENCODER_WINDOW: Duration = Duration::from_millis(500);

/// Growth per second while no limit was found yet, or while the line has time to spare, and at most.
pub(super) const GROWTH_MOST: f64 = 1.0;

/// Growth per second right after a fall; it doubles each second.
pub(super) const GROWTH_FIRST: f64 = 0.25;

/// A limit that was found so long ago is forgotten while the encoder makes too little to find another…
pub(super) const CEILING_KEPT: Duration = Duration::from_secs(4);

/// …by so much per second, up to where a connection begins.
pub(super) const GROWTH_UNPROVEN: f64 = 0.25;

/// Growth per second close to the last limit found.
pub(super) const GROWTH_NEAR: f64 = 0.05;

/// Growth per second, at the least, while a rival takes what we do not, faster than that. 0.0, 0.3 and
/// 1.0 got 63, 66 and 72 % of a fair share.
pub(super) const GROWTH_CONTESTED: f64 = 0.6;

/// A line has time to spare, so that nothing speaks against growing, that is busy for less than
/// this share of the time…
pub(super) const EASY_BUSY: f64 = 0.4;

/// …over this long.
pub(super) const EASY_WINDOW: Duration = Duration::from_millis(500);

/// Nothing is probed beyond this share of what the user's rate and the audio need.
pub(super) const ENOUGH: f64 = 1.05;

/// How close is close, as a share of the limit.
pub(super) const NEAR: f64 = 0.1;

/// How much of the line is used: the rest drains what a keyframe queued. Less makes room for more
/// probing, and swings further.
pub(super) const USE: f64 = 0.97;

/// How many seconds may be queued without asking for less: a keyframe's.
pub(super) const QUEUE_ALLOWED: f64 = 0.12;

/// What is queued beyond that is drained within this time.
pub(super) const DRAIN_TIME: f64 = 0.5;

/// A smaller change than this is not worth telling an encoder.
pub(super) const STEP: f64 = 0.03;

/// Seconds on the line beyond what the round trip needs: enough that it never idles between two
/// samples and two frames, little enough that what is behind can be shed, and that audio overtakes.
/// Half as much made audio 50 ms earlier in the mean, twice as much 50 ms later.
pub(super) const ON_LINE: f64 = 0.08;

/// A round trip's worth and a quarter, for acknowledgements that come in bunches.
pub(super) const ON_LINE_ROUND_TRIPS: f64 = 1.25;

/// However slow the line, so much may be on it: four segments.
pub(super) const ON_LINE_LEAST: f64 = 6000.0;

/// Frames are skipped while more seconds than this are queued: the one trade of lateness for
/// losses. 0.3, 0.38 and 0.45 s gave a mean 95th percentile of 281, 294 and 313 ms, and lost 8.7, 8.0
/// and 7.4 % of the frames, most of them while the line carried nothing.
pub(super) const SKIP_DELAY: f64 = 0.38;

/// …and more bytes than this: two segments are no queue.
pub(super) const SKIP_LEAST: f64 = 3000.0;
