use std::sync::Arc;

use onair::av::device::{self, Device, Order, Setup};
use onair::director;
use onair::studio::{News, Show};

use crate::config::{self, video_bitrate};
use crate::mailbox::{Item, Mailbox};
use crate::preview::{self, Preview};
use crate::{AudioConfig, Codec, Destination, OnairError, Stats, StudioEvent};

/// A camera and a microphone that onair owns, on air or about to be. Dropping it lets go of them.
///
/// It decides by itself what to do about calls, other applications, heat, the network and a lost
/// encoder: the show stays connected, and [`StudioEvents`] tell what viewers see meanwhile.
#[derive(Debug, uniffi::Object)]
pub struct Studio {
    studio: onair::Studio,
    news: Arc<Mailbox<News>>,
    preview: Option<Preview>,
}

/// The events of a studio, in order. Ends when the studio is gone.
#[derive(Debug, uniffi::Object)]
pub struct StudioEvents {
    mailbox: Arc<Mailbox<News>>,
}

/// How a studio begins.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct StudioConfig {
    /// The longer side of the frames, or the nearest that the camera has.
    #[uniffi(default = 1280)]
    pub width: u32,
    /// The shorter side.
    #[uniffi(default = 720)]
    pub height: u32,
    /// Frames a second, at most 240.
    #[uniffi(default = 30)]
    pub frame_rate: u32,
    /// Which camera.
    pub facing: Facing,
    /// The turn that brings its frames upright.
    pub rotation: Rotation,
}

/// Which way a camera looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Facing {
    /// Away from whoever holds the phone.
    Back,
    /// At whoever holds the phone.
    Front,
}

/// A clockwise turn. It is fixed while on air: a stream's size must not change in the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Rotation {
    /// As the sensor lies. (Not `None`, which Swift would take for no value at all.)
    Unturned,
    /// By 90 degrees: a phone held upright.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

/// How the picture is stabilised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Stabilisation {
    /// Not at all: the least latency.
    Off,
    /// Within a frame or two.
    Standard,
    /// As smoothly as it can, however late.
    Cinematic,
}

/// What a show consists of, and where it goes.
#[derive(Clone, Debug, uniffi::Record)]
pub struct ShowConfig {
    /// At least one.
    pub destinations: Vec<Destination>,
    /// Bits of video a second; by default chosen by size and frame rate.
    #[uniffi(default = None)]
    pub bitrate: Option<u64>,
    /// Whether the bitrate follows the lines, down to `min_bitrate`; otherwise what is too much for
    /// a line is dropped.
    #[uniffi(default = true)]
    pub adapts: bool,
    /// Bits of video a second, to which a weak line may bring it down; by default chosen by size.
    #[uniffi(default = None)]
    pub min_bitrate: Option<u64>,
    /// The time between keyframes; most services ask for 2 seconds.
    #[uniffi(default = 2.0)]
    pub keyframe_seconds: f64,
    /// H.264 when `None`.
    #[uniffi(default = None)]
    pub codec: Option<Codec>,
    /// How audio is encoded.
    #[uniffi(default)]
    pub audio: AudioConfig,
    /// Also write everything to this file, as FLV or MP4 by its name.
    #[uniffi(default = None)]
    pub record: Option<String>,
}

#[uniffi::export]
impl Studio {
    /// Takes charge of camera and microphone, and starts them. The first time, the system asks the
    /// user for permission. Without `NSCameraUsageDescription` and `NSMicrophoneUsageDescription`
    /// in the application's Info.plist the system ends it.
    ///
    /// # Errors
    ///
    /// When this is no iPhone and no Mac, or has no such camera.
    #[uniffi::constructor]
    pub fn open(config: &StudioConfig) -> Result<Arc<Self>, OnairError> {
        let opened = preview::open(&config.setup()?);
        let unavailable = |error: onair::av::Error| OnairError::Unavailable(error.to_string());
        let (device, preview) = opened.map_err(unavailable)?;
        Self::direct(device, preview)
    }

    /// Goes live.
    ///
    /// # Errors
    ///
    /// When the configuration makes no sense. What goes wrong later is an event.
    pub fn go_live(&self, show: &ShowConfig) -> Result<(), OnairError> {
        self.studio.go_live(show.show()?);
        Ok(())
    }

    /// Ends the show properly; the camera goes on for the preview.
    pub fn end(&self) {
        self.studio.end();
    }

    /// Silences the microphone, or lets it be heard again.
    pub fn mute(&self, muted: bool) {
        self.studio.mute(muted);
    }

    /// The state of the show, while on air.
    pub fn stats(&self) -> Option<Stats> {
        self.studio.stats().map(Into::into)
    }

    /// The C interface's number for what the camera sees, for a preview: see `onair_studio_show`. 0
    /// if nothing can be seen.
    pub fn preview_handle(&self) -> u64 {
        self.preview.as_ref().map_or(0, Preview::handle)
    }

    /// The turn that brings frames upright as the phone is held now: what to [`turn`](Self::turn)
    /// by before a show begins. `None` before iOS 17, and without a camera.
    pub fn level(&self) -> Option<Rotation> {
        self.preview.as_ref()?.level().map(Into::into)
    }

    /// The events. Each is given once, to whoever asks first.
    pub fn events(&self) -> Arc<StudioEvents> {
        Arc::new(StudioEvents {
            mailbox: self.news.clone(),
        })
    }
}

/// Orders. [`Notice::Trouble`](crate::Notice::Trouble) tells what the camera cannot do.
#[uniffi::export]
impl Studio {
    /// Changes to the default camera that looks this way.
    pub fn face(&self, facing: Facing) {
        let camera = device::Camera::Facing(facing.into());
        self.studio.order(Order::Camera(camera));
    }

    /// Turns the picture. On air, that waits for the show's end.
    pub fn turn(&self, rotation: Rotation) {
        self.studio.order(Order::Rotation(rotation.into()));
    }

    /// Lights the scene.
    pub fn torch(&self, on: bool) {
        self.studio.order(Order::Torch(on));
    }

    /// Magnifies by `times`; 1 is the camera's own angle.
    pub fn zoom(&self, times: f32) {
        self.studio.order(Order::Zoom(times));
    }

    /// Focuses and exposes for this point; from 0 to 1 right and down in the upright picture.
    pub fn focus(&self, x: f32, y: f32) {
        self.studio.order(Order::Focus { x, y });
    }

    /// Keeps focus and exposure as they are, or lets them follow the scene again.
    pub fn lock(&self, locked: bool) {
        self.studio.order(Order::Lock(locked));
    }

    /// Stabilises the picture. It costs latency.
    pub fn stabilise(&self, how: Stabilisation) {
        self.studio.order(Order::Stabilise(how.into()));
    }
}

/// What the application knows before the engine can.
#[uniffi::export]
impl Studio {
    /// The application came to the front.
    pub fn foreground(&self) {
        self.studio.tell(director::Event::Foreground);
    }

    /// The application is leaving the screen: the camera goes, audio goes on if `UIBackgroundModes`
    /// has `audio`.
    pub fn background(&self) {
        self.studio.tell(director::Event::Background);
    }

    /// The state of the network, from an `NWPathMonitor`. A new `interface` number means a new
    /// route, and every connection is made anew at once.
    pub fn network(&self, is_up: bool, interface: u32, is_expensive: bool) {
        let path = director::Path {
            is_up,
            interface,
            is_expensive,
        };
        self.studio.tell(director::Event::Network(path));
    }
}

impl Studio {
    /// A studio with another camera than a phone's.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn with(device: Box<dyn Device>) -> Result<Arc<Self>, OnairError> {
        Self::direct(device, None)
    }

    fn direct(device: Box<dyn Device>, preview: Option<Preview>) -> Result<Arc<Self>, OnairError> {
        let news = Arc::new(Mailbox::default());
        let outlet = Outlet(news.clone());
        let studio = onair::Studio::open(device, Arc::new(move |item| outlet.0.put(item)))?;
        Ok(Arc::new(Self {
            studio,
            news,
            preview,
        }))
    }
}

/// The studio's end of the mailbox: events end when the studio has told all and lets go.
struct Outlet(Arc<Mailbox<News>>);

impl Drop for Outlet {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[uniffi::export]
impl StudioEvents {
    /// Waits for the next event; `None` when the studio is gone.
    pub async fn next(&self) -> Option<StudioEvent> {
        Some(match self.mailbox.next().await? {
            Item::One(news) => news.into(),
            Item::Missed(events) => StudioEvent::Missed { events },
        })
    }
}

impl StudioConfig {
    fn setup(&self) -> Result<Setup, OnairError> {
        let size = config::size(self.width, self.height)?;
        let mut setup = Setup::new(size, config::frame_rate(self.frame_rate)?);
        setup.camera = Some(device::Camera::Facing(self.facing.into()));
        setup.rotation = self.rotation.into();
        Ok(setup)
    }
}

impl ShowConfig {
    fn show(&self) -> Result<Show, OnairError> {
        let mut destinations = config::destinations(&self.destinations)?.into_iter();
        let first = destinations.next();
        let first = first.ok_or_else(|| OnairError::Config("a show needs a destination".into()))?;
        let mut show = Show::to(first);
        show.destinations.extend(destinations);
        show.codec = config::video_codec(self.codec);
        show.bitrate = self.bitrate.map(video_bitrate).transpose()?;
        show.adapt = config::adapt(self.adapts, self.min_bitrate)?;
        show.keyframe_interval = config::keyframe_interval(self.keyframe_seconds)?;
        show.audio = self.audio.settings();
        show.record = self.record.as_ref().map(Into::into);
        Ok(show)
    }
}

impl From<Facing> for device::Position {
    fn from(facing: Facing) -> Self {
        match facing {
            Facing::Back => Self::Back,
            Facing::Front => Self::Front,
        }
    }
}

impl From<Rotation> for device::Rotation {
    fn from(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Unturned => Self::None,
            Rotation::Quarter => Self::Quarter,
            Rotation::Half => Self::Half,
            Rotation::ThreeQuarters => Self::ThreeQuarters,
        }
    }
}

impl From<device::Rotation> for Rotation {
    fn from(rotation: device::Rotation) -> Self {
        match rotation {
            device::Rotation::None => Self::Unturned,
            device::Rotation::Quarter => Self::Quarter,
            device::Rotation::Half => Self::Half,
            device::Rotation::ThreeQuarters => Self::ThreeQuarters,
        }
    }
}

impl From<Stabilisation> for device::Stabilisation {
    fn from(how: Stabilisation) -> Self {
        match how {
            Stabilisation::Off => Self::Off,
            Stabilisation::Standard => Self::Standard,
            Stabilisation::Cinematic => Self::Cinematic,
        }
    }
}
