//! A broadcast over a line that follows a trace, in virtual time: what a rate law makes of it.
//!
//! ```text
//!   encoder ─► skipped? ─► queue (audio first, sheds) ─► kernel ─► bottleneck ─► receiver
//!      ▲                        ▲                          │
//!      └─ bitrate ── RateLaw ───┴─ in flight ◄── samples ──┘
//! ```
//!
//! Every part is a model, and says what it models. The law is the real one. A run takes no time
//! that counts and is the same each time.
#![forbid(unsafe_code)]

mod encoder;
mod figures;
mod line;
mod page;
mod queue;
mod run;
mod tcp;
mod trace;

pub use encoder::Content;
pub use figures::Figures;
pub use line::LineHabits;
pub use queue::QueuePolicy;
pub use run::{Scenario, Sender};
pub use trace::{LENGTH, Trace};
