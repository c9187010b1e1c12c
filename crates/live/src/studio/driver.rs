use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use onair_av::Error;
use onair_av::device::{Device, Order, Tell};

use crate::director::{Command, Director, Event};

/// A device and its director. Nothing else drives either of them.
pub(super) struct Driver {
    device: Box<dyn Device>,
    director: Director,
}

/// What the director has to say.
pub(super) enum Directed {
    /// An order for the device, which has been given; this is the device's answer.
    Ordered(Result<(), Error>),
    /// Anything else, for the caller to do.
    Command(Command),
}

impl Driver {
    /// Connects the two. `tell` takes what the device reports, on the device's threads.
    pub(super) fn new(mut device: Box<dyn Device>, tell: Tell) -> Self {
        device.listen(tell);
        Self {
            director: Director::new(device.format()),
            device,
        }
    }

    pub(super) fn device(&mut self) -> &mut dyn Device {
        &mut *self.device
    }

    pub(super) const fn director(&self) -> &Director {
        &self.director
    }

    /// The next message; `None` when the director's timeout comes first. Gives `last` once nothing
    /// can write to the inbox any more.
    pub(super) fn wait<M>(&self, inbox: &Receiver<M>, last: M) -> Option<M> {
        let Some(at) = self.director.poll_timeout() else {
            return Some(inbox.recv().unwrap_or(last));
        };
        let time = at.saturating_duration_since(Instant::now());
        match inbox.recv_timeout(time) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(last),
        }
    }

    /// Tells the director that its timeout has come; then call [`poll`](Self::poll).
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.director.handle_timeout(now);
    }

    /// Tells the director what happened; then call [`poll`](Self::poll).
    pub(super) fn handle_event(&mut self, event: Event, now: Instant) {
        self.director.handle_event(event, now);
    }

    /// What the director says next, until it has no more to say.
    pub(super) fn poll(&mut self) -> Option<Directed> {
        Some(match self.director.poll_command()? {
            Command::Device(order) => Directed::Ordered(self.order(order)),
            command => Directed::Command(command),
        })
    }

    fn order(&mut self, order: Order) -> Result<(), Error> {
        let answer = self.device.perform(&order);
        let event = match &answer {
            Ok(()) => Event::Performed(order),
            Err(error) => Event::Refused {
                order,
                error: error.clone(),
            },
        };
        self.director.handle_event(event, Instant::now());
        answer
    }
}
