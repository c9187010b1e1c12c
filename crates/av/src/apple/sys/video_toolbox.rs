//! VideoToolbox: `VTCompressionSession.h`, `VTSession.h`, `VTCompressionProperties.h`,
//! `VTPixelTransferProperties.h`.

use std::ffi::c_void;

use objc2_core_foundation::{CFString, CFType};

use super::core_media::CMTime;

/// `VTCompressionOutputCallback`: the session's number, the frame's, status, flags, and
/// the sample buffer or null.
pub(crate) type OutputCallback =
    unsafe extern "C" fn(*mut c_void, *mut c_void, i32, u32, *const CFType);

/// `kVTEncodeInfo_FrameDropped` of `VTEncodeInfoFlags`.
pub(crate) const FRAME_DROPPED: u32 = 1 << 1;

#[cfg_attr(
    target_vendor = "apple",
    link(name = "VideoToolbox", kind = "framework")
)]
unsafe extern "C-unwind" {
    pub(crate) fn VTCompressionSessionCreate(
        allocator: *const c_void,
        width: i32,
        height: i32,
        codec: u32,
        encoder_specification: *const CFType,
        source_attributes: *const CFType,
        compressed_data_allocator: *const c_void,
        callback: Option<OutputCallback>,
        callback_refcon: *mut c_void,
        session: *mut *const CFType,
    ) -> i32;
    pub(crate) fn VTCompressionSessionPrepareToEncodeFrames(session: *const CFType) -> i32;
    pub(crate) fn VTCompressionSessionEncodeFrame(
        session: *const CFType,
        frame: *const CFType,
        presentation_time: CMTime,
        duration: CMTime,
        properties: *const CFType,
        frame_refcon: *mut c_void,
        flags: *mut u32,
    ) -> i32;
    pub(crate) fn VTCompressionSessionCompleteFrames(session: *const CFType, until: CMTime) -> i32;
    pub(crate) fn VTCompressionSessionGetPixelBufferPool(session: *const CFType) -> *const CFType;
    pub(crate) fn VTCompressionSessionInvalidate(session: *const CFType);
    pub(crate) fn VTSessionSetProperty(
        session: *const CFType,
        key: *const CFString,
        value: *const CFType,
    ) -> i32;

    pub(crate) safe static kVTCompressionPropertyKey_AllowFrameReordering: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_AllowOpenGOP: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_AverageBitRate: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_ColorPrimaries: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_DataRateLimits: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_ExpectedFrameRate: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_H264EntropyMode: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_MaxFrameDelayCount: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_MaxKeyFrameInterval: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_MaxKeyFrameIntervalDuration: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_PixelTransferProperties: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_PrioritizeEncodingSpeedOverQuality:
        &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_ProfileLevel: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_RealTime: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_TransferFunction: &'static CFString;
    pub(crate) safe static kVTCompressionPropertyKey_YCbCrMatrix: &'static CFString;

    pub(crate) safe static kVTEncodeFrameOptionKey_ForceKeyFrame: &'static CFString;
    pub(crate) safe static kVTH264EntropyMode_CABAC: &'static CFString;
    pub(crate) safe static kVTPixelTransferPropertyKey_ScalingMode: &'static CFString;
    pub(crate) safe static kVTProfileLevel_H264_High_AutoLevel: &'static CFString;
    pub(crate) safe static kVTProfileLevel_HEVC_Main_AutoLevel: &'static CFString;
    pub(crate) safe static kVTScalingMode_Trim: &'static CFString;
}
