use std::sync::{Arc, Mutex, TryLockError};

use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_av_foundation::{AVCaptureDeviceInput, AVCaptureSession, AVMediaTypeVideo};

use super::camera;
use super::session::Session;
use crate::device::Rotation;

/// What a device's camera sees, to be shown: a handle that outlives the device, since whoever
/// draws is not who gives orders.
#[derive(Clone, Debug)]
pub struct Preview {
    session: Retained<AVCaptureSession>,
    /// Held while the session is started, stopped or set up.
    change: Arc<Mutex<()>>,
}

// SAFETY: the session is asked only, or handed to a layer on the main thread, which Apple's own
// examples do while it is set up on another.
unsafe impl Send for Preview {}
// SAFETY: as above.
unsafe impl Sync for Preview {}

impl Preview {
    pub(super) fn of(session: &Session) -> Self {
        Self {
            session: session.object().clone(),
            change: session.lock().clone(),
        }
    }

    /// The session, for an `AVCaptureVideoPreviewLayer` to show. It stays the same whatever
    /// happens to the cameras in it; everything but showing it is the device's business.
    pub fn session(&self, _layers_live_here: MainThreadMarker) -> &AVCaptureSession {
        &self.session
    }

    /// Does `set`, which turns or mirrors what a layer shows. A setter of a connection sets up the
    /// session, and AVFoundation raises an exception where that is started or stopped at the same
    /// moment. `None` while the device does so: then it is to be tried again soon.
    pub fn set_up<T>(&self, set: impl FnOnce() -> T) -> Option<T> {
        let _alone = match self.change.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(set())
    }

    /// The turn that brings the camera's pictures upright as the phone is held now: what to fix
    /// when a show begins. `None` before iOS 17 and macOS 14, and without a camera:
    /// [`Rotation::of`] the interface's orientation then.
    pub fn level(&self) -> Option<Rotation> {
        // SAFETY: asks only.
        let inputs = unsafe { self.session.inputs() };
        let inputs = inputs.iter();
        let mut devices = inputs.filter_map(|input| input.downcast::<AVCaptureDeviceInput>().ok());
        let camera = devices.find_map(|input| {
            // SAFETY: asks only.
            let device = unsafe { input.device() };
            // SAFETY: a constant that is there since iOS 4 and macOS 10.7.
            let pictures = unsafe { AVMediaTypeVideo }?;
            // SAFETY: asks only.
            unsafe { device.hasMediaType(pictures) }.then_some(device)
        })?;
        camera::level(&camera)
    }
}
