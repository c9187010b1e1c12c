//! The functions of `include/onair.h`: here pointers become owned objects, and go no further.
#![expect(unsafe_code, reason = "the C interface")]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use onair::av::apple::{PixelBuffer, SampleBuffer};

use crate::push::{self, Pushed};

#[cfg(target_vendor = "apple")]
pub mod device;

/// Takes a frame: see the header.
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

/// Takes a frame without a sample buffer around it: see the header.
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

/// Takes audio: see the header.
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

/// The number for C; a panic must not unwind into it.
fn answer(push: impl FnOnce() -> Pushed) -> i32 {
    let pushed = catch_unwind(AssertUnwindSafe(push));
    pushed.unwrap_or(Pushed::Bug) as i32
}
