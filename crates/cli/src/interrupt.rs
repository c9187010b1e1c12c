//! Ctrl-C and SIGTERM.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

/// The first signal calls `stop`, to end the streams properly; the second ends the program.
pub(crate) fn on_interrupt(stop: impl Fn() + Send + 'static) -> Result<(), Failure> {
    let asked = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
        stop();
    })
    .map_err(|error| Failure::failed(format_args!("cannot listen for Ctrl-C: {error}")))
}
