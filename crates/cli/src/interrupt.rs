//! Ctrl-C and SIGTERM.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::outlet;

/// The first signal ends the streams properly. One that comes [`ECHO`] later or after that ends
/// the program.
///
/// Listened for before anything is on air, since from its first moment on a stream is to end
/// properly.
pub(crate) struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    signals: Mutex<Signals>,
    stop: OnceLock<Arc<dyn Fn() + Send + Sync>>,
}

/// What has been asked for by signals.
#[derive(Debug, Default)]
struct Signals {
    first: Option<Instant>,
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Stop,
    /// The first signal once more: nobody is impatient yet.
    Echo,
    Abort,
}

/// For so long after the first, a signal is the same one again. `timeout -s INT`, a shell's
/// process group and a service manager deliver one twice, a millisecond apart.
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

impl Interrupt {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let state = Arc::new(State::default());
        let heard = state.clone();
        ctrlc::set_handler(move || {
            let meaning = heard.signals().handle(Instant::now());
            match meaning {
                Meaning::Stop => heard.settle(),
                Meaning::Echo => {}
                Meaning::Abort => abort(),
            }
        })
        .map_err(|error| Failure::failed(format_args!("cannot listen for Ctrl-C: {error}")))?;
        Ok(Self(state))
    }

    /// What ends the streams, which are there now.
    pub(crate) fn stops(self, stop: impl Fn() + Send + Sync + 'static) {
        let _it_is_the_only_one = self.0.stop.set(Arc::new(stop));
        self.0.settle();
    }
}

impl State {
    /// Stops, when that was asked for and there is something to stop. On a thread of its own:
    /// stopping may take a moment, in which the next signal is to be heard.
    fn settle(&self) {
        let asked = self.signals().first.is_some();
        if let Some(stop) = self.stop.get().filter(|_| asked).cloned() {
            thread::spawn(move || stop());
        }
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
