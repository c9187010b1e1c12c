//! What the iPhone app shows and does, without the iPhone.
//!
//! [`App`] is a machine: an [`Input`] (from the user or the engine) and the time go in, [`Effect`]s
//! come out, and [`App::screen`] gives what every element shows. UIKit only obeys. There is no
//! clock and no I/O here, so that every state of the app is a line of a test.
//!
//! ```
//! use std::time::Instant;
//! use onair_ios_model::{App, Control, Input, Phase};
//!
//! let now = Instant::now();
//! let mut app = App::new();
//! app.handle_input(Input::Tap(Control::Mute), now);
//! assert!(app.screen(now).mute.is_on);
//! assert_eq!(app.screen(now).record.phase, Phase::Idle);
//! while let Some(effect) = app.poll_effect() {
//!     println!("to be done: {effect:?}");
//! }
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `app` | the machine's state, its inputs sorted |
//! | `show` | going live, ending, what the broadcast tells |
//! | `air` | one show: its destinations, its meters |
//! | `health` | the rule behind the coloured dot, and the words beside it |
//! | `notices` | what the director told and still holds |
//! | `camera` | facing, torch, zoom, focus, how the phone is held |
//! | `sheet`, `page`, `form`, `draft` | settings and destinations: what rows do, what they show |
//! | `question` | what is asked in front of everything |
//! | `compose` | state in, [`Screen`] out |
//! | `link`, `address`, `destination`, `settings`, `saved`, `recordings`, `device` | data, its texts and names |
//! | `words` | every sentence a user reads or hears |
#![forbid(unsafe_code)]

mod address;
mod air;
mod app;
mod camera;
mod compose;
mod destination;
mod device;
mod draft;
mod effect;
mod form;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod health;
mod input;
pub mod link;
mod notices;
mod page;
mod question;
mod recordings;
pub mod saved;
mod screen;
mod settings;
mod sheet;
mod show;
#[cfg(test)]
mod tests;
mod words;

pub use address::Address;
pub use app::App;
pub use camera::{Reticle, Spot, Turn};
pub use destination::{Destination, Id};
pub use effect::{Effect, Haptic};
pub use input::{Change, Control, Input, Setup};
pub use recordings::is_recording;
pub use screen::{
    Alert, Answer, Banner, Button, Choice, Dot, Form, Meters, Page, Phase, Reading, Record, Role,
    Row, RowId, RowKind, Screen, Section, Status, Typing, Voice,
};
pub use settings::{Definition, FRAME_RATES, Settings};
