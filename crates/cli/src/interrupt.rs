//! Ctrl-C, SIGTERM and SIGHUP.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::outlet;

/// The first signal ends the streams properly. Another one, [`ECHO`] later or after that, ends the
/// program.
///
/// It listens before anything is on air, so that a stream ends properly from its first moment on.
pub(crate) struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    signals: Mutex<Signals>,
    stop: Mutex<Option<Stop>>,
    reload: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

type Stop = Arc<dyn Fn() + Send + Sync>;

/// The signals so far.
#[derive(Debug, Default)]
struct Signals {
    first: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Stop,
    /// The first signal again: nobody is impatient yet.
    Echo,
    Abort,
}

/// How long a further signal counts as the first one again. `timeout -s INT`, a shell's process
/// group and a service manager deliver one twice, a millisecond apart.
const ECHO: Duration = Duration::from_secs(1);

impl Signals {
    fn handle(&mut self, now: Instant) -> Meaning {
        match self.first {
            None => {
                self.first = Some(now);
                Meaning::Stop
            }
            Some(first) if now.saturating_duration_since(first) < ECHO => Meaning::Echo,
            Some(_) => Meaning::Abort,
        }
    }
}

/// Ends the program whatever it is doing.
fn abort() -> ! {
    outlet::insist("onair: ended at once; what was on air was not ended properly");
    outlet::finish();
    std::process::exit(1);
}

/// Ends the program as asked, with a message, if there is nothing to stop yet.
pub(crate) fn end(words: &str, status: i32) -> ! {
    outlet::insist(words);
    outlet::finish();
    std::process::exit(status);
}

impl Interrupt {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let state = Arc::new(State::default());
        listen(state.clone())
            .map_err(|error| Failure::failed(format_args!("cannot listen for Ctrl-C: {error}")))?;
        Ok(Self(state))
    }

    /// What a hang-up (SIGHUP) does, unless it is ignored or should end the streams.
    pub(crate) fn reloads(&self, reload: impl Fn() + Send + Sync + 'static) {
        let _it_is_the_only_one = self.0.reload.set(Box::new(reload));
    }

    /// What to stop from now on, instead of what was set before.
    pub(crate) fn stops(&self, stop: impl Fn() + Send + Sync + 'static) {
        *self.0.stop() = Some(Arc::new(stop));
        self.0.stop_if_asked();
    }
}

/// Listens for signals on a thread of its own.
#[cfg(unix)]
fn listen(state: Arc<State>) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    // `nohup` has it ignored, for a program that should outlive its terminal.
    let hangup = (!is_hangup_ignored()).then_some(SIGHUP);
    let wanted = [SIGINT, SIGTERM].into_iter().chain(hangup);
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    let hear = move || {
        for signal in signals.forever() {
            match state.reload.get().filter(|_| signal == SIGHUP) {
                Some(reload) => reload(),
                None => state.hear(),
            }
        }
    };
    let thread = thread::Builder::new().name("onair-signals".to_owned());
    thread.spawn(hear).map(drop)
}

#[cfg(not(unix))]
fn listen(state: Arc<State>) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || state.hear())
}

/// Whether the parent process wants SIGHUP ignored. Only Linux tells without unsafe code.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = 1 << (signal_hook::consts::SIGHUP - 1);
    mask.is_some_and(|mask| mask & bit != 0)
}

impl State {
    fn hear(&self) {
        let meaning = self.signals().handle(Instant::now());
        match meaning {
            Meaning::Stop => self.stop_if_asked(),
            Meaning::Echo => {}
            Meaning::Abort => abort(),
        }
    }

    /// Stops, if that was asked for and there is something to stop. It does so on a thread of its
    /// own, since stopping may take a moment in which the next signal must be heard; without a
    /// thread, on this one.
    fn stop_if_asked(&self) {
        let asked = self.signals().first.is_some();
        let stop = self.stop().clone();
        if let Some(stop) = stop.filter(|_| asked) {
            let also = stop.clone();
            let thread = thread::Builder::new().name("onair-stop".to_owned());
            if thread.spawn(move || also()).is_err() {
                stop();
            }
        }
    }

    fn stop(&self) -> MutexGuard<'_, Option<Stop>> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signals(&self) -> MutexGuard<'_, Signals> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_delivered_twice_is_one_and_a_later_one_is_impatience() {
        let (mut signals, start) = (Signals::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(signals.handle(start), Meaning::Stop);
        assert_eq!(signals.handle(start), Meaning::Echo);
        assert_eq!(signals.handle(after(999)), Meaning::Echo);
        assert_eq!(signals.handle(after(1000)), Meaning::Abort);
    }
}
