//! The capture session itself: what is in it, and whether it runs.

use objc2::rc::Retained;
use objc2::sel;
#[cfg(target_os = "ios")]
use objc2_av_foundation::AVCaptureSessionPresetInputPriority;
use objc2_av_foundation::{AVCaptureInput, AVCaptureOutput, AVCaptureSession};
use objc2_core_foundation::CFRetained;
use objc2_core_media::CMClock;

use super::{failed, responds};
use crate::Error;

/// An `AVCaptureSession`. It outlives what is in it, since a preview may show it.
pub(super) struct Session(Retained<AVCaptureSession>);

impl Session {
    pub(super) fn new() -> Self {
        // SAFETY: a new object; nobody else knows it.
        let session = Self(unsafe { AVCaptureSession::new() });
        #[cfg(target_os = "ios")]
        session.leave_the_rest_alone();
        #[cfg(target_os = "ios")]
        session.leave_formats_alone();
        session
    }

    /// The object, for a preview and for observers.
    pub(super) fn object(&self) -> &Retained<AVCaptureSession> {
        &self.0
    }

    /// Changes several things at once, so that the hardware is set up anew only once.
    pub(super) fn change<R>(&self, what: impl FnOnce(&Self) -> R) -> R {
        // SAFETY: paired with the commit below.
        unsafe { self.0.beginConfiguration() };
        let result = what(self);
        // SAFETY: paired with the beginning above.
        unsafe { self.0.commitConfiguration() };
        result
    }

    pub(super) fn add_input(&self, input: &AVCaptureInput) -> Result<(), Error> {
        // SAFETY: asks only.
        if !unsafe { self.0.canAddInput(input) } {
            return Err(failed(
                "the capture session takes no such camera or microphone",
            ));
        }
        // SAFETY: it can be added, as just asked.
        unsafe { self.0.addInput(input) };
        Ok(())
    }

    /// Takes an input out, if it is in.
    pub(super) fn remove_input(&self, input: &AVCaptureInput) {
        // SAFETY: asks only.
        let inputs = unsafe { self.0.inputs() };
        if inputs.iter().any(|held| &*held == input) {
            // SAFETY: it is in the session.
            unsafe { self.0.removeInput(input) };
        }
    }

    /// Adds an output, unless it is there already.
    pub(super) fn add_output(&self, output: &AVCaptureOutput) -> Result<(), Error> {
        if self.has_output(output) {
            return Ok(());
        }
        // SAFETY: asks only.
        if !unsafe { self.0.canAddOutput(output) } {
            return Err(failed("the capture session takes no output of this kind"));
        }
        // SAFETY: it can be added, as just asked.
        unsafe { self.0.addOutput(output) };
        Ok(())
    }

    /// Takes an output out, if it is in.
    pub(super) fn remove_output(&self, output: &AVCaptureOutput) {
        if self.has_output(output) {
            // SAFETY: it is in the session.
            unsafe { self.0.removeOutput(output) };
        }
    }

    /// Runs, or has it run as soon as the system allows.
    pub(super) fn start(&self) -> Result<(), Error> {
        #[cfg(target_os = "ios")]
        self.share_the_screen();
        // SAFETY: not on the main thread, as `Device` asks: it blocks.
        unsafe { self.0.startRunning() };
        if self.is_running() || self.is_interrupted() {
            return Ok(());
        }
        Err(failed("the capture session does not start"))
    }

    pub(super) fn stop(&self) {
        // SAFETY: not on the main thread, as `Device` asks: it blocks.
        unsafe { self.0.stopRunning() };
    }

    pub(super) fn is_running(&self) -> bool {
        // SAFETY: asks only.
        unsafe { self.0.isRunning() }
    }

    /// What all its stamps are on.
    pub(super) fn clock(&self) -> Option<CFRetained<CMClock>> {
        let clock = if responds(&*self.0, sel!(synchronizationClock)) {
            // SAFETY: asks only, and the method is there.
            unsafe { self.0.synchronizationClock() }
        } else {
            master_clock(&self.0)
        };
        clock.map(Into::into)
    }

    fn has_output(&self, output: &AVCaptureOutput) -> bool {
        // SAFETY: asks only.
        let outputs = unsafe { self.0.outputs() };
        outputs.iter().any(|held| &*held == output)
    }

    /// True while the system keeps it from running; a Mac's says so by a notification only.
    fn is_interrupted(&self) -> bool {
        #[cfg(target_os = "ios")]
        // SAFETY: asks only.
        return unsafe { self.0.isInterrupted() };
        #[cfg(not(target_os = "ios"))]
        false
    }

    /// The application's audio session is ours to set up, and colours stay BT.709.
    #[cfg(target_os = "ios")]
    fn leave_the_rest_alone(&self) {
        // SAFETY: a plain setting.
        unsafe { self.0.setUsesApplicationAudioSession(true) };
        // SAFETY: a plain setting.
        unsafe {
            self.0
                .setAutomaticallyConfiguresApplicationAudioSession(false)
        };
        // SAFETY: a plain setting.
        unsafe {
            self.0
                .setAutomaticallyConfiguresCaptureDeviceForWideColor(false)
        };
    }

    /// A camera's format is ours to choose from the first: with any other preset the session may
    /// choose anew whenever it is set up.
    #[cfg(target_os = "ios")]
    fn leave_formats_alone(&self) {
        // SAFETY: a constant that is there since iOS 7.
        let preset = unsafe { AVCaptureSessionPresetInputPriority };
        // SAFETY: asks only.
        if unsafe { self.0.canSetSessionPreset(preset) } {
            // SAFETY: it can be set, as just asked.
            unsafe { self.0.setSessionPreset(preset) };
        }
    }

    /// Keeps the camera while another application is on the screen too (an iPad's, iOS 16), which
    /// is to be said before it runs.
    #[cfg(target_os = "ios")]
    fn share_the_screen(&self) {
        // SAFETY: asks only, where the method is there.
        let can = responds(&*self.0, sel!(isMultitaskingCameraAccessSupported))
            && unsafe { self.0.isMultitaskingCameraAccessSupported() };
        if can && !self.is_running() {
            // SAFETY: it is supported, as just asked.
            unsafe { self.0.setMultitaskingCameraAccessEnabled(true) };
        }
    }
}

#[expect(deprecated, reason = "the only one before iOS 15.4 and macOS 12.3")]
fn master_clock(session: &AVCaptureSession) -> Option<Retained<CMClock>> {
    // SAFETY: asks only.
    unsafe { session.masterClock() }
}
