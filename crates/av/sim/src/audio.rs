//! Raw audio in sample buffers, as microphones and ReplayKit hand it over.

use std::ffi::c_void;
use std::ptr;

use onair_av::apple::SampleBuffer;

use crate::audio_converter::{AudioBuffer, AudioBufferList, StreamDescription};
use crate::core_media::{Block, Sample, Time, block, sample};
use crate::object::{Handle, Kind, Object};

/// Sound, and what its description says of it.
#[derive(Clone, Debug)]
pub struct Pcm {
    /// `mFormatID`: `lpcm`.
    pub format: [u8; 4],
    /// `mFormatFlags`.
    pub flags: u32,
    /// `mSampleRate`.
    pub sample_rate: f64,
    /// `mChannelsPerFrame`.
    pub channels: u32,
    /// `mBitsPerChannel`.
    pub bits: u32,
    /// `mBytesPerFrame`.
    pub bytes_per_frame: u32,
    /// The bytes of all channels, or of each.
    pub buffers: Vec<Vec<u8>>,
}

impl Pcm {
    /// A sample buffer of it.
    pub(crate) fn sample_buffer(&self) -> SampleBuffer {
        let description = StreamDescription {
            sample_rate: self.sample_rate,
            format_id: u32::from_be_bytes(self.format),
            format_flags: self.flags,
            bytes_per_packet: self.bytes_per_frame,
            frames_per_packet: 1,
            bytes_per_frame: self.bytes_per_frame,
            channels_per_frame: self.channels,
            bits_per_channel: self.bits,
            reserved: 0,
        };
        let pieces = self.buffers.iter().map(|bytes| bytes.clone().into());
        let data = Block {
            pieces: pieces.collect(),
        };
        let sample = Handle::new(Kind::Sample(Sample {
            image: None,
            data: (!self.buffers.is_empty()).then(|| Handle::new(Kind::Block(data))),
            format: Some(Handle::new(Kind::AudioFormat(description))),
            attachments: None,
            presentation_time: Time::from_nanos(0),
        }));
        // SAFETY: a living object, to which this takes a reference of its own.
        let buffer = unsafe { SampleBuffer::retain((&raw const *sample).cast()) };
        buffer.expect("a sample buffer")
    }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMAudioFormatDescriptionGetStreamBasicDescription(
    description: &Object,
) -> *const StreamDescription {
    match description.kind() {
        Kind::AudioFormat(description) => description,
        Kind::Format(_) => ptr::null(),
        other => panic!("a {} is taken for a CMFormatDescription", other.name()),
    }
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn CMSampleBufferGetAudioBufferListWithRetainedBlockBuffer(
    sample: &Object,
    size_needed: Option<&mut usize>,
    list: *mut AudioBufferList,
    size: usize,
    structure_allocator: *const c_void,
    block_allocator: *const c_void,
    flags: u32,
    buffer: Option<&mut *const Object>,
) -> i32 {
    assert!(structure_allocator.is_null() && block_allocator.is_null() && flags == 0);
    let sample = self::sample(sample);
    let Some(data) = &sample.data else {
        return BUFFER_NOT_READY;
    };
    let channels = match sample.format.as_deref().map(Object::kind) {
        Some(Kind::AudioFormat(description)) => description.channels_per_frame,
        _ => return INVALID_MEDIA_TYPE,
    };
    let buffers = buffers(data, channels);
    let needed = HEAD + buffers.len() * size_of::<AudioBuffer>();
    if let Some(size) = size_needed {
        *size = needed;
    }
    if list.is_null() {
        return 0;
    }
    if size < needed {
        return ARRAY_TOO_SMALL;
    }
    let count = u32::try_from(buffers.len()).expect("a few");
    // SAFETY: there is room for a list, aligned for it.
    unsafe { list.cast::<u32>().write(count) };
    // SAFETY: as above, and for as many buffers behind its head.
    let first = unsafe { list.byte_add(HEAD) };
    // SAFETY: as above.
    unsafe { ptr::copy_nonoverlapping(buffers.as_ptr(), first.cast(), buffers.len()) };
    *buffer.expect("a place for the block buffer") = data.clone().into_raw();
    0
}

/// One buffer for each piece, between which the channels are shared out.
fn buffers(data: &Object, channels: u32) -> Vec<AudioBuffer> {
    let pieces = &block(data).pieces;
    let share = channels / u32::try_from(pieces.len().max(1)).expect("a few");
    let buffer = |piece: &[u8]| AudioBuffer {
        number_channels: share,
        data_byte_size: u32::try_from(piece.len()).expect("small"),
        data: piece.as_ptr().cast_mut().cast(),
    };
    pieces.iter().map(|piece| buffer(piece)).collect()
}

/// What comes before the first buffer of an `AudioBufferList`.
const HEAD: usize = std::mem::offset_of!(AudioBufferList, first);
/// `kCMSampleBufferError_BufferNotReady`.
const BUFFER_NOT_READY: i32 = -12733;
/// `kCMSampleBufferError_ArrayTooSmall`.
const ARRAY_TOO_SMALL: i32 = -12737;
/// `kCMSampleBufferError_InvalidMediaTypeForOperation`.
const INVALID_MEDIA_TYPE: i32 = -12741;
