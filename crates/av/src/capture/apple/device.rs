use std::sync::Arc;

use objc2::rc::autoreleasepool;
use onair_media::{FrameRate, Size};

use super::camera::{Framing, Held};
use super::notifications::Observers;
use super::preview::Preview;
use super::rig::Rig;
use super::session::Session;
use super::source::{self, Source};
use super::tap::Tap;
use super::{audio_session, camera, microphone};
use crate::Error;
use crate::capture::orientation::carry_over;
use crate::device::{self, Event, Kind, Microphone, Rotation, Setup, Stabilisation};

mod handles;

/// A camera and a microphone of an iPhone or a Mac, in one `AVCaptureSession`.
pub struct AppleDevice {
    /// What is wanted now.
    wants: Setup,
    settings: Settings,
    /// False while it should run without its camera.
    has_video: bool,
    is_started: bool,
    framing: Option<Framing>,
    turned: Rotation,
    _observers: Observers,
    rig: Rig,
    tap: Arc<Tap>,
}

/// Settings of one camera, lost when it is closed.
#[derive(Clone, Copy)]
struct Settings {
    torch: bool,
    zoom: f32,
    locked: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            torch: false,
            zoom: 1.0,
            locked: false,
        }
    }
}

// SAFETY: capture objects belong to no thread, and `&mut self` keeps to one at a time. What other
// threads see of them is the tap, which is locked, and the preview, which says what it may do.
unsafe impl Send for AppleDevice {}

impl AppleDevice {
    /// Opens what `setup` names. Nothing runs, and the user is not asked for permission, before
    /// [`Order::Start`].
    ///
    /// # Errors
    ///
    /// When it names what is not there.
    pub fn open(setup: &Setup) -> Result<Self, Error> {
        autoreleasepool(|_| {
            setup.camera.as_ref().map(source::find).transpose()?;
            #[cfg(target_os = "macos")]
            setup
                .microphone
                .as_ref()
                .map(microphone::find)
                .transpose()?;
            Ok(Self::new(setup))
        })
    }

    /// A preview of what the camera sees.
    pub fn preview(&self) -> Preview {
        Preview::of(&self.rig.session)
    }

    fn new(setup: &Setup) -> Self {
        let tap = Arc::new(Tap::default());
        let rig = Rig::new(&tap);
        Self {
            wants: setup.clone(),
            settings: Settings::default(),
            has_video: true,
            is_started: false,
            framing: None,
            turned: setup.rotation,
            _observers: Observers::new(rig.session.object(), &tap, audio_session::notifications()),
            rig,
            tap,
        }
    }
}

/// What its handles ask of it.
impl AppleDevice {
    fn run(&mut self) -> Result<(), Error> {
        self.unseen(|device| {
            device.take_up()?;
            device.apply(Session::start)
        })?;
        self.is_started = true;
        self.restore();
        if self.rig.session.is_running() {
            self.tap.tell(Event::Started);
        }
        Ok(())
    }

    fn halt(&mut self) {
        self.rig.session.stop();
        self.is_started = false;
        self.tap.tell(Event::Stopped);
    }

    fn build_anew(&mut self) -> Result<(), Error> {
        self.rig.session.stop();
        self.rig.renew();
        if self.is_started {
            return self.run();
        }
        Ok(())
    }

    /// Holds the camera, or releases it.
    fn show(&mut self, wanted: bool) -> Result<(), Error> {
        self.has_video = wanted;
        if wanted && self.is_started {
            return self.run();
        }
        if !wanted {
            self.rig.remove_video();
            self.tap.follow(self.rig.session.clock());
        }
        Ok(())
    }

    fn change_camera(&mut self, which: &device::Camera) -> Result<(), Error> {
        source::find(which)?;
        let rotation = self.turn_for(which);
        self.unseen(|device| {
            if device.rig.source().is_some() {
                device.exchange(which)?;
            }
            device.wants.camera = Some(which.clone());
            device.wants.rotation = rotation;
            device.settings = Settings::default();
            device.apply(|_| Ok(()))
        })
    }

    /// Replaces the camera by this one. A session forgets how it was framed and turned when that
    /// fails, so both are set again.
    fn exchange(&mut self, which: &device::Camera) -> Result<(), Error> {
        let taken = Source::open(which).and_then(|new| self.rig.take_video(new));
        if taken.is_err() {
            self.apply(|_| Ok(()))?;
        }
        taken
    }

    fn change_microphone(&mut self, which: Microphone) -> Result<(), Error> {
        #[cfg(target_os = "macos")]
        if self.rig.has_microphone() {
            self.rig.take_audio(microphone::find(&which)?)?;
            self.tap.follow(self.rig.session.clock());
        }
        audio_session::choose(&which)?;
        self.wants.microphone = Some(which);
        Ok(())
    }

    /// Changes the frame rate alone: size and the rest stay as they are.
    fn change_pace(&mut self, rate: FrameRate) -> Result<(), Error> {
        if let Some(source) = self.rig.source() {
            let (framing, held) = source.frame(lying(self.wants.size), rate)?;
            if let Some(held) = held {
                held.pace(&framing);
            }
            self.framing = Some(framing);
        }
        self.wants.frame_rate = rate;
        Ok(())
    }

    /// Changes what is wanted of frames, and applies it.
    fn reframe(&mut self, change: impl FnOnce(&mut Setup)) -> Result<(), Error> {
        let before = self.wants.clone();
        change(&mut self.wants);
        self.apply(|_| Ok(())).inspect_err(|_| self.wants = before)
    }

    fn steady(&mut self, how: Stabilisation) -> Result<(), Error> {
        self.wants.stabilisation = how;
        let steady = || self.rig.video.stabilise(how);
        let can = self.rig.source().is_none() || self.rig.session.change(|_| steady());
        if can || how == Stabilisation::Off {
            return Ok(());
        }
        Err(Error::unsupported("this camera does not steady pictures"))
    }

    /// Sets something on the camera, and remembers it for when the camera is opened again.
    fn set(
        &mut self,
        remember: impl FnOnce(&mut Settings),
        set: impl FnOnce(&Held<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let camera = self.rig.source().and_then(Source::camera);
        let camera = camera.ok_or_else(|| Error::unsupported("no camera runs"))?;
        set(&camera.hold()?)?;
        remember(&mut self.settings);
        Ok(())
    }
}

/// What follows from them.
impl AppleDevice {
    /// Adds to the session what is wanted, allowed and missing.
    fn take_up(&mut self) -> Result<(), Error> {
        self.rig.remove_unplugged();
        let mut refused = None;
        if let Some(which) = self.wants.camera.clone().filter(|_| self.has_video) {
            let kind = source::find(&which)?;
            if !self.may_use(kind) {
                refused = Some(kind);
            } else if self.rig.source().is_none() {
                self.rig.take_video(Source::open(&which)?)?;
            }
        }
        if let Some(which) = &self.wants.microphone {
            if !self.may_use(Kind::Microphone) {
                refused = Some(Kind::Microphone);
            } else if !self.rig.has_microphone() {
                self.rig.take_audio(microphone::find(which)?)?;
            }
        }
        match refused {
            Some(kind) if self.rig.is_empty() => Err(Error::NotAllowed(kind)),
            _ => Ok(()),
        }
    }

    fn may_use(&self, kind: Kind) -> bool {
        let granted = source::is_allowed(kind);
        self.tap.tell(Event::Permission { kind, granted });
        granted
    }

    /// Hands out no frames during `change`: a running session gives a new camera's frames unturned
    /// at first.
    fn unseen<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        self.tap.hide(true);
        let changed = change(self);
        self.tap.hide(false);
        changed
    }

    /// Applies size and turn, does `then`, and applies the frame rate: starting a session resets
    /// it, and a Mac's session chooses a format of its own unless the camera is locked until it
    /// runs.
    fn apply(&mut self, then: impl FnOnce(&Session) -> Result<(), Error>) -> Result<(), Error> {
        let (wants, rig) = (&self.wants, &self.rig);
        let Some(source) = rig.source() else {
            then(&rig.session)?;
            self.tap.follow(rig.session.clock());
            return Ok(());
        };
        let (framing, held) = source.frame(lying(wants.size), wants.frame_rate)?;
        self.turned = rig.session.change(|_| {
            rig.video.shape(framing.size);
            rig.video.stabilise(wants.stabilisation);
            rig.video.turn(wants.rotation, source.position())
        });
        then(&rig.session)?;
        if let Some(held) = held {
            held.pace(&framing);
        }
        self.tap.follow(rig.session.clock());
        self.framing = Some(framing);
        self.say_what_came_of_it(framing);
        Ok(())
    }

    fn say_what_came_of_it(&self, got: Framing) {
        let (size, rate) = (lying(self.wants.size), self.wants.frame_rate);
        if (got.size, got.frame_rate) != (size, rate) {
            let (got_size, got_rate) = (got.size, got.frame_rate);
            tracing::warn!(%got_size, %got_rate, "the camera has no {size} at {rate} pictures a second");
        }
    }

    /// Sets on a newly opened camera what was set before.
    fn restore(&self) {
        let settings = self.settings;
        let Some(camera) = self.rig.source().and_then(Source::camera) else {
            return;
        };
        let restored = camera.hold().and_then(|held| {
            held.zoom(settings.zoom)?;
            held.torch(settings.torch)?;
            if settings.locked {
                held.lock(true)?;
            }
            Ok(())
        });
        if let Err(error) = restored {
            tracing::warn!(%error, "the camera is not as it was set");
        }
    }

    /// The turn that keeps frames upright when this camera takes over.
    fn turn_for(&self, which: &device::Camera) -> Rotation {
        let pose = |which| camera::find(which).map(|device| camera::pose(&device));
        let from = self.wants.camera.as_ref().map(pose);
        match (from, pose(which)) {
            (Some(Ok(from)), Ok(to)) => carry_over(self.wants.rotation, from, to),
            _ => self.wants.rotation,
        }
    }
}

/// The size as the sensor lies.
fn lying(size: Size) -> Size {
    Size::new(size.width.max(size.height), size.width.min(size.height))
}
