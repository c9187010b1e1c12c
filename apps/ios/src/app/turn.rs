//! How the phone is held, and what brings the camera's pictures upright.
//!
//! What the user sees is what viewers get: both follow the interface, not gravity, so that a
//! phone whose rotation is locked films upright. The screen is fixed to the phone as the sensor
//! is, and so the turn that makes the preview right is the turn that makes the pictures right.

use std::ptr::NonNull;

use block2::RcBlock;
use objc2::rc::{Allocated, Retained};
use objc2::runtime::{AnyClass, AnyObject};
use objc2::{msg_send, sel};
use objc2_av_foundation::{
    AVCaptureConnection, AVCaptureDevice, AVCaptureDeviceInput, AVCaptureDevicePosition,
    AVCaptureInputPortFormatDescriptionDidChangeNotification,
    AVCaptureSessionDidStartRunningNotification, AVCaptureVideoPreviewLayer, AVMediaTypeVideo,
};
use objc2_core_foundation::CGFloat;
use objc2_foundation::{NSNotification, NSNotificationCenter, NSObjectProtocol, NSOperationQueue};
use objc2_ui_kit::{UIInterfaceOrientation, UIView};
use onair::av::device::{Interface, Position, Rotation};
use onair_ios_model::Turn;

/// What makes a preview right: worked out on the main thread, set wherever nobody starts or stops
/// the session at the same moment.
pub(crate) struct Level {
    connection: Retained<AVCaptureConnection>,
    rotation: Rotation,
    interface: UIInterfaceOrientation,
}

// SAFETY: connections belong to no thread.
unsafe impl Send for Level {}

impl Level {
    /// For what `layer` shows while the interface is turned so; `None` as long as no camera runs.
    pub(crate) fn of(
        layer: &AVCaptureVideoPreviewLayer,
        interface: UIInterfaceOrientation,
    ) -> Option<Self> {
        let camera = camera(layer)?;
        Some(Self {
            // SAFETY: asks only.
            connection: unsafe { layer.connection() }?,
            rotation: coordinated(&camera, layer).unwrap_or_else(|| usual(&camera, interface)),
            interface,
        })
    }

    /// Turns the preview as the interface is turned.
    pub(crate) fn set(&self) {
        let by_angle = sel!(setVideoRotationAngle:);
        if self.connection.respondsToSelector(by_angle) {
            turn(&self.connection, self.rotation);
        } else {
            orient(&self.connection, self.interface);
        }
    }

    /// What brings pictures upright.
    pub(crate) fn turn(&self) -> Turn {
        Turn {
            rotation: self.rotation,
            is_portrait: is_portrait(self.interface),
        }
    }
}

/// How the interface is turned around `view` now.
#[expect(deprecated, reason = "what replaces it is there since iOS 16 only")]
pub(crate) fn interface(view: &UIView) -> UIInterfaceOrientation {
    let scene = view.window().and_then(|window| window.windowScene());
    scene.map_or(UIInterfaceOrientation::Portrait, |scene| {
        scene.interfaceOrientation()
    })
}

/// Does `act` on the main thread whenever a session starts or changes its camera: the preview
/// has another connection then, which is not turned yet.
pub(crate) fn watch(act: fn()) {
    // SAFETY: a constant that is there since iOS 4.
    let started = unsafe { AVCaptureSessionDidStartRunningNotification };
    // SAFETY: a constant that is there since iOS 4.
    let changed = unsafe { AVCaptureInputPortFormatDescriptionDidChangeNotification };
    let centre = NSNotificationCenter::defaultCenter();
    let queue = NSOperationQueue::mainQueue();
    for name in [started, changed] {
        let told = RcBlock::new(move |_: NonNull<NSNotification>| act());
        // SAFETY: the block holds nothing, and runs on the main thread.
        let token = unsafe {
            centre.addObserverForName_object_queue_usingBlock(Some(name), None, Some(&queue), &told)
        };
        // For as long as the process lives.
        std::mem::forget(token);
    }
}

/// Whether the interface stands upright.
fn is_portrait(interface: UIInterfaceOrientation) -> bool {
    interface != UIInterfaceOrientation::LandscapeLeft
        && interface != UIInterfaceOrientation::LandscapeRight
}

/// What the system says, which knows how each camera is mounted (iOS 17).
fn coordinated(camera: &AVCaptureDevice, layer: &AVCaptureVideoPreviewLayer) -> Option<Rotation> {
    let class = AnyClass::get(c"AVCaptureDeviceRotationCoordinator")?;
    // SAFETY: `alloc` takes nothing.
    let allocated: Allocated<AnyObject> = unsafe { msg_send![class, alloc] };
    // SAFETY: a camera and a layer, as it takes.
    let coordinator: Retained<AnyObject> =
        unsafe { msg_send![allocated, initWithDevice: camera, previewLayer: layer] };
    // SAFETY: takes nothing and gives a CGFloat.
    let degrees: CGFloat =
        unsafe { msg_send![&*coordinator, videoRotationAngleForHorizonLevelPreview] };
    Some(Rotation::from_degrees(degrees))
}

/// How cameras are mounted in every phone that has no coordinator.
fn usual(camera: &AVCaptureDevice, interface: UIInterfaceOrientation) -> Rotation {
    // SAFETY: asks only.
    let position = match unsafe { camera.position() } {
        AVCaptureDevicePosition::Front => Position::Front,
        _ => Position::Back,
    };
    let interface = match interface {
        UIInterfaceOrientation::PortraitUpsideDown => Interface::PortraitUpsideDown,
        UIInterfaceOrientation::LandscapeLeft => Interface::LandscapeLeft,
        UIInterfaceOrientation::LandscapeRight => Interface::LandscapeRight,
        _ => Interface::Portrait,
    };
    Rotation::of(interface, position)
}

fn turn(connection: &AVCaptureConnection, rotation: Rotation) {
    let degrees = CGFloat::from(rotation.degrees());
    // SAFETY: asks only; the method is as old as the setter that was looked for.
    if unsafe { connection.isVideoRotationAngleSupported(degrees) } {
        // SAFETY: it is supported.
        unsafe { connection.setVideoRotationAngle(degrees) };
    }
}

/// Before iOS 17.
#[expect(deprecated, reason = "the newer one is not there")]
fn orient(connection: &AVCaptureConnection, interface: UIInterfaceOrientation) {
    use objc2_av_foundation::AVCaptureVideoOrientation;

    let orientation = match interface {
        UIInterfaceOrientation::PortraitUpsideDown => AVCaptureVideoOrientation::PortraitUpsideDown,
        UIInterfaceOrientation::LandscapeLeft => AVCaptureVideoOrientation::LandscapeLeft,
        UIInterfaceOrientation::LandscapeRight => AVCaptureVideoOrientation::LandscapeRight,
        _ => AVCaptureVideoOrientation::Portrait,
    };
    // SAFETY: asks only.
    if unsafe { connection.isVideoOrientationSupported() } {
        // SAFETY: it is supported.
        unsafe { connection.setVideoOrientation(orientation) };
    }
}

/// The camera a layer shows.
fn camera(layer: &AVCaptureVideoPreviewLayer) -> Option<Retained<AVCaptureDevice>> {
    // SAFETY: asks only.
    let session = unsafe { layer.session() }?;
    // SAFETY: asks only.
    let inputs = unsafe { session.inputs() };
    // SAFETY: a constant that is there since iOS 4.
    let pictures = unsafe { AVMediaTypeVideo }?;
    let mut inputs = inputs
        .iter()
        .filter_map(|input| input.downcast::<AVCaptureDeviceInput>().ok());
    inputs.find_map(|input| {
        // SAFETY: asks only.
        let device = unsafe { input.device() };
        // SAFETY: asks only.
        unsafe { device.hasMediaType(pictures) }.then_some(device)
    })
}
