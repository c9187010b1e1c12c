use std::{fmt, ptr, slice};

use bytes::Bytes;
use objc2_core_foundation::CFType;

use super::Status;
use super::object::Object;
use super::sys::audio_toolbox::AudioStreamBasicDescription;
use super::sys::core_media as sys;

/// A `CMFormatDescription`: what compressed or raw media is. The clone is one
/// reference count.
#[derive(Clone, Debug)]
pub struct FormatDescription(Object);

/// Four characters that name a codec or a pixel format.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FourCharCode(pub u32);

/// The parameter sets of an H.264 or HEVC stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterSets {
    /// NAL units, headers included: SPS and PPS, for HEVC a VPS before them, and any
    /// SEI the encoder adds to its configuration.
    pub units: Vec<Bytes>,
    /// Bytes in the length before each NAL unit of the stream: 1, 2 or 4.
    pub length_size: u8,
}

impl FourCharCode {
    /// `kCMVideoCodecType_H264`.
    pub const H264: Self = Self::of(*b"avc1");
    /// `kCMVideoCodecType_HEVC`.
    pub const HEVC: Self = Self::of(*b"hvc1");

    /// The code of these characters.
    pub const fn of(characters: [u8; 4]) -> Self {
        Self(u32::from_be_bytes(characters))
    }
}

impl FormatDescription {
    /// A reference of our own to a description that was lent.
    ///
    /// # Safety
    ///
    /// `description` is null or points to a live `CMFormatDescription`.
    pub(super) unsafe fn retain(description: *const CFType) -> Option<Self> {
        // SAFETY: the caller promises a live object.
        unsafe { Object::retain(description) }.map(Self)
    }

    /// The codec or the pixel format.
    pub fn media_subtype(&self) -> FourCharCode {
        // SAFETY: a live format description.
        FourCharCode(unsafe { sys::CMFormatDescriptionGetMediaSubType(self.0.as_ptr()) })
    }

    /// The parameter sets; an error where it is neither H.264 nor HEVC.
    pub fn parameter_sets(&self) -> Result<ParameterSets, Status> {
        let ask = match self.media_subtype() {
            FourCharCode::H264 => sys::CMVideoFormatDescriptionGetH264ParameterSetAtIndex,
            FourCharCode::HEVC => sys::CMVideoFormatDescriptionGetHEVCParameterSetAtIndex,
            _ => return Err(Status::PARAMETER),
        };
        let first = self.parameter_set(ask, 0)?;
        let mut units = vec![first.unit];
        for index in 1..first.count {
            units.push(self.parameter_set(ask, index)?.unit);
        }
        Ok(ParameterSets {
            units,
            length_size: first.length_size,
        })
    }

    /// The audio format; `None` for anything else.
    pub(super) fn stream_format(&self) -> Option<AudioStreamBasicDescription> {
        // SAFETY: a live format description.
        let format =
            unsafe { sys::CMAudioFormatDescriptionGetStreamBasicDescription(self.0.as_ptr()) };
        // SAFETY: null, or in the description's own memory, which `self` keeps alive.
        unsafe { format.as_ref() }.copied()
    }

    /// True when both are one object, and so describe the same.
    pub fn is(&self, other: &Self) -> bool {
        ptr::eq(self.0.as_ptr(), other.0.as_ptr())
    }

    fn parameter_set(&self, ask: Ask, index: usize) -> Result<ParameterSet, Status> {
        let (mut set, mut size, mut count, mut length_size) = (ptr::null(), 0, 0, 0);
        // SAFETY: a live format description, and valid places for the answers.
        let status = unsafe {
            ask(
                self.0.as_ptr(),
                index,
                &raw mut set,
                &raw mut size,
                &raw mut count,
                &raw mut length_size,
            )
        };
        Status::check(status)?;
        if set.is_null() {
            return Err(Status::PARAMETER);
        }
        // SAFETY: `size` bytes of the description's own memory, which `self` keeps alive.
        let unit = unsafe { slice::from_raw_parts(set, size) };
        Ok(ParameterSet {
            unit: Bytes::copy_from_slice(unit),
            count,
            length_size: u8::try_from(length_size).unwrap_or_default(),
        })
    }
}

struct ParameterSet {
    unit: Bytes,
    /// How many there are in all.
    count: usize,
    length_size: u8,
}

type Ask = unsafe extern "C-unwind" fn(
    *const CFType,
    usize,
    *mut *const u8,
    *mut usize,
    *mut usize,
    *mut std::ffi::c_int,
) -> i32;

impl fmt::Display for FourCharCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.to_be_bytes();
        if bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            return bytes.escape_ascii().fmt(f);
        }
        write!(f, "{:#010x}", self.0)
    }
}

impl fmt::Debug for FourCharCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
