//! CoreMedia: `CMTime.h`, `CMSampleBuffer.h`, `CMBlockBuffer.h`, `CMFormatDescription.h`.

use std::ffi::{c_char, c_int, c_void};

use objc2_core_foundation::{CFString, CFType};

use super::audio_toolbox::{AudioBufferList, AudioStreamBasicDescription};

/// `CMTime`. The header packs it to four bytes.
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub(crate) struct CMTime {
    pub(crate) value: i64,
    pub(crate) timescale: i32,
    pub(crate) flags: u32,
    pub(crate) epoch: i64,
}

#[cfg_attr(target_vendor = "apple", link(name = "CoreMedia", kind = "framework"))]
unsafe extern "C-unwind" {
    pub(crate) safe fn CMSampleBufferGetTypeID() -> usize;
    pub(crate) fn CMSampleBufferGetImageBuffer(sample: *const CFType) -> *const CFType;
    pub(crate) fn CMSampleBufferGetDataBuffer(sample: *const CFType) -> *const CFType;
    pub(crate) fn CMSampleBufferGetFormatDescription(sample: *const CFType) -> *const CFType;
    pub(crate) fn CMSampleBufferGetPresentationTimeStamp(sample: *const CFType) -> CMTime;
    pub(crate) fn CMSampleBufferGetDecodeTimeStamp(sample: *const CFType) -> CMTime;
    pub(crate) fn CMSampleBufferGetDuration(sample: *const CFType) -> CMTime;
    pub(crate) fn CMSampleBufferGetSampleAttachmentsArray(
        sample: *const CFType,
        create_if_necessary: u8,
    ) -> *const CFType;

    pub(crate) fn CMSampleBufferGetAudioBufferListWithRetainedBlockBuffer(
        sample: *const CFType,
        size_needed: *mut usize,
        list: *mut AudioBufferList,
        size: usize,
        structure_allocator: *const c_void,
        block_allocator: *const c_void,
        flags: u32,
        buffer: *mut *const CFType,
    ) -> i32;

    pub(crate) fn CMBlockBufferGetDataLength(buffer: *const CFType) -> usize;
    pub(crate) fn CMBlockBufferGetDataPointer(
        buffer: *const CFType,
        offset: usize,
        length_at_offset: *mut usize,
        total_length: *mut usize,
        data: *mut *mut c_char,
    ) -> i32;
    pub(crate) fn CMBlockBufferCopyDataBytes(
        buffer: *const CFType,
        offset: usize,
        length: usize,
        destination: *mut c_void,
    ) -> i32;

    pub(crate) fn CMFormatDescriptionGetMediaSubType(description: *const CFType) -> u32;
    pub(crate) fn CMAudioFormatDescriptionGetStreamBasicDescription(
        description: *const CFType,
    ) -> *const AudioStreamBasicDescription;
    pub(crate) fn CMVideoFormatDescriptionGetH264ParameterSetAtIndex(
        description: *const CFType,
        index: usize,
        set: *mut *const u8,
        size: *mut usize,
        count: *mut usize,
        nal_unit_header_length: *mut c_int,
    ) -> i32;
    pub(crate) fn CMVideoFormatDescriptionGetHEVCParameterSetAtIndex(
        description: *const CFType,
        index: usize,
        set: *mut *const u8,
        size: *mut usize,
        count: *mut usize,
        nal_unit_header_length: *mut c_int,
    ) -> i32;

    pub(crate) safe static kCMSampleAttachmentKey_NotSync: &'static CFString;
}
