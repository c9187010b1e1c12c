//! The capture session itself: what is in it, and whether it runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use objc2::rc::Retained;
use objc2::sel;
#[cfg(target_os = "ios")]
use objc2_av_foundation::AVCaptureSessionPresetInputPriority;
use objc2_av_foundation::{AVCaptureInput, AVCaptureOutput, AVCaptureSession};
use objc2_core_foundation::CFRetained;
use objc2_core_media::CMClock;

use super::{failed, responds};
use crate::Error;

/// An `AVCaptureSession`. It outlives its inputs, since a preview may show it.
pub(super) struct Session {
    object: Retained<AVCaptureSession>,
    /// Held while it is started, stopped or set up.
    change: Arc<Mutex<()>>,
}

impl Session {
    pub(super) fn new() -> Self {
        let session = Self {
            // SAFETY: a new object; nobody else knows it.
            object: unsafe { AVCaptureSession::new() },
            change: Arc::default(),
        };
        #[cfg(target_os = "ios")]
        session.leave_the_rest_alone();
        #[cfg(target_os = "ios")]
        session.leave_formats_alone();
        session
    }

    /// The object, for a preview and for observers.
    pub(super) fn object(&self) -> &Retained<AVCaptureSession> {
        &self.object
    }

    /// The lock held while it is started, stopped or set up.
    pub(super) const fn lock(&self) -> &Arc<Mutex<()>> {
        &self.change
    }

    /// Changes several things at once, so that the hardware is set up only once.
    pub(super) fn change<R>(&self, what: impl FnOnce(&Self) -> R) -> R {
        let _alone = self.alone();
        // SAFETY: paired with the commit below.
        unsafe { self.object.beginConfiguration() };
        let result = what(self);
        // SAFETY: paired with the beginning above.
        unsafe { self.object.commitConfiguration() };
        result
    }

    pub(super) fn add_input(&self, input: &AVCaptureInput) -> Result<(), Error> {
        // SAFETY: asks only.
        if !unsafe { self.object.canAddInput(input) } {
            return Err(failed(
                "the capture session takes no such camera or microphone",
            ));
        }
        // SAFETY: it can be added, as just asked.
        unsafe { self.object.addInput(input) };
        Ok(())
    }

    /// Takes an input out, if it is in.
    pub(super) fn remove_input(&self, input: &AVCaptureInput) {
        // SAFETY: asks only.
        let inputs = unsafe { self.object.inputs() };
        if inputs.iter().any(|held| &*held == input) {
            // SAFETY: it is in the session.
            unsafe { self.object.removeInput(input) };
        }
    }

    /// Adds an output, unless it is there already.
    pub(super) fn add_output(&self, output: &AVCaptureOutput) -> Result<(), Error> {
        if self.has_output(output) {
            return Ok(());
        }
        // SAFETY: asks only.
        if !unsafe { self.object.canAddOutput(output) } {
            return Err(failed("the capture session takes no output of this kind"));
        }
        // SAFETY: it can be added, as just asked.
        unsafe { self.object.addOutput(output) };
        Ok(())
    }

    /// Takes an output out, if it is in.
    pub(super) fn remove_output(&self, output: &AVCaptureOutput) {
        if self.has_output(output) {
            // SAFETY: it is in the session.
            unsafe { self.object.removeOutput(output) };
        }
    }

    /// Starts it, or has it start as soon as the system allows.
    pub(super) fn start(&self) -> Result<(), Error> {
        self.run();
        if self.is_running() || self.is_interrupted() {
            return Ok(());
        }
        Err(failed("the capture session does not start"))
    }

    pub(super) fn stop(&self) {
        let _alone = self.alone();
        // SAFETY: not on the main thread, as `Device` asks: it blocks. Nobody sets it up meanwhile.
        unsafe { self.object.stopRunning() };
    }

    pub(super) fn is_running(&self) -> bool {
        // SAFETY: asks only.
        unsafe { self.object.isRunning() }
    }

    /// The clock of all its timestamps.
    pub(super) fn clock(&self) -> Option<CFRetained<CMClock>> {
        let clock = if responds(&*self.object, sel!(synchronizationClock)) {
            // SAFETY: asks only, and the method is there.
            unsafe { self.object.synchronizationClock() }
        } else {
            master_clock(&self.object)
        };
        clock.map(Into::into)
    }

    fn run(&self) {
        let _alone = self.alone();
        #[cfg(target_os = "ios")]
        self.share_the_screen();
        // SAFETY: not on the main thread, as `Device` asks: it blocks. Nobody sets it up meanwhile.
        unsafe { self.object.startRunning() };
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_output(&self, output: &AVCaptureOutput) -> bool {
        // SAFETY: asks only.
        let outputs = unsafe { self.object.outputs() };
        outputs.iter().any(|held| &*held == output)
    }

    /// True while the system keeps it from running; on a Mac only a notification says so.
    fn is_interrupted(&self) -> bool {
        #[cfg(target_os = "ios")]
        // SAFETY: asks only.
        return unsafe { self.object.isInterrupted() };
        #[cfg(not(target_os = "ios"))]
        false
    }

    /// We set up the application's audio session ourselves, and colours stay BT.709.
    #[cfg(target_os = "ios")]
    fn leave_the_rest_alone(&self) {
        // SAFETY: a plain setting.
        unsafe { self.object.setUsesApplicationAudioSession(true) };
        // SAFETY: a plain setting.
        unsafe {
            self.object
                .setAutomaticallyConfiguresApplicationAudioSession(false)
        };
        // SAFETY: a plain setting.
        unsafe {
            self.object
                .setAutomaticallyConfiguresCaptureDeviceForWideColor(false)
        };
    }

    /// We choose a camera's format from the first: with any other preset the session may choose
    /// another whenever it is set up.
    #[cfg(target_os = "ios")]
    fn leave_formats_alone(&self) {
        // SAFETY: a constant that is there since iOS 7.
        let preset = unsafe { AVCaptureSessionPresetInputPriority };
        // SAFETY: asks only.
        if unsafe { self.object.canSetSessionPreset(preset) } {
            // SAFETY: it can be set, as just asked.
            unsafe { self.object.setSessionPreset(preset) };
        }
    }

    /// Keeps the camera while another application is on the screen too (on an iPad, iOS 16). To be
    /// set before it runs.
    #[cfg(target_os = "ios")]
    fn share_the_screen(&self) {
        // SAFETY: asks only, where the method is there.
        let can = responds(&*self.object, sel!(isMultitaskingCameraAccessSupported))
            && unsafe { self.object.isMultitaskingCameraAccessSupported() };
        if can && !self.is_running() {
            // SAFETY: it is supported, as just asked.
            unsafe { self.object.setMultitaskingCameraAccessEnabled(true) };
        }
    }
}

#[expect(deprecated, reason = "the only one before iOS 15.4 and macOS 12.3")]
fn master_clock(session: &AVCaptureSession) -> Option<Retained<CMClock>> {
    // SAFETY: asks only.
    unsafe { session.masterClock() }
}
