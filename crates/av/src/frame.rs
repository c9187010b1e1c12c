use onair_media::{Size, Timestamp};

use crate::I420;

/// A raw frame and when it was taken. The clone is one reference count.
#[derive(Clone, Debug)]
pub struct VideoFrame {
    /// The frame.
    pub surface: Surface,
    /// When it was taken, on the broadcast's timeline.
    pub timestamp: Timestamp,
}

/// Where a frame's pixels are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Surface {
    /// In memory, as three planes.
    I420(I420),
    /// In a Core Video pixel buffer, wherever that is.
    #[cfg(apple_media)]
    PixelBuffer(crate::apple::PixelBuffer),
}

impl Surface {
    /// The frame's size.
    pub fn size(&self) -> Size {
        match self {
            Self::I420(frame) => frame.size(),
            #[cfg(apple_media)]
            Self::PixelBuffer(buffer) => buffer.size(),
        }
    }
}
