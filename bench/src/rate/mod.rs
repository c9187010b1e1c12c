//! The same minute over the same lines, by onair's law and by others'.

mod haishinkit;
mod moblin;
mod obs;
mod rootencoder;
mod streampack;
mod window;

use anyhow::Result;
use onair::rate::{Adaptive, RateLaw, Unlimited};
use onair_media::Bitrate;
use onair_ratesim::{Figures, LineHabits, QueuePolicy, Scenario, Trace};

use crate::table::Group;

/// Who sends: a name, a law, and what is done with what waits.
struct Contender {
    name: &'static str,
    law: fn() -> Box<dyn RateLaw>,
    policy: QueuePolicy,
}

/// Nothing is shed, and audio waits its turn.
const PATIENT: QueuePolicy = QueuePolicy {
    audio_first: false,
    most: None,
};

const fn shedding_after(ms: u64) -> QueuePolicy {
    QueuePolicy {
        most: Some(ms),
        ..PATIENT
    }
}

fn contenders() -> [Contender; 7] {
    let contender = |name, law, policy| Contender { name, law, policy };
    [
        contender(
            "onair",
            || Box::new(Adaptive::new(Bitrate::kbps(150))),
            QueuePolicy::default(),
        ),
        contender(
            "none (--no-adapt)",
            || Box::new(Unlimited),
            QueuePolicy::default(),
        ),
        contender("OBS's law", || Box::<obs::Obs>::default(), PATIENT),
        contender("Moblin's law", || Box::<moblin::Moblin>::default(), PATIENT),
        contender(
            "HaishinKit's law, as meant",
            || Box::<haishinkit::HaishinKit>::default(),
            PATIENT,
        ),
        contender(
            "StreamPack's law",
            || Box::<streampack::StreamPack>::default(),
            shedding_after(130),
        ),
        contender(
            "RootEncoder's law",
            || Box::<rootencoder::RootEncoder>::default(),
            shedding_after(5200),
        ),
    ]
}

pub fn run() -> Result<Vec<Group>> {
    let habits = LineHabits {
        round_trip: 60,
        ..LineHabits::default()
    };
    let traces = Trace::recorded().into_iter();
    let unseen = [Trace::walk(1), Trace::square(6000, 1200, 7000)];
    Ok(traces
        .chain(unseen)
        .map(|trace| compare(&trace, habits))
        .collect())
}

fn compare(trace: &Trace, habits: LineHabits) -> Group {
    let mut group = Group::new(format!("rate: {}", trace.name()));
    for contender in contenders() {
        let scenario = Scenario {
            policy: contender.policy,
            ..Scenario::new(trace.clone(), habits)
        };
        let figures = scenario.run((contender.law)());
        group.row(contender.name, figures.video(95) as f64, shown(&figures));
    }
    group
}

fn shown(figures: &Figures) -> String {
    let seconds = |ms: u64| ms as f64 / 1000.0;
    format!(
        "p95 {:5.2} s, audio {:5.2}, used {:3.0} %, lost {:2.0} %, frz {:4.1}",
        seconds(figures.video(95)),
        seconds(figures.audio(95)),
        100.0 * figures.used,
        100.0 * figures.lost(),
        seconds(figures.freeze),
    )
}
