//! The source of frames: a camera, or a Mac's screen.

use objc2_av_foundation::AVCaptureInput;
use onair_media::{FrameRate, Size};

use super::camera::{self, Camera, Framing, Held};
#[cfg(target_os = "macos")]
use super::display::{self, Display};
use super::permission;
use crate::Error;
use crate::device::{self, Kind, Position};

pub(super) enum Source {
    Camera(Camera),
    #[cfg(target_os = "macos")]
    Display(Display),
}

/// Its kind, if it is there.
pub(super) fn find(which: &device::Camera) -> Result<Kind, Error> {
    #[cfg(target_os = "macos")]
    if let device::Camera::Screen(id) = which {
        return display::find(id.as_deref()).map(|_| Kind::Screen);
    }
    camera::find(which).map(|_| Kind::Camera)
}

/// Whether the user lets us use it.
pub(super) fn is_allowed(kind: Kind) -> bool {
    #[cfg(target_os = "macos")]
    if kind == Kind::Screen {
        return display::is_allowed();
    }
    permission::ask(kind)
}

impl Source {
    pub(super) fn open(which: &device::Camera) -> Result<Self, Error> {
        #[cfg(target_os = "macos")]
        if let device::Camera::Screen(id) = which {
            return Display::open(id.as_deref()).map(Self::Display);
        }
        Camera::open(which).map(Self::Camera)
    }

    pub(super) fn input(&self) -> &AVCaptureInput {
        match self {
            Self::Camera(camera) => camera.input().input(),
            #[cfg(target_os = "macos")]
            Self::Display(display) => display.input(),
        }
    }

    /// The unique id that notifications know it by.
    pub(super) fn id(&self) -> Option<String> {
        self.camera().map(|camera| camera.input().id())
    }

    /// True once it was unplugged.
    pub(super) fn is_gone(&self) -> bool {
        self.camera().is_some_and(|camera| camera.input().is_gone())
    }

    pub(super) fn position(&self) -> Option<Position> {
        self.camera()?.position()
    }

    /// The camera, if it is one.
    pub(super) const fn camera(&self) -> Option<&Camera> {
        match self {
            Self::Camera(camera) => Some(camera),
            #[cfg(target_os = "macos")]
            Self::Display(_) => None,
        }
    }

    /// Takes frames of this size or the nearest. Gives the camera's lock, to be held until they
    /// come.
    pub(super) fn frame(
        &self,
        size: Size,
        rate: FrameRate,
    ) -> Result<(Framing, Option<Held<'_>>), Error> {
        match self {
            Self::Camera(camera) => {
                let held = camera.hold()?;
                Ok((held.frame(size, rate)?, Some(held)))
            }
            #[cfg(target_os = "macos")]
            Self::Display(display) => Ok((display.frame(size, rate), None)),
        }
    }
}
