//! What `include/onair.h` declares: pointers come in here, become owned objects, and go no further.
#![expect(unsafe_code, reason = "the C interface")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use objc2::rc::Retained;
use objc2::{MainThreadMarker, Message};
use onair::av::apple::{PixelBuffer, SampleBuffer};

use crate::preview;
use crate::push::{self, Pushed};

/// Hands over a picture: see the header.
///
/// # Safety
///
/// `sample` is null or a live Core Foundation object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn onair_push_video(feed: u64, sample: *const c_void) -> i32 {
    // SAFETY: the caller promises null or a live object.
    let sample = unsafe { SampleBuffer::retain(sample.cast()) };
    answer(|| push::video(feed, sample.as_ref()))
}

/// Hands over a picture without a sample buffer around it: see the header.
///
/// # Safety
///
/// `pixels` is null or a live Core Foundation object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn onair_push_pixels(
    feed: u64,
    pixels: *const c_void,
    host_nanoseconds: i64,
) -> i32 {
    // SAFETY: the caller promises null or a live object.
    let pixels = unsafe { PixelBuffer::retain(pixels.cast()) };
    answer(|| push::pixels(feed, pixels, host_nanoseconds))
}

/// Hands over sound: see the header.
///
/// # Safety
///
/// `sample` is null or a live Core Foundation object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn onair_push_audio(feed: u64, sample: *const c_void) -> i32 {
    // SAFETY: the caller promises null or a live object.
    let sample = unsafe { SampleBuffer::retain(sample.cast()) };
    answer(|| push::audio(feed, sample.as_ref()))
}

/// Hands over what a broadcast upload extension is given: see the header.
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

/// Gives a reference to a studio's capture session: see the header.
#[unsafe(no_mangle)]
pub extern "C" fn onair_studio_session(studio: u64) -> *mut c_void {
    let session = catch_unwind(|| {
        let main_thread = MainThreadMarker::new()?;
        let preview = preview::of(studio)?;
        Some(preview.session(main_thread).retain())
    });
    let session = session.ok().flatten();
    session.map_or(ptr::null_mut(), |session| {
        Retained::into_raw(session).cast()
    })
}

/// The number for C; a panic must not unwind into it.
fn answer(push: impl FnOnce() -> Pushed) -> i32 {
    let pushed = catch_unwind(AssertUnwindSafe(push));
    pushed.unwrap_or(Pushed::Bug) as i32
}
