use std::time::Duration;

use onair_media::{Bitrate, Timestamp};

/// Decides at what rate audio is encoded while a line carries little, and whether it is all that is
/// sent. Pure: time is an argument, in media time.
///
/// Audio is the last to give way. Pictures are as small and as few as they get by then, and take the
/// least that they may.
///
/// ```text
///   what was asked for ─► 64 ─► 48 kbit/s ─► 48 kbit/s and no picture
/// ```
///
/// What a line carries beyond audio is hard to know while nothing else is sent. What waited during an
/// outage shows it, and so does a line that has time to spare; otherwise pictures are tried again after
/// five seconds, and after twice as long each time that fails.
#[derive(Debug)]
pub struct AudioLadder {
    /// From what was asked for down.
    steps: Vec<AudioStep>,
    current: usize,
    /// Since when the current step takes more than the line carries.
    below: Option<Timestamp>,
    /// Since when the line has carried more than a higher step needs.
    above: Option<Timestamp>,
    /// Since when audio is alone, or since when it no longer is.
    turned: Option<Timestamp>,
    /// How long it stays alone before pictures are tried again.
    patience: Duration,
    told: AudioStep,
    /// Since when there is something else to tell.
    untold: Option<Timestamp>,
}

/// What is sent of audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioStep {
    /// The rate it is encoded at.
    pub bitrate: Bitrate,
    /// No pictures are sent beside it.
    pub is_alone: bool,
}

/// What is known at a moment.
#[derive(Clone, Copy, Debug)]
pub struct AudioSample {
    /// When.
    pub at: Timestamp,
    /// What the weakest line carries of everything; `None` where none is the limit.
    pub carries: Option<Bitrate>,
    /// The least rate of the video.
    pub least_video: Bitrate,
    /// Whether so much waits for a line that a picture would only be late.
    pub is_behind: bool,
}

impl AudioLadder {
    /// For audio of this rate, when the line allows it.
    pub fn new(bitrate: Bitrate) -> Self {
        let lower = LOWER.into_iter().filter(|lower| *lower < bitrate);
        let rates: Vec<_> = [bitrate].into_iter().chain(lower).collect();
        let step = |is_alone| move |bitrate| AudioStep { bitrate, is_alone };
        let with_video = rates.iter().copied().map(step(false));
        let alone = rates.last().copied().map(step(true));
        let steps: Vec<_> = with_video.chain(alone).collect();
        Self {
            told: steps[0],
            steps,
            current: 0,
            below: None,
            above: None,
            turned: None,
            patience: FIRST_TRIAL,
            untold: None,
        }
    }

    /// What is sent.
    pub fn step(&self) -> AudioStep {
        self.steps[self.current]
    }

    /// The rate that was asked for.
    pub fn wanted(&self) -> Bitrate {
        self.steps[0].bitrate
    }

    /// Notes what is known; gives the step from now on, if it is a new one.
    pub fn update(&mut self, sample: &AudioSample) -> Option<AudioStep> {
        let before = self.step();
        self.current = self.next(sample);
        let step = self.step();
        if step == before {
            return None;
        }
        (self.below, self.above) = (None, None);
        if step.is_alone != before.is_alone {
            self.turn(sample.at);
        }
        Some(step)
    }

    /// What a user should be told, with what they were told before: a change, once it lasts.
    pub fn take_news(&mut self, at: Timestamp) -> Option<[AudioStep; 2]> {
        let (told, step) = (self.told, self.step());
        let is_trial = told.is_alone && !step.is_alone;
        let enough = if is_trial { PROVEN } else { Duration::ZERO };
        if !lasts(&mut self.untold, step != told, at, enough) {
            return None;
        }
        self.untold = None;
        self.told = step;
        Some([told, step])
    }

    fn next(&mut self, sample: &AudioSample) -> usize {
        let (lower, higher) = (self.lower(sample), self.higher(sample));
        let higher = higher.filter(|_| !sample.is_behind);
        let is_alone = self.step().is_alone;
        let up = if is_alone { RETURN } else { UP };
        let is_down = lasts(&mut self.below, lower > self.current, sample.at, DOWN);
        let is_up = lasts(&mut self.above, higher.is_some(), sample.at, up);
        match higher {
            _ if is_down => lower,
            Some(higher) if is_up => higher,
            _ if is_alone && self.is_trial_due(sample) => self.current - 1,
            _ => self.current,
        }
    }

    /// The first step from the current one down that the line carries.
    fn lower(&self, sample: &AudioSample) -> usize {
        let mut down = self.current..self.steps.len();
        let is_carried = |index: &usize| {
            let needs = self.needs(*index, sample.least_video);
            sample
                .carries
                .is_none_or(|carries| carries.as_bps() >= needs)
        };
        down.find(is_carried).unwrap_or(self.steps.len() - 1)
    }

    /// The highest step above the current one that the line carries with ease.
    fn higher(&self, sample: &AudioSample) -> Option<usize> {
        (0..self.current).find(|index| {
            let ease = self.needs(*index, sample.least_video) * EASE / 100;
            sample
                .carries
                .is_none_or(|carries| carries.as_bps() >= ease)
        })
    }

    /// What a step takes of the line, in bits a second.
    fn needs(&self, index: usize, least_video: Bitrate) -> u64 {
        let AudioStep { bitrate, is_alone } = self.steps[index];
        let video = least_video.as_bps();
        let is_last_with_video = index + 2 == self.steps.len();
        let video = match is_alone {
            true => return 0,
            false if is_last_with_video => video / LEAST_PICTURES,
            false => video,
        };
        (bitrate.as_bps() + video) * WITH_HEADERS / 100
    }

    fn is_trial_due(&self, sample: &AudioSample) -> bool {
        let is_due = |since| sample.at.since(since) >= self.patience;
        !sample.is_behind && self.turned.is_some_and(is_due)
    }

    /// Pictures end, or begin again. If they do not last, the next trial is later.
    fn turn(&mut self, at: Timestamp) {
        let lasted = self.turned.replace(at).map(|since| at.since(since));
        if self.step().is_alone {
            self.patience = match lasted {
                Some(lasted) if lasted < FORGIVEN => (self.patience * 2).min(LAST_TRIAL),
                _ => FIRST_TRIAL,
            };
        }
    }
}

/// Whether something has been so for long enough; it begins to be so at `since`.
fn lasts(since: &mut Option<Timestamp>, is_so: bool, at: Timestamp, enough: Duration) -> bool {
    if !is_so {
        *since = None;
        return false;
    }
    at.since(*since.get_or_insert(at)) >= enough
}

/// The rates below what was asked for. Stereo is clean at the one, and speech at the other.
const LOWER: [Bitrate; 2] = [Bitrate::kbps(64), Bitrate::kbps(48)];

/// With headers, bytes are so many percent.
const WITH_HEADERS: u64 = 106;

/// A line that carries less than this part of what video takes at the least shows no moving picture.
const LEAST_PICTURES: u64 = 2;

/// A higher step comes back when the line carries this many percent of what it needs.
const EASE: u64 = 130;

/// How long a line has to carry less before there is a change, and how long more.
const DOWN: Duration = Duration::from_secs(2);
const UP: Duration = Duration::from_secs(3);

/// How long, where audio is alone: a line that has shown more is back.
const RETURN: Duration = Duration::from_millis(100);

/// How long audio is alone before pictures are tried again, and how long at most.
const FIRST_TRIAL: Duration = Duration::from_secs(5);
const LAST_TRIAL: Duration = Duration::from_secs(60);

/// Pictures that lasted for so long did not fail.
const FORGIVEN: Duration = Duration::from_secs(30);

/// …and those that have lasted for so long are told.
const PROVEN: Duration = Duration::from_secs(4);

#[cfg(test)]
mod tests {
    use super::*;

    /// A ladder, and the time in milliseconds.
    struct Rig {
        ladder: AudioLadder,
        now: i64,
        is_behind: bool,
    }

    impl Rig {
        fn new(kbps: u64) -> Self {
            Self {
                ladder: AudioLadder::new(Bitrate::kbps(kbps)),
                now: 0,
                is_behind: false,
            }
        }

        /// Lets the line carry so much for so many seconds; gives what is done, and what is told, each
        /// after how many milliseconds.
        fn carry(&mut self, kbps: Option<u64>, seconds: i64) -> (Vec<String>, Vec<String>) {
            let (began, mut done, mut told) = (self.now, Vec::new(), Vec::new());
            for at in (began..began + seconds * 1000).step_by(50) {
                self.now = at + 50;
                let time = Timestamp::from_millis(at);
                let step = self.ladder.update(&AudioSample {
                    at: time,
                    carries: kbps.map(Bitrate::kbps),
                    least_video: Bitrate::kbps(150),
                    is_behind: self.is_behind,
                });
                done.extend(step.map(|step| format!("{} {}", at - began, shown(step))));
                let news = self.ladder.take_news(time);
                told.extend(news.map(|[_, step]| format!("{} {}", at - began, shown(step))));
            }
            (done, told)
        }

        fn done(&mut self, kbps: u64, seconds: i64) -> Vec<String> {
            self.carry(Some(kbps), seconds).0
        }
    }

    fn shown(step: AudioStep) -> String {
        let alone = if step.is_alone { " alone" } else { "" };
        format!("{}{alone}", step.bitrate.as_kbps())
    }

    #[test]
    fn audio_gives_way_a_step_at_a_time_and_comes_back_with_ease() {
        let mut rig = Rig::new(128);
        assert!(rig.done(300, 20).is_empty());
        assert_eq!(rig.done(250, 20), ["2000 64"]);
        assert_eq!(rig.done(200, 20), ["2000 48"]);
        assert!(rig.done(140, 20).is_empty());
        assert_eq!(rig.done(90, 4), ["2000 48 alone"]);
        assert_eq!(rig.done(250, 20), ["100 48"], "shown: at once");
        assert_eq!(rig.done(330, 20), ["3000 64"]);
        assert_eq!(rig.carry(None, 20).0, ["3000 128"]);
    }

    #[test]
    fn what_falls_far_goes_at_once_to_what_the_line_carries() {
        let mut rig = Rig::new(128);
        let (done, told) = rig.carry(Some(60), 3);
        assert_eq!(done, ["2000 48 alone"]);
        assert_eq!(told, done, "once");
    }

    #[test]
    fn a_dip_changes_nothing() {
        let mut rig = Rig::new(128);
        for _ in 0..10 {
            assert!(rig.done(20, 1).is_empty());
            assert!(rig.done(400, 1).is_empty());
        }
    }

    #[test]
    fn pictures_are_tried_again_more_and_more_rarely_and_a_trial_that_fails_is_not_told() {
        let mut rig = Rig::new(128);
        let (done, told) = rig.carry(Some(90), 150);
        let tried: Vec<_> = done
            .iter()
            .filter(|step| !step.ends_with("alone"))
            .collect();
        assert_eq!(
            tried,
            ["7000 48", "19050 48", "41100 48", "83150 48", "145200 48"]
        );
        assert_eq!(done[2], "9050 48 alone");
        assert_eq!(told, ["2000 48 alone"]);
        assert_eq!(done.len(), 11);
    }

    #[test]
    fn pictures_that_last_are_told_and_begin_the_waiting_anew() {
        let mut rig = Rig::new(128);
        rig.carry(Some(90), 12);
        let (done, told) = rig.carry(Some(200), 40);
        assert_eq!(
            (done, told),
            (vec!["100 48".to_owned()], vec!["4100 48".to_owned()])
        );
        assert_eq!(rig.done(90, 8), ["2000 48 alone", "7000 48"]);
    }

    #[test]
    fn while_much_waits_nothing_is_tried() {
        let mut rig = Rig::new(64);
        rig.carry(Some(50), 4);
        rig.is_behind = true;
        assert!(rig.done(400, 20).is_empty());
        rig.is_behind = false;
        assert_eq!(rig.done(400, 5), ["0 48", "3050 64"], "a trial was due");
    }

    #[test]
    fn audio_that_takes_little_already_can_still_be_alone() {
        let mut rig = Rig::new(32);
        assert_eq!(rig.done(80, 4), ["2000 32 alone"]);
        assert_eq!(rig.ladder.wanted(), Bitrate::kbps(32));
    }
}
