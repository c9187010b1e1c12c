//! What needs more of Apple's than the media frameworks: a phone's screen, a camera's preview.

use std::ffi::c_void;
use std::panic::catch_unwind;
use std::ptr;

use objc2::rc::Retained;
use objc2::{MainThreadMarker, Message};
use onair::av::apple::SampleBuffer;

use super::answer;
use crate::{preview, push};

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
