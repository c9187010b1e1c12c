//! Finds the turn that brings a camera's frames upright, and turns a preview by as much.

use std::ffi::CStr;

use objc2::rc::{Allocated, Retained};
use objc2::runtime::{AnyClass, AnyObject};
use objc2::{msg_send, sel};
use objc2_av_foundation::{
    AVCaptureConnection, AVCaptureDevice, AVCaptureDeviceInput, AVCaptureSession,
    AVCaptureVideoPreviewLayer, AVMediaTypeVideo,
};
use objc2_core_foundation::CGFloat;

use super::{av_device, responds};
use crate::device::{Interface, Position, Rotation};

/// Makes a preview upright. The turn is worked out on the main thread and set while the session is
/// locked: AVFoundation raises an exception if its session is started, stopped or set up at the
/// same moment.
/// [`Preview::show_on`](super::Preview::show_on) does both for a device's.
#[derive(Debug)]
pub struct Level {
    connection: Retained<AVCaptureConnection>,
    rotation: Rotation,
    interface: Interface,
    position: Option<Position>,
}

// SAFETY: connections belong to no thread.
unsafe impl Send for Level {}

impl Level {
    /// For what `layer` shows while the interface is turned like this; `None` while no camera runs.
    pub fn of(layer: &AVCaptureVideoPreviewLayer, interface: Interface) -> Option<Self> {
        // SAFETY: asks only.
        let camera = camera(&*unsafe { layer.session() }?)?;
        Some(Self {
            // SAFETY: asks only.
            connection: unsafe { layer.connection() }?,
            rotation: coordinated(&camera, layer).unwrap_or_else(|| usual(&camera, interface)),
            interface,
            position: av_device::position(&camera),
        })
    }

    /// Turns the preview as the interface is turned.
    pub fn set(&self) {
        if responds(&*self.connection, sel!(setVideoRotationAngle:)) {
            turn(&self.connection, self.rotation);
        } else {
            orient(&self.connection, self.interface);
        }
    }

    /// The turn that brings frames upright.
    pub const fn rotation(&self) -> Rotation {
        self.rotation
    }

    /// Which way the camera looks.
    pub(super) const fn position(&self) -> Option<Position> {
        self.position
    }
}

/// The turn that brings a camera's frames upright as it is held now; `None` before iOS 17 and
/// macOS 14.
pub(super) fn of(camera: &AVCaptureDevice) -> Option<Rotation> {
    let coordinator = coordinator(camera, None)?;
    // SAFETY: takes nothing and gives a CGFloat.
    let degrees: CGFloat =
        unsafe { msg_send![&*coordinator, videoRotationAngleForHorizonLevelCapture] };
    Some(Rotation::from_degrees(degrees))
}

/// The camera in a session.
pub(super) fn camera(session: &AVCaptureSession) -> Option<Retained<AVCaptureDevice>> {
    // SAFETY: a constant that is there since iOS 4 and macOS 10.7.
    let video = unsafe { AVMediaTypeVideo }?;
    // SAFETY: asks only.
    let inputs = unsafe { session.inputs() };
    let inputs = inputs.iter();
    let mut devices = inputs.filter_map(|input| input.downcast::<AVCaptureDeviceInput>().ok());
    devices.find_map(|input| {
        // SAFETY: asks only.
        let device = unsafe { input.device() };
        // SAFETY: asks only.
        unsafe { device.hasMediaType(video) }.then_some(device)
    })
}

/// The system's turn for a preview: it knows how each camera is mounted.
fn coordinated(camera: &AVCaptureDevice, layer: &AVCaptureVideoPreviewLayer) -> Option<Rotation> {
    let coordinator = coordinator(camera, Some(layer))?;
    // SAFETY: takes nothing and gives a CGFloat.
    let degrees: CGFloat =
        unsafe { msg_send![&*coordinator, videoRotationAngleForHorizonLevelPreview] };
    Some(Rotation::from_degrees(degrees))
}

/// How cameras are mounted in every phone that has no coordinator.
fn usual(camera: &AVCaptureDevice, interface: Interface) -> Rotation {
    Rotation::of(
        interface,
        av_device::position(camera).unwrap_or(Position::Back),
    )
}

fn coordinator(
    camera: &AVCaptureDevice,
    layer: Option<&AVCaptureVideoPreviewLayer>,
) -> Option<Retained<AnyObject>> {
    let class = AnyClass::get(COORDINATOR)?;
    // SAFETY: `alloc` takes nothing.
    let allocated: Allocated<AnyObject> = unsafe { msg_send![class, alloc] };
    // SAFETY: a camera, and a layer or none, as it takes.
    Some(unsafe { msg_send![allocated, initWithDevice: camera, previewLayer: layer] })
}

fn turn(connection: &AVCaptureConnection, rotation: Rotation) {
    let degrees = CGFloat::from(rotation.degrees());
    // SAFETY: asks only; the method is as old as the setter that was looked for.
    if unsafe { connection.isVideoRotationAngleSupported(degrees) } {
        // SAFETY: it is supported, and nobody else sets up the session, as `set` asks.
        unsafe { connection.setVideoRotationAngle(degrees) };
    }
}

/// Before iOS 17.
#[expect(deprecated, reason = "the newer one is not there")]
fn orient(connection: &AVCaptureConnection, interface: Interface) {
    use objc2_av_foundation::AVCaptureVideoOrientation;

    let orientation = match interface {
        Interface::Portrait => AVCaptureVideoOrientation::Portrait,
        Interface::PortraitUpsideDown => AVCaptureVideoOrientation::PortraitUpsideDown,
        Interface::LandscapeLeft => AVCaptureVideoOrientation::LandscapeLeft,
        Interface::LandscapeRight => AVCaptureVideoOrientation::LandscapeRight,
    };
    // SAFETY: asks only.
    if unsafe { connection.isVideoOrientationSupported() } {
        // SAFETY: it is supported, and nobody else sets up the session, as `set` asks.
        unsafe { connection.setVideoOrientation(orientation) };
    }
}

/// The class that knows how a phone is held, since iOS 17 and macOS 14.
pub(super) const COORDINATOR: &CStr = c"AVCaptureDeviceRotationCoordinator";
