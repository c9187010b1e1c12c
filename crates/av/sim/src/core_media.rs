//! Core Media: `CMTime.h`, `CMSampleBuffer.h`, `CMBlockBuffer.h`, `CMFormatDescription.h`.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use crate::core_foundation::{dictionary, strings, type_id};
use crate::object::{Handle, Kind, Object};

/// `CMTime`.
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub(crate) struct Time {
    value: i64,
    timescale: i32,
    flags: u32,
    epoch: i64,
}

impl Time {
    pub(crate) const INVALID: Self = Self {
        value: 0,
        timescale: 0,
        flags: 0,
        epoch: 0,
    };

    pub(crate) const fn from_nanos(nanos: i64) -> Self {
        Self {
            value: nanos,
            timescale: 1_000_000_000,
            flags: 1,
            epoch: 0,
        }
    }

    /// Nanoseconds, where it is a time.
    pub(crate) fn nanos(self) -> Option<i64> {
        let (value, timescale, flags) = (self.value, self.timescale, self.flags);
        assert!(
            flags & 1 == 0 || timescale == 1_000_000_000,
            "given in nanoseconds"
        );
        (flags == 1).then_some(value)
    }
}

/// A `CMBlockBuffer`: the bytes of one piece, or of several.
pub(crate) struct Block {
    pub(crate) pieces: Vec<Box<[u8]>>,
}

/// A `CMFormatDescription` of compressed video.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Format {
    /// `avc1` or `hvc1`.
    pub(crate) codec: u32,
    /// NAL units.
    pub(crate) sets: Vec<Vec<u8>>,
}

/// A `CMSampleBuffer`.
pub(crate) struct Sample {
    pub(crate) image: Option<Handle>,
    pub(crate) data: Option<Handle>,
    pub(crate) format: Option<Handle>,
    /// An array of one dictionary, or nothing.
    pub(crate) attachments: Option<Handle>,
    pub(crate) presentation_time: Time,
}

/// What a frame that nothing can begin with has attached.
pub(crate) fn not_sync() -> Handle {
    let key = Handle::retain(kCMSampleAttachmentKey_NotSync);
    let yes = Handle::new(Kind::Boolean(true));
    Handle::new(Kind::Array(vec![dictionary(vec![(key, yes)])]))
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetTypeID() -> usize {
    type_id("CMSampleBuffer")
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetImageBuffer(sample: &Object) -> *const Object {
    borrow(self::sample(sample).image.as_ref())
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetDataBuffer(sample: &Object) -> *const Object {
    borrow(self::sample(sample).data.as_ref())
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetFormatDescription(sample: &Object) -> *const Object {
    borrow(self::sample(sample).format.as_ref())
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetSampleAttachmentsArray(
    sample: &Object,
    create_if_necessary: u8,
) -> *const Object {
    assert_eq!(
        create_if_necessary, 0,
        "making attachments is not simulated"
    );
    borrow(self::sample(sample).attachments.as_ref())
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetPresentationTimeStamp(sample: &Object) -> Time {
    self::sample(sample).presentation_time
}

/// Without reordering there is none of its own.
#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetDecodeTimeStamp(sample: &Object) -> Time {
    self::sample(sample);
    Time::INVALID
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMSampleBufferGetDuration(sample: &Object) -> Time {
    self::sample(sample);
    Time::INVALID
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMBlockBufferGetDataLength(buffer: &Object) -> usize {
    block(buffer).pieces.iter().map(|piece| piece.len()).sum()
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMBlockBufferGetDataPointer(
    buffer: &Object,
    offset: usize,
    length_at_offset: Option<&mut usize>,
    total_length: Option<&mut usize>,
    data: Option<&mut *const c_char>,
) -> i32 {
    assert_eq!(offset, 0, "an offset is not simulated");
    let Some(first) = block(buffer).pieces.first() else {
        return EMPTY_BLOCK_BUFFER;
    };
    if let Some(length) = length_at_offset {
        *length = first.len();
    }
    if let Some(length) = total_length {
        *length = CMBlockBufferGetDataLength(buffer);
    }
    if let Some(data) = data {
        *data = first.as_ptr().cast();
    }
    0
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn CMBlockBufferCopyDataBytes(
    buffer: &Object,
    offset: usize,
    length: usize,
    destination: *mut c_void,
) -> i32 {
    let bytes = block(buffer).pieces.concat();
    let Some(bytes) = bytes.get(offset..offset.saturating_add(length)) else {
        return BAD_LENGTH;
    };
    // SAFETY: the caller has room for that many bytes.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), destination.cast(), length) };
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMFormatDescriptionGetMediaSubType(description: &Object) -> u32 {
    match description.kind() {
        Kind::AudioFormat(audio) => audio.format_id,
        _ => format(description).codec,
    }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMVideoFormatDescriptionGetH264ParameterSetAtIndex(
    description: &Object,
    index: usize,
    set: Option<&mut *const u8>,
    size: Option<&mut usize>,
    count: Option<&mut usize>,
    length_size: Option<&mut c_int>,
) -> i32 {
    let format = format(description);
    assert_eq!(format.codec, u32::from_be_bytes(*b"avc1"));
    parameter_set(format, index, (set, size), (count, length_size))
}

#[unsafe(no_mangle)]
extern "C-unwind" fn CMVideoFormatDescriptionGetHEVCParameterSetAtIndex(
    description: &Object,
    index: usize,
    set: Option<&mut *const u8>,
    size: Option<&mut usize>,
    count: Option<&mut usize>,
    length_size: Option<&mut c_int>,
) -> i32 {
    let format = format(description);
    assert_eq!(format.codec, u32::from_be_bytes(*b"hvc1"));
    parameter_set(format, index, (set, size), (count, length_size))
}

fn parameter_set(
    format: &Format,
    index: usize,
    (set, size): (Option<&mut *const u8>, Option<&mut usize>),
    (count, length_size): (Option<&mut usize>, Option<&mut c_int>),
) -> i32 {
    let Some(unit) = format.sets.get(index) else {
        return INVALID_PARAMETER;
    };
    if let (Some(set), Some(size)) = (set, size) {
        (*set, *size) = (unit.as_ptr(), unit.len());
    }
    if let Some(count) = count {
        *count = format.sets.len();
    }
    if let Some(length_size) = length_size {
        *length_size = 4;
    }
    0
}

fn borrow(handle: Option<&Handle>) -> *const Object {
    handle.map_or(ptr::null(), |handle| ptr::from_ref(&**handle))
}

pub(crate) fn sample(object: &Object) -> &Sample {
    match object.kind() {
        Kind::Sample(sample) => sample,
        other => panic!("a {} is taken for a CMSampleBuffer", other.name()),
    }
}

pub(crate) fn block(object: &Object) -> &Block {
    match object.kind() {
        Kind::Block(block) => block,
        other => panic!("a {} is taken for a CMBlockBuffer", other.name()),
    }
}

fn format(object: &Object) -> &Format {
    match object.kind() {
        Kind::Format(format) => format,
        other => panic!("a {} is taken for a CMFormatDescription", other.name()),
    }
}

strings! {
    kCMSampleAttachmentKey_NotSync = "NotSync";
}

/// `kCMBlockBufferEmptyBBufErr`.
const EMPTY_BLOCK_BUFFER: i32 = -12706;
/// `kCMBlockBufferBadLengthParameterErr`.
const BAD_LENGTH: i32 = -12704;
/// `kCMFormatDescriptionError_InvalidParameter`.
const INVALID_PARAMETER: i32 = -12710;
