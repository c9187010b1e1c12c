//! What the machines that keep a broadcast on air saw and decided, in a file that gives the same
//! decisions again: a bad evening becomes a test.
//!
//! ```text
//!   while on air                                    later
//!   machine ◄─ Traced ─► recorder ─► file  ═══►  file ─► replay ─► the same machine, anew
//!                                                             └─► differs? the line, and both answers
//! ```
//!
//! A file is lines of JSON. The first says who wrote it, each further one is a call of a machine
//! with its time, or an event or order beside them, and the last says that it is the last. There is
//! nothing of the media in it but sizes and times, nothing of a server's words, and no address.
//!
//! A machine is one file here and one line in `machines`: what it is called with, what it answers,
//! and how to call it again.

mod arbiter;
mod audio;
mod failover;
mod handover;
mod line;
mod machine;
mod picture;
mod progress;
mod queue;
mod rate;
mod reconnect;
mod recorder;
mod replay;
#[cfg(test)]
mod tests;

pub(crate) use self::machine::Traced;
pub(crate) use self::recorder::Trace;
pub(crate) type TracedQueue = Traced<crate::queue::PacketQueue>;

pub use crate::handover::Action;

pub use self::line::{Order, Told};
pub use self::rate::fingerprint as law_fingerprint;
pub use self::replay::{Difference, Error, Moment, Replay, What, again, replay};
