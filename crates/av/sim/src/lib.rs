//! Apple's media frameworks, simulated: enough of Core Foundation, Core Media, Core
//! Video, VideoToolbox and AudioToolbox for onair's Apple backends to run under
//! `cargo test` on any machine.
//!
//! **What runs on it tests our code, not Apple's.** It shows that references are taken
//! and given back, that memory is not used after it is gone, that every status, dropped
//! frame, late callback and change of format is met as intended, and that what comes
//! out decodes. It knows Apple's behaviour only from headers and documentation; only a device can
//! show whether it does the same.
//!
//! The symbols are those of the real frameworks. An object is an [`object::Object`]
//! behind a pointer, counted as Core Foundation counts, and its header outlives it, so
//! that using or releasing it too late panics instead of doing something else. openh264 encodes
//! frames, on a thread for each session; syom encodes audio where asked for.
//!
//! [`Sim::begin`] gives a test the frameworks for itself; when the guard is dropped, whatever is
//! still alive was leaked, and the test fails.
#![expect(unsafe_code, reason = "the other side of a C interface")]

mod audio;
mod audio_converter;
mod core_foundation;
mod core_media;
mod core_video;
mod encoder;
mod knobs;
mod object;
mod properties;
mod sim;
mod video_toolbox;
mod worker;

pub use audio::Pcm;
pub use knobs::{AudioKnobs, Canned, Delivery, Knobs};
pub use properties::Value;
pub use sim::Sim;
