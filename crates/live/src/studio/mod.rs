//! What an application with a camera drives: a device, its director and, on air, a broadcast.
//!
//! ```text
//!   application ──go_live, end, tell, order──► studio's thread ──Order──► Device
//!        ▲                                      │  Director │ ◄──Event───   │
//!        └───────────────News───────────────────┘           │               │ frames
//!                                                 Broadcast ◄──inlets───────┘ and audio
//! ```

mod captured;
mod control;
mod driver;
mod on_air;
mod show;
mod slate;

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use onair_av::device::{Capabilities, Device, Format, Order};

pub use self::captured::Captured;
pub use self::show::{Show, Slate};

use self::control::{Control, Message};
use crate::director::{self, Notice};
use crate::{Broadcast, Error, Event, Stats};

/// A camera and a microphone, on air or about to be. Every method returns at once: the work is
/// done on a thread of its own, so that an application may call them on its main thread.
///
/// Dropping it ends the show properly and stops the device. A program that exits sooner should call
/// [`end`](Self::end) and wait for [`Event::Ended`].
#[derive(Debug)]
pub struct Studio {
    control: Sender<Message>,
    shared: Arc<Shared>,
}

/// What a studio reports.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "news are few, and never kept")]
pub enum News {
    /// From the broadcast; the last one of each show is [`Event::Ended`].
    Broadcast(Event),
    /// From the director.
    Notice(Notice),
    /// Keep the screen awake, or let it sleep.
    KeepAwake(bool),
    /// The show could not be started.
    NotStarted(String),
}

/// Takes what a studio reports, on the studio's thread; it must return soon.
pub type Listener = Arc<dyn Fn(News) + Send + Sync>;

impl Studio {
    /// Takes charge of a device and starts it.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn open(device: Box<dyn Device>, listener: Listener) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            format: Mutex::new(device.format()),
            capabilities: Mutex::new(device.capabilities()),
            broadcast: Mutex::default(),
        });
        let (control, inbox) = mpsc::channel();
        let (outbox, for_control) = (control.clone(), shared.clone());
        let run = move || Control::new(device, listener, for_control, (outbox, inbox)).run();
        let thread = thread::Builder::new().name("onair-studio".to_owned());
        thread.spawn(run).map_err(|source| Error::System {
            what: "starting a thread",
            source,
        })?;
        Ok(Self { control, shared })
    }

    /// Goes live. Whether it did, or why not, comes as [`News`].
    ///
    /// Does not start while another show is on; waits for one that is ending.
    pub fn go_live(&self, show: Show) {
        self.send(Message::GoLive(Box::new(show)));
    }

    /// Ends the show properly; the device goes on for the preview.
    pub fn end(&self) {
        self.send(Message::End);
    }

    /// Tells the director what only the application knows: whether it is on the screen, and the
    /// network. What the studio itself knows is not taken from elsewhere.
    pub fn tell(&self, event: director::Event) {
        self.send(Message::Tell(event));
    }

    /// Asks the device for something: camera, torch, zoom, focus. A refusal is a
    /// [`Notice::Trouble`].
    pub fn order(&self, order: Order) {
        self.tell(director::Event::Order(order));
    }

    /// Silences the microphone.
    pub fn mute(&self, muted: bool) {
        self.tell(director::Event::Mute(muted));
    }

    /// How frames and audio are made now.
    pub fn format(&self) -> Format {
        *lock(&self.shared.format)
    }

    /// What the running camera can do; nothing before one runs.
    pub fn capabilities(&self) -> Capabilities {
        *lock(&self.shared.capabilities)
    }

    /// The figures, while on air.
    pub fn stats(&self) -> Option<Stats> {
        let broadcast = lock(&self.shared.broadcast).clone();
        broadcast.map(|broadcast| broadcast.stats())
    }

    fn send(&self, message: Message) {
        // The thread is gone only after a panic, which it has reported.
        let _ = self.control.send(message);
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        self.send(Message::Close);
    }
}

/// What may be read without waiting for the studio's thread.
#[derive(Debug)]
struct Shared {
    format: Mutex<Format>,
    capabilities: Mutex<Capabilities>,
    broadcast: Mutex<Option<Arc<Broadcast>>>,
}

impl Shared {
    fn look_at(&self, device: &dyn Device) {
        *lock(&self.format) = device.format();
        *lock(&self.capabilities) = device.capabilities();
    }

    fn set_broadcast(&self, broadcast: Option<Arc<Broadcast>>) {
        *lock(&self.broadcast) = broadcast;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
