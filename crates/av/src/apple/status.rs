use std::fmt;

/// An `OSStatus` or `CVReturn` that is not zero: why a framework refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(i32);

impl Status {
    /// `kVTPropertyNotSupportedErr`.
    pub const PROPERTY_NOT_SUPPORTED: Self = Self(-12900);
    /// `kVTParameterErr`.
    pub const PARAMETER: Self = Self(-12902);
    /// `kVTInvalidSessionErr`: the app left the screen, or the media services died.
    pub const INVALID_SESSION: Self = Self(-12903);
    /// `kVTVideoEncoderMalfunctionErr`.
    pub const ENCODER_MALFUNCTION: Self = Self(-12912);
    /// `kVTVideoEncoderNotAvailableNowErr`: another process has the hardware.
    pub const ENCODER_NOT_AVAILABLE_NOW: Self = Self(-12915);
    /// `kVTSessionMalfunctionErr`.
    pub const SESSION_MALFUNCTION: Self = Self(-17691);

    /// `Ok` for zero.
    pub const fn check(status: i32) -> Result<(), Self> {
        match status {
            0 => Ok(()),
            status => Err(Self(status)),
        }
    }

    /// The status of these characters, which is how Core Audio names its own.
    pub(super) const fn of(characters: [u8; 4]) -> Self {
        Self(i32::from_be_bytes(characters))
    }

    /// The number.
    pub const fn code(self) -> i32 {
        self.0
    }

    /// What the headers call it, for those a user may meet.
    const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            // VideoToolbox/VTErrors.h
            -12900 => "kVTPropertyNotSupportedErr",
            -12901 => "kVTPropertyReadOnlyErr",
            -12902 => "kVTParameterErr",
            -12903 => "kVTInvalidSessionErr",
            -12904 => "kVTAllocationFailedErr",
            -12905 => "kVTPixelTransferNotSupportedErr",
            -12908 => "kVTCouldNotFindVideoEncoderErr",
            -12912 => "kVTVideoEncoderMalfunctionErr",
            -12915 => "kVTVideoEncoderNotAvailableNowErr",
            -12211 => "kVTVideoEncoderAuthorizationErr",
            -17691 => "kVTSessionMalfunctionErr",
            // CoreMedia/CMBlockBuffer.h, CMFormatDescription.h
            -12703 => "kCMBlockBufferBadOffsetParameterErr",
            -12704 => "kCMBlockBufferBadLengthParameterErr",
            -12710 => "kCMFormatDescriptionError_InvalidParameter",
            -12711 => "kCMFormatDescriptionError_AllocationFailed",
            -12718 => "kCMFormatDescriptionError_ValueNotAvailable",
            // CoreVideo/CVReturn.h
            -6661 => "kCVReturnInvalidArgument",
            -6662 => "kCVReturnAllocationFailed",
            -6680 => "kCVReturnInvalidPixelFormat",
            -6681 => "kCVReturnInvalidSize",
            -6682 => "kCVReturnInvalidPixelBufferAttributes",
            _ => return None,
        })
    }

    /// What `AudioConverter.h` and `AudioCodec.h` call it.
    const fn audio_name(self) -> Option<&'static str> {
        Some(match &self.0.to_be_bytes() {
            b"fmt?" => "kAudioConverterErr_FormatNotSupported",
            b"op??" => "kAudioConverterErr_OperationNotSupported",
            b"prop" => "kAudioConverterErr_PropertyNotSupported",
            b"insz" => "kAudioConverterErr_InvalidInputSize",
            b"otsz" => "kAudioConverterErr_InvalidOutputSize",
            b"what" => "kAudioConverterErr_UnspecifiedError",
            b"!siz" => "kAudioConverterErr_BadPropertySizeError",
            b"!pkd" => "kAudioConverterErr_RequiresPacketDescriptionsError",
            b"!isr" => "kAudioConverterErr_InputSampleRateOutOfRange",
            b"!osr" => "kAudioConverterErr_OutputSampleRateOutOfRange",
            b"hwiu" => "kAudioConverterErr_HardwareInUse",
            b"perm" => "kAudioConverterErr_NoHardwarePermission",
            b"who?" => "kAudioCodecUnknownPropertyError",
            b"nope" => "kAudioCodecIllegalOperationError",
            b"!dat" => "kAudioCodecUnsupportedFormatError",
            b"!stt" => "kAudioCodecStateError",
            b"!buf" => "kAudioCodecNotEnoughBufferSpaceError",
            b"bada" => "kAudioCodecBadDataError",
            b"!pri" => "AVAudioSessionErrorCodeInsufficientPriority",
            b"msrv" => "AVAudioSessionErrorCodeMediaServicesFailed",
            _ => return None,
        })
    }

    /// The four characters it may be.
    fn characters(self) -> Option<String> {
        let bytes = self.0.to_be_bytes();
        let printable = bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
        printable.then(|| bytes.escape_ascii().to_string())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name().or_else(|| self.audio_name()), self.characters()) {
            (Some(name), Some(characters)) => write!(f, "{name} ('{characters}')"),
            (Some(name), None) => write!(f, "{name} ({})", self.0),
            (None, Some(characters)) => write!(f, "status '{characters}' ({})", self.0),
            (None, None) => write!(f, "status {}", self.0),
        }
    }
}
