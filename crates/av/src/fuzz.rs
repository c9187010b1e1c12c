//! Bodies of the fuzz targets: any input is an error or an end, never a panic.

use crate::VideoSource;
use crate::capture::Y4m;

/// Reads a YUV4MPEG2 stream to its end.
pub fn y4m(data: &[u8]) {
    let Ok(mut source) = Y4m::new(data) else {
        return;
    };
    while let Ok(Some(frame)) = source.next_frame() {
        assert_eq!(frame.surface.size(), source.size());
    }
}
