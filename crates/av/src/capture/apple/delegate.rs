//! The delegates that the session calls with each frame and each stretch of audio, on a serial
//! queue each.

use std::sync::Arc;

use dispatch2::{DispatchQoS, DispatchQueue, DispatchQueueAttr, DispatchRetained};
use objc2::rc::Retained;
use objc2::runtime::{NSObject, NSObjectProtocol};
use objc2::{AnyThread, DefinedClass, define_class, msg_send};
use objc2_av_foundation::{
    AVCaptureAudioDataOutputSampleBufferDelegate, AVCaptureConnection, AVCaptureOutput,
    AVCaptureVideoDataOutputSampleBufferDelegate,
};
use objc2_core_media::CMSampleBuffer;

use super::tap::Tap;
use crate::apple::SampleBuffer;

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and the class does not implement `Drop`.
    #[unsafe(super(NSObject))]
    #[name = "OnairVideoDelegate"]
    #[ivars = Arc<Tap>]
    pub(super) struct VideoDelegate;

    // SAFETY: the protocol asks nothing.
    unsafe impl NSObjectProtocol for VideoDelegate {}

    // SAFETY: both methods have the types that the protocol declares.
    unsafe impl AVCaptureVideoDataOutputSampleBufferDelegate for VideoDelegate {
        #[unsafe(method(captureOutput:didOutputSampleBuffer:fromConnection:))]
        fn did_output(&self, _: &AVCaptureOutput, sample: &CMSampleBuffer, from: &AVCaptureConnection) {
            #[cfg(target_os = "ios")]
            super::camera::report_pressure(from, self.ivars());
            #[cfg(not(target_os = "ios"))]
            let _nothing_to_ask = from;
            if let Some(sample) = ours(sample) {
                self.ivars().frame(&sample);
            }
        }

        #[unsafe(method(captureOutput:didDropSampleBuffer:fromConnection:))]
        fn did_drop(&self, _: &AVCaptureOutput, _: &CMSampleBuffer, _: &AVCaptureConnection) {
            self.ivars().miss();
        }
    }
);

define_class!(
    // SAFETY: NSObject asks nothing of its subclasses, and the class does not implement `Drop`.
    #[unsafe(super(NSObject))]
    #[name = "OnairAudioDelegate"]
    #[ivars = Arc<Tap>]
    pub(super) struct AudioDelegate;

    // SAFETY: the protocol asks nothing.
    unsafe impl NSObjectProtocol for AudioDelegate {}

    // SAFETY: the method has the types that the protocol declares.
    unsafe impl AVCaptureAudioDataOutputSampleBufferDelegate for AudioDelegate {
        #[unsafe(method(captureOutput:didOutputSampleBuffer:fromConnection:))]
        fn did_output(&self, _: &AVCaptureOutput, sample: &CMSampleBuffer, _: &AVCaptureConnection) {
            if let Some(sample) = ours(sample) {
                self.ivars().audio(&sample);
            }
        }
    }
);

impl VideoDelegate {
    pub(super) fn new(tap: Arc<Tap>) -> Retained<Self> {
        let this = Self::alloc().set_ivars(tap);
        // SAFETY: NSObject's `init` takes nothing and gives the object back.
        unsafe { msg_send![super(this), init] }
    }
}

impl AudioDelegate {
    pub(super) fn new(tap: Arc<Tap>) -> Retained<Self> {
        let this = Self::alloc().set_ivars(tap);
        // SAFETY: NSObject's `init` takes nothing and gives the object back.
        unsafe { msg_send![super(this), init] }
    }
}

/// A serial queue of high priority for media.
pub(super) fn queue(name: &str) -> DispatchRetained<DispatchQueue> {
    let attributes = DispatchQueueAttr::with_qos_class(
        DispatchQueueAttr::SERIAL,
        DispatchQoS::UserInteractive,
        0,
    );
    DispatchQueue::new(name, Some(&attributes))
}

fn ours(sample: &CMSampleBuffer) -> Option<SampleBuffer> {
    // SAFETY: a live object of Core Foundation's.
    unsafe { SampleBuffer::retain(sample.as_ref()) }
}
