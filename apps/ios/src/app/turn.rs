//! How the phone is held, as its interface is.
//!
//! What the user sees is what viewers get: both follow the interface, not gravity, so that a
//! phone whose rotation is locked films upright. The screen is fixed to the phone as the sensor
//! is, and so the turn that makes the preview right is the turn that makes the pictures right.

use std::ptr::NonNull;

use block2::RcBlock;
use objc2_av_foundation::{
    AVCaptureInputPortFormatDescriptionDidChangeNotification,
    AVCaptureSessionDidStartRunningNotification,
};
use objc2_foundation::{NSNotification, NSNotificationCenter, NSOperationQueue};
use objc2_ui_kit::UIView;
use onair::av::device::Interface;

/// How the interface is turned around `view` now; `None` while that is in no window.
#[expect(deprecated, reason = "what replaces it is there since iOS 16 only")]
pub(crate) fn interface(view: &UIView) -> Option<Interface> {
    let scene = view.window()?.windowScene()?;
    Some(Interface::numbered(scene.interfaceOrientation().0))
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
pub(crate) const fn is_portrait(interface: Interface) -> bool {
    matches!(
        interface,
        Interface::Portrait | Interface::PortraitUpsideDown
    )
}
