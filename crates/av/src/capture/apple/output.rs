//! Where the session hands frames out, and how they are turned on the way.

use std::sync::Arc;

use dispatch2::{DispatchQueue, DispatchRetained};
use objc2::rc::Retained;
use objc2::runtime::{AnyObject, ProtocolObject};
use objc2::sel;
use objc2_av_foundation::{AVCaptureConnection, AVCaptureOutput, AVCaptureVideoDataOutput};
use objc2_core_foundation::CGFloat;
use objc2_core_video::kCVPixelBufferPixelFormatTypeKey;
use objc2_foundation::{NSDictionary, NSString};
use onair_media::Size;

use super::delegate::{VideoDelegate, queue};
use super::tap::Tap;
use super::{av_device, key, number, responds};
use crate::capture::format::pick_pixels;
use crate::device::{Kind, Position, Rotation, Stabilisation};

pub(super) struct VideoOutput {
    output: Retained<AVCaptureVideoDataOutput>,
    /// The output does not retain them.
    _delegate: Retained<VideoDelegate>,
    _queue: DispatchRetained<DispatchQueue>,
}

impl VideoOutput {
    pub(super) fn new(tap: &Arc<Tap>) -> Self {
        // SAFETY: a new object; nobody else knows it.
        let output = unsafe { AVCaptureVideoDataOutput::new() };
        // SAFETY: a plain setting. The newest wins: what is late would only get later.
        unsafe { output.setAlwaysDiscardsLateVideoFrames(true) };
        let (delegate, queue) = (VideoDelegate::new(tap.clone()), queue("onair.video"));
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

    /// Chooses a pixel format among those that the output offers for its camera, and on a Mac the
    /// size of the frames; on a phone they have the camera's.
    pub(super) fn shape(&self, size: Size) {
        // SAFETY: asks only.
        let available = unsafe { self.output.availableVideoCVPixelFormatTypes() };
        let available: Vec<_> = available
            .iter()
            .map(|pixels| pixels.unsignedIntValue())
            .collect();
        let mut settings: Vec<(Retained<NSString>, Retained<AnyObject>)> = Vec::new();
        if let Some(pixels) = pick_pixels(&available) {
            // SAFETY: a constant that is there since iOS 4 and macOS 10.4.
            settings.push((
                key(unsafe { kCVPixelBufferPixelFormatTypeKey }),
                number(pixels),
            ));
        }
        #[cfg(target_os = "macos")]
        settings.extend(super::display::shared_memory(size));
        #[cfg(not(target_os = "macos"))]
        let _the_camera_s_own = size;
        let (keys, values): (Vec<_>, Vec<_>) = settings.into_iter().unzip();
        let keys: Vec<&NSString> = keys.iter().map(|key| &**key).collect();
        let settings = NSDictionary::from_retained_objects(&keys, &values);
        // SAFETY: keys that the header lists for this system, with values of their types.
        unsafe { self.output.setVideoSettings(Some(&settings)) };
    }

    /// Turns frames, and never mirrors them, so that text stays readable. Gives the turn that
    /// applies.
    pub(super) fn turn(&self, turn: Rotation, position: Option<Position>) -> Rotation {
        let Some(connection) = self.connection() else {
            return Rotation::None;
        };
        unmirror(&connection);
        let turned = if responds(&*connection, sel!(setVideoRotationAngle:)) {
            turn_by_angle(&connection, turn)
        } else {
            turn_by_orientation(&connection, turn, position)
        };
        if turned || turn == Rotation::None {
            return turn;
        }
        tracing::warn!(?turn, "this camera's pictures cannot be turned");
        Rotation::None
    }

    /// Steadies frames; false where that cannot be.
    #[cfg(target_os = "ios")]
    pub(super) fn stabilise(&self, how: Stabilisation) -> bool {
        use objc2_av_foundation::AVCaptureVideoStabilizationMode as Mode;
        let Some(connection) = self.connection() else {
            return false;
        };
        let mode = match how {
            Stabilisation::Off => Mode::Off,
            Stabilisation::Standard => Mode::Standard,
            Stabilisation::Cinematic => Mode::Cinematic,
        };
        // SAFETY: asks only.
        let can = unsafe { connection.isVideoStabilizationSupported() };
        if can {
            // SAFETY: it is supported; a mode that the format has not is taken as off.
            unsafe { connection.setPreferredVideoStabilizationMode(mode) };
        }
        can
    }

    /// A Mac has no stabilisation.
    #[cfg(not(target_os = "ios"))]
    #[expect(clippy::unused_self, reason = "a phone's output does")]
    pub(super) const fn stabilise(&self, _: Stabilisation) -> bool {
        false
    }

    /// The connection from the camera.
    fn connection(&self) -> Option<Retained<AVCaptureConnection>> {
        let media = av_device::media_type(Kind::Camera)?;
        // SAFETY: asks only.
        unsafe { self.output.connectionWithMediaType(media) }
    }
}

impl Drop for VideoOutput {
    fn drop(&mut self) {
        // SAFETY: nobody is called any more.
        unsafe { self.output.setSampleBufferDelegate_queue(None, None) };
    }
}

fn unmirror(connection: &AVCaptureConnection) {
    // SAFETY: asks only.
    if !unsafe { connection.isVideoMirroringSupported() } {
        return;
    }
    // SAFETY: mirroring is supported.
    unsafe { connection.setAutomaticallyAdjustsVideoMirroring(false) };
    // SAFETY: mirroring is supported and no longer automatic.
    unsafe { connection.setVideoMirrored(false) };
}

/// Since iOS 17 and macOS 14.
fn turn_by_angle(connection: &AVCaptureConnection, turn: Rotation) -> bool {
    let angle = CGFloat::from(turn.degrees());
    // SAFETY: asks only; the method is there when its companion is.
    let can = unsafe { connection.isVideoRotationAngleSupported(angle) };
    if can {
        // SAFETY: the angle is supported.
        unsafe { connection.setVideoRotationAngle(angle) };
    }
    can
}

/// Before iOS 17.
#[cfg(target_os = "ios")]
#[expect(deprecated, reason = "the only one before iOS 17")]
fn turn_by_orientation(
    connection: &AVCaptureConnection,
    turn: Rotation,
    at: Option<Position>,
) -> bool {
    use objc2_av_foundation::AVCaptureVideoOrientation as Orientation;

    use crate::device::Interface;
    // SAFETY: asks only.
    let can = unsafe { connection.isVideoOrientationSupported() };
    if can {
        let orientation = match turn.interface(at.unwrap_or_default()) {
            Interface::Portrait => Orientation::Portrait,
            Interface::PortraitUpsideDown => Orientation::PortraitUpsideDown,
            Interface::LandscapeLeft => Orientation::LandscapeLeft,
            Interface::LandscapeRight => Orientation::LandscapeRight,
        };
        // SAFETY: orientations are supported.
        unsafe { connection.setVideoOrientation(orientation) };
    }
    can
}

/// A Mac's orientations are a phone's, and its cameras lie in none of them.
#[cfg(not(target_os = "ios"))]
const fn turn_by_orientation(_: &AVCaptureConnection, _: Rotation, _: Option<Position>) -> bool {
    false
}
