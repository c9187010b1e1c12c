use objc2_core_foundation::{CFRetained, CFType};
use onair_media::Size;

/// A `CVPixelBuffer`: a picture that may live in memory the camera and the encoder
/// share. The clone is one reference count.
#[derive(Clone, Debug)]
pub struct PixelBuffer {
    buffer: CFRetained<CFType>,
    size: Size,
}

// SAFETY: Core Video's buffers are reference counted atomically, and what we do with one from
// another thread is to read it or to hand it to an encoder.
unsafe impl Send for PixelBuffer {}
// SAFETY: as above; nothing here writes to a buffer that is shared.
unsafe impl Sync for PixelBuffer {}

impl PixelBuffer {
    /// The picture's size.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// The `CVPixelBufferRef`, borrowed.
    pub fn as_ptr(&self) -> *const CFType {
        CFRetained::as_ptr(&self.buffer).as_ptr()
    }
}
