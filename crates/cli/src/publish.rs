//! `onair publish`: go live.

mod capture;
mod destination;
mod explain;
mod filler;
mod keeper;
mod source;

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use onair::av::device::attended;
use onair::{Broadcast, Builder, Event, Outcome, Report, State};

use crate::args::{Pace, Publish, StatsFormat, Talk};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Progress;

/// How often numbers are told.
const TICK: Duration = Duration::from_secs(1);

pub(crate) fn run(opts: &Publish, talk: Talk) -> Result<(), Failure> {
    attended(|| on_air(configure(opts)?, opts.to.len(), opts.stats, talk))
}

/// Runs a broadcast to its end, and says what happens meanwhile.
pub(crate) fn on_air(
    builder: Builder,
    destinations: usize,
    stats: StatsFormat,
    talk: Talk,
) -> Result<(), Failure> {
    let mut progress = Progress::new(destinations, stats, talk);
    let interrupt = Interrupt::listen()?;
    let broadcast = Arc::new(builder.start().map_err(Failure::usage)?);
    let stopper = broadcast.stopper();
    interrupt.stops(move || stopper.stop());
    let report = watch(&broadcast, &mut progress);
    progress.report(&report);
    verdict(&report)
}

fn configure(opts: &Publish) -> Result<Builder, Failure> {
    let mut builder = source::feed(Broadcast::builder(), opts)?;
    for destination in destination::all(opts)? {
        builder = builder.to(destination);
    }
    builder = builder.pace(match opts.pace {
        Pace::Realtime => onair::Pace::Realtime,
        Pace::Max => onair::Pace::Max,
    });
    if let Some(duration) = opts.duration {
        builder = builder.duration(duration);
    }
    if let Some(path) = &opts.record {
        builder = builder.record(source::recording(path)?);
    }
    Ok(builder)
}

/// Tells events as they come and numbers each second, until the last event.
fn watch(broadcast: &Arc<Broadcast>, progress: &mut Progress) -> Report {
    let (sender, events) = mpsc::channel();
    let source = Arc::clone(broadcast);
    thread::spawn(move || {
        while let Some(event) = source.next_event() {
            let _nobody_listens = sender.send(event);
        }
    });
    let mut next_tick = Instant::now() + TICK;
    loop {
        match events.recv_timeout(next_tick.saturating_duration_since(Instant::now())) {
            Ok(Event::Ended(report)) => return report,
            Ok(event) => progress.event(&event),
            Err(RecvTimeoutError::Timeout) => {
                progress.tick(&broadcast.stats());
                next_tick += TICK;
            }
            Err(RecvTimeoutError::Disconnected) => {
                unreachable!("the last event is the report")
            }
        }
    }
}

/// A destination that was given up is a failure even where others went well:
/// a script that asked for two has to learn that it got one.
fn verdict(report: &Report) -> Result<(), Failure> {
    let errors: Vec<_> = report
        .destinations
        .iter()
        .filter(|destination| destination.state == State::Failed)
        .filter_map(|destination| {
            let error = explain::with_cure(destination.error.as_deref()?, destination.fault);
            Some(format!("{}: {error}", destination.url))
        })
        .collect();
    match (report.outcome, errors.is_empty()) {
        (_, false) => Err(Failure::failed(errors.join("\nonair: "))),
        (Outcome::Failed, true) => Err(Failure::failed(&report.reason)),
        _ => Ok(()),
    }
}
