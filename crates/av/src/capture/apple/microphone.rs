//! One microphone and where its sound goes.

use std::sync::Arc;

use dispatch2::{DispatchQueue, DispatchRetained};
use objc2::rc::Retained;
use objc2::runtime::ProtocolObject;
use objc2_av_foundation::{
    AVCaptureAudioDataOutput, AVCaptureDevice, AVCaptureDeviceInput, AVCaptureInput,
    AVCaptureOutput,
};

use super::delegate::{SoundDelegate, queue};
use super::tap::Tap;
use super::{list, refused};
use crate::Error;
#[cfg(target_os = "macos")]
use crate::device::Info;
use crate::device::{Kind, Microphone as Which};

/// A microphone that is, or is about to be, in a session.
pub(super) struct Microphone {
    device: Retained<AVCaptureDevice>,
    input: Retained<AVCaptureDeviceInput>,
}

impl Microphone {
    /// Opens it, which needs the user's permission.
    pub(super) fn open(device: Retained<AVCaptureDevice>) -> Result<Self, Error> {
        // SAFETY: a microphone that is there.
        let input = unsafe { AVCaptureDeviceInput::deviceInputWithDevice_error(&device) };
        let input = input.map_err(|error| refused("opening the microphone", &error))?;
        Ok(Self { device, input })
    }

    pub(super) fn input(&self) -> &AVCaptureInput {
        &self.input
    }

    pub(super) fn id(&self) -> String {
        list::id(&self.device)
    }

    /// True once it was unplugged.
    pub(super) fn is_gone(&self) -> bool {
        list::is_gone(&self.device)
    }
}

/// Which microphone is meant, whether or not it may be used. A phone has one device for all of
/// them: its audio session says which.
pub(super) fn find(which: &Which) -> Result<Retained<AVCaptureDevice>, Error> {
    match which {
        Which::Id(id) if cfg!(target_os = "macos") => {
            list::find(Kind::Microphone, id).ok_or_else(|| list::unknown(Kind::Microphone, id))
        }
        _ => {
            let usual = list::usual(Kind::Microphone);
            usual.ok_or_else(|| Error::unsupported("there is no microphone"))
        }
    }
}

#[cfg(target_os = "macos")]
pub(super) fn all() -> Vec<Info> {
    let usual = list::usual(Kind::Microphone).map(|device| list::id(&device));
    let microphones = list::all(Kind::Microphone);
    let info = |one: &Retained<_>| list::info(one, Kind::Microphone, usual.as_deref());
    microphones.iter().map(info).collect()
}

/// Where the session hands sound out.
pub(super) struct SoundOutput {
    output: Retained<AVCaptureAudioDataOutput>,
    /// The output holds neither for us.
    _delegate: Retained<SoundDelegate>,
    _queue: DispatchRetained<DispatchQueue>,
}

impl SoundOutput {
    pub(super) fn new(tap: &Arc<Tap>) -> Self {
        // SAFETY: a new object; nobody else knows it.
        let output = unsafe { AVCaptureAudioDataOutput::new() };
        let (delegate, queue) = (SoundDelegate::new(tap.clone()), queue("onair.sound"));
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

impl Drop for SoundOutput {
    fn drop(&mut self) {
        // SAFETY: nobody is called any more.
        unsafe { self.output.setSampleBufferDelegate_queue(None, None) };
    }
}
