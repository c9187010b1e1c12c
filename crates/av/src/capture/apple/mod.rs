//! Cameras and microphones of iPhone and Mac, through AVFoundation: one capture session for
//! both, so that pictures and sound are stamped by one clock.
//!
//! A thin layer: orders in, events and media out. Which format to take and where a turn leads is
//! decided by `capture::format` and `capture::aim`; what to do when the system takes something
//! away is the business of whoever listens.
#![expect(unsafe_code, reason = "the Objective-C interface of AVFoundation")]

#[cfg(target_os = "ios")]
mod audio_session;
mod camera;
mod delegate;
mod device;
#[cfg(target_os = "macos")]
mod display;
mod host_time;
mod level;
mod line;
mod list;
mod microphone;
mod notifications;
mod output;
mod permission;
mod preview;
mod rig;
mod rotator;
#[cfg(target_os = "macos")]
mod run_loop;
mod screen;
mod session;
mod source;
mod tap;

use objc2::Message;
use objc2::runtime::{NSObjectProtocol, Sel};
use objc2_foundation::NSError;

pub use device::AppleDevice;
pub use level::Level;
pub use line::host_clock;
pub(crate) use list::list;
pub use preview::{Preview, Shown};
#[cfg(target_os = "macos")]
pub(crate) use run_loop::beside_run_loop;
pub use screen::Screen;

use crate::Error;

const BACKEND: &str = "AVFoundation";

/// Something the system refused, in its own words.
fn refused(doing: &str, error: &NSError) -> Error {
    let (words, domain) = (error.localizedDescription(), error.domain());
    let code = error.code();
    Error::backend(BACKEND, format!("{doing}: {words} ({domain} {code})"))
}

/// Something the system refused without a word.
fn failed(what: impl Into<String>) -> Error {
    Error::backend(BACKEND, what)
}

/// Whether an object knows a method: those newer than the oldest system are asked for first.
fn responds(object: &(impl NSObjectProtocol + Message), method: Sel) -> bool {
    object.respondsToSelector(method)
}
