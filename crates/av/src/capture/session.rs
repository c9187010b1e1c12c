//! The seam for capture: a system, the session it opens, and handles for what is in it.

use onair_media::{FrameRate, Size};

use crate::Error;
use crate::device::{
    Camera, Capabilities, Device, Format, Info, Inlets, Kind, Order, Rotation, Setup,
    Stabilisation, Tell,
};

/// A system that captures.
pub(super) struct System {
    /// The kinds of devices it may have.
    pub(super) kinds: &'static [Kind],
    /// False if its devices are always there and have to be named: no list shows them, and none is
    /// a default.
    pub(super) is_listed: bool,
    /// Its devices now.
    pub(super) list: fn() -> Vec<Info>,
    /// Opens the devices named, all of them its own.
    pub(super) open: fn(&Setup) -> Result<Box<dyn CaptureSession>, Error>,
}

/// What one system captures: a camera or a screen, a microphone, or two that start and stop
/// together.
///
/// There are no default methods: a system that cannot do something says so. Losing a device is an
/// [`Event`](crate::device::Event) and nothing else here; the director decides what to do.
pub trait CaptureSession: Send {
    /// Reports what happens to `tell`, on whichever thread it happens.
    fn listen(&mut self, tell: Tell);
    /// From now on, hands what is captured to these inlets only.
    fn attach(&mut self, inlets: Inlets);
    /// Runs, once the user has allowed it.
    fn start(&mut self) -> Result<(), Error>;
    /// Stops running.
    fn stop(&mut self) -> Result<(), Error>;
    /// Builds everything again; earlier orders still hold.
    fn rebuild(&mut self) -> Result<(), Error>;
    /// How frames and audio are made now.
    fn format(&self) -> Format;
    /// What can be asked of its camera.
    fn capabilities(&self) -> Capabilities;
    /// Its camera or screen.
    fn video(&mut self) -> Option<&mut dyn VideoHandle>;
    /// Its camera, for what only a camera does.
    fn camera(&mut self) -> Option<&mut dyn CameraHandle>;
    /// Its microphone.
    fn microphone(&mut self) -> Option<&mut dyn MicrophoneHandle>;
}

/// A camera or a screen.
pub trait VideoHandle {
    /// Holds it, or releases it while all else goes on.
    fn hold(&mut self, wanted: bool) -> Result<(), Error>;
    /// Takes frames from this one.
    fn switch(&mut self, to: &Camera) -> Result<(), Error>;
    /// Takes this many frames a second.
    fn set_frame_rate(&mut self, rate: FrameRate) -> Result<(), Error>;
    /// Takes frames of this size or the nearest there is.
    fn set_size(&mut self, size: Size) -> Result<(), Error>;
    /// Turns frames by this before they are handed out.
    fn set_rotation(&mut self, turn: Rotation) -> Result<(), Error>;
}

/// What only a camera does.
pub trait CameraHandle {
    /// Lights the scene.
    fn torch(&mut self, on: bool) -> Result<(), Error>;
    /// Magnifies this many times.
    fn zoom(&mut self, times: f32) -> Result<(), Error>;
    /// Focuses and exposes for this point, from 0 to 1 right and down in the upright frame.
    fn focus(&mut self, x: f32, y: f32) -> Result<(), Error>;
    /// Keeps focus and exposure as they are, or lets them follow the scene again.
    fn lock(&mut self, locked: bool) -> Result<(), Error>;
    /// Steadies the frame.
    fn stabilise(&mut self, how: Stabilisation) -> Result<(), Error>;
}

/// A microphone.
pub trait MicrophoneHandle {
    /// Makes the process one that records.
    fn activate(&mut self) -> Result<(), Error>;
    /// Gives the microphone back to others.
    fn deactivate(&mut self) -> Result<(), Error>;
    /// Takes audio from this one, by id; `None` leaves it to the system.
    fn switch(&mut self, to: Option<&str>) -> Result<(), Error>;
}

/// A session is a [`Device`]: orders go to its handles.
impl<S: CaptureSession> Device for S {
    fn listen(&mut self, tell: Tell) {
        CaptureSession::listen(self, tell);
    }

    fn attach(&mut self, inlets: Inlets) {
        CaptureSession::attach(self, inlets);
    }

    fn detach(&mut self) {
        CaptureSession::attach(self, Inlets::default());
    }

    fn perform(&mut self, order: &Order) -> Result<(), Error> {
        match order {
            Order::Start => self.start(),
            Order::Stop => self.stop(),
            Order::Rebuild => self.rebuild(),
            // What is not captured needs neither making ready nor letting go.
            Order::ActivateAudio => self.microphone().map_or(Ok(()), |own| own.activate()),
            Order::DeactivateAudio => self.microphone().map_or(Ok(()), |own| own.deactivate()),
            Order::Microphone(id) => microphone(self)?.switch(id.as_deref()),
            Order::Video(wanted) => self.video().map_or(Ok(()), |own| own.hold(*wanted)),
            Order::Camera(which) => video(self)?.switch(which),
            Order::FrameRate(rate) => video(self)?.set_frame_rate(*rate),
            Order::Size(size) => video(self)?.set_size(*size),
            Order::Rotation(turn) => video(self)?.set_rotation(*turn),
            Order::Torch(on) => camera(self)?.torch(*on),
            Order::Zoom(times) => camera(self)?.zoom(*times),
            Order::Focus { x, y } => camera(self)?.focus(*x, *y),
            Order::Lock(locked) => camera(self)?.lock(*locked),
            Order::Stabilise(how) => camera(self)?.stabilise(*how),
        }
    }

    fn format(&self) -> Format {
        CaptureSession::format(self)
    }

    fn capabilities(&self) -> Capabilities {
        CaptureSession::capabilities(self)
    }
}

fn video(session: &mut impl CaptureSession) -> Result<&mut dyn VideoHandle, Error> {
    let none = || Error::unsupported("neither a camera nor a screen is captured");
    session.video().ok_or_else(none)
}

fn camera(session: &mut impl CaptureSession) -> Result<&mut dyn CameraHandle, Error> {
    let none = || Error::unsupported("no camera runs");
    session.camera().ok_or_else(none)
}

fn microphone(session: &mut impl CaptureSession) -> Result<&mut dyn MicrophoneHandle, Error> {
    let none = || Error::unsupported("no microphone is captured");
    session.microphone().ok_or_else(none)
}
