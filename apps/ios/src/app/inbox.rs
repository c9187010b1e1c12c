//! Where all inputs arrive: their senders know only this file, and the driver takes them from here.

use std::cell::Cell;

use dispatch2::DispatchQueue;
use onair_ios_model::Input;

/// News for the driver that do not concern the app.
#[derive(Clone, Copy)]
pub(crate) enum Signal {
    /// The controller's view is on the screen: work may begin.
    Appeared,
    /// The interface was turned.
    Turned,
    /// UIKit had no time to present something.
    Unpresented,
    /// The session could not be set up to turn the picture.
    Unlevelled,
}

/// The handlers of what comes in, on the main thread.
#[derive(Clone, Copy)]
pub(crate) struct Takers {
    pub(crate) input: fn(Input),
    pub(crate) signal: fn(Signal),
}

thread_local! {
    static TAKERS: Cell<Option<Takers>> = const { Cell::new(None) };
}

/// Sets the handlers. This comes first: anything earlier is lost.
pub(crate) fn open(takers: Takers) {
    TAKERS.set(Some(takers));
}

/// Takes an input on the main thread.
pub(crate) fn send(input: Input) {
    if let Some(takers) = TAKERS.get() {
        (takers.input)(input);
    }
}

/// Takes an input from any thread.
pub(crate) fn post(input: Input) {
    DispatchQueue::main().exec_async(move || send(input));
}

/// Takes a signal on the main thread.
pub(crate) fn signal(signal: Signal) {
    if let Some(takers) = TAKERS.get() {
        (takers.signal)(signal);
    }
}
