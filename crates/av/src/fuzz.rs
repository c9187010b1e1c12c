//! Bodies of the fuzz targets: any input is an error or an end, never a panic.

use crate::VideoSource;
use crate::capture::Y4m;
use crate::pcm::{self, Buffer, Encoding};

/// Reads a YUV4MPEG2 stream to its end.
pub fn y4m(data: &[u8]) {
    let Ok(mut source) = Y4m::new(data) else {
        return;
    };
    while let Ok(Some(frame)) = source.next_frame() {
        assert_eq!(frame.surface.size(), source.size());
    }
}

/// Reads PCM: two buffers of channels, the first three bytes saying which and how.
pub fn pcm(data: &[u8]) {
    let Some((&[encoding, first, second], bytes)) = data.split_first_chunk() else {
        return;
    };
    let encodings = [Encoding::I16, Encoding::I24, Encoding::I32, Encoding::F32];
    let encoding = encodings[usize::from(encoding) % encodings.len()];
    let halves = bytes.split_at(bytes.len() / 2);
    let buffer = |channels, bytes| Buffer { channels, bytes };
    let buffers = [buffer(first % 9, halves.0), buffer(second % 9, halves.1)];
    for buffers in [&buffers[..1], &buffers] {
        if let Ok((channels, samples)) = pcm::samples(encoding, buffers) {
            let read: usize = buffers.iter().map(|buffer| buffer.bytes.len()).sum();
            assert_eq!(samples.len() * encoding.size(), read);
            assert_eq!(samples.len() % usize::from(channels), 0);
        }
    }
}
