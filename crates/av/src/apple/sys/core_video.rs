//! CoreVideo: `CVPixelBuffer.h`, `CVPixelBufferPool.h`, `CVBuffer.h`, `CVImageBuffer.h`.

use std::ffi::c_void;

use objc2_core_foundation::{CFString, CFType};

/// `kCVPixelFormatType_420YpCbCr8BiPlanarVideoRange`, `420v`: a plane of luma, then one
/// of chroma pairs, limited range.
pub(crate) const NV12_VIDEO_RANGE: u32 = u32::from_be_bytes(*b"420v");
/// `kCVPixelBufferLock_ReadOnly`.
pub(crate) const LOCK_READ_ONLY: u64 = 1;
/// `kCVAttachmentMode_ShouldPropagate`: what is made of the buffer has it too.
pub(crate) const SHOULD_PROPAGATE: u32 = 1;

#[cfg_attr(target_vendor = "apple", link(name = "CoreVideo", kind = "framework"))]
unsafe extern "C-unwind" {
    pub(crate) safe fn CVPixelBufferGetTypeID() -> usize;
    pub(crate) fn CVPixelBufferCreate(
        allocator: *const c_void,
        width: usize,
        height: usize,
        format: u32,
        attributes: *const CFType,
        buffer: *mut *const CFType,
    ) -> i32;
    pub(crate) fn CVPixelBufferLockBaseAddress(buffer: *const CFType, flags: u64) -> i32;
    pub(crate) fn CVPixelBufferUnlockBaseAddress(buffer: *const CFType, flags: u64) -> i32;
    pub(crate) fn CVPixelBufferGetWidth(buffer: *const CFType) -> usize;
    pub(crate) fn CVPixelBufferGetHeight(buffer: *const CFType) -> usize;
    pub(crate) fn CVPixelBufferGetPixelFormatType(buffer: *const CFType) -> u32;
    pub(crate) fn CVPixelBufferGetPlaneCount(buffer: *const CFType) -> usize;
    pub(crate) fn CVPixelBufferGetBaseAddressOfPlane(
        buffer: *const CFType,
        plane: usize,
    ) -> *mut c_void;
    pub(crate) fn CVPixelBufferGetBytesPerRowOfPlane(buffer: *const CFType, plane: usize) -> usize;
    pub(crate) fn CVPixelBufferGetHeightOfPlane(buffer: *const CFType, plane: usize) -> usize;
    pub(crate) fn CVPixelBufferPoolCreatePixelBuffer(
        allocator: *const c_void,
        pool: *const CFType,
        buffer: *mut *const CFType,
    ) -> i32;
    pub(crate) fn CVBufferSetAttachment(
        buffer: *const CFType,
        key: *const CFString,
        value: *const CFType,
        mode: u32,
    );

    pub(crate) safe static kCVPixelBufferPixelFormatTypeKey: &'static CFString;
    pub(crate) safe static kCVPixelBufferIOSurfacePropertiesKey: &'static CFString;
    pub(crate) safe static kCVImageBufferColorPrimariesKey: &'static CFString;
    pub(crate) safe static kCVImageBufferTransferFunctionKey: &'static CFString;
    pub(crate) safe static kCVImageBufferYCbCrMatrixKey: &'static CFString;
    pub(crate) safe static kCVImageBufferColorPrimaries_ITU_R_709_2: &'static CFString;
    pub(crate) safe static kCVImageBufferTransferFunction_ITU_R_709_2: &'static CFString;
    pub(crate) safe static kCVImageBufferYCbCrMatrix_ITU_R_709_2: &'static CFString;
}
