//! What there is to capture from.

use objc2::rc::Retained;
use objc2_av_foundation::{
    AVCaptureDevice, AVCaptureDevicePosition, AVMediaType, AVMediaTypeAudio, AVMediaTypeVideo,
};
#[cfg(target_os = "ios")]
use objc2_av_foundation::{AVCaptureDeviceDiscoverySession, AVCaptureDeviceType};
use objc2_foundation::NSString;

use crate::Error;
use crate::device::{self, Info, Kind, Position};

/// Cameras, microphones and, on a Mac, screens.
pub(crate) fn list() -> Vec<Info> {
    let mut all = cameras();
    #[cfg(target_os = "macos")]
    {
        all.extend(super::microphone::all());
        all.extend(super::display::all());
    }
    #[cfg(target_os = "ios")]
    all.extend(super::audio_session::inputs());
    all
}

/// `id` is not there: says what is.
pub(super) fn unknown(kind: Kind, id: &str) -> Error {
    device::unknown(kind, id, &list())
}

/// What AVFoundation calls it. A screen is asked for in a way of its own.
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

pub(super) fn is_gone(device: &AVCaptureDevice) -> bool {
    // SAFETY: asks only.
    !unsafe { device.isConnected() }
}

/// A device by its id, if it gives this kind of media.
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

/// All that give a kind of media.
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

/// All that give a kind of media.
#[cfg(target_os = "ios")]
fn all(kind: Kind) -> Vec<Retained<AVCaptureDevice>> {
    let types = lenses();
    let types: Vec<&AVCaptureDeviceType> = types.iter().map(|lens| &**lens).collect();
    let types = objc2_foundation::NSArray::from_slice(&types);
    // SAFETY: types of devices that this system knows, and a kind of media they give.
    let session = unsafe {
        AVCaptureDeviceDiscoverySession::discoverySessionWithDeviceTypes_mediaType_position(
            &types,
            media_type(kind),
            AVCaptureDevicePosition::Unspecified,
        )
    };
    // SAFETY: asks only.
    unsafe { session.devices() }.to_vec()
}

/// Cameras with one lens, by the name of their type: combined ones change the angle by themselves.
#[cfg(target_os = "ios")]
fn lenses() -> Vec<Retained<NSString>> {
    let mut types = vec![
        "AVCaptureDeviceTypeBuiltInWideAngleCamera",
        "AVCaptureDeviceTypeBuiltInUltraWideCamera",
        "AVCaptureDeviceTypeBuiltInTelephotoCamera",
    ];
    // Plugged in, since iOS 17, as the coordinator is.
    if objc2::runtime::AnyClass::get(super::level::COORDINATOR).is_some() {
        types.push("AVCaptureDeviceTypeExternal");
    }
    types.into_iter().map(NSString::from_str).collect()
}

fn cameras() -> Vec<Info> {
    let usual = super::camera::usual(Position::Back).map(|device| id(&device));
    let cameras = all(Kind::Camera);
    let info = |camera: &Retained<_>| info(camera, Kind::Camera, usual.as_deref());
    cameras.iter().map(info).collect()
}
