//! What Apple's C frameworks hand out, owned: all raw pointers stop here.
#![expect(unsafe_code, reason = "the C interface of Core Foundation and its kin")]

mod pixel_buffer;

pub use pixel_buffer::PixelBuffer;
