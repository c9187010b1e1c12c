//! How the phone is held, judged by its interface.
//!
//! Viewers get what the user sees: both follow the interface, not gravity, so that a phone with
//! locked rotation films upright. Screen and sensor are fixed to the phone, so one turn is right
//! for both the preview and the frames.

use std::ptr::NonNull;

use block2::RcBlock;
use objc2_av_foundation::{
    AVCaptureInputPortFormatDescriptionDidChangeNotification,
    AVCaptureSessionDidStartRunningNotification,
};
use objc2_foundation::{NSNotification, NSNotificationCenter, NSOperationQueue};
use objc2_ui_kit::UIView;
use onair::av::device::Interface;

/// The interface's rotation around `view`; `None` while that is in no window.
#[expect(deprecated, reason = "what replaces it is there since iOS 16 only")]
pub(crate) fn interface(view: &UIView) -> Option<Interface> {
    let scene = view.window()?.windowScene()?;
    Some(Interface::numbered(scene.interfaceOrientation().0))
}

/// Calls `act` on the main thread whenever a session starts or changes its camera: the preview then
/// has a new connection, which is not turned yet.
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
        // For the life of the process.
        std::mem::forget(token);
    }
}

/// Whether the interface is upright.
pub(crate) const fn is_portrait(interface: Interface) -> bool {
    matches!(
        interface,
        Interface::Portrait | Interface::PortraitUpsideDown
    )
}
