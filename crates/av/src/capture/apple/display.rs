//! A Mac's screens, through `AVCaptureScreenInput`: the simplest API that fits the same session.

use objc2::AnyThread;
use objc2::rc::Retained;
use objc2::runtime::AnyObject;
use objc2_av_foundation::{AVCaptureInput, AVCaptureScreenInput};
use objc2_core_graphics::{
    CGDirectDisplayID, CGDisplayCopyDisplayMode, CGDisplayMode, CGError, CGGetActiveDisplayList,
    CGMainDisplayID, CGRequestScreenCaptureAccess,
};
use objc2_core_video::{
    kCVPixelBufferHeightKey, kCVPixelBufferIOSurfacePropertiesKey, kCVPixelBufferWidthKey,
};
use objc2_foundation::{NSDictionary, NSString};
use onair_media::{FrameRate, Size};

use super::camera::Framing;
use super::{failed, key, number};
use crate::Error;
use crate::capture::format::fit;
use crate::device::{Info, Kind, unknown};

/// A screen that is, or is about to be, in a session.
pub(super) struct Display {
    input: Retained<AVCaptureScreenInput>,
    pixels: Size,
}

impl Display {
    /// Opens the one of this id, or the main one.
    pub(super) fn open(id: Option<&str>) -> Result<Self, Error> {
        let display = find(id)?;
        let allocated = AVCaptureScreenInput::alloc();
        // SAFETY: a screen that is there.
        let input = unsafe { AVCaptureScreenInput::initWithDisplayID(allocated, display) };
        Ok(Self {
            input: input.ok_or_else(|| failed("this screen cannot be captured"))?,
            pixels: pixels(display),
        })
    }

    pub(super) fn input(&self) -> &AVCaptureInput {
        &self.input
    }

    /// Takes this many frames a second, to be scaled into `size` in the screen's own shape.
    pub(super) fn frame(&self, size: Size, rate: FrameRate) -> Framing {
        let framing = Framing::at(fit(self.pixels, size), rate);
        // SAFETY: a valid duration.
        unsafe { self.input.setMinFrameDuration(framing.duration()) };
        framing
    }
}

/// Finds a screen.
pub(super) fn find(id: Option<&str>) -> Result<CGDirectDisplayID, Error> {
    let Some(id) = id else {
        return Ok(CGMainDisplayID());
    };
    let known = |number: &CGDirectDisplayID| active().contains(number);
    let number = id.parse().ok().filter(known);
    number.ok_or_else(|| unknown(Kind::Screen, id, &all()))
}

/// Whether the user allows recording it. Asks if the user was never asked.
pub(super) fn is_allowed() -> bool {
    CGRequestScreenCaptureAccess()
}

pub(super) fn all() -> Vec<Info> {
    let info = |display: CGDirectDisplayID| {
        let is_default = display == CGMainDisplayID();
        let name = if is_default { "Main screen" } else { "Screen" };
        Info {
            id: display.to_string(),
            name: format!("{name}, {}", pixels(display)),
            kind: Kind::Screen,
            position: None,
            is_default,
        }
    };
    active().into_iter().map(info).collect()
}

/// Settings of an output on a Mac: frames of this size, in memory that the encoder can read too.
pub(super) fn shared_memory(size: Size) -> Vec<(Retained<NSString>, Retained<AnyObject>)> {
    let nothing_particular: Retained<NSDictionary> = NSDictionary::new();
    vec![
        // SAFETY: a constant that is there since macOS 10.4.
        (key(unsafe { kCVPixelBufferWidthKey }), number(size.width)),
        // SAFETY: a constant that is there since macOS 10.4.
        (key(unsafe { kCVPixelBufferHeightKey }), number(size.height)),
        (
            // SAFETY: a constant that is there since macOS 10.6.
            key(unsafe { kCVPixelBufferIOSurfacePropertiesKey }),
            nothing_particular.into(),
        ),
    ]
}

fn active() -> Vec<CGDirectDisplayID> {
    let mut displays = [0; MOST];
    let mut count = 0;
    let room = u32::try_from(MOST).unwrap_or(0);
    // SAFETY: room for as many as we say, and for their number.
    let status = unsafe { CGGetActiveDisplayList(room, displays.as_mut_ptr(), &raw mut count) };
    let count = usize::try_from(count).unwrap_or(0).min(MOST);
    if status == CGError::Success {
        displays[..count].to_vec()
    } else {
        Vec::new()
    }
}

fn pixels(display: CGDirectDisplayID) -> Size {
    let mode = CGDisplayCopyDisplayMode(display);
    let side = |side: usize| u32::try_from(side).unwrap_or(0);
    Size::new(
        side(CGDisplayMode::pixel_width(mode.as_deref())),
        side(CGDisplayMode::pixel_height(mode.as_deref())),
    )
}

/// More screens than a Mac has.
const MOST: usize = 32;
