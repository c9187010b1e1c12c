//! One camera: its choice, its format, and everything that can be set on it.

use objc2::rc::Retained;
use objc2::sel;
use objc2_av_foundation::{
    AVCaptureDevice, AVCaptureDeviceFormat, AVCaptureExposureMode, AVCaptureFocusMode,
    AVCaptureTorchMode, AVFrameRateRange,
};
use objc2_core_foundation::{CGFloat, CGPoint};
use objc2_core_media::{CMTime, CMVideoFormatDescriptionGetDimensions};
use onair_media::{FrameRate, Size};

use super::av_device::{self, Input};
use super::{failed, level, refused, responds};
use crate::Error;
use crate::capture::format::{Candidate, Pace, Rates, choose};
use crate::capture::orientation::CameraPose;
use crate::device::{self, Capabilities, Info, Kind, Position, Rotation};

/// A camera that is, or is about to be, in a session.
pub(super) struct Camera(Input);

/// How a camera or a screen was set.
#[derive(Clone, Copy)]
pub(super) struct Framing {
    /// The size of frames as they are handed out, before they are turned.
    pub(super) size: Size,
    pub(super) frame_rate: FrameRate,
    /// How long each frame takes.
    duration: CMTime,
}

impl Framing {
    /// Frames of `size` at this rate.
    pub(super) fn at(size: Size, frame_rate: FrameRate) -> Self {
        let scale = i32::try_from(frame_rate.numerator()).unwrap_or(i32::MAX);
        Self {
            size,
            frame_rate,
            // SAFETY: plain numbers.
            duration: unsafe { CMTime::new(frame_rate.denominator().into(), scale) },
        }
    }

    #[cfg(target_os = "macos")]
    pub(super) const fn duration(&self) -> CMTime {
        self.duration
    }
}

/// Finds a camera, whether or not it may be used.
pub(super) fn find(which: &device::Camera) -> Result<Retained<AVCaptureDevice>, Error> {
    match which {
        device::Camera::Facing(position) => {
            usual(*position).ok_or_else(|| Error::unsupported("there is no camera"))
        }
        device::Camera::Id(id) => av_device::find(Kind::Camera, id)
            .ok_or_else(|| device::unknown(Kind::Camera, id, &all())),
        device::Camera::Screen(_) => Err(Error::unsupported("a screen is no camera")),
    }
}

/// The camera with the usual lens that looks this way.
pub(super) fn usual(position: Position) -> Option<Retained<AVCaptureDevice>> {
    facing(position)
        .or_else(preferred)
        .or_else(|| av_device::usual(Kind::Camera))
}

/// The cameras there are.
pub(super) fn all() -> Vec<Info> {
    let usual = usual(Position::Back).map(|device| av_device::id(&device));
    let info = |camera: &Retained<_>| av_device::info(camera, Kind::Camera, usual.as_deref());
    devices().iter().map(info).collect()
}

impl Camera {
    /// Opens it, which needs the user's permission.
    pub(super) fn open(which: &device::Camera) -> Result<Self, Error> {
        Input::open(find(which)?, Kind::Camera).map(Self)
    }

    pub(super) const fn input(&self) -> &Input {
        &self.0
    }

    pub(super) fn position(&self) -> Option<Position> {
        av_device::position(&self.0.device)
    }

    /// What can be asked of it.
    pub(super) fn capabilities(&self) -> Capabilities {
        let device = &self.0.device;
        Capabilities {
            // SAFETY: asks only.
            torch: unsafe { device.hasTorch() },
            zoom: zooms(device),
            // SAFETY: asks only.
            focus: unsafe { device.isFocusPointOfInterestSupported() },
            // SAFETY: asks only.
            lock: unsafe { device.isFocusModeSupported(AVCaptureFocusMode::Locked) },
            flip: self.position().is_some(),
        }
    }

    /// Locks it for configuration until the result is dropped.
    pub(super) fn hold(&self) -> Result<Held<'_>, Error> {
        // SAFETY: unlocked when `Held` is dropped.
        unsafe { self.0.device.lockForConfiguration() }
            .map_err(|error| refused("setting up the camera", &error))?;
        Ok(Held(&self.0.device))
    }
}

/// A camera locked for configuration, as every setter of its device requires.
pub(super) struct Held<'a>(&'a AVCaptureDevice);

impl Held<'_> {
    /// Takes the format that fits best.
    pub(super) fn frame(&self, size: Size, rate: FrameRate) -> Result<Framing, Error> {
        // SAFETY: asks only.
        let formats = unsafe { self.0.formats() }.to_vec();
        // SAFETY: asks only.
        let active = unsafe { self.0.activeFormat() };
        let candidates: Vec<_> = formats.iter().map(|format| candidate(format)).collect();
        let current = formats.iter().position(|format| *format == active);
        let choice = choose(size, rate, &candidates, current)
            .ok_or_else(|| Error::unsupported("this camera lists no format"))?;
        let format = &formats[choice.index];
        if current != Some(choice.index) {
            // SAFETY: one of the device's own, and the device is held.
            unsafe { self.0.setActiveFormat(format) };
        }
        let native = candidates[choice.index].size;
        #[cfg(target_os = "macos")]
        let native = crate::capture::format::fit(native, size);
        let mut framing = Framing::at(native, choice.frame_rate);
        if let Some(end) = end_of_range(format, choice.pace) {
            framing.duration = end;
        }
        Ok(framing)
    }

    /// Sets how long each frame takes. Starting a session resets it, so set it afterwards.
    pub(super) fn pace(&self, framing: &Framing) {
        // SAFETY: the device is held, and the duration lies in a range of its format.
        unsafe { self.0.setActiveVideoMinFrameDuration(framing.duration) };
        // SAFETY: as above.
        unsafe { self.0.setActiveVideoMaxFrameDuration(framing.duration) };
    }

    pub(super) fn torch(&self, on: bool) -> Result<(), Error> {
        let mode = if on {
            AVCaptureTorchMode::On
        } else {
            AVCaptureTorchMode::Off
        };
        // SAFETY: asks only.
        if !unsafe { self.0.isTorchModeSupported(mode) } {
            return none_if(on, "this camera has no torch");
        }
        // SAFETY: asks only.
        if on && !unsafe { self.0.isTorchAvailable() } {
            return Err(failed("the torch cannot be had now: too hot"));
        }
        // SAFETY: the mode is supported, and the device is held.
        unsafe { self.0.setTorchMode(mode) };
        Ok(())
    }

    #[cfg(target_os = "ios")]
    pub(super) fn zoom(&self, factor: f32) -> Result<(), Error> {
        // SAFETY: asks only.
        let least = unsafe { self.0.minAvailableVideoZoomFactor() };
        // SAFETY: asks only.
        let most = unsafe { self.0.maxAvailableVideoZoomFactor() };
        let factor = crate::capture::orientation::zoom_within(factor, least..=most);
        // SAFETY: within what is available now, and the device is held.
        unsafe { self.0.setVideoZoomFactor(factor) };
        Ok(())
    }

    #[cfg(not(target_os = "ios"))]
    pub(super) fn zoom(&self, factor: f32) -> Result<(), Error> {
        none_if(factor > 1.0, "a Mac's cameras do not zoom")
    }

    /// Focuses once and exposes from now on for a point on the sensor.
    pub(super) fn focus(&self, x: CGFloat, y: CGFloat) -> Result<(), Error> {
        let place = CGPoint { x, y };
        // SAFETY: asks only.
        let focuses = unsafe { self.0.isFocusPointOfInterestSupported() };
        if focuses {
            // SAFETY: it is supported, and the device is held.
            unsafe { self.0.setFocusPointOfInterest(place) };
            self.focus_mode(AVCaptureFocusMode::AutoFocus);
        }
        // SAFETY: asks only.
        let exposes = unsafe { self.0.isExposurePointOfInterestSupported() };
        if exposes {
            // SAFETY: it is supported, and the device is held.
            unsafe { self.0.setExposurePointOfInterest(place) };
            self.exposure_mode(AVCaptureExposureMode::ContinuousAutoExposure);
        }
        none_if(
            !focuses && !exposes,
            "this camera neither focuses nor exposes for a place",
        )
    }

    /// Keeps focus and exposure as they are, or lets them follow the middle of the scene.
    pub(super) fn lock(&self, locked: bool) -> Result<(), Error> {
        let (focus, exposure) = if locked {
            (AVCaptureFocusMode::Locked, AVCaptureExposureMode::Locked)
        } else {
            let _cannot_be_aimed = self.focus(0.5, 0.5);
            (
                AVCaptureFocusMode::ContinuousAutoFocus,
                AVCaptureExposureMode::ContinuousAutoExposure,
            )
        };
        let focuses = self.focus_mode(focus);
        let exposes = self.exposure_mode(exposure);
        none_if(
            locked && !focuses && !exposes,
            "this camera locks neither focus nor exposure",
        )
    }

    fn focus_mode(&self, mode: AVCaptureFocusMode) -> bool {
        // SAFETY: asks only.
        let can = unsafe { self.0.isFocusModeSupported(mode) };
        if can {
            // SAFETY: the mode is supported, and the device is held.
            unsafe { self.0.setFocusMode(mode) };
        }
        can
    }

    fn exposure_mode(&self, mode: AVCaptureExposureMode) -> bool {
        // SAFETY: asks only.
        let can = unsafe { self.0.isExposureModeSupported(mode) };
        if can {
            // SAFETY: the mode is supported, and the device is held.
            unsafe { self.0.setExposureMode(mode) };
        }
        can
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // SAFETY: locked when `self` was made.
        unsafe { self.0.unlockForConfiguration() };
    }
}

/// How a camera is held now.
pub(super) fn pose(device: &AVCaptureDevice) -> CameraPose {
    CameraPose {
        level: level::of(device).unwrap_or(UNTURNED),
        position: av_device::position(device),
    }
}

/// Reports the system pressure now and then. It is read as frames come: then nothing has to be
/// undone when a camera goes.
#[cfg(target_os = "ios")]
pub(super) fn report_pressure(
    from: &objc2_av_foundation::AVCaptureConnection,
    tap: &super::tap::Tap,
) {
    if !tap.is_time_to_look() {
        return;
    }
    // SAFETY: asks only.
    let ports = unsafe { from.inputPorts() };
    let Some(port) = ports.firstObject() else {
        return;
    };
    // SAFETY: asks only.
    let input = unsafe { port.input() };
    if let Ok(input) = input.downcast::<objc2_av_foundation::AVCaptureDeviceInput>() {
        // SAFETY: asks only.
        let camera = unsafe { input.device() };
        tap.press(pressure(&camera));
    }
}

#[cfg(target_os = "ios")]
fn pressure(device: &AVCaptureDevice) -> device::Thermal {
    use device::Thermal;
    // SAFETY: asks only.
    let state = unsafe { device.systemPressureState() };
    // SAFETY: asks only.
    let level = unsafe { state.level() }.to_string();
    match level.trim_start_matches("AVCaptureSystemPressureLevel") {
        "Fair" => Thermal::Fair,
        "Serious" => Thermal::Serious,
        "Critical" | "Shutdown" => Thermal::Critical,
        _ => Thermal::Nominal,
    }
}

#[cfg(target_os = "ios")]
fn devices() -> Vec<Retained<AVCaptureDevice>> {
    use objc2_av_foundation::{
        AVCaptureDeviceDiscoverySession, AVCaptureDevicePosition, AVCaptureDeviceType,
    };
    use objc2_foundation::NSArray;
    let types = lenses();
    let types: Vec<&AVCaptureDeviceType> = types.iter().map(|lens| &**lens).collect();
    let types = NSArray::from_slice(&types);
    // SAFETY: types of devices that this system knows, and a kind of media they give.
    let session = unsafe {
        AVCaptureDeviceDiscoverySession::discoverySessionWithDeviceTypes_mediaType_position(
            &types,
            av_device::media_type(Kind::Camera),
            AVCaptureDevicePosition::Unspecified,
        )
    };
    // SAFETY: asks only.
    unsafe { session.devices() }.to_vec()
}

/// Types of cameras with one lens: combined ones change the angle by themselves.
#[cfg(target_os = "ios")]
fn lenses() -> Vec<Retained<objc2_foundation::NSString>> {
    let mut types = vec![
        "AVCaptureDeviceTypeBuiltInWideAngleCamera",
        "AVCaptureDeviceTypeBuiltInUltraWideCamera",
        "AVCaptureDeviceTypeBuiltInTelephotoCamera",
    ];
    // External cameras, since iOS 17, as the coordinator is.
    if objc2::runtime::AnyClass::get(level::COORDINATOR).is_some() {
        types.push("AVCaptureDeviceTypeExternal");
    }
    types
        .into_iter()
        .map(objc2_foundation::NSString::from_str)
        .collect()
}

#[cfg(target_os = "macos")]
fn devices() -> Vec<Retained<AVCaptureDevice>> {
    av_device::all(Kind::Camera)
}

#[cfg(target_os = "ios")]
fn zooms(device: &AVCaptureDevice) -> bool {
    // SAFETY: asks only.
    unsafe { device.maxAvailableVideoZoomFactor() > 1.0 }
}

/// A Mac's cameras report none.
#[cfg(not(target_os = "ios"))]
const fn zooms(_: &AVCaptureDevice) -> bool {
    false
}

fn facing(position: Position) -> Option<Retained<AVCaptureDevice>> {
    use objc2_av_foundation::{AVCaptureDevicePosition, AVCaptureDeviceTypeBuiltInWideAngleCamera};
    let place = match position {
        Position::Back => AVCaptureDevicePosition::Back,
        Position::Front => AVCaptureDevicePosition::Front,
    };
    // SAFETY: a constant that is there since iOS 10 and macOS 10.15.
    let lens = unsafe { AVCaptureDeviceTypeBuiltInWideAngleCamera };
    let media = av_device::media_type(Kind::Camera);
    // SAFETY: asks only.
    unsafe { AVCaptureDevice::defaultDeviceWithDeviceType_mediaType_position(lens, media, place) }
}

/// The camera that a Mac's user, or the system, prefers (macOS 13).
fn preferred() -> Option<Retained<AVCaptureDevice>> {
    use objc2::ClassType;
    if !AVCaptureDevice::class()
        .metaclass()
        .responds_to(sel!(systemPreferredCamera))
    {
        return None;
    }
    // SAFETY: asks only, and the method is there.
    unsafe { AVCaptureDevice::systemPreferredCamera() }
}

fn candidate(format: &AVCaptureDeviceFormat) -> Candidate {
    // SAFETY: asks only.
    let description = unsafe { format.formatDescription() };
    // SAFETY: a camera's formats describe frames.
    let size = unsafe { CMVideoFormatDescriptionGetDimensions(&description) };
    let side = |side: i32| u32::try_from(side).unwrap_or(0);
    Candidate {
        size: Size::new(side(size.width), side(size.height)),
        rates: ranges(format).iter().map(|range| rates(range)).collect(),
        // SAFETY: asks only.
        pixels: unsafe { description.media_sub_type() },
        is_binned: is_binned(format),
    }
}

fn ranges(format: &AVCaptureDeviceFormat) -> Vec<Retained<AVFrameRateRange>> {
    // SAFETY: asks only.
    unsafe { format.videoSupportedFrameRateRanges() }.to_vec()
}

fn rates(range: &AVFrameRateRange) -> Rates {
    Rates {
        // SAFETY: asks only.
        min: unsafe { range.minFrameRate() },
        // SAFETY: asks only.
        max: unsafe { range.maxFrameRate() },
    }
}

fn is_binned(format: &AVCaptureDeviceFormat) -> bool {
    // A Mac's formats do not say.
    // SAFETY: asks only, where the method is there.
    responds(format, sel!(isVideoBinned)) && unsafe { format.isVideoBinned() }
}

/// The exact duration at the end of a range.
fn end_of_range(format: &AVCaptureDeviceFormat, pace: Pace) -> Option<CMTime> {
    let ranges = ranges(format);
    match pace {
        Pace::Within => None,
        // SAFETY: asks only.
        Pace::Fastest(index) => Some(unsafe { ranges.get(index)?.minFrameDuration() }),
        // SAFETY: asks only.
        Pace::Slowest(index) => Some(unsafe { ranges.get(index)?.maxFrameDuration() }),
    }
}

/// An error unless what was wanted can be had.
fn none_if(wanted: bool, what: &str) -> Result<(), Error> {
    if wanted {
        Err(Error::unsupported(what))
    } else {
        Ok(())
    }
}

/// How every camera lies while a phone is held upright, where there is no coordinator.
const UNTURNED: Rotation = if cfg!(target_os = "ios") {
    Rotation::Quarter
} else {
    Rotation::None
};
