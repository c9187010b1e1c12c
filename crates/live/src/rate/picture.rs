use std::time::Duration;

use onair_media::{Bitrate, FrameRate, Size, Timestamp};

/// Decides in what size, and how many of its frames, video is encoded while a line carries little.
/// Pure: time is an argument, in media time.
///
/// An encoder at its coarsest quantiser still makes a certain rate of a hard picture, and a line
/// that carries less gets late however low the rate that it is asked for. A smaller picture helps
/// most: openh264 at quantiser 51 made 1346 kbit/s of a hard picture at 720p30, 539 at 540p30 and
/// 228 at 360p30, but still 793 at 720p15. So size goes down first where every destination takes
/// another, and the frame rate last; where one does not, the frame rate alone. Of more than 40
/// frames a second, half are the first to go.
#[derive(Debug)]
pub struct PictureLadder {
    full: Size,
    frame_rate: FrameRate,
    takes_sizes: bool,
    /// From the full picture down.
    steps: Vec<PictureStep>,
    current: usize,
    /// Since when the current step takes more than the line carries.
    below: Option<Timestamp>,
    /// Since when the line has carried more than the current step needs, without being full.
    above: Option<Timestamp>,
}

/// What is encoded of each picture, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureStep {
    /// Of the picture.
    pub size: Size,
    /// One of so many frames.
    pub every: u32,
}

/// What is known when a frame comes.
#[derive(Clone, Copy, Debug)]
pub struct PictureSample {
    /// The frame's time.
    pub at: Timestamp,
    /// The rate that the encoder is set to because of a line; `None` if no line limits it.
    pub limit: Option<Bitrate>,
    /// The rate that the user asks for.
    pub wanted: Bitrate,
    /// Whether a line is full, or behind.
    pub is_full: bool,
    /// Whether every destination takes pictures of another size.
    pub takes_sizes: bool,
}

impl PictureSample {
    /// Bits a second for video.
    fn rate(&self) -> u64 {
        self.limit.unwrap_or(self.wanted).as_bps()
    }
}

impl PictureLadder {
    /// Of pictures of a size and rate that begin in full.
    pub fn new(full: Size, frame_rate: FrameRate, takes_sizes: bool) -> Self {
        Self {
            full,
            frame_rate,
            takes_sizes,
            steps: steps(full, frame_rate, takes_sizes),
            current: 0,
            below: None,
            above: None,
        }
    }

    /// What is encoded now.
    pub fn step(&self) -> PictureStep {
        self.steps[self.current]
    }

    /// The rate at which a step's frames are encoded.
    pub fn frame_rate(&self) -> FrameRate {
        let every = self
            .frame_rate
            .denominator()
            .saturating_mul(self.step().every);
        FrameRate::new(self.frame_rate.numerator(), every).unwrap_or(self.frame_rate)
    }

    /// Whether pictures are what was asked for.
    pub const fn is_full(&self) -> bool {
        self.current == 0
    }

    /// The frames that come have another size.
    pub fn resize(&mut self, full: Size) {
        self.full = full;
        self.rebuild();
    }

    /// Notes a frame; gives the step from this one on, if it is a new one.
    pub fn update(&mut self, sample: &PictureSample) -> Option<PictureStep> {
        let before = self.step();
        if sample.takes_sizes != self.takes_sizes {
            self.takes_sizes = sample.takes_sizes;
            self.rebuild();
        }
        self.current = self.next(sample);
        Some(self.step()).filter(|step| *step != before)
    }

    fn next(&mut self, sample: &PictureSample) -> usize {
        let (lower, higher) = (self.lower(sample), self.higher(sample));
        let is_calm = higher.is_some() && !sample.is_full;
        let is_down = lasts(
            &mut self.below,
            lower > self.current,
            sample.at,
            PATIENCE_DOWN,
        );
        let is_up = lasts(&mut self.above, is_calm, sample.at, PATIENCE_UP);
        let next = match higher {
            _ if is_down => lower,
            Some(higher) if is_up => higher,
            _ => return self.current,
        };
        self.forget();
        next
    }

    /// The first step from the current one down that the line carries.
    fn lower(&self, sample: &PictureSample) -> usize {
        let is_carried = |step: &PictureStep| self.needs(*step, sample.wanted) <= sample.rate();
        let from = self.steps[self.current..].iter().position(is_carried);
        from.map_or(self.steps.len() - 1, |down| self.current + down)
    }

    /// The highest step above the current one that the line carries with ease.
    fn higher(&self, sample: &PictureSample) -> Option<usize> {
        let nearly_all = percent(sample.wanted.as_bps(), NEARLY_ALL);
        let is_carried = |step: &PictureStep| {
            let ease = percent(self.needs(*step, sample.wanted), EASE);
            sample.rate() >= ease.min(nearly_all)
        };
        self.steps[..self.current].iter().position(is_carried)
    }

    /// The least rate, in bits a second, at which an encoder still obeys with a hard picture. What a
    /// user asks for in full is taken for enough.
    fn needs(&self, step: PictureStep, wanted: Bitrate) -> u64 {
        let of = |step: PictureStep| {
            let frames = self.frame_rate.as_f64() / f64::from(step.every);
            NEEDED
                * (pixels(step.size) / PIXELS).powf(PIXELS_POWER)
                * (frames / FRAMES).powf(FRAMES_POWER)
        };
        if self.steps.last() == Some(&step) {
            return 0;
        }
        let share = (wanted.as_bps() as f64 * ENOUGH / of(self.steps[0])).min(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and small"
        )]
        let needs = (of(step) * share) as u64;
        needs
    }

    fn rebuild(&mut self) {
        self.steps = steps(self.full, self.frame_rate, self.takes_sizes);
        self.current = self.current.min(self.steps.len() - 1);
        self.forget();
    }

    const fn forget(&mut self) {
        self.below = None;
        self.above = None;
    }
}

/// Whether something has been so for long enough; it begins to be so at `since`.
fn lasts(since: &mut Option<Timestamp>, is_so: bool, now: Timestamp, enough: Duration) -> bool {
    if !is_so {
        *since = None;
        return false;
    }
    now.since(*since.get_or_insert(now)) >= enough
}

fn percent(of: u64, share: u64) -> u64 {
    of.saturating_mul(share) / 100
}

/// The steps from the full picture down; always one.
fn steps(full: Size, rate: FrameRate, takes_sizes: bool) -> Vec<PictureStep> {
    let first = if rate.as_f64() > MANY_FRAMES { 2 } else { 1 };
    let mut steps: Vec<_> = [1, first]
        .map(|every| PictureStep { size: full, every })
        .into();
    if takes_sizes {
        let sizes = SIDES.iter().map(|(share, of)| scaled(full, *share, *of));
        let sizes = sizes.filter(|size| pixels(*size) >= SMALLEST);
        steps.extend(sizes.map(|size| PictureStep { size, every: first }));
    }
    let least = steps[steps.len() - 1];
    let slower = std::iter::successors(Some(first * 2), |every| every.checked_mul(2));
    let slower = slower.take_while(|every| rate.as_f64() / f64::from(*every) >= FEW_FRAMES);
    let most = if takes_sizes { 1 } else { usize::MAX };
    steps.extend(
        slower
            .take(most)
            .map(|every| PictureStep { every, ..least }),
    );
    steps.dedup();
    steps
}

/// This share of each side, made even.
const fn scaled(full: Size, share: u32, of: u32) -> Size {
    let even = 2 * of;
    Size::new(
        full.width * share / even * 2,
        full.height * share / even * 2,
    )
}

fn pixels(size: Size) -> f64 {
    f64::from(size.width) * f64::from(size.height)
}

/// The shares of each side that are encoded, from the largest down.
const SIDES: [(u32, u32); 5] = [(3, 4), (1, 2), (3, 8), (1, 4), (3, 16)];

/// No picture is made smaller than this, in pixels: 360p carries what is left for video on the
/// weakest lines.
const SMALLEST: f64 = 220_000.0;

/// More frames a second than this are many, and half of them are the first to go…
const MANY_FRAMES: f64 = 40.0;

/// …and fewer than this are no longer a moving picture.
const FEW_FRAMES: f64 = 7.0;

/// What 720p30 needs, in bits a second, when it is hard: openh264 still makes 600 to 700 kbit/s of
/// it at its coarsest.
const NEEDED: f64 = 800_000.0;
const PIXELS: f64 = 1280.0 * 720.0;
const FRAMES: f64 = 30.0;

/// The need of another size and frame rate. What openh264 made at its coarsest of a hard picture
/// grew with the 1.3rd to 1.6th power of the pixels, and with the 0.75th of the frame rate; what was
/// tried on traces is 800 kbit/s at 720p, and 400 at 540p.
const PIXELS_POWER: f64 = 1.2;
const FRAMES_POWER: f64 = 0.75;

/// This share of what the user asks for is enough for the picture that they ask for.
const ENOUGH: f64 = 0.6;

/// A larger picture comes back when the line carries this many percent of what it needs…
const EASE: u64 = 175;

/// …or of what the user asks for.
const NEARLY_ALL: u64 = 95;

/// How long a line has to carry less before there is a change, and how long more: a keyframe of a
/// larger picture is a burst, which a line that only just has room for it does not take.
const PATIENCE_DOWN: Duration = Duration::from_millis(300);
const PATIENCE_UP: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Size = Size::new(1280, 720);
    const WANTED: Bitrate = Bitrate::kbps(4000);

    fn rate(frames: u32) -> FrameRate {
        FrameRate::new(frames, 1).unwrap()
    }

    /// A ladder, and the time.
    struct Rig {
        ladder: PictureLadder,
        frame: u64,
        wanted: Bitrate,
        is_full: bool,
    }

    impl Rig {
        fn new(full: Size, frames: u32, takes_sizes: bool) -> Self {
            Self {
                ladder: PictureLadder::new(full, rate(frames), takes_sizes),
                frame: 0,
                wanted: WANTED,
                is_full: false,
            }
        }

        /// Lets the line carry so much for so long; gives what changes, and after how many
        /// milliseconds.
        fn carry(&mut self, kbps: u64, millis: u64) -> Vec<(u64, String)> {
            let time = |frame| Timestamp::ZERO + self.ladder.frame_rate.time_of(frame);
            let began = time(self.frame);
            let mut changes = Vec::new();
            loop {
                let at = Timestamp::ZERO + self.ladder.frame_rate.time_of(self.frame);
                let passed = at.since(began).as_millis();
                if passed >= u128::from(millis) {
                    return changes;
                }
                self.frame += 1;
                let sample = PictureSample {
                    at,
                    limit: Some(Bitrate::kbps(kbps)),
                    wanted: self.wanted,
                    is_full: self.is_full,
                    takes_sizes: self.ladder.takes_sizes,
                };
                if let Some(step) = self.ladder.update(&sample) {
                    let passed = u64::try_from(passed).unwrap();
                    changes.push((passed, format!("{} 1/{}", step.size, step.every)));
                }
            }
        }
    }

    fn change(millis: u64, step: &str) -> Vec<(u64, String)> {
        vec![(millis, step.to_owned())]
    }

    fn all(full: Size, frames: u32, takes_sizes: bool) -> Vec<String> {
        let steps = steps(full, rate(frames), takes_sizes);
        let shown = steps
            .iter()
            .map(|step| format!("{} 1/{}", step.size, step.every));
        shown.collect()
    }

    #[test]
    fn a_weak_line_gets_a_smaller_picture_and_a_strong_one_the_full_one_back() {
        let mut rig = Rig::new(HD, 30, true);
        assert_eq!(rig.carry(900, 5000), []);
        assert_eq!(rig.carry(700, 5000), change(300, "960x540 1/1"));
        assert_eq!(rig.carry(300, 5000), change(300, "640x360 1/1"));
        assert_eq!(rig.carry(600, 5000), []);
        assert_eq!(rig.carry(750, 5000), change(2000, "960x540 1/1"));
        assert_eq!(rig.carry(1300, 5000), []);
        assert_eq!(rig.carry(1500, 5000), change(2000, "1280x720 1/1"));
        assert!(rig.ladder.is_full());
    }

    #[test]
    fn a_line_that_falls_far_gets_at_once_what_it_carries() {
        let mut rig = Rig::new(HD, 30, true);
        assert_eq!(rig.carry(100, 3000), change(300, "640x360 1/2"));
        assert_eq!(rig.ladder.frame_rate(), FrameRate::new(30, 2).unwrap());
        assert_eq!(rig.carry(4000, 3000), change(2000, "1280x720 1/1"));
    }

    #[test]
    fn where_the_size_has_to_stay_frames_are_left_out_instead() {
        let mut rig = Rig::new(HD, 30, false);
        assert_eq!(rig.carry(700, 3000), change(300, "1280x720 1/2"));
        assert_eq!(rig.carry(300, 3000), change(300, "1280x720 1/4"));
        assert_eq!(rig.carry(4000, 3000), change(2000, "1280x720 1/1"));
    }

    #[test]
    fn a_dip_and_a_peak_change_nothing() {
        let mut rig = Rig::new(HD, 30, true);
        for _ in 0..5 {
            assert_eq!(rig.carry(200, 250), []);
            assert_eq!(rig.carry(900, 250), []);
        }
        rig.carry(300, 1000);
        for _ in 0..5 {
            assert_eq!(rig.carry(4000, 1800), []);
            assert_eq!(rig.carry(300, 100), []);
        }
    }

    #[test]
    fn a_line_that_is_full_gets_no_larger_picture() {
        let mut rig = Rig::new(HD, 30, true);
        rig.carry(300, 1000);
        rig.is_full = true;
        assert_eq!(rig.carry(4000, 10_000), []);
        rig.is_full = false;
        assert_eq!(rig.carry(4000, 3000), change(2000, "1280x720 1/1"));
    }

    #[test]
    fn a_rate_that_is_low_because_the_user_wants_it_so_is_enough() {
        let mut rig = Rig::new(HD, 30, true);
        rig.wanted = Bitrate::kbps(500);
        assert_eq!(rig.carry(500, 5000), []);
        assert_eq!(rig.carry(350, 5000), []);
        assert_eq!(rig.carry(200, 5000), change(300, "960x540 1/1"));
        assert_eq!(rig.carry(490, 5000), change(2000, "1280x720 1/1"));
    }

    #[test]
    fn every_shape_has_even_sides_and_ends_where_pictures_are_small() {
        let wide = [
            "1920x1080 1/1",
            "1440x810 1/1",
            "960x540 1/1",
            "720x404 1/1",
            "720x404 1/2",
        ];
        assert_eq!(all(Size::new(1920, 1080), 30, true), wide);
        let upright = ["720x1280 1/1", "540x960 1/1", "360x640 1/1", "360x640 1/2"];
        assert_eq!(all(Size::new(720, 1280), 30, true), upright);
        let many = [
            "1280x720 1/1",
            "1280x720 1/2",
            "960x540 1/2",
            "640x360 1/2",
            "640x360 1/4",
        ];
        assert_eq!(all(HD, 60, true), many);
        let old = ["720x576 1/1", "540x432 1/1", "540x432 1/2"];
        assert_eq!(all(Size::new(720, 576), 25, true), old);
        assert_eq!(
            all(Size::new(320, 180), 30, true),
            ["320x180 1/1", "320x180 1/2"]
        );
        let kept = [
            "1280x720 1/1",
            "1280x720 1/2",
            "1280x720 1/4",
            "1280x720 1/8",
        ];
        assert_eq!(all(HD, 60, false), kept);
        assert_eq!(all(HD, 10, false), ["1280x720 1/1"]);
    }

    #[test]
    fn a_destination_that_takes_no_other_size_ends_a_small_picture() {
        let mut rig = Rig::new(HD, 30, true);
        rig.carry(300, 1000);
        let sample = PictureSample {
            at: Timestamp::from_millis(2000),
            limit: Some(Bitrate::kbps(300)),
            wanted: WANTED,
            is_full: false,
            takes_sizes: false,
        };
        let step = rig.ladder.update(&sample).unwrap();
        assert_eq!((step.size, step.every), (HD, 4));
    }

    #[test]
    fn a_camera_s_new_size_keeps_its_share() {
        let mut rig = Rig::new(HD, 30, true);
        rig.carry(700, 1000);
        rig.ladder.resize(Size::new(720, 1280));
        assert_eq!(rig.ladder.step().size, Size::new(540, 960));
    }
}
