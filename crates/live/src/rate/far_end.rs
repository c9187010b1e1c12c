use std::time::{Duration, Instant};

use onair_media::Bitrate;

use super::LinkSample;
use super::least::Least;

/// A line seen from its far end, for a law that runs there: a sender in a browser knows nothing of
/// its kernel, and sends word of itself along with what it sends. Pure: time is an argument.
///
/// ```text
///   sender: "at 4.20 s I had sent 90 kB, those that follow included" ─► line ─► 8 kB of them are here,
///                                                                              and the word was 70 ms late
/// ```
///
/// What comes out of a line was put in in that order, so that nothing has to be acknowledged: what
/// was sent and is not here yet is under way, and a word that comes later than it could says how
/// long the line takes now.
#[derive(Debug)]
pub struct FarEnd {
    arrived: u64,
    word: Option<SenderWord>,
    /// When the last word came, and how late it was.
    came: Option<(Instant, Duration)>,
    /// From the sender's clock to this one, in nanoseconds: the least is the shortest way.
    distance: Least<i128>,
    /// The origin of this clock.
    began: Instant,
}

/// What a sender says of itself. Counts begin with the connection, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderWord {
    /// When this was said, on a steady clock of the sender's.
    pub at: Duration,
    /// What it had put on the line then, this word and what follows at once included.
    pub sent: u64,
    /// What still waited for the line.
    pub queued: u64,
    /// How long the oldest of that had waited.
    pub queue_age: Duration,
    /// Video encoded so far.
    pub encoded: u64,
    /// The last round trip: from sending something to its acknowledgement.
    pub round_trip: Option<Duration>,
}

impl FarEnd {
    /// Of a connection that begins.
    pub const fn new(now: Instant) -> Self {
        Self {
            arrived: 0,
            word: None,
            came: None,
            distance: Least::new(DISTANCE_WINDOW),
            began: now,
        }
    }

    /// So many more bytes have come.
    pub const fn receive(&mut self, bytes: u64) {
        self.arrived = self.arrived.saturating_add(bytes);
    }

    /// What has come so far.
    pub const fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Takes what the sender says of itself.
    pub fn hear(&mut self, word: SenderWord, now: Instant) {
        self.word = Some(word);
        let distance = self.distance_of(word, now);
        self.distance.push(now, distance);
        self.came = Some((now, self.late(distance)));
    }

    /// The line as it is, where the encoder is asked for `asked` of at most `most` and audio takes
    /// `audio`; `None` before the first word.
    pub fn sample(&self, now: Instant, [asked, most, audio]: [Bitrate; 3]) -> Option<LinkSample> {
        let word = self.word?;
        let unknown = self.age(word, now) + word.round_trip.unwrap_or_default();
        let made = bytes(asked) + bytes(audio);
        Some(LinkSample {
            at: now,
            queue_age: word.queue_age,
            queued: word.queued + made * micros(unknown.min(LONGEST_UNKNOWN)) / 1_000_000,
            pending: 0,
            written: word.sent.max(self.arrived),
            unsent: None,
            unacked: Some(word.sent.saturating_sub(self.arrived)),
            late: Some(self.lateness(word, now)),
            delivery: None,
            rtt: word.round_trip,
            min_rtt: None,
            encoded: word.encoded,
            asked,
            most,
            audio,
        })
    }

    /// How late what arrives now is: while something is known to be under way, later and later;
    /// else as late as the last word, until that is no news.
    fn lateness(&self, word: SenderWord, now: Instant) -> Duration {
        if word.sent > self.arrived {
            return with_queue(self.late(self.distance_of(word, now)), word);
        }
        let is_news = |(came, _): &(Instant, Duration)| now.saturating_duration_since(*came) < NEWS;
        let came = self.came.filter(is_news);
        came.map_or(Duration::ZERO, |(_, late)| with_queue(late, word))
    }

    /// The bytes that a sender may have under way beyond what a law allows for the line: acknowledgements
    /// that are late by themselves, since either end is busy, must not be what it waits for.
    pub fn slack(&self, rate: Bitrate) -> u64 {
        let trip = self.word.and_then(|word| word.round_trip);
        let late = self.came.map_or(Duration::ZERO, |(_, late)| late);
        let own = trip.unwrap_or_default().saturating_sub(late);
        bytes(rate) * micros(own.min(LONGEST_UNKNOWN)) / 1_000_000
    }

    /// For how long nothing is known of the sender.
    fn age(&self, word: SenderWord, now: Instant) -> Duration {
        self.late(self.distance_of(word, now))
    }

    fn distance_of(&self, word: SenderWord, now: Instant) -> i128 {
        let now = now.saturating_duration_since(self.began);
        now.as_nanos().cast_signed() - word.at.as_nanos().cast_signed()
    }

    /// Beyond the shortest way, and beyond what a busy sender is late by itself.
    fn late(&self, distance: i128) -> Duration {
        let beyond = distance.saturating_sub(self.distance.get().unwrap_or(distance));
        let nanos = u64::try_from(beyond).unwrap_or(0);
        Duration::from_nanos(nanos).saturating_sub(JITTER)
    }
}

/// What waits with the sender waits for the line only while the line is late; else for its own
/// acknowledgements.
fn with_queue(late: Duration, word: SenderWord) -> Duration {
    if late > LINE_LATE {
        late + word.queue_age
    } else {
        late
    }
}

/// A line that is less late than this has no queue.
const LINE_LATE: Duration = Duration::from_millis(12);

/// The shortest way of this long is taken for that of an empty line.
const DISTANCE_WINDOW: Duration = Duration::from_secs(10);

/// For how long a word is news: three frames of video. Half as much lost sight of a line that was full.
const NEWS: Duration = Duration::from_millis(100);

/// By how much a sender is late itself.
const JITTER: Duration = Duration::from_millis(3);

/// More than this time's worth is not guessed at.
const LONGEST_UNKNOWN: Duration = Duration::from_millis(500);

fn bytes(rate: Bitrate) -> u64 {
    rate.as_bps() / 8
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [Bitrate; 3] = [Bitrate::kbps(800), Bitrate::kbps(4000), Bitrate::kbps(0)];

    /// A far end whose clock is an hour behind the sender's, and the way to it 20 ms.
    struct Line {
        far: FarEnd,
        began: Instant,
    }

    impl Line {
        fn new() -> Self {
            let began = Instant::now();
            let far = FarEnd::new(began);
            Self { far, began }
        }

        /// A word said at `said` that comes at `came`, both in milliseconds.
        fn hear(&mut self, said: u64, came: u64, sent: u64, queue_age: u64) {
            let word = SenderWord {
                at: Duration::from_hours(1) + Duration::from_millis(said),
                sent,
                queued: 0,
                queue_age: Duration::from_millis(queue_age),
                encoded: sent,
                round_trip: None,
            };
            self.far
                .hear(word, self.began + Duration::from_millis(came));
        }

        fn sample(&self, at: u64) -> LinkSample {
            let now = self.began + Duration::from_millis(at);
            self.far.sample(now, RATES).unwrap()
        }

        fn late(&self, at: u64) -> u128 {
            self.sample(at).late.unwrap().as_millis()
        }
    }

    #[test]
    fn nothing_is_known_before_the_first_word() {
        let line = Line::new();
        assert_eq!(line.far.sample(line.began, RATES), None);
    }

    #[test]
    fn a_line_is_as_late_as_its_words_whatever_the_clocks() {
        let mut line = Line::new();
        for said in (0..200).step_by(20) {
            line.hear(said, said + 20, 0, 0);
            assert_eq!(line.late(said + 20), 0);
        }
        line.hear(200, 320, 0, 0);
        assert_eq!(line.late(330), 97);
        line.hear(220, 340, 0, 30);
        assert_eq!(line.late(340), 127);
        line.hear(240, 265, 0, 500);
        assert_eq!(line.late(345), 2, "it waits for itself");
    }

    #[test]
    fn what_is_announced_and_does_not_come_is_later_and_later() {
        let mut line = Line::new();
        line.hear(0, 20, 1000, 0);
        line.far.receive(400);
        let late = [20, 120, 520].map(|at| line.late(at));
        assert_eq!(late, [0, 97, 497]);
        assert_eq!(line.sample(120).unacked, Some(600));
        line.far.receive(600);
        assert_eq!((line.late(520), line.sample(520).unacked), (0, Some(0)));
    }

    #[test]
    fn a_sender_that_says_nothing_any_more_is_not_late() {
        let mut line = Line::new();
        line.hear(0, 20, 0, 0);
        line.hear(20, 140, 0, 0);
        assert_eq!((line.late(150), line.late(240)), (97, 0));
    }

    #[test]
    fn what_was_made_since_a_late_word_waits_too() {
        let mut line = Line::new();
        line.hear(0, 20, 5000, 0);
        let backlog = [20, 123, 223].map(|at| line.sample(at).backlog());
        assert_eq!(backlog, [5000, 5000 + 10_000, 5000 + 20_000]);
    }
}
