//! Ctrl-C and SIGTERM.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crate::failure::Failure;

/// The first signal ends the streams properly; the second ends the program.
///
/// Listened for before anything is on air, since from its first moment on a stream is to end
/// properly.
pub(crate) struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    asked: AtomicBool,
    stop: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Interrupt {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let state = Arc::new(State::default());
        let heard = state.clone();
        ctrlc::set_handler(move || {
            if heard.asked.swap(true, Ordering::SeqCst) {
                std::process::exit(1);
            }
            heard.settle();
        })
        .map_err(|error| Failure::failed(format_args!("cannot listen for Ctrl-C: {error}")))?;
        Ok(Self(state))
    }

    /// What ends the streams, which are there now.
    pub(crate) fn stops(self, stop: impl Fn() + Send + Sync + 'static) {
        let _it_is_the_only_one = self.0.stop.set(Box::new(stop));
        self.0.settle();
    }
}

impl State {
    /// Stops, when that was asked for and there is something to stop.
    fn settle(&self) {
        if let Some(stop) = self
            .stop
            .get()
            .filter(|_| self.asked.load(Ordering::SeqCst))
        {
            stop();
        }
    }
}
