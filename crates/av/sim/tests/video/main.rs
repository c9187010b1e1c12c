//! The VideoToolbox backend over simulated frameworks: these test our code, and not
//! Apple's. A device is needed to know what a device does.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../../tests/common/mod.rs"]
mod common;
mod hevc;
mod loss;
mod memory;
mod properties;
mod rig;
mod stream;
mod teardown;
