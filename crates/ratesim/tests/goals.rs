//! The law that follows the line, over every trace and on lines of every kind: what viewers get
//! stays within the goals, and where it does not yet, within what is named beside the trace.

use std::time::Duration;

use onair::rate::{Adaptive, LinkSample, RateAdvice, RateLaw};
use onair_media::Bitrate;
use onair_ratesim::{Content, LineHabits, Scenario, Sender, Trace};

/// Milliseconds and shares that must not be exceeded.
#[derive(Clone, Copy, Debug)]
struct Goals {
    /// How late 95 % of the frames are.
    video: u64,
    /// How much later 95 % of the audio is than it would be alone on the line.
    audio: u64,
    /// The least share of the line to use.
    used: f64,
    lost: f64,
    freeze: u64,
    recovery: u64,
    /// The standard deviation of the rate asked for.
    unrest: f64,
}

/// Where the line stays above 400 kbit/s. Losses and unrest have a limit only where the line gives
/// no reason for them.
const GOALS: Goals = Goals {
    video: 400,
    audio: 500,
    used: 0.88,
    lost: 1.0,
    freeze: 1200,
    recovery: 5000,
    unrest: 10.0,
};

impl Goals {
    /// What is wanted of a trace, and what is missed of that.
    fn of(trace: &Trace) -> Self {
        let goals = Self {
            video: if trace.least() >= 400 { 400 } else { 500 },
            ..GOALS
        };
        match trace.name() {
            "steady-3000" => Self {
                lost: 0.01,
                unrest: 0.08,
                ..goals
            },
            "step-6-1500-6" => Self {
                lost: 0.01,
                ..goals
            },
            // With a round trip of 60 ms and a buffer of 100 ms: 1344 instead of 1200.
            "cliff-8-600-8" => Self {
                freeze: 1350,
                ..goals
            },
            // The line is gone for 6 s. With losses 6535 instead of 6500.
            "outage-6s" => Self {
                freeze: 6540,
                ..goals
            },
            // Falls from 4.6 to 0.8 Mbit/s each 10 s. With a round trip of 60 ms: 436 and 760 instead
            // of 400 and 500.
            "sawtooth" => Self {
                video: 440,
                audio: 780,
                ..goals
            },
            // Nothing or next to it for 13 s, and often. With a round trip of 60 ms: 593 and 1139
            // instead of 500 and 500 (1063 where audio gives nothing up).
            "tmobile-umts" => Self {
                video: 600,
                audio: 1140,
                freeze: 13_500,
                ..goals
            },
            _ => goals,
        }
    }

    /// What of some broadcasts misses them in the median.
    fn missed(&self, scenario: &Scenario) -> Vec<String> {
        let measured = seeds(scenario, |scenario| {
            let figures = scenario.run(law());
            let alone = scenario.run(Box::new(AudioAlone)).audio(95);
            [
                figures.video(95) as f64,
                figures.audio(95).saturating_sub(alone) as f64,
                1.0 - figures.used,
                figures.lost(),
                figures.freeze as f64,
                figures.recovery.unwrap_or(0) as f64,
                figures.unrest(),
            ]
        });
        let limits = [
            ("video", self.video as f64),
            ("audio", self.audio as f64),
            ("unused", 1.0 - self.used),
            ("lost", self.lost),
            ("freeze", self.freeze as f64),
            ("recovery", self.recovery as f64),
            ("unrest", self.unrest),
        ];
        let missed = measured.into_iter().zip(limits);
        missed
            .filter(|(is, (_, most))| is > most)
            .map(|(is, (what, most))| format!("{what}: {is:.3} > {most:.3}"))
            .collect()
    }
}

/// The median of each figure over broadcasts that differ in nothing but chance: where a line is gone
/// for seconds, one more segment lost moves them by half.
fn seeds<const N: usize>(scenario: &Scenario, measure: impl Fn(&Scenario) -> [f64; N]) -> [f64; N] {
    let run = |seed| {
        measure(&Scenario {
            seed,
            ..scenario.clone()
        })
    };
    let runs = [1, 2, 3, 4, 5].map(run);
    std::array::from_fn(|index| {
        let mut figure = runs.map(|run| run[index]);
        figure.sort_by(f64::total_cmp);
        figure[2]
    })
}

/// Nothing but audio: how late it is at best.
#[derive(Debug)]
struct AudioAlone;

impl RateLaw for AudioAlone {
    fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn update(&mut self, _sample: &LinkSample) -> RateAdvice {
        RateAdvice {
            in_flight: Some(6000),
            skip_above: Some(0),
            ..RateAdvice::default()
        }
    }
}

fn law() -> Box<dyn RateLaw> {
    Box::new(Adaptive::new(Bitrate::kbps(150)))
}

/// Every buffer, round trip and loss.
fn all_habits() -> impl Iterator<Item = LineHabits> {
    [100, 300, 1500].into_iter().flat_map(|buffer| {
        [(0, 0), (0, 10), (60, 0), (60, 10)].map(|(round_trip, loss)| LineHabits {
            buffer,
            round_trip,
            loss,
            ..LineHabits::default()
        })
    })
}

/// The usual buffer.
fn with_round_trip(round_trip: u64) -> LineHabits {
    LineHabits {
        round_trip,
        ..LineHabits::default()
    }
}

/// Broadcasts over a trace, and says what misses the goals.
fn missed(trace: &Trace, habits: LineHabits, goals: &Goals) -> Vec<String> {
    missed_by(Sender::Program, trace, habits, goals)
}

fn missed_by(sender: Sender, trace: &Trace, habits: LineHabits, goals: &Goals) -> Vec<String> {
    let scenario = Scenario {
        sender,
        ..Scenario::new(trace.clone(), habits)
    };
    let missed = goals.missed(&scenario);
    missed
        .into_iter()
        .map(|missed| format!("{}, {habits:?}: {missed}", trace.name()))
        .collect()
}

#[test]
fn over_the_recorded_traces_the_goals_are_met_but_for_what_is_named() {
    let over = |trace: Trace| {
        let goals = Goals::of(&trace);
        all_habits().flat_map(move |habits| missed(&trace, habits, &goals))
    };
    let missed: Vec<String> = Trace::recorded().into_iter().flat_map(over).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Nothing is tuned on these. Down to an eighth every six seconds costs more than the goals allow:
/// 533, 1769, 0.56 and 2860 instead of 400, 500, 0.88 and 1200, and two frames in five.
#[test]
fn over_traces_that_it_was_not_tuned_on_it_does_as_well() {
    let walks = (1..=8).map(|seed| (Trace::walk(seed), GOALS));
    let flaps = Goals {
        video: 540,
        audio: 1800,
        used: 0.54,
        freeze: 2900,
        ..GOALS
    };
    let squares = [
        (Trace::square(6000, 1200, 7000), GOALS),
        (Trace::square(3000, 2000, 1000), GOALS),
        (Trace::square(4000, 500, 3000), flaps),
    ];
    let over = |(trace, goals): (Trace, Goals)| {
        let habits = [0, 60].map(with_round_trip).into_iter();
        habits.flat_map(move |habits| missed(&trace, habits, &goals))
    };
    let missed: Vec<String> = walks.chain(squares).flat_map(over).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn on_a_steady_line_of_any_rate_the_asked_rate_is_steady_and_nearly_all_of_it_is_used() {
    let goals = Goals {
        // 700 kbit/s is the floor of 720p: some frames are lost before the size falls.
        lost: 0.015,
        used: 0.94,
        unrest: 0.08,
        ..GOALS
    };
    let rates = [700, 1000, 1500, 2000, 3000, 4000, 6000];
    let over = |kbps| missed(&Trace::steady(kbps), LineHabits::default(), &goals);
    let missed: Vec<String> = rates.into_iter().flat_map(over).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Without steps for audio: 36.7, 25.1 and 14.1 s late, 66 and 35 % of the frames lost at 200 and 250.
/// What is late still is the first keyframe, of a rate that the line has yet to teach.
#[test]
fn on_a_line_that_carries_next_to_nothing_audio_gets_through() {
    for (kbps, late, lost) in [
        (60, 13_500, 1.0),
        (90, 12_500, 1.0),
        (120, 5600, 0.98),
        (200, 2000, 0.15),
        (250, 1400, 0.1),
    ] {
        let scenario = Scenario::new(Trace::steady(kbps), with_round_trip(60));
        let figures = scenario.run(law());
        assert!(figures.audio(95) < late, "{kbps}: {}", figures.audio(95));
        assert!(figures.lost() <= lost, "{kbps}: {}", figures.lost());
    }
}

#[test]
fn a_line_that_is_back_after_audio_was_alone_is_used_again() {
    let trace = Trace::square(1500, 90, 15_000);
    for round_trip in [0, 60] {
        let figures = Scenario::new(trace.clone(), with_round_trip(round_trip)).run(law());
        assert!(figures.used > 0.9, "{}", figures.used);
    }
}

#[test]
fn a_static_picture_lowers_nothing_and_probes_nothing() {
    for habits in [0, 60, 600].map(with_round_trip) {
        let scenario = Scenario {
            content: Content::Static,
            ..Scenario::new(Trace::steady(2000), habits)
        };
        let figures = scenario.run(law());
        let asked = (figures.least_asked(), figures.most_asked());
        assert_eq!(asked, (1500.0, 1500.0), "{habits:?}");
        assert_eq!(figures.skipped + figures.shed, 0, "{habits:?}");
    }
}

#[test]
fn a_round_trip_of_any_length_is_no_queue() {
    for round_trip in [0, 20, 60, 150, 300, 600] {
        let habits = with_round_trip(round_trip);
        let figures = Scenario::new(Trace::steady(3000), habits).run(law());
        assert!(figures.used > 0.85, "{habits:?}: {}", figures.used);
        let late = figures.video(95);
        assert!(late < 400 + round_trip, "{habits:?}: {late}");
    }
}

/// openh264 makes a few percent more than it is asked for. What that queues would be part of the
/// shortest round trip once it had stood for ten seconds: 516 ms, and growing.
#[test]
fn an_encoder_that_makes_too_much_lets_no_queue_stand() {
    for (obeys, unrest) in [(103, 0.08), (106, 0.08), (110, 0.1)] {
        for habits in [0, 60].map(with_round_trip) {
            let scenario = Scenario {
                obeys,
                ..Scenario::new(Trace::steady(3000), habits)
            };
            let figures = scenario.run(law());
            let late = figures.video(95);
            assert!(late <= 320, "{obeys} %, {habits:?}: {late}");
            assert!(figures.unrest() <= unrest, "{obeys} %, {habits:?}");
            assert!(figures.lost() < 0.01, "{obeys} %, {habits:?}");
        }
    }
}

/// Somebody whose TCP fills what the line buffers for 25 s leaves as much of it as is taken. Half of
/// the line is fair.
fn beside_a_rival(kbps: u64, habits: LineHabits) -> [f64; 4] {
    let scenario = Scenario {
        rival: 15_000..40_000,
        ..Scenario::new(Trace::steady(kbps), habits)
    };
    seeds(&scenario, |scenario| {
        let figures = scenario.run(law());
        let share = |within| 2.0 * figures.carried(within) / kbps as f64;
        let full = 0.9 * (0.97 * kbps as f64 - 135.0).min(4500.0);
        [
            share(15_000..40_000),
            share(30_000..40_000),
            figures.freeze as f64,
            figures.asked_after(40_000, full).unwrap_or(u64::MAX) as f64,
        ]
    })
}

#[test]
fn beside_somebody_s_upload_it_gets_a_share_and_all_of_it_back_afterwards() {
    let lines = [1500, 3000, 6000].into_iter().flat_map(|kbps| {
        let habits = all_habits().filter(|habits| habits.loss == 0 && habits.buffer <= 300);
        habits.map(move |habits| (kbps, habits))
    });
    for (kbps, habits) in lines {
        let [share, last, freeze, back] = beside_a_rival(kbps, habits);
        let line = format!("{kbps} kbit/s, {habits:?}: {share:.2} {last:.2} {freeze} {back}");
        assert!(share >= 0.5 && last >= 0.6, "{line}");
        assert!(freeze <= 1200.0 && back <= 2500.0, "{line}");
    }
}

/// What fills a buffer of 1.5 s is as late as that, and so is whatever it is answered with. Not
/// solved: 5 to 25 % of a fair share. But all of it comes back, within 4.2 s.
#[test]
fn beside_an_upload_that_fills_a_deep_buffer_little_is_left_but_all_of_it_comes_back() {
    for kbps in [1500, 3000, 6000] {
        let habits = LineHabits {
            buffer: 1500,
            ..LineHabits::default()
        };
        let [share, _, _, back] = beside_a_rival(kbps, habits);
        assert!(share >= 0.04 && back <= 4200.0, "{kbps}: {share:.2} {back}");
    }
}

#[test]
fn another_route_is_no_queue_once_it_is_known() {
    for detour in [20, 40, 80, 200] {
        let habits = LineHabits {
            detour,
            ..LineHabits::default()
        };
        let figures = Scenario::new(Trace::steady(3000), habits).run(law());
        let share = figures.carried(40_000..60_000) / 3000.0;
        assert!(share > 0.9, "{detour} ms: {share}");
    }
}

#[test]
fn a_run_is_the_same_each_time() {
    for sender in [Sender::Program, Sender::Page] {
        let scenario = Scenario {
            sender,
            ..Scenario::new(Trace::walk(1), LineHabits::default())
        };
        let (one, two) = (scenario.run(law()), scenario.run(law()));
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
    }
}

/// What is wanted of a page in a browser, whose law is told by what arrives and not by a kernel, and
/// has a way to go with its advice. A lost segment holds back what came after it for a round trip,
/// which is taken for a queue: of a line that loses some, by chance or for want of a buffer, up to a
/// third is not used.
fn goals_of_a_page(trace: &Trace, habits: LineHabits) -> Goals {
    let goals = Goals::of(trace);
    let near = Goals {
        video: goals.video + 125,
        audio: goals.audio + 250,
        used: 0.83,
        lost: goals.lost + 0.015,
        freeze: goals.freeze + 500,
        recovery: 6500,
        ..goals
    };
    if habits.loss == 0 && habits.buffer > 100 {
        return near;
    }
    Goals {
        video: goals.video + 480,
        used: 0.67,
        lost: goals.lost + 0.03,
        unrest: 10.0,
        ..near
    }
}

#[test]
fn a_page_in_a_browser_does_nearly_as_well_as_a_program() {
    let over = |trace: Trace| {
        all_habits().flat_map(move |habits| {
            let goals = goals_of_a_page(&trace, habits);
            missed_by(Sender::Page, &trace, habits, &goals)
        })
    };
    let missed: Vec<String> = Trace::recorded().into_iter().flat_map(over).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}
