//! The handles of an AVFoundation session.

use objc2::rc::autoreleasepool;
use onair_media::{FrameRate, Size};

use super::{AppleDevice, lying};
use crate::Error;
use crate::capture::apple::audio_session;
use crate::capture::apple::camera::Camera as Own;
use crate::capture::apple::notifications::thermal;
use crate::capture::apple::source::Source;
use crate::capture::orientation::on_sensor;
use crate::capture::session::{CameraHandle, CaptureSession, MicrophoneHandle, VideoHandle};
use crate::device::{
    Camera, Capabilities, Event, Format, Inlets, Microphone, Rotation, Stabilisation, Tell,
};

/// Rust's threads have no autorelease pool, so each call brings one.
impl CaptureSession for AppleDevice {
    fn listen(&mut self, tell: Tell) {
        self.tap.listen(tell);
        self.tap.tell(Event::Thermal(thermal()));
    }

    fn attach(&mut self, inlets: Inlets) {
        self.tap.attach(inlets);
    }

    fn start(&mut self) -> Result<(), Error> {
        autoreleasepool(|_| self.run())
    }

    fn stop(&mut self) -> Result<(), Error> {
        autoreleasepool(|_| self.halt());
        Ok(())
    }

    fn rebuild(&mut self) -> Result<(), Error> {
        autoreleasepool(|_| self.build_anew())
    }

    fn format(&self) -> Format {
        let (size, frame_rate) = match self.framing {
            Some(framing) => (framing.size, framing.frame_rate),
            None => (lying(self.wants.size), self.wants.frame_rate),
        };
        let (sample_rate, channels) = self.tap.heard().unwrap_or_else(audio_session::format);
        Format {
            size: self.turned.turn(size),
            frame_rate,
            sample_rate,
            channels,
        }
    }

    fn capabilities(&self) -> Capabilities {
        let camera = self.rig.source().and_then(Source::camera);
        autoreleasepool(|_| camera.map(Own::capabilities).unwrap_or_default())
    }

    fn video(&mut self) -> Option<&mut dyn VideoHandle> {
        Some(self)
    }

    /// Whether one runs is checked when something is asked of it.
    fn camera(&mut self) -> Option<&mut dyn CameraHandle> {
        Some(self)
    }

    fn microphone(&mut self) -> Option<&mut dyn MicrophoneHandle> {
        Some(self)
    }
}

impl VideoHandle for AppleDevice {
    fn hold(&mut self, wanted: bool) -> Result<(), Error> {
        autoreleasepool(|_| self.show(wanted))
    }

    fn switch(&mut self, to: &Camera) -> Result<(), Error> {
        autoreleasepool(|_| self.change_camera(to))
    }

    fn set_frame_rate(&mut self, rate: FrameRate) -> Result<(), Error> {
        autoreleasepool(|_| self.change_pace(rate))
    }

    fn set_size(&mut self, size: Size) -> Result<(), Error> {
        autoreleasepool(|_| self.reframe(|wants| wants.size = size))
    }

    fn set_rotation(&mut self, turn: Rotation) -> Result<(), Error> {
        autoreleasepool(|_| self.reframe(|wants| wants.rotation = turn))
    }
}

impl CameraHandle for AppleDevice {
    fn torch(&mut self, on: bool) -> Result<(), Error> {
        autoreleasepool(|_| self.set(|settings| settings.torch = on, |held| held.torch(on)))
    }

    fn zoom(&mut self, times: f32) -> Result<(), Error> {
        autoreleasepool(|_| self.set(|settings| settings.zoom = times, |held| held.zoom(times)))
    }

    fn focus(&mut self, x: f32, y: f32) -> Result<(), Error> {
        let (x, y) = on_sensor(self.turned, x, y);
        autoreleasepool(|_| self.set(|_| (), |held| held.focus(x, y)))
    }

    fn lock(&mut self, locked: bool) -> Result<(), Error> {
        autoreleasepool(|_| {
            self.set(
                |settings| settings.locked = locked,
                |held| held.lock(locked),
            )
        })
    }

    fn stabilise(&mut self, how: Stabilisation) -> Result<(), Error> {
        autoreleasepool(|_| self.steady(how))
    }
}

impl MicrophoneHandle for AppleDevice {
    fn activate(&mut self) -> Result<(), Error> {
        autoreleasepool(|_| {
            audio_session::activate()?;
            let chosen = self.wants.microphone.as_ref();
            chosen.map_or(Ok(()), audio_session::choose)
        })
    }

    fn deactivate(&mut self) -> Result<(), Error> {
        autoreleasepool(|_| audio_session::deactivate())
    }

    fn switch(&mut self, to: Option<&str>) -> Result<(), Error> {
        let which = to.map_or(Microphone::Usual, |id| Microphone::Id(id.to_owned()));
        autoreleasepool(|_| self.change_microphone(which))
    }
}
