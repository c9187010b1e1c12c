use std::collections::BTreeMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use objc2_core_foundation::{CFDictionary, CFRetained, CFString, CFType};
use onair_media::Size;

use super::object::Object;
use super::pixel_buffer::attributes;
use super::sys::{core_video, video_toolbox as sys};
use super::{FourCharCode, PixelBuffer, SampleBuffer, Status, Time};
use crate::{Error, I420};

/// A `VTCompressionSession`: an encoder in hardware. Invalid from when it is dropped,
/// and sometimes before.
#[derive(Debug)]
pub(crate) struct CompressionSession {
    session: Object,
    /// Last, so that outputs have somewhere to go until the session is released.
    _sink: Registered,
}

/// What came of a frame. Told on a thread of the system's, maybe before
/// [`CompressionSession::encode`] returns.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: Result<(), Status>,
    /// True when the encoder says it left the frame out.
    pub(crate) dropped: bool,
    /// What [`CompressionSession::encode`] was given to know the frame by.
    pub(crate) frame: usize,
    /// The compressed frame, if it was neither dropped nor failed.
    pub(crate) sample: Option<SampleBuffer>,
}

impl CompressionSession {
    /// Opens an encoder for frames of `size`; its outputs go to `sink`.
    pub(crate) fn create(size: Size, codec: FourCharCode, sink: Sink) -> Result<Self, Status> {
        let side = |side: u32| i32::try_from(side).map_err(|_| Status::PARAMETER);
        let (width, height) = (side(size.width)?, side(size.height)?);
        let attributes = attributes();
        let registered = Registered::new(sink);
        let mut session = ptr::null();
        // SAFETY: documented arguments, a callback that takes any number, and a valid place for
        // the answer.
        let status = unsafe {
            sys::VTCompressionSessionCreate(
                ptr::null(),
                width,
                height,
                codec.0,
                ptr::null(),
                as_ptr(&attributes),
                ptr::null(),
                Some(handle_output),
                ptr::without_provenance_mut(registered.0),
                &raw mut session,
            )
        };
        Status::check(status)?;
        // SAFETY: a function named Create gives its reference to the caller.
        let session = unsafe { Object::take(session) }.ok_or(Status::PARAMETER)?;
        let _sink = registered;
        Ok(Self { session, _sink })
    }

    /// Sets a property.
    pub(crate) fn set(&self, key: &CFString, value: &CFType) -> Result<(), Status> {
        // SAFETY: a live session, key and value; the session checks whether they fit.
        Status::check(unsafe { sys::VTSessionSetProperty(self.as_ptr(), key, value) })
    }

    /// Lets the encoder allocate what it needs before the first frame comes.
    pub(crate) fn prepare(&self) -> Result<(), Status> {
        // SAFETY: a live session.
        Status::check(unsafe { sys::VTCompressionSessionPrepareToEncodeFrames(self.as_ptr()) })
    }

    /// Hands a frame over, which the session retains; later than the one before it.
    pub(crate) fn encode(
        &self,
        image: &PixelBuffer,
        time: Time,
        properties: Option<&Properties>,
        frame: usize,
    ) -> Result<(), Status> {
        // SAFETY: a live session, frame and dictionary; the number of the frame is only ever
        // read as one.
        Status::check(unsafe {
            sys::VTCompressionSessionEncodeFrame(
                self.as_ptr(),
                image.as_ptr(),
                time.into_raw(),
                Time::INVALID.into_raw(),
                properties.map_or(ptr::null(), |properties| ptr::from_ref(properties).cast()),
                ptr::without_provenance_mut(frame),
                ptr::null_mut(),
            )
        })
    }

    /// Waits until all frames up to `time`, or all there are, have come out.
    pub(crate) fn complete(&self, time: Option<Time>) -> Result<(), Status> {
        let until = time.unwrap_or(Time::INVALID).into_raw();
        // SAFETY: a live session.
        Status::check(unsafe { sys::VTCompressionSessionCompleteFrames(self.as_ptr(), until) })
    }

    /// A copy of a frame where the encoder likes its input best.
    pub(crate) fn copy_in(&self, image: &I420) -> Result<PixelBuffer, Error> {
        // SAFETY: a live session; the pool is the session's own.
        let pool = unsafe { sys::VTCompressionSessionGetPixelBufferPool(self.as_ptr()) };
        if pool.is_null() {
            return PixelBuffer::from_i420(image);
        }
        let mut buffer = ptr::null();
        // SAFETY: the pool is alive as long as the session, and a valid place for the answer.
        let status = unsafe {
            core_video::CVPixelBufferPoolCreatePixelBuffer(ptr::null(), pool, &raw mut buffer)
        };
        Status::check(status).map_err(|status| {
            let what = format!("a buffer from the encoder's pool: {status}");
            Error::backend("VideoToolbox", what)
        })?;
        // SAFETY: a new buffer, as `attributes` describe it, whose only reference is ours.
        unsafe { PixelBuffer::draw_on(buffer, image) }
    }

    fn as_ptr(&self) -> *const CFType {
        self.session.as_ptr()
    }
}

impl Drop for CompressionSession {
    fn drop(&mut self) {
        // SAFETY: a live session; invalidating it twice is harmless.
        unsafe { sys::VTCompressionSessionInvalidate(self.as_ptr()) };
    }
}

/// Properties of a session or of a frame.
pub(crate) type Properties = CFDictionary<CFString, CFType>;

/// Takes outputs on any thread. It is not to do more than to put them by.
pub(crate) type Sink = Arc<dyn Fn(Output) + Send + Sync>;

/// A sink that outputs find by number. The system keeps the number, and not a pointer:
/// whenever it calls, even after the session is gone, there is either a sink or none.
#[derive(Debug)]
struct Registered(usize);

impl Registered {
    fn new(sink: Sink) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        sinks().insert(number, sink);
        Self(number)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        sinks().remove(&self.0);
    }
}

static NEXT: AtomicUsize = AtomicUsize::new(1);
static SINKS: Mutex<BTreeMap<usize, Sink>> = Mutex::new(BTreeMap::new());

fn sinks() -> MutexGuard<'static, BTreeMap<usize, Sink>> {
    SINKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The `VTCompressionOutputCallback`. A panic ends the process here: it may not unwind into frames
/// of the system's.
unsafe extern "C" fn handle_output(
    sink: *mut c_void,
    frame: *mut c_void,
    status: i32,
    flags: u32,
    sample: *const CFType,
) {
    let sink = sinks().get(&sink.addr()).cloned();
    let Some(sink) = sink else {
        return;
    };
    // SAFETY: null, or a sample buffer that lives as long as this call.
    let sample = unsafe { SampleBuffer::retain(sample) };
    sink(Output {
        status: Status::check(status),
        dropped: flags & sys::FRAME_DROPPED != 0,
        frame: frame.addr(),
        sample,
    });
}

fn as_ptr(dictionary: &CFRetained<Properties>) -> *const CFType {
    CFRetained::as_ptr(dictionary).as_ptr().cast()
}
