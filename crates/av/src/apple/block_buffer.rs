use std::{ptr, slice};

use bytes::Bytes;
use objc2_core_foundation::CFType;

use super::Status;
use super::object::Object;
use super::sys::core_media as sys;

/// A `CMBlockBuffer`: bytes in one stretch of memory or several. The clone is one
/// reference count.
#[derive(Clone, Debug)]
pub struct BlockBuffer(Object);

impl BlockBuffer {
    /// A reference of our own to a block buffer that was lent.
    ///
    /// # Safety
    ///
    /// `buffer` is null or points to a live `CMBlockBuffer`.
    pub(super) unsafe fn retain(buffer: *const CFType) -> Option<Self> {
        // SAFETY: the caller promises a live object.
        unsafe { Object::retain(buffer) }.map(Self)
    }

    /// Takes over the reference that a function gave.
    ///
    /// # Safety
    ///
    /// `buffer` is null or a live `CMBlockBuffer` one reference to which is the caller's.
    pub(super) unsafe fn take(buffer: *const CFType) -> Option<Self> {
        // SAFETY: the caller gives its reference away.
        unsafe { Object::take(buffer) }.map(Self)
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        // SAFETY: a live block buffer.
        unsafe { sys::CMBlockBufferGetDataLength(self.0.as_ptr()) }
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All the bytes, without a copy: they keep the buffer alive and stay where they
    /// are. Copied, once, only when they lie in several pieces.
    pub fn into_bytes(self) -> Result<Bytes, Status> {
        let all = self.len();
        if all == 0 {
            return Ok(Bytes::new());
        }
        let (start, length) = self.first_piece()?;
        if length < all || start.is_null() {
            return self.copy(all);
        }
        Ok(Bytes::from_owner(Contiguous {
            start,
            length,
            _buffer: self,
        }))
    }

    /// Where the bytes begin, and how many follow without a gap.
    fn first_piece(&self) -> Result<(*const u8, usize), Status> {
        let (mut start, mut length) = (ptr::null_mut(), 0);
        // SAFETY: a live block buffer, and valid places for the answers.
        let status = unsafe {
            sys::CMBlockBufferGetDataPointer(
                self.0.as_ptr(),
                0,
                &raw mut length,
                ptr::null_mut(),
                &raw mut start,
            )
        };
        Status::check(status)?;
        Ok((start.cast_const().cast(), length))
    }

    fn copy(&self, length: usize) -> Result<Bytes, Status> {
        let mut bytes = vec![0_u8; length];
        // SAFETY: a live block buffer, and room for as many bytes as are asked for.
        let status = unsafe {
            sys::CMBlockBufferCopyDataBytes(
                self.0.as_ptr(),
                0,
                bytes.len(),
                bytes.as_mut_ptr().cast(),
            )
        };
        Status::check(status)?;
        Ok(bytes.into())
    }
}

/// The bytes of a block buffer in one piece, and the buffer that keeps them.
struct Contiguous {
    start: *const u8,
    length: usize,
    _buffer: BlockBuffer,
}

// SAFETY: the memory belongs to the buffer, which may be held on any thread, and nobody writes to
// it any more.
unsafe impl Send for Contiguous {}

impl AsRef<[u8]> for Contiguous {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: that many bytes from there on are the buffer's, as it said itself; it lives as
        // long as `self`, and an encoder does not write to what it has handed over.
        unsafe { slice::from_raw_parts(self.start, self.length) }
    }
}
