use std::ptr::NonNull;

use objc2_core_foundation::{CFArray, CFBoolean, CFDictionary, CFRetained, CFString, CFType};

use super::object::Object;
use super::sys::core_media as sys;
use super::{BlockBuffer, FormatDescription, PixelBuffer, Time};

/// A `CMSampleBuffer`: video or audio with its times, raw or compressed. The
/// clone is one reference count.
#[derive(Clone, Debug)]
pub struct SampleBuffer(Object);

impl SampleBuffer {
    /// A reference of our own to a `CMSampleBufferRef` that was lent; `None` for null
    /// and for an object of another kind.
    ///
    /// # Safety
    ///
    /// `buffer` is null or points to a live Core Foundation object.
    pub unsafe fn retain(buffer: *const CFType) -> Option<Self> {
        // SAFETY: the caller promises a live object.
        let buffer = unsafe { Object::retain(buffer) }?;
        let is_sample = buffer.is_of_type(sys::CMSampleBufferGetTypeID());
        is_sample.then_some(Self(buffer))
    }

    /// The frame, where it is a raw one.
    pub fn image_buffer(&self) -> Option<PixelBuffer> {
        // SAFETY: a live sample buffer; what comes back is borrowed from it.
        let buffer = unsafe { sys::CMSampleBufferGetImageBuffer(self.as_ptr()) };
        // SAFETY: null, or an image buffer that `self` keeps alive.
        unsafe { PixelBuffer::retain(buffer) }
    }

    /// The bytes, where they are compressed media or audio.
    pub fn data_buffer(&self) -> Option<BlockBuffer> {
        // SAFETY: a live sample buffer; what comes back is borrowed from it.
        let buffer = unsafe { sys::CMSampleBufferGetDataBuffer(self.as_ptr()) };
        // SAFETY: null, or a block buffer that `self` keeps alive.
        unsafe { BlockBuffer::retain(buffer) }
    }

    /// What the media is.
    pub fn format_description(&self) -> Option<FormatDescription> {
        // SAFETY: a live sample buffer; what comes back is borrowed from it.
        let description = unsafe { sys::CMSampleBufferGetFormatDescription(self.as_ptr()) };
        // SAFETY: null, or a format description that `self` keeps alive.
        unsafe { FormatDescription::retain(description) }
    }

    /// When the first sample is shown or heard.
    pub fn presentation_time(&self) -> Time {
        // SAFETY: a live sample buffer.
        Time::from_raw(unsafe { sys::CMSampleBufferGetPresentationTimeStamp(self.as_ptr()) })
    }

    /// When the first sample is decoded; no time where that is when it is presented.
    pub fn decode_time(&self) -> Time {
        // SAFETY: a live sample buffer.
        Time::from_raw(unsafe { sys::CMSampleBufferGetDecodeTimeStamp(self.as_ptr()) })
    }

    /// How long all the samples last.
    pub fn duration(&self) -> Time {
        // SAFETY: a live sample buffer.
        Time::from_raw(unsafe { sys::CMSampleBufferGetDuration(self.as_ptr()) })
    }

    /// True when decoding can start here. `kCMSampleAttachmentKey_NotSync` says when it
    /// cannot, and "absence of this key implies sync" (`CMSampleBuffer.h`).
    pub fn is_sync(&self) -> bool {
        let not_sync = self.attachment(sys::kCMSampleAttachmentKey_NotSync);
        let not_sync = not_sync.and_then(|value| value.downcast::<CFBoolean>().ok());
        !not_sync.is_some_and(|value| value.as_bool())
    }

    /// The `CMSampleBufferRef`, borrowed.
    pub fn as_ptr(&self) -> *const CFType {
        self.0.as_ptr()
    }

    /// What is attached to the first sample under `key`.
    fn attachment(&self, key: &CFString) -> Option<CFRetained<CFType>> {
        self.attachments()?.get(0)?.get(key)
    }

    /// What is attached to each sample, where anything is.
    fn attachments(&self) -> Option<CFRetained<Attachments>> {
        // SAFETY: a live sample buffer; what comes back is borrowed from it.
        let array = unsafe { sys::CMSampleBufferGetSampleAttachmentsArray(self.as_ptr(), 0) };
        let array = NonNull::new(array.cast_mut())?;
        // SAFETY: documented to be an array of dictionaries, whose keys are strings; the buffer
        // keeps it alive.
        Some(unsafe { CFRetained::retain(array.cast::<Attachments>()) })
    }
}

type Attachments = CFArray<CFDictionary<CFString, CFType>>;
