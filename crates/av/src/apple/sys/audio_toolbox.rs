//! AudioToolbox: `AudioConverter.h`, and the types it takes from Core Audio's
//! `CoreAudioBaseTypes.h`.

use std::ffi::c_void;

/// `AudioStreamBasicDescription`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct AudioStreamBasicDescription {
    pub(crate) sample_rate: f64,
    pub(crate) format_id: u32,
    pub(crate) format_flags: u32,
    pub(crate) bytes_per_packet: u32,
    pub(crate) frames_per_packet: u32,
    pub(crate) bytes_per_frame: u32,
    pub(crate) channels_per_frame: u32,
    pub(crate) bits_per_channel: u32,
    pub(crate) reserved: u32,
}

/// `AudioBuffer`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AudioBuffer {
    pub(crate) number_channels: u32,
    pub(crate) data_byte_size: u32,
    pub(crate) data: *mut c_void,
}

/// `AudioBufferList`: there may be more buffers behind the first.
#[repr(C)]
pub(crate) struct AudioBufferList {
    pub(crate) number_buffers: u32,
    pub(crate) buffers: [AudioBuffer; 1],
}

/// `AudioStreamPacketDescription`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct AudioStreamPacketDescription {
    pub(crate) start_offset: i64,
    pub(crate) variable_frames_in_packet: u32,
    pub(crate) data_byte_size: u32,
}

/// What an `AudioConverterRef` points to.
#[repr(C)]
pub(crate) struct OpaqueAudioConverter {
    _opaque: [u8; 0],
}

/// `AudioConverterComplexInputDataProc`.
pub(crate) type AudioConverterComplexInputDataProc = unsafe extern "C" fn(
    *mut OpaqueAudioConverter,
    *mut u32,
    *mut AudioBufferList,
    *mut *mut AudioStreamPacketDescription,
    *mut c_void,
) -> i32;

#[cfg_attr(
    target_vendor = "apple",
    link(name = "AudioToolbox", kind = "framework")
)]
unsafe extern "C-unwind" {
    pub(crate) fn AudioConverterNew(
        source: *const AudioStreamBasicDescription,
        destination: *const AudioStreamBasicDescription,
        converter: *mut *mut OpaqueAudioConverter,
    ) -> i32;
    pub(crate) fn AudioConverterDispose(converter: *mut OpaqueAudioConverter) -> i32;
    pub(crate) fn AudioConverterGetPropertyInfo(
        converter: *mut OpaqueAudioConverter,
        property: u32,
        size: *mut u32,
        writable: *mut u8,
    ) -> i32;
    pub(crate) fn AudioConverterGetProperty(
        converter: *mut OpaqueAudioConverter,
        property: u32,
        size: *mut u32,
        data: *mut c_void,
    ) -> i32;
    pub(crate) fn AudioConverterSetProperty(
        converter: *mut OpaqueAudioConverter,
        property: u32,
        size: u32,
        data: *const c_void,
    ) -> i32;
    pub(crate) fn AudioConverterFillComplexBuffer(
        converter: *mut OpaqueAudioConverter,
        input: AudioConverterComplexInputDataProc,
        user_data: *mut c_void,
        packets: *mut u32,
        output: *mut AudioBufferList,
        descriptions: *mut AudioStreamPacketDescription,
    ) -> i32;
}
