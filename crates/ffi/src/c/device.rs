//! Functions that need more of Apple's than the media frameworks: a phone's screen, a camera's
//! preview.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use objc2::MainThreadMarker;
use objc2::runtime::AnyObject;
use objc2_av_foundation::AVCaptureVideoPreviewLayer;
use onair::av::apple::SampleBuffer;
use onair::av::capture::apple::Shown;
use onair::av::device::Interface;

use super::answer;
use crate::preview;
use crate::push::{self, Pushed};

/// Takes what a broadcast upload extension is given: see the header.
///
/// # Safety
///
/// `sample` is null or a live Core Foundation object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn onair_push_screen(feed: u64, sample: *const c_void, kind: i32) -> i32 {
    // SAFETY: the caller promises null or a live object.
    let sample = unsafe { SampleBuffer::retain(sample.cast()) };
    answer(|| push::screen(feed, sample.as_ref(), kind))
}

/// Why a layer shows nothing, as `include/onair.h` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
enum NotShown {
    Busy = -5,
    NoCamera = -6,
    NoStudio = -7,
    NoLayer = -8,
}

/// Shows a studio's camera on a layer: see the header.
///
/// # Safety
///
/// `layer` is null or a live object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn onair_studio_show(studio: u64, layer: *mut c_void, interface: i32) -> i32 {
    // SAFETY: the caller promises null or a live object.
    let layer = unsafe { layer.cast::<AnyObject>().as_ref() };
    let show = AssertUnwindSafe(|| show(studio, layer, interface));
    catch_unwind(show).unwrap_or(Pushed::Bug as i32)
}

fn show(studio: u64, layer: Option<&AnyObject>, interface: i32) -> i32 {
    let layer = layer.and_then(AnyObject::downcast_ref::<AVCaptureVideoPreviewLayer>);
    let (Some(layer), Some(main_thread)) = (layer, MainThreadMarker::new()) else {
        return NotShown::NoLayer as i32;
    };
    let Some(preview) = preview::of(studio) else {
        return NotShown::NoStudio as i32;
    };
    let interface = Interface::numbered(interface as isize);
    match preview.show_on(layer, interface, main_thread) {
        Shown::Busy(_) => NotShown::Busy as i32,
        Shown::Nothing => NotShown::NoCamera as i32,
        Shown::Upright(rotation) => rotation.degrees().into(),
    }
}
