//! Turns frames in hardware, for sources that only say how their frames lie.

use std::ffi::{CStr, c_char, c_void};
use std::ptr::{self, NonNull};

use objc2_core_foundation::{CFDictionary, CFNumber, CFRetained, CFString, CFType};
use objc2_core_media::CMGetAttachment;
use objc2_core_video::{
    CVPixelBuffer, CVPixelBufferPool, kCVPixelBufferHeightKey,
    kCVPixelBufferIOSurfacePropertiesKey, kCVPixelBufferPixelFormatTypeKey, kCVPixelBufferWidthKey,
};
use objc2_video_toolbox::VTSessionSetProperty;
use onair_media::Size;

use crate::Error;
use crate::apple::{PixelBuffer, SampleBuffer, Status};
use crate::device::Rotation;

/// A `VTPixelRotationSession` with a pool for the frames it makes. It exists since iOS 16 and macOS
/// 13, so everything of it is looked up by name.
pub(super) struct Rotator {
    session: CFRetained<CFType>,
    rotate: Rotate,
    turn: Rotation,
    pool: Option<(Size, CFRetained<CVPixelBufferPool>)>,
}

type Create = unsafe extern "C-unwind" fn(*const c_void, *mut *mut CFType) -> i32;
type Rotate = unsafe extern "C-unwind" fn(*const CFType, *const CFType, *const CFType) -> i32;

// SAFETY: a session belongs to no thread, and `&mut self` keeps to one at a time.
unsafe impl Send for Rotator {}

impl Rotator {
    pub(super) fn new(turn: Rotation) -> Result<Self, Error> {
        let too_old = || Error::unsupported("turning a screen's pictures before iOS 16");
        let create = symbol(c"VTPixelRotationSessionCreate").ok_or_else(too_old)?;
        let rotate = symbol(c"VTPixelRotationSessionRotateImage").ok_or_else(too_old)?;
        let amount = constant(match turn {
            Rotation::None => c"kVTRotation_0",
            Rotation::Quarter => c"kVTRotation_CW90",
            Rotation::Half => c"kVTRotation_180",
            Rotation::ThreeQuarters => c"kVTRotation_CCW90",
        });
        let key = constant(c"kVTPixelRotationPropertyKey_Rotation").ok_or_else(too_old)?;
        // SAFETY: the function of this name has this type (VTPixelRotationSession.h).
        let create: Create = unsafe { std::mem::transmute(create) };
        // SAFETY: as above.
        let rotate: Rotate = unsafe { std::mem::transmute(rotate) };
        let session = make(create)?;
        // SAFETY: a property of such sessions, with one of its values.
        let status =
            unsafe { VTSessionSetProperty(&session, key, amount.map(|amount| amount.as_ref())) };
        check(status, "choosing the turn")?;
        Ok(Self {
            session,
            rotate,
            turn,
            pool: None,
        })
    }

    /// A turned copy of a frame.
    pub(super) fn rotate(&mut self, frame: &PixelBuffer) -> Result<PixelBuffer, Error> {
        let upright = self.buffer(self.turn.turn(frame.size()))?;
        let session = CFRetained::as_ptr(&self.session).as_ptr();
        // SAFETY: a live session and live pixel buffers, whose sizes go together.
        let status = unsafe { (self.rotate)(session, frame.as_ptr(), upright.as_ptr()) };
        check(status, "turning a picture")?;
        Ok(upright)
    }

    fn buffer(&mut self, size: Size) -> Result<PixelBuffer, Error> {
        if self.pool.as_ref().is_none_or(|(of, _)| *of != size) {
            self.pool = Some((size, pool(size)?));
        }
        let (_, pool) = self.pool.as_ref().expect("made above");
        let mut buffer: *mut CVPixelBuffer = ptr::null_mut();
        let place = NonNull::from(&mut buffer);
        // SAFETY: a live pool, and a valid place for the answer.
        let status = unsafe { CVPixelBufferPool::create_pixel_buffer(None, pool, place) };
        check(status, "taking a picture from the pool")?;
        let buffer =
            NonNull::new(buffer).ok_or_else(|| super::failed("a pool without pictures"))?;
        // SAFETY: a function named Create gives its reference to the caller.
        let buffer = unsafe { CFRetained::from_raw(buffer) };
        let object: &CFType = buffer.as_ref();
        // SAFETY: a live pixel buffer.
        let buffer = unsafe { PixelBuffer::retain(object) };
        buffer.ok_or_else(|| super::failed("a pool of something else"))
    }
}

/// How a frame of ReplayKit's lies, as Exif numbers it.
pub(super) fn orientation(sample: &SampleBuffer) -> Option<i32> {
    let key = constant(c"RPVideoSampleOrientationKey")?;
    // SAFETY: a live sample buffer, which `sample` keeps alive.
    let sample: &CFType = unsafe { &*sample.as_ptr() };
    // SAFETY: attachments go with sample buffers; how this one propagates is not asked.
    let value = unsafe { CMGetAttachment(sample, key, ptr::null_mut()) }?;
    value.downcast_ref::<CFNumber>()?.as_i32()
}

fn make(create: Create) -> Result<CFRetained<CFType>, Error> {
    let mut session = ptr::null_mut();
    // SAFETY: the default allocator, and a valid place for the answer.
    let status = unsafe { create(ptr::null(), &raw mut session) };
    check(status, "making a rotation session")?;
    let session = NonNull::new(session).ok_or_else(|| super::failed("no rotation session"))?;
    // SAFETY: a function named Create gives its reference to the caller.
    Ok(unsafe { CFRetained::from_raw(session) })
}

/// Video range, as encoders and players like it, in memory that the encoder can read.
fn pool(size: Size) -> Result<CFRetained<CVPixelBufferPool>, Error> {
    let number = |number: u32| CFNumber::new_i64(number.into());
    let (width, height) = (number(size.width), number(size.height));
    let pixels = number(u32::from_be_bytes(*b"420v"));
    let nothing_particular = CFDictionary::<CFString, CFType>::empty();
    // SAFETY: a constant that is there since iOS 4 and macOS 10.4.
    let width_key = unsafe { kCVPixelBufferWidthKey };
    // SAFETY: as above.
    let height_key = unsafe { kCVPixelBufferHeightKey };
    // SAFETY: as above.
    let pixels_key = unsafe { kCVPixelBufferPixelFormatTypeKey };
    // SAFETY: as above.
    let memory_key = unsafe { kCVPixelBufferIOSurfacePropertiesKey };
    let attributes = CFDictionary::<CFString, CFType>::from_slices(
        &[width_key, height_key, pixels_key, memory_key],
        &[
            width.as_ref(),
            height.as_ref(),
            pixels.as_ref(),
            nothing_particular.as_ref(),
        ],
    );
    let mut pool: *mut CVPixelBufferPool = ptr::null_mut();
    let place = NonNull::from(&mut pool);
    // SAFETY: attributes as documented, and a valid place for the answer.
    let status =
        unsafe { CVPixelBufferPool::create(None, None, Some(attributes.as_opaque()), place) };
    check(status, "making a pool of pictures")?;
    let pool = NonNull::new(pool).ok_or_else(|| super::failed("no pool of pictures"))?;
    // SAFETY: a function named Create gives its reference to the caller.
    Ok(unsafe { CFRetained::from_raw(pool) })
}

fn check(status: i32, doing: &str) -> Result<(), Error> {
    Status::check(status).map_err(|status| super::failed(format!("{doing}: {status}")))
}

/// The address of a function or constant that this system may lack.
fn symbol(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: a C string; what comes back is null or an address in a library that stays loaded.
    NonNull::new(unsafe { dlsym(RTLD_DEFAULT, name.as_ptr()) })
}

/// A constant string that this system may lack.
fn constant(name: &CStr) -> Option<&'static CFString> {
    let place = symbol(name)?.cast::<Option<&'static CFString>>();
    // SAFETY: the constants that are asked for are strings, for good.
    unsafe { place.read() }
}

unsafe extern "C" {
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// `dlfcn.h`: everything that is loaded.
const RTLD_DEFAULT: *mut c_void = ptr::without_provenance_mut(-2_isize as usize);
