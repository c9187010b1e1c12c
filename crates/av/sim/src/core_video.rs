//! Core Video: `CVPixelBuffer.h`, `CVPixelBufferPool.h`, `CVBuffer.h`.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicIsize, Ordering};

use onair_av::I420;
use onair_media::Size;

use crate::core_foundation::{find, strings, text, type_id};
use crate::object::{Handle, Kind, Number, Object};

/// A `CVPixelBuffer` of two planes, as cameras give them: luma, then chroma in pairs.
pub(crate) struct Pixels {
    pub(crate) size: Size,
    memory: UnsafeCell<Box<[u8]>>,
    stride: usize,
    /// How many locks are held.
    locks: AtomicIsize,
    attachments: Mutex<Vec<(String, Handle)>>,
}

// SAFETY: the memory is only read and written as Core Video's rules let its users, who are what
// is tested; everything else is behind locks.
unsafe impl Sync for Pixels {}

/// A `CVPixelBufferPool`.
pub(crate) struct Pool {
    pub(crate) size: Size,
}

impl Pixels {
    pub(crate) fn new(size: Size) -> Self {
        // Wider than the picture, as hardware likes it, so that whoever forgets shows.
        let stride = (size.width as usize).next_multiple_of(64) + 64;
        let rows = size.height as usize + (size.height as usize).div_ceil(2);
        Self {
            size,
            memory: UnsafeCell::new(vec![0xA5; stride * rows].into()),
            stride,
            locks: AtomicIsize::new(0),
            attachments: Mutex::default(),
        }
    }

    /// The picture, as planes.
    pub(crate) fn frame(&self) -> I420 {
        let memory = self.memory.get();
        // SAFETY: encoders read only, and the rules forbid writing meanwhile.
        let memory: &[u8] = unsafe { &*memory };
        let mut frame = I420::black(self.size);
        let (width, half) = (self.size.width as usize, frame.chroma_width());
        let [y, u, v] = frame.planes_mut().expect("a new picture");
        let (luma, chroma) = memory.split_at(self.stride * self.size.height as usize);
        for (to, from) in y
            .chunks_exact_mut(width)
            .zip(luma.chunks_exact(self.stride))
        {
            to.copy_from_slice(&from[..width]);
        }
        let rows = u.chunks_exact_mut(half).zip(v.chunks_exact_mut(half));
        for ((u, v), from) in rows.zip(chroma.chunks_exact(self.stride)) {
            for ((u, v), pair) in u.iter_mut().zip(v).zip(from.chunks_exact(2)) {
                (*u, *v) = (pair[0], pair[1]);
            }
        }
        frame
    }

    /// What is attached under a key, if it is a string.
    pub(crate) fn attachment(&self, key: &str) -> Option<String> {
        let attachments = self.attachments.lock().expect("no panic");
        let found = attachments.iter().find(|(name, _)| name == key);
        found.and_then(|(_, value)| text(value).map(str::to_owned))
    }

    fn plane_rows(&self, plane: usize) -> usize {
        let height = self.size.height as usize;
        [height, height.div_ceil(2)][plane]
    }
}

impl Drop for Pixels {
    fn drop(&mut self) {
        let locks = self.locks.load(Ordering::SeqCst);
        assert_eq!(locks, 0, "a pixel buffer is released while it is locked");
    }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetTypeID() -> usize {
    type_id("CVPixelBuffer")
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferCreate(
    _allocator: *const c_void,
    width: usize,
    height: usize,
    format: u32,
    attributes: &Object,
    out: &mut *const Object,
) -> i32 {
    if format != NV12_VIDEO_RANGE {
        return INVALID_PIXEL_FORMAT;
    }
    check_attributes(attributes);
    let side = |side: usize| u32::try_from(side).expect("a side");
    let pixels = Pixels::new(Size::new(side(width), side(height)));
    *out = Handle::new(Kind::Pixels(pixels)).into_raw();
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferPoolCreatePixelBuffer(
    _allocator: *const c_void,
    pool: &Object,
    out: &mut *const Object,
) -> i32 {
    let Kind::Pool(pool) = pool.kind() else {
        panic!("a {} is taken for a pool", pool.kind().name());
    };
    *out = Handle::new(Kind::Pixels(Pixels::new(pool.size))).into_raw();
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferLockBaseAddress(buffer: &Object, _flags: u64) -> i32 {
    pixels(buffer).locks.fetch_add(1, Ordering::SeqCst);
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferUnlockBaseAddress(buffer: &Object, _flags: u64) -> i32 {
    let locks = pixels(buffer).locks.fetch_sub(1, Ordering::SeqCst);
    assert!(locks > 0, "a pixel buffer is unlocked once too often");
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetWidth(buffer: &Object) -> usize {
    pixels(buffer).size.width as usize
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetHeight(buffer: &Object) -> usize {
    pixels(buffer).size.height as usize
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetPixelFormatType(buffer: &Object) -> u32 {
    pixels(buffer);
    NV12_VIDEO_RANGE
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetPlaneCount(buffer: &Object) -> usize {
    pixels(buffer);
    2
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetBaseAddressOfPlane(
    buffer: &Object,
    plane: usize,
) -> *mut c_void {
    let pixels = pixels(buffer);
    let locks = pixels.locks.load(Ordering::SeqCst);
    assert!(locks > 0, "the address of an unlocked pixel buffer");
    let before = match plane {
        0 => 0,
        _ => pixels.plane_rows(0) * pixels.stride,
    };
    let memory = pixels.memory.get();
    // SAFETY: only the address is taken, of memory that lives as long as the buffer.
    let memory = unsafe { &mut *memory };
    ptr::from_mut(&mut memory[before]).cast()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetBytesPerRowOfPlane(buffer: &Object, _plane: usize) -> usize {
    pixels(buffer).stride
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVPixelBufferGetHeightOfPlane(buffer: &Object, plane: usize) -> usize {
    pixels(buffer).plane_rows(plane)
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CVBufferSetAttachment(
    buffer: &Object,
    key: &Object,
    value: &Object,
    _mode: u32,
) {
    let key = text(key).expect("keys are strings").to_owned();
    let mut attachments = pixels(buffer).attachments.lock().expect("no panic");
    attachments.push((key, Handle::retain(value)));
}

pub(crate) fn pixels(object: &Object) -> &Pixels {
    match object.kind() {
        Kind::Pixels(pixels) => pixels,
        other => panic!("a {} is taken for a CVPixelBuffer", other.name()),
    }
}

/// What buffers are made with must let a camera and an encoder share them.
pub(crate) fn check_attributes(attributes: &Object) {
    let format = find(attributes, kCVPixelBufferPixelFormatTypeKey).map(Object::kind);
    let wanted = Number::Int(i64::from(NV12_VIDEO_RANGE));
    assert!(matches!(format, Some(Kind::Number(number)) if *number == wanted));
    let surface = find(attributes, kCVPixelBufferIOSurfacePropertiesKey).map(Object::kind);
    assert!(matches!(surface, Some(Kind::Dictionary(_))));
}

strings! {
    kCVPixelBufferPixelFormatTypeKey = "PixelFormatType";
    kCVPixelBufferIOSurfacePropertiesKey = "IOSurfaceProperties";
    kCVImageBufferColorPrimariesKey = "CVImageBufferColorPrimaries";
    kCVImageBufferTransferFunctionKey = "CVImageBufferTransferFunction";
    kCVImageBufferYCbCrMatrixKey = "CVImageBufferYCbCrMatrix";
    kCVImageBufferColorPrimaries_ITU_R_709_2 = "ITU_R_709_2";
    kCVImageBufferTransferFunction_ITU_R_709_2 = "ITU_R_709_2";
    kCVImageBufferYCbCrMatrix_ITU_R_709_2 = "ITU_R_709_2";
}

const NV12_VIDEO_RANGE: u32 = u32::from_be_bytes(*b"420v");
/// `kCVReturnInvalidPixelFormat`.
const INVALID_PIXEL_FORMAT: i32 = -6680;
