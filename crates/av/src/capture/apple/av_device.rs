//! A camera or a microphone as AVFoundation has it: one class for both.

use objc2::rc::Retained;
use objc2_av_foundation::{
    AVCaptureDevice, AVCaptureDeviceInput, AVCaptureDevicePosition, AVCaptureInput, AVMediaType,
    AVMediaTypeAudio, AVMediaTypeVideo,
};
use objc2_foundation::NSString;

use super::refused;
use crate::Error;
use crate::device::{Info, Kind, Position};

/// A device that is, or is about to be, in a session.
pub(super) struct Input {
    pub(super) device: Retained<AVCaptureDevice>,
    input: Retained<AVCaptureDeviceInput>,
}

impl Input {
    /// Opens it, which needs the user's permission.
    pub(super) fn open(device: Retained<AVCaptureDevice>, kind: Kind) -> Result<Self, Error> {
        // SAFETY: a device that is there.
        let input = unsafe { AVCaptureDeviceInput::deviceInputWithDevice_error(&device) };
        let input = input.map_err(|error| refused(&format!("opening the {kind}"), &error))?;
        Ok(Self { device, input })
    }

    pub(super) fn input(&self) -> &AVCaptureInput {
        &self.input
    }

    /// The unique id that notifications know it by.
    pub(super) fn id(&self) -> String {
        id(&self.device)
    }

    /// True once it was unplugged.
    pub(super) fn is_gone(&self) -> bool {
        // SAFETY: asks only.
        !unsafe { self.device.isConnected() }
    }
}

/// AVFoundation's name for it. Permission for a screen is asked for in another way.
pub(super) fn media_type(kind: Kind) -> Option<&'static AVMediaType> {
    match kind {
        // SAFETY: a constant that is there since iOS 4 and macOS 10.7.
        Kind::Camera => unsafe { AVMediaTypeVideo },
        // SAFETY: as above.
        Kind::Microphone => unsafe { AVMediaTypeAudio },
        Kind::Screen => None,
    }
}

/// A device as a list shows it; `usual` is the one picked when none is named.
pub(super) fn info(device: &AVCaptureDevice, kind: Kind, usual: Option<&str>) -> Info {
    let id = id(device);
    // SAFETY: asks only.
    let name = unsafe { device.localizedName() };
    Info {
        is_default: usual == Some(&*id),
        id,
        name: name.to_string(),
        kind,
        position: position(device),
    }
}

pub(super) fn id(device: &AVCaptureDevice) -> String {
    // SAFETY: asks only.
    unsafe { device.uniqueID() }.to_string()
}

pub(super) fn position(device: &AVCaptureDevice) -> Option<Position> {
    // SAFETY: asks only.
    match unsafe { device.position() } {
        AVCaptureDevicePosition::Back => Some(Position::Back),
        AVCaptureDevicePosition::Front => Some(Position::Front),
        _ => None,
    }
}

/// The device of this id, if it gives this kind of media.
pub(super) fn find(kind: Kind, id: &str) -> Option<Retained<AVCaptureDevice>> {
    let id = NSString::from_str(id);
    // SAFETY: asks only.
    let device = unsafe { AVCaptureDevice::deviceWithUniqueID(&id) }?;
    let media = media_type(kind)?;
    // SAFETY: asks only.
    unsafe { device.hasMediaType(media) }.then_some(device)
}

/// The one the system picks.
pub(super) fn usual(kind: Kind) -> Option<Retained<AVCaptureDevice>> {
    let media = media_type(kind)?;
    // SAFETY: asks only.
    unsafe { AVCaptureDevice::defaultDeviceWithMediaType(media) }
}

/// All devices that give this kind of media.
#[cfg(target_os = "macos")]
pub(super) fn all(kind: Kind) -> Vec<Retained<AVCaptureDevice>> {
    #[expect(
        deprecated,
        reason = "the successor wants types named that macOS 12 does not know"
    )]
    let devices = |media| {
        // SAFETY: asks only.
        unsafe { AVCaptureDevice::devicesWithMediaType(media) }
    };
    media_type(kind).map_or_else(Vec::new, |media| devices(media).to_vec())
}
