//! A Mac has no audio session: nothing to activate, deactivate or observe.
#![expect(clippy::unnecessary_wraps, reason = "a phone's may fail")]

use objc2::rc::Retained;
use objc2_foundation::NSNotificationName;

use super::av_device;
use super::notifications::Read;
use crate::Error;
use crate::device::{Info, Kind, Microphone};

pub(super) const fn activate() -> Result<(), Error> {
    Ok(())
}

pub(super) const fn deactivate() -> Result<(), Error> {
    Ok(())
}

/// The capture session has the microphone that was chosen.
pub(super) const fn choose(_: &Microphone) -> Result<(), Error> {
    Ok(())
}

pub(super) fn inputs() -> Vec<Info> {
    let usual = av_device::usual(Kind::Microphone).map(|device| av_device::id(&device));
    let microphones = av_device::all(Kind::Microphone);
    let info = |one: &Retained<_>| av_device::info(one, Kind::Microphone, usual.as_deref());
    microphones.iter().map(info).collect()
}

pub(super) const fn format() -> (u32, u8) {
    (48_000, 1)
}

pub(super) const fn notifications() -> [(&'static NSNotificationName, Read); 0] {
    []
}
