//! One microphone and where its audio goes.

use std::sync::Arc;

use dispatch2::{DispatchQueue, DispatchRetained};
use objc2::rc::Retained;
use objc2::runtime::ProtocolObject;
use objc2_av_foundation::{AVCaptureAudioDataOutput, AVCaptureDevice, AVCaptureOutput};

use super::delegate::{AudioDelegate, queue};
use super::tap::Tap;
use super::{audio_session, av_device};
use crate::Error;
use crate::device::{Kind, Microphone as Which, unknown};

/// Finds a microphone, whether or not it may be used. A phone has one device for all of them: its
/// audio session chooses.
pub(super) fn find(which: &Which) -> Result<Retained<AVCaptureDevice>, Error> {
    match which {
        Which::Id(id) if cfg!(target_os = "macos") => av_device::find(Kind::Microphone, id)
            .ok_or_else(|| unknown(Kind::Microphone, id, &audio_session::inputs())),
        _ => {
            let usual = av_device::usual(Kind::Microphone);
            usual.ok_or_else(|| Error::unsupported("there is no microphone"))
        }
    }
}

/// Where the session hands audio out.
pub(super) struct AudioOutput {
    output: Retained<AVCaptureAudioDataOutput>,
    /// The output does not retain them.
    _delegate: Retained<AudioDelegate>,
    _queue: DispatchRetained<DispatchQueue>,
}

impl AudioOutput {
    pub(super) fn new(tap: &Arc<Tap>) -> Self {
        // SAFETY: a new object; nobody else knows it.
        let output = unsafe { AVCaptureAudioDataOutput::new() };
        let (delegate, queue) = (AudioDelegate::new(tap.clone()), queue("onair.audio"));
        let object = ProtocolObject::from_ref(&*delegate);
        // SAFETY: a serial queue, and a delegate that may be called on any thread.
        unsafe { output.setSampleBufferDelegate_queue(Some(object), Some(&queue)) };
        Self {
            output,
            _delegate: delegate,
            _queue: queue,
        }
    }

    pub(super) fn output(&self) -> &AVCaptureOutput {
        &self.output
    }
}

impl Drop for AudioOutput {
    fn drop(&mut self) {
        // SAFETY: nobody is called any more.
        unsafe { self.output.setSampleBufferDelegate_queue(None, None) };
    }
}
