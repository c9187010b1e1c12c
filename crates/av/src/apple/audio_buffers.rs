use std::mem::{offset_of, size_of};
use std::{ptr, slice};

use super::sys::audio_toolbox::{AudioBuffer, AudioBufferList};
use super::sys::core_media as sys;
use super::{BlockBuffer, SampleBuffer, Status};
use crate::pcm::Buffer;

/// The audio of a sample buffer as an `AudioBufferList`, and what keeps its bytes
/// where they are.
pub(super) struct AudioBuffers {
    /// The list, with as many buffers as there are.
    list: Vec<u64>,
    _data: BlockBuffer,
}

impl AudioBuffers {
    /// The audio in `sample`.
    pub(super) fn of(sample: &SampleBuffer) -> Result<Self, Status> {
        let mut list = vec![0; size(sample)?.div_ceil(size_of::<u64>())];
        let mut data = ptr::null();
        // SAFETY: a live sample buffer, room for a list of the size it asked for, aligned for the
        // pointers in it, and a valid place for the block buffer.
        let status = unsafe {
            sys::CMSampleBufferGetAudioBufferListWithRetainedBlockBuffer(
                sample.as_ptr(),
                ptr::null_mut(),
                list.as_mut_ptr().cast(),
                size_of_val(list.as_slice()),
                ptr::null(),
                ptr::null(),
                0,
                &raw mut data,
            )
        };
        Status::check(status)?;
        // SAFETY: null, or a block buffer one reference to which is ours from here on.
        let data = unsafe { BlockBuffer::take(data) };
        Ok(Self {
            list,
            _data: data.ok_or(Status::PARAMETER)?,
        })
    }

    /// The buffers, whose bytes stay as long as `self`.
    pub(super) fn buffers(&self) -> Vec<Buffer<'_>> {
        self.raw().iter().map(buffer).collect()
    }

    fn raw(&self) -> &[AudioBuffer] {
        let list: *const AudioBufferList = self.list.as_ptr().cast();
        // SAFETY: there is room for a list of one buffer at the least, written or zeros.
        let count = unsafe { (*list).number_buffers } as usize;
        let behind = &self.list[FIRST / size_of::<u64>()..];
        let room = size_of_val(behind) / size_of::<AudioBuffer>();
        // SAFETY: no more buffers than there is room for, all of them written or zeros.
        unsafe { slice::from_raw_parts(behind.as_ptr().cast(), count.min(room)) }
    }
}

/// The bytes that the list of `sample`'s buffers takes.
fn size(sample: &SampleBuffer) -> Result<usize, Status> {
    let mut size = 0;
    // SAFETY: a live sample buffer, and a valid place for the answer; null asks for no more.
    let status = unsafe {
        sys::CMSampleBufferGetAudioBufferListWithRetainedBlockBuffer(
            sample.as_ptr(),
            &raw mut size,
            ptr::null_mut(),
            0,
            ptr::null(),
            ptr::null(),
            0,
            ptr::null_mut(),
        )
    };
    Status::check(status)?;
    Ok(size.max(size_of::<AudioBufferList>()))
}

fn buffer(buffer: &AudioBuffer) -> Buffer<'_> {
    let bytes = if buffer.data.is_null() {
        &[]
    } else {
        // SAFETY: so many bytes of the block buffer that was retained along with the list, which
        // outlives the list this was borrowed from.
        unsafe {
            slice::from_raw_parts(
                buffer.data.cast_const().cast(),
                buffer.data_byte_size as usize,
            )
        }
    };
    Buffer {
        channels: u8::try_from(buffer.number_channels).unwrap_or(0),
        bytes,
    }
}

/// Where the first buffer of a list is.
const FIRST: usize = offset_of!(AudioBufferList, buffers);
const _: () = assert!(FIRST == size_of::<u64>());
