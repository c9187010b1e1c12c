//! The AudioToolbox backend and the audio of sample buffers over simulated frameworks:
//! these test our code, and not Apple's. A device is needed to know what a device does.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../tests/common/mod.rs"]
#[expect(dead_code, reason = "what it has for pictures")]
mod common;
mod converter;
mod rig;
mod samples;
mod stream;
