use std::marker::PhantomData;
use std::{ptr, slice};

use objc2_core_foundation::{CFDictionary, CFNumber, CFRetained, CFString, CFType};
use onair_media::Size;

use super::object::Object;
use super::sys::core_video as sys;
use super::{FourCharCode, Status};
use crate::{Error, I420};

/// A `CVPixelBuffer`: a frame that may live in memory the camera and the encoder
/// share. The clone is one reference count.
#[derive(Clone, Debug)]
pub struct PixelBuffer {
    buffer: Object,
    size: Size,
}

impl PixelBuffer {
    /// A reference of our own to a `CVPixelBufferRef` that was lent; `None` for null
    /// and for an object of another kind.
    ///
    /// # Safety
    ///
    /// `buffer` is null or points to a live Core Foundation object.
    pub unsafe fn retain(buffer: *const CFType) -> Option<Self> {
        // SAFETY: the caller promises a live object.
        let buffer = unsafe { Object::retain(buffer) }?;
        let is_pixels = buffer.is_of_type(sys::CVPixelBufferGetTypeID());
        is_pixels.then(|| Self::of(buffer))
    }

    /// A copy of a frame, 4:2:0 in two planes of limited range (`420v`), tagged as
    /// BT.709, in memory that the camera, the encoder and the display can share.
    pub fn from_i420(frame: &I420) -> Result<Self, Error> {
        let buffer = Self::create(frame.size()).map_err(|status| failed("creating", status))?;
        buffer.draw(frame)?;
        Ok(buffer)
    }

    /// Takes over a buffer fresh from a pool, and copies a frame of its size in.
    ///
    /// # Safety
    ///
    /// `buffer` is a live pixel buffer of two planes, and the only reference to it.
    pub(super) unsafe fn draw_on(buffer: *const CFType, frame: &I420) -> Result<Self, Error> {
        // SAFETY: the caller gives its reference away.
        let buffer = unsafe { Object::take(buffer) };
        let buffer = Self::of(buffer.ok_or_else(|| failed("taking", Status::PARAMETER))?);
        buffer.draw(frame)?;
        Ok(buffer)
    }

    /// The frame's size.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// How its pixels are stored, e.g. `420v`.
    pub fn format(&self) -> FourCharCode {
        // SAFETY: a live pixel buffer.
        FourCharCode(unsafe { sys::CVPixelBufferGetPixelFormatType(self.as_ptr()) })
    }

    /// The pixels, to be read while what comes back is held.
    pub fn lock(&self) -> Result<LockedPixels<'_>, Error> {
        self.lock_with(sys::LOCK_READ_ONLY)
    }

    /// A copy of the frame in memory, where it is `420v`.
    pub fn to_i420(&self) -> Result<I420, Error> {
        let format = self.format();
        if format.0 != sys::NV12_VIDEO_RANGE {
            let what = format!("a picture of pixel format {format}: 420v would work");
            return Err(Error::Unsupported { what });
        }
        let locked = self.lock()?;
        let (Some(luma), Some(chroma)) = (locked.plane(0), locked.plane(1)) else {
            return Err(Error::backend(NAME, "a 420v buffer without its two planes"));
        };
        let mut frame = I420::black(self.size);
        let (width, half) = (self.size.width as usize, frame.chroma_width());
        if let Some([y, u, v]) = frame.planes_mut() {
            for (to, from) in y.chunks_exact_mut(width).zip(luma.rows()) {
                copy(from, to);
            }
            let chroma_rows = u.chunks_exact_mut(half).zip(v.chunks_exact_mut(half));
            for ((u, v), from) in chroma_rows.zip(chroma.rows()) {
                part(from, u, v);
            }
        }
        Ok(frame)
    }

    /// The `CVPixelBufferRef`, borrowed.
    pub fn as_ptr(&self) -> *const CFType {
        self.buffer.as_ptr()
    }

    fn create(size: Size) -> Result<Self, Status> {
        let attributes = attributes();
        let mut buffer = ptr::null();
        // SAFETY: attributes as documented, and a valid place for the answer.
        let status = unsafe {
            sys::CVPixelBufferCreate(
                ptr::null(),
                size.width as usize,
                size.height as usize,
                sys::NV12_VIDEO_RANGE,
                CFRetained::as_ptr(&attributes).as_ptr().cast(),
                &raw mut buffer,
            )
        };
        Status::check(status)?;
        // SAFETY: a function named Create gives its reference to the caller.
        let buffer = unsafe { Object::take(buffer) }.ok_or(Status::PARAMETER)?;
        Ok(Self::of(buffer))
    }

    /// Copies a frame into a new buffer that is not shared yet.
    fn draw(&self, frame: &I420) -> Result<(), Error> {
        self.tag();
        let mut locked = self.lock_with(0)?;
        let width = self.size.width as usize;
        for (to, from) in locked.rows_mut(0).zip(frame.y().chunks_exact(width)) {
            copy(from, to);
        }
        let half = frame.chroma_width();
        let chroma = frame.u().chunks_exact(half);
        let chroma = chroma.zip(frame.v().chunks_exact(half));
        for (to, (u, v)) in locked.rows_mut(1).zip(chroma) {
            interleave(u, v, to);
        }
        Ok(())
    }

    fn lock_with(&self, flags: u64) -> Result<LockedPixels<'_>, Error> {
        // SAFETY: a live pixel buffer; unlocked again when what comes back is dropped.
        let status = unsafe { sys::CVPixelBufferLockBaseAddress(self.as_ptr(), flags) };
        Status::check(status).map_err(|status| failed("locking", status))?;
        Ok(LockedPixels {
            buffer: self.as_ptr(),
            flags,
            _borrow: PhantomData,
        })
    }

    /// Says how its colours are meant: what is not said, an encoder guesses.
    fn tag(&self) {
        for (key, value) in [
            (
                sys::kCVImageBufferColorPrimariesKey,
                sys::kCVImageBufferColorPrimaries_ITU_R_709_2,
            ),
            (
                sys::kCVImageBufferTransferFunctionKey,
                sys::kCVImageBufferTransferFunction_ITU_R_709_2,
            ),
            (
                sys::kCVImageBufferYCbCrMatrixKey,
                sys::kCVImageBufferYCbCrMatrix_ITU_R_709_2,
            ),
        ] {
            let value: &CFType = value.as_ref();
            // SAFETY: a live buffer that nobody else has seen; it retains what it is given.
            unsafe {
                sys::CVBufferSetAttachment(self.as_ptr(), key, value, sys::SHOULD_PROPAGATE);
            }
        }
    }

    fn of(buffer: Object) -> Self {
        // SAFETY: a live pixel buffer.
        let width = unsafe { sys::CVPixelBufferGetWidth(buffer.as_ptr()) };
        // SAFETY: a live pixel buffer.
        let height = unsafe { sys::CVPixelBufferGetHeight(buffer.as_ptr()) };
        let side = |side| u32::try_from(side).unwrap_or(u32::MAX);
        let size = Size::new(side(width), side(height));
        Self { buffer, size }
    }
}

/// A pixel buffer's memory, held in place.
#[derive(Debug)]
pub struct LockedPixels<'a> {
    buffer: *const CFType,
    flags: u64,
    _borrow: PhantomData<&'a PixelBuffer>,
}

/// One plane of a frame.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    bytes: &'a [u8],
    stride: usize,
}

impl LockedPixels<'_> {
    /// A plane by its number, if there is one.
    pub fn plane(&self, index: usize) -> Option<Plane<'_>> {
        let (start, stride, rows) = self.locate(index)?;
        // SAFETY: Core Video gives `rows` rows of `stride` bytes from there on, which stay in
        // place while the buffer is locked; who made the frame has finished it.
        let bytes = unsafe { slice::from_raw_parts(start, stride * rows) };
        Some(Plane { bytes, stride })
    }

    /// The rows of a plane of a buffer that is not shared yet, locked for writing.
    #[expect(
        clippy::needless_pass_by_ref_mut,
        reason = "what it gives out is exclusive"
    )]
    fn rows_mut(&mut self, index: usize) -> slice::ChunksExactMut<'_, u8> {
        let Some((start, stride, rows)) = self.locate(index) else {
            return [].chunks_exact_mut(1);
        };
        // SAFETY: as in `plane`; and the buffer is new, so that this is its only reference.
        let bytes = unsafe { slice::from_raw_parts_mut(start, stride * rows) };
        bytes.chunks_exact_mut(stride)
    }

    /// Where a plane begins, bytes in a row, and the number of rows.
    fn locate(&self, index: usize) -> Option<(*mut u8, usize, usize)> {
        // SAFETY: a live pixel buffer.
        if index >= unsafe { sys::CVPixelBufferGetPlaneCount(self.buffer) } {
            return None;
        }
        // SAFETY: a live, locked pixel buffer that has such a plane.
        let start = unsafe { sys::CVPixelBufferGetBaseAddressOfPlane(self.buffer, index) };
        // SAFETY: as above.
        let stride = unsafe { sys::CVPixelBufferGetBytesPerRowOfPlane(self.buffer, index) };
        // SAFETY: as above.
        let rows = unsafe { sys::CVPixelBufferGetHeightOfPlane(self.buffer, index) };
        (!start.is_null() && stride > 0).then_some((start.cast(), stride, rows))
    }
}

impl Drop for LockedPixels<'_> {
    fn drop(&mut self) {
        // SAFETY: a live pixel buffer that was locked with the same flags.
        unsafe { sys::CVPixelBufferUnlockBaseAddress(self.buffer, self.flags) };
    }
}

impl<'a> Plane<'a> {
    /// Its rows from the top, each with whatever padding it has.
    pub fn rows(&self) -> slice::ChunksExact<'a, u8> {
        self.bytes.chunks_exact(self.stride)
    }
}

/// What a buffer is to be like for camera, encoder and display to share it: `420v`, and
/// backed by an IOSurface of any kind (an empty dictionary, `CVPixelBuffer.h`).
pub(super) fn attributes() -> CFRetained<CFDictionary<CFString, CFType>> {
    let format = CFNumber::new_i32(sys::NV12_VIDEO_RANGE.cast_signed());
    let surface = CFDictionary::<CFString, CFType>::empty();
    CFDictionary::from_slices(
        &[
            sys::kCVPixelBufferPixelFormatTypeKey,
            sys::kCVPixelBufferIOSurfacePropertiesKey,
        ],
        &[format.as_ref(), surface.as_ref()],
    )
}

/// Copies a row without the padding that either may have.
fn copy(from: &[u8], to: &mut [u8]) {
    let width = from.len().min(to.len());
    to[..width].copy_from_slice(&from[..width]);
}

fn interleave(u: &[u8], v: &[u8], to: &mut [u8]) {
    for ((u, v), pair) in u.iter().zip(v).zip(to.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[*u, *v]);
    }
}

fn part(from: &[u8], u: &mut [u8], v: &mut [u8]) {
    for ((u, v), pair) in u.iter_mut().zip(v).zip(from.chunks_exact(2)) {
        (*u, *v) = (pair[0], pair[1]);
    }
}

fn failed(doing: &str, status: Status) -> Error {
    Error::backend(NAME, format!("{doing} a pixel buffer failed: {status}"))
}

const NAME: &str = "Core Video";
