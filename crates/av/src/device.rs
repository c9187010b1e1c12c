//! Cameras and microphones as the rest of the engine sees them: what there is,
//! what can be asked of one, and what it reports. Plain data without a platform, so that what is
//! decided by it can be tested anywhere.

use std::sync::Arc;

use onair_media::{FrameRate, Size};

use crate::Error;
use crate::capture::{AudioInlet, FrameInlet};

mod kind;
mod rotation;

pub use kind::Kind;
pub use rotation::Interface;

/// Says that no device of this kind has this id, and which there are.
pub fn unknown(kind: Kind, id: &str, there: &[Info]) -> Error {
    let there = there.iter().filter(|info| info.kind == kind);
    let there: Vec<_> = there
        .map(|info| format!("{} ({})", info.id, info.name))
        .collect();
    Error::invalid(if there.is_empty() {
        format!("there is no {kind} {id}, nor any other")
    } else {
        format!("there is no {kind} {id}; there is {}", there.join(", "))
    })
}

/// A camera and a microphone that run together, on one clock.
///
/// Nothing here may be called on an application's main thread: starting a
/// camera blocks for as long as the hardware takes.
pub trait Device: Send {
    /// Reports what happens to `tell`, on whichever thread it happens.
    fn listen(&mut self, tell: Tell);
    /// From now on, hands frames and audio to these inlets only.
    fn attach(&mut self, inlets: Inlets);
    /// Hands out nothing any more.
    fn detach(&mut self);
    /// Does what is asked.
    ///
    /// # Errors
    ///
    /// When the hardware or the system refuses; everything else goes on as it was.
    fn perform(&mut self, order: &Order) -> Result<(), Error>;
    /// How its frames and audio are made now.
    fn format(&self) -> Format;
    /// What its camera does.
    fn capabilities(&self) -> Capabilities;
}

/// Takes what a device reports.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// Where a device's frames and audio go.
#[derive(Clone, Debug, Default)]
pub struct Inlets {
    /// Frames, if they are wanted.
    pub frames: Option<FrameInlet>,
    /// Audio, if it is wanted.
    pub audio: Option<AudioInlet>,
}

/// What a device begins with. An [`Order`] changes each of them later.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setup {
    /// Which camera; `None` for audio alone.
    pub camera: Option<Camera>,
    /// Which microphone; `None` for video alone.
    pub microphone: Option<Microphone>,
    /// See [`Order::Size`].
    pub size: Size,
    /// See [`Order::FrameRate`].
    pub frame_rate: FrameRate,
    /// See [`Order::Rotation`].
    pub rotation: Rotation,
    /// See [`Order::Stabilise`].
    pub stabilisation: Stabilisation,
}

impl Setup {
    /// The usual camera and microphone, with frames of `size`, `frame_rate` a second.
    pub const fn new(size: Size, frame_rate: FrameRate) -> Self {
        Self {
            camera: Some(Camera::Facing(Position::Back)),
            microphone: Some(Microphone::Usual),
            size,
            frame_rate,
            rotation: Rotation::None,
            stabilisation: Stabilisation::Off,
        }
    }
}

/// How frames and audio are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The size of the frames, upright.
    pub size: Size,
    /// How many frames a second.
    pub frame_rate: FrameRate,
    /// Samples a second in each channel of audio.
    pub sample_rate: u32,
    /// How many channels.
    pub channels: u8,
}

/// What a camera can do besides giving frames; nothing where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is independent of the others"
)]
pub struct Capabilities {
    /// [`Order::Torch`].
    pub torch: bool,
    /// [`Order::Zoom`].
    pub zoom: bool,
    /// [`Order::Focus`].
    pub focus: bool,
    /// [`Order::Lock`].
    pub lock: bool,
    /// Another camera may face the other way: [`Camera::Facing`].
    pub flip: bool,
}

/// A device as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Identifies it; the same from one start to the next.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it gives.
    pub kind: Kind,
    /// Which way a phone's camera looks.
    pub position: Option<Position>,
    /// True for the one that is picked when none is named.
    pub is_default: bool,
}

impl Info {
    /// A device without a position, which is not the default.
    pub fn new(kind: Kind, id: &str, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            kind,
            position: None,
            is_default: false,
        }
    }
}

/// Which way a camera looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Position {
    /// Away from whoever holds the phone.
    #[default]
    Back,
    /// At whoever holds the phone.
    Front,
}

/// Something to ask of a [`Device`].
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Run: frames and audio begin to come.
    Start,
    /// Stop running.
    Stop,
    /// Throw everything away and build it again, as after the system's media services died. Earlier
    /// orders still hold.
    Rebuild,
    /// Make the process one that records: category, preferred rate, activation.
    ActivateAudio,
    /// Give the microphone back to others.
    DeactivateAudio,
    /// Hold a camera, or release it and run with the microphone alone: in the background iOS
    /// interrupts the whole of a session that holds a camera, its audio too.
    Video(bool),
    /// Take frames with this camera.
    Camera(Camera),
    /// Take audio from this microphone, by [`Info::id`]; `None` leaves it to the system.
    Microphone(Option<String>),
    /// Take this many frames a second.
    FrameRate(FrameRate),
    /// Take frames of this size, or of the nearest that the camera has: see [`Device::format`].
    /// Which side is the longer one follows from the [`Rotation`], not from the size.
    Size(Size),
    /// Turn frames by this before they are handed out. A camera that looks the other way is turned
    /// so that its frames stay upright in the same hands.
    Rotation(Rotation),
    /// Light the scene.
    Torch(bool),
    /// Magnify this many times; 1 is the camera's own angle.
    Zoom(f32),
    /// Focus and expose for this point; from 0 to 1 right and down in the upright frame.
    Focus {
        /// Rightwards.
        x: f32,
        /// Downwards.
        y: f32,
    },
    /// Keep focus and exposure as they are, or let them follow the scene again.
    Lock(bool),
    /// Steady the frames. It costs latency, up to a second for cinematic stabilisation.
    Stabilise(Stabilisation),
}

/// Which camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Camera {
    /// The usual one that looks this way; where cameras have no position, as on a Mac, the usual
    /// one.
    Facing(Position),
    /// By [`Info::id`].
    Id(String),
    /// A Mac's screen instead, by [`Info::id`]; the main one when `None`.
    Screen(Option<String>),
}

/// Which microphone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Microphone {
    /// The one the system picks.
    #[default]
    Usual,
    /// By [`Info::id`].
    Id(String),
}

/// Clockwise turns that bring a frame upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// As the sensor lies.
    #[default]
    None,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

/// How a frame is steadied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stabilisation {
    /// Not at all: the least latency.
    #[default]
    Off,
    /// Within a frame or two.
    Standard,
    /// As smoothly as it can, however late.
    Cinematic,
}

/// Something a [`Device`] reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It runs.
    Started,
    /// It no longer runs, as asked.
    Stopped,
    /// Whether the user lets us use the camera or the microphone.
    Permission {
        /// Which of them.
        kind: Kind,
        /// The answer.
        granted: bool,
    },
    /// The system took the camera away.
    CameraInterrupted(Interruption),
    /// The system gave it back.
    CameraInterruptionEnded,
    /// The system took the microphone away: a call, an alarm, another app.
    AudioInterrupted,
    /// It is available again; `should_resume` is the system's advice.
    AudioInterruptionEnded {
        /// False: wait until the user asks.
        should_resume: bool,
    },
    /// Audio comes from elsewhere now.
    RouteChanged {
        /// The input's name, if there is one.
        input: Option<String>,
        /// True when the former input is gone: unplugged, out of reach.
        lost: bool,
    },
    /// The system's media services died: everything is invalid until they are back.
    ServicesLost,
    /// They are back.
    ServicesReset,
    /// It stopped by itself.
    Failed {
        /// In the system's words.
        what: String,
    },
    /// How hot the phone is.
    Thermal(Thermal),
    /// How hard the camera is on the system.
    Pressure(Thermal),
}

/// Why the camera was taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Interruption {
    /// The app is not in front.
    Background,
    /// Another app has the microphone: a call.
    AudioInUse,
    /// Another app has the camera.
    CameraInUse,
    /// Several apps share the screen.
    SharedScreen,
    /// The phone is too hot.
    Pressure,
    /// The reason is not known.
    Unknown,
}

/// How hot the phone is, on Apple's four-step scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Thermal {
    /// All is well.
    #[default]
    Nominal,
    /// Warm: spend no more than now.
    Fair,
    /// Hot: spend less.
    Serious,
    /// About to be shut down: spend the least.
    Critical,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_answered_with_what_is() {
        let there = [
            Info::new(Kind::Camera, "0x1420", "FaceTime HD Camera"),
            Info::new(Kind::Microphone, "BuiltIn", "Microphone"),
            Info::new(Kind::Camera, "A1", "iPhone Camera"),
        ];
        let message = |kind| unknown(kind, "x", &there).to_string();
        assert_eq!(
            message(Kind::Camera),
            "there is no camera x; there is 0x1420 (FaceTime HD Camera), A1 (iPhone Camera)"
        );
        assert_eq!(message(Kind::Screen), "there is no screen x, nor any other");
    }
}
