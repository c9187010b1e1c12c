//! Whether the user lets us use the camera and the microphone.

use std::sync::mpsc;

use block2::RcBlock;
use objc2::runtime::Bool;
use objc2_av_foundation::{AVAuthorizationStatus, AVCaptureDevice, AVMediaType};

use super::av_device;
use crate::device::Kind;

/// Whether it is allowed. Asks the user if that was never asked, and waits for the answer.
pub(super) fn ask(kind: Kind) -> bool {
    let Some(media) = av_device::media_type(kind) else {
        return false;
    };
    // SAFETY: asks only, of a kind of media that is asked for permission.
    match unsafe { AVCaptureDevice::authorizationStatusForMediaType(media) } {
        AVAuthorizationStatus::Authorized => true,
        AVAuthorizationStatus::NotDetermined => ask_user(media),
        _ => false,
    }
}

fn ask_user(media: &AVMediaType) -> bool {
    let (answer, answered) = mpsc::channel();
    let block = RcBlock::new(move |granted: Bool| {
        let _nobody_waits = answer.send(granted.as_bool());
    });
    // SAFETY: the block may run on any thread, once: all it holds is a channel.
    unsafe { AVCaptureDevice::requestAccessForMediaType_completionHandler(media, &block) };
    answered.recv().unwrap_or(false)
}
