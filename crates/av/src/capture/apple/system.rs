//! AVFoundation's row in the table of systems.

use super::{AppleDevice, audio_session, camera};
use crate::capture::session::System;
use crate::device::{Info, Kind};

pub(in crate::capture) const SYSTEM: System = System {
    kinds: &[
        Kind::Camera,
        Kind::Microphone,
        #[cfg(target_os = "macos")]
        Kind::Screen,
    ],
    is_listed: true,
    list,
    open: |setup| Ok(Box::new(AppleDevice::open(setup)?)),
};

fn list() -> Vec<Info> {
    let mut all = camera::all();
    all.extend(audio_session::inputs());
    #[cfg(target_os = "macos")]
    all.extend(super::display::all());
    all
}
