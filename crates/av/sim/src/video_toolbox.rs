//! VideoToolbox: `VTCompressionSession.h`, `VTSession.h`.

use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use onair_media::Size;

use crate::core_foundation::{find, strings};
use crate::core_media::Time;
use crate::core_video::{Pool, check_attributes, pixels};
use crate::encoder::{Encoder, Frame};
use crate::knobs::{next, stage};
use crate::object::{Handle, Kind, Object};
use crate::properties::{self, Settings};
use crate::worker::{Callback, Outlet, Worker};

/// A `VTCompressionSession`.
pub(crate) struct Session {
    size: Size,
    codec: u32,
    pool: Handle,
    state: Mutex<State>,
    is_invalid: AtomicBool,
    worker: Worker,
}

#[derive(Default)]
struct State {
    settings: Settings,
    last: Option<i64>,
}

impl Session {
    fn invalidate(&self) {
        self.is_invalid.store(true, Ordering::SeqCst);
        self.worker.invalidate();
    }

    fn check(&self) -> Result<(), i32> {
        if self.is_invalid.load(Ordering::SeqCst) {
            return Err(INVALID_SESSION);
        }
        Ok(())
    }

    /// # Panics
    ///
    /// When a frame has no time, or not a later one than the frame before it.
    fn frame(&self, image: &Object, time: Time, properties: Option<&Object>) -> Frame {
        let nanos = time.nanos().expect("frames have times");
        let mut state = self.state.lock().expect("no panic");
        let is_later = state.last.is_none_or(|last| nanos > last);
        assert!(is_later, "a frame is no later than the one before it");
        state.last = Some(nanos);
        let forced = properties.and_then(|all| find(all, kVTEncodeFrameOptionKey_ForceKeyFrame));
        Frame {
            image: Handle::retain(image),
            nanos,
            forced: matches!(forced.map(Object::kind), Some(Kind::Boolean(true))),
            refcon: 0,
            settings: state.settings.clone(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.invalidate();
    }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn VTCompressionSessionCreate(
    _allocator: *const c_void,
    width: i32,
    height: i32,
    codec: u32,
    encoder_specification: Option<&Object>,
    source_attributes: &Object,
    _compressed_data_allocator: *const c_void,
    callback: Callback,
    refcon: *mut c_void,
    out: &mut *const Object,
) -> i32 {
    assert!(
        encoder_specification.is_none(),
        "a specification is not simulated"
    );
    let status = next(&mut stage().knobs.create);
    if status != 0 {
        return status;
    }
    if codec != H264 && codec != HEVC {
        return NO_SUCH_ENCODER;
    }
    check_attributes(source_attributes);
    let size = Size::new(width.unsigned_abs(), height.unsigned_abs());
    let refcon = refcon.expose_provenance();
    let outlet = Outlet { callback, refcon };
    *out = Handle::new(Kind::Session(Session {
        size,
        codec,
        pool: Handle::new(Kind::Pool(Pool { size })),
        state: Mutex::default(),
        is_invalid: AtomicBool::new(false),
        worker: Worker::start(Encoder::new(size, codec), outlet),
    }))
    .into_raw();
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn VTSessionSetProperty(object: &Object, key: &Object, value: &Object) -> i32 {
    let session = session(object);
    if let Err(status) = session.check() {
        return status;
    }
    let Some((key, value)) = properties::read(session.codec, key, value) else {
        return NOT_SUPPORTED;
    };
    if let Some(status) = stage().knobs.refused.get(&key) {
        return *status;
    }
    let mut state = session.state.lock().expect("no panic");
    state.settings.apply(&key, &value);
    stage().set.push((key, value));
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn VTCompressionSessionPrepareToEncodeFrames(object: &Object) -> i32 {
    session(object).check().err().unwrap_or(0)
}

#[unsafe(no_mangle)]
extern "C-unwind" fn VTCompressionSessionEncodeFrame(
    object: &Object,
    image: &Object,
    time: Time,
    _duration: Time,
    properties: Option<&Object>,
    refcon: *mut c_void,
    _flags: *mut u32,
) -> i32 {
    let session = session(object);
    if let Err(status) = session.check() {
        return status;
    }
    let (status, has_last_words) = {
        let mut stage = stage();
        (next(&mut stage.knobs.encode), stage.knobs.last_words)
    };
    if status != 0 {
        if has_last_words {
            session.worker.complete(i64::MAX);
        }
        return status;
    }
    assert_eq!(pixels(image).size, session.size, "the size of the picture");
    let frame = Frame {
        refcon: refcon.expose_provenance(),
        ..session.frame(image, time, properties)
    };
    session.worker.push(frame);
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn VTCompressionSessionCompleteFrames(object: &Object, until: Time) -> i32 {
    let session = session(object);
    if let Err(status) = session.check() {
        return status;
    }
    session.worker.complete(until.nanos().unwrap_or(i64::MAX));
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn VTCompressionSessionGetPixelBufferPool(object: &Object) -> *const Object {
    std::ptr::from_ref(&*session(object).pool)
}

#[unsafe(no_mangle)]
extern "C-unwind" fn VTCompressionSessionInvalidate(object: &Object) {
    session(object).invalidate();
}

fn session(object: &Object) -> &Session {
    match object.kind() {
        Kind::Session(session) => session,
        other => panic!("a {} is taken for a VTCompressionSession", other.name()),
    }
}

strings! {
    kVTEncodeFrameOptionKey_ForceKeyFrame = "ForceKeyFrame";
}

const H264: u32 = u32::from_be_bytes(*b"avc1");
const HEVC: u32 = u32::from_be_bytes(*b"hvc1");
/// `kVTInvalidSessionErr`.
const INVALID_SESSION: i32 = -12903;
/// `kVTPropertyNotSupportedErr`.
const NOT_SUPPORTED: i32 = -12900;
/// `kVTCouldNotFindVideoEncoderErr`.
const NO_SUCH_ENCODER: i32 = -12908;
