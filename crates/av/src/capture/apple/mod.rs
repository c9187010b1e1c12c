//! Cameras and microphones of iPhone and Mac, through AVFoundation: one capture session for
//! both, so that frames and audio are stamped by one clock.
//!
//! A thin layer: orders in, events and media out. Which format to take and where a turn leads is
//! decided by `capture::format` and `capture::orientation`; the director decides what to do when
//! the system takes something away.
#![expect(unsafe_code, reason = "the Objective-C interface of AVFoundation")]

#[cfg_attr(not(target_os = "ios"), path = "no_audio_session.rs")]
mod audio_session;
mod av_device;
mod camera;
mod clocked_inlet;
mod delegate;
mod device;
#[cfg(target_os = "macos")]
mod display;
mod host_time;
mod level;
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
mod system;
mod tap;

use objc2::Message;
use objc2::rc::Retained;
use objc2::runtime::{AnyObject, NSObjectProtocol, Sel};
use objc2_core_foundation::CFString;
use objc2_foundation::{NSError, NSNumber, NSString};

pub use clocked_inlet::host_clock;
pub use device::AppleDevice;
pub use level::Level;
pub use preview::{Preview, Shown};
#[cfg(target_os = "macos")]
pub(super) use run_loop::beside_run_loop;
pub use screen::Screen;
pub(super) use system::SYSTEM;

use crate::Error;

const BACKEND: &str = "AVFoundation";

/// An error in the system's words.
fn refused(doing: &str, error: &NSError) -> Error {
    let (words, domain) = (error.localizedDescription(), error.domain());
    let code = error.code();
    Error::backend(BACKEND, format!("{doing}: {words} ({domain} {code})"))
}

/// An error that the system did not explain.
fn failed(what: impl Into<String>) -> Error {
    Error::backend(BACKEND, what)
}

/// Whether an object has a method that is newer than the oldest system we run on.
fn responds(object: &(impl NSObjectProtocol + Message), method: Sel) -> bool {
    object.respondsToSelector(method)
}

/// A Core Video key as a Foundation string.
fn key(key: &CFString) -> Retained<NSString> {
    NSString::from_str(&key.to_string())
}

fn number(number: u32) -> Retained<AnyObject> {
    NSNumber::new_u32(number).into()
}
