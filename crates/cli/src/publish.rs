//! `onair publish`: go live.

mod capture;
mod dashboard;
mod destination;
mod end_with_video;
mod options;
mod rules;
mod source;
mod stdin;

use self::dashboard::Web;
pub(crate) use self::destination::credentials;
pub(crate) use self::options::Publish;
use self::options::{Pace, SizeChange};
pub(crate) use self::rules::RULES;
use self::rules::Show;
pub(crate) use self::source::is_raw;

use std::thread;
use std::time::{Duration, Instant};

use onair::av::capture::attended;
use onair::{Adapt, Address, Broadcast, Builder, Destination, Event, Report, SizeChanges, State};

use crate::explain;
use crate::failure::Failure;
use crate::given::Given;
use crate::interrupt::{self, Interrupt};
use crate::log::LogOptions;
use crate::outlet::say;
use crate::progress::{Progress, Told};

/// How often the numbers are told.
const TICK: Duration = Duration::from_secs(1);

/// The longest time between keyframes that services take.
const KEYFRAME_LIMIT: Duration = Duration::from_secs(4);

pub(crate) fn run(opts: &Publish, given: &Given, log: LogOptions) -> Result<(), Failure> {
    let told = |source| Told {
        destinations: opts.to.len(),
        source,
        is_recorded: opts.record.is_some(),
        ends_with_servers: opts.no_reconnect,
        stats: opts.stats,
        log,
    };
    attended(|| {
        let interrupt = Interrupt::listen()?;
        // A pipe may never give anything.
        interrupt.stops(|| interrupt::end("stopped before anything came", 0));
        let (builder, source) = configure(opts, given)?;
        let web = opts.web.map(|address| Web::open(address, source));
        on_air(builder, told(source), &interrupt, web.transpose()?)
    })
}

/// Runs a broadcast to its end, and reports meanwhile.
pub(crate) fn on_air(
    builder: Builder,
    told: Told,
    interrupt: &Interrupt,
    web: Option<Web>,
) -> Result<(), Failure> {
    let mut progress = Progress::new(told);
    let broadcast = builder.start().map_err(Failure::usage)?;
    let stopper = broadcast.stopper();
    interrupt.stops(move || stopper.stop());
    thread::scope(|scope| {
        if let Some(web) = web {
            progress.show_on(web.dashboard().clone());
            scope.spawn(|| web.obey(&broadcast));
        }
        let report = watch(&broadcast, &mut progress);
        let written = progress.report(&report);
        verdict(&report).and(written)
    })
}

/// What goes where, and what users call the source.
fn configure(opts: &Publish, given: &Given) -> Result<(Builder, &'static str), Failure> {
    let destinations = destination::all(opts, given)?;
    let plan = source::Plan::new(opts)?;
    given.refuse_without_effect(RULES, &show(opts, &plan, &destinations))?;
    if opts
        .keyframe
        .is_some_and(|interval| interval > KEYFRAME_LIMIT)
    {
        say(
            "warning: services refuse streams with more than 4 s between keyframes: see --keyframe",
        );
    }
    let source = plan.name();
    let mut builder = plan.feed(Broadcast::builder())?;
    for destination in destinations {
        builder = builder.to(destination);
    }
    builder = builder.pace(match opts.pace {
        Pace::Realtime => onair::Pace::Realtime,
        Pace::Max => onair::Pace::Max,
    });
    builder = builder.adapt((!opts.no_adapt).then_some(Adapt {
        min: opts.min_bitrate,
        sizes: match opts.size_change {
            SizeChange::Auto => SizeChanges::WhereTaken,
            SizeChange::Yes => SizeChanges::Always,
            SizeChange::No => SizeChanges::Never,
        },
    }));
    if let Some(duration) = opts.duration {
        builder = builder.duration(duration);
    }
    if let Some(path) = &opts.record {
        builder = builder.record(source::recording(path)?);
    }
    if let Some(path) = &opts.trace {
        builder = builder.trace(path);
    }
    Ok((builder, source))
}

fn show(opts: &Publish, plan: &source::Plan<'_>, destinations: &[Destination]) -> Show {
    let (source, is_stdin) = plan.kind();
    let is_secure = |to: &Destination| {
        let mut addresses = [Some(&to.address), to.backup.as_ref()].into_iter();
        addresses.any(|address| address.is_some_and(Address::is_secure))
    };
    Show {
        source,
        is_stdin,
        has_audio: plan.has_audio(),
        is_secure: destinations.iter().any(is_secure),
        is_insecure: opts.insecure,
        has_user: opts.user.is_some(),
        tries_once: opts.no_reconnect,
        adapts: !opts.no_adapt,
        is_hurried: opts.pace == Pace::Max,
    }
}

/// Tells events as they come and numbers each second, until the last event.
fn watch(broadcast: &Broadcast, progress: &mut Progress) -> Report {
    let mut next_tick = Instant::now() + TICK;
    loop {
        let event = match progress.ticks() {
            true => {
                broadcast.next_event_within(next_tick.saturating_duration_since(Instant::now()))
            }
            false => broadcast.next_event(),
        };
        match event {
            Some(Event::Ended(report)) => return report,
            Some(event) => {
                progress.event(&event);
                if progress.is_over() {
                    broadcast.stop();
                }
            }
            None => {
                progress.tick(&broadcast.stats());
                next_tick += TICK;
            }
        }
    }
}

/// A destination that was given up, or a recording that failed, is a failure even if others went
/// well: a script that asked for two has to learn that it got one.
pub(crate) fn verdict(report: &Report) -> Result<(), Failure> {
    let recording = report.recording.iter().filter_map(|recording| {
        let error = recording.error.as_deref()?;
        let path = recording.path.display();
        let left = match recording.bytes {
            0 => "nothing was recorded",
            _ => "what is in it plays",
        };
        Some(format!("the recording {path} failed: {error}; {left}"))
    });
    let errors: Vec<_> = report
        .destinations
        .iter()
        .filter(|destination| destination.state == State::Failed)
        .filter_map(|destination| {
            let failure = destination.failure.as_ref()?;
            let error = explain::with_cure(failure, failure.fault);
            Some(format!("{}: {error}", destination.url))
        })
        .chain(recording)
        .collect();
    match (report.ok, errors.is_empty()) {
        (true, _) => Ok(()),
        (false, false) => Err(Failure::failed(errors.join("\nonair: "))),
        (false, true) => Err(Failure::failed(&report.reason)),
    }
}
