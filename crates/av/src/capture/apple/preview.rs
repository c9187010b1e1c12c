use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use objc2::MainThreadMarker;
use objc2::rc::Retained;
use objc2_av_foundation::{AVCaptureSession, AVCaptureVideoPreviewLayer};

use super::level::{self, Level};
use super::session::Session;
use crate::device::{Interface, Position, Rotation};

/// A preview of a device's camera. It may outlive the device, since another thread draws it.
#[derive(Clone, Debug)]
pub struct Preview {
    session: Retained<AVCaptureSession>,
    /// Held while the session is started, stopped or set up.
    change: Arc<Mutex<()>>,
    /// Which way the camera shown last looks.
    position: Arc<Mutex<Option<Position>>>,
}

// SAFETY: the session is asked only, or handed to a layer on the main thread while nobody starts
// it, stops it or changes what is in it.
unsafe impl Send for Preview {}
// SAFETY: as above.
unsafe impl Sync for Preview {}

/// The result of [`Preview::show_on`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The session is being started, stopped or set up: try again soon. Holds the turn that will
    /// bring frames upright, as far as that is known without asking.
    Busy(Option<Rotation>),
    /// There is no camera in it.
    Nothing,
    /// It is upright. Frames turned by as much are upright too: fix that turn when a show begins.
    Upright(Rotation),
}

impl Preview {
    pub(super) fn of(session: &Session) -> Self {
        Self {
            session: session.object().clone(),
            change: session.lock().clone(),
            position: Arc::default(),
        }
    }

    /// Shows what the camera sees on `layer`, upright for this orientation of the interface. Call
    /// it for a new layer, when the interface has turned, and when the session has started or
    /// changed its camera, since the layer has a new connection then.
    ///
    /// Both set up the session, and AVFoundation raises an exception if it is started or stopped at
    /// the same moment. Waiting for it would freeze the main thread, and so may asking.
    pub fn show_on(
        &self,
        layer: &AVCaptureVideoPreviewLayer,
        interface: Interface,
        _layers_live_here: MainThreadMarker,
    ) -> Shown {
        let Some(_alone) = self.alone() else {
            let position = *self.position();
            return Shown::Busy(position.map(|position| Rotation::of(interface, position)));
        };
        self.attach(layer);
        let Some(level) = Level::of(layer, interface) else {
            return Shown::Nothing;
        };
        level.set();
        *self.position() = level.position();
        Shown::Upright(level.rotation())
    }

    /// The turn that brings the camera's frames upright as the phone is held now, to be fixed when
    /// a show begins. `None` before iOS 17 and macOS 14, and without a camera:
    /// [`Rotation::of`] the interface's orientation then.
    pub fn level(&self) -> Option<Rotation> {
        level::of(&*level::camera(&self.session)?)
    }

    fn position(&self) -> MutexGuard<'_, Option<Position>> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> Option<MutexGuard<'_, ()>> {
        match self.change.try_lock() {
            Ok(alone) => Some(alone),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn attach(&self, layer: &AVCaptureVideoPreviewLayer) {
        // SAFETY: asks only.
        let shown = unsafe { layer.session() };
        if shown.as_ref() != Some(&self.session) {
            // SAFETY: on the main thread, where layers live, and nobody sets up the session.
            unsafe { layer.setSession(Some(&self.session)) };
        }
    }
}
