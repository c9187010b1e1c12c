use onair_av::Error;
use onair_av::device::{self, Order};
use onair_media::{Bitrate, FrameRate, Size};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A camera, a microphone or the system's care for them.
    Device(device::Event),
    /// The application came to the front: iOS's `sceneWillEnterForeground`.
    Foreground,
    /// The application is leaving the screen: iOS's `sceneDidEnterBackground`. Report it before
    /// anything else, so that the slate is encoded while there is an encoder.
    Background,
    /// How the network is now.
    Network(Path),
    /// The user asks the device for something. The user decides what runs and how; the director
    /// only takes away from that for a while.
    Order(Order),
    /// The device did what it was ordered.
    Performed(Order),
    /// The device refused.
    Refused {
        /// What it was ordered.
        order: Order,
        /// Why. [`device::Event::Permission`] tells of what is not allowed.
        error: Error,
    },
    /// The user goes live.
    GoLive {
        /// The quality when nothing limits it.
        quality: Quality,
        /// How to step down from that.
        ladder: Ladder,
    },
    /// The user ends the show.
    End,
    /// The user silences the microphone, or lets it be heard again.
    Mute(bool),
    /// The encoder was taken away.
    EncoderLost,
    /// The encoder works again.
    EncoderBack,
}

/// The quality of video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Their size, upright.
    pub size: Size,
    /// How many a second.
    pub frame_rate: FrameRate,
    /// The bitrate.
    pub bitrate: Bitrate,
}

/// How quality steps down when the phone is hot: the frame rate first, then the size,
/// then the bitrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// False keeps the size: some services end a stream whose size changes.
    pub change_size: bool,
}

impl Default for Ladder {
    fn default() -> Self {
        Self { change_size: true }
    }
}

/// How packets leave this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// There is a network.
    pub is_up: bool,
    /// Identifies the interface: a new number is a new interface.
    pub interface: u32,
    /// It is paid for by the byte.
    pub is_expensive: bool,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Ask the device.
    Device(Order),
    /// Show the slate in place of the camera, or the camera again.
    Slate(bool),
    /// Silence in place of the microphone, or the microphone again.
    Mute(bool),
    /// Encode video at this rate.
    Bitrate(Bitrate),
    /// Make the next frame an IDR frame.
    Keyframe,
    /// Reconnect at once, over the network there is now.
    Reconnect,
    /// Keep the screen awake, or let it sleep.
    KeepAwake(bool),
    /// Tell the user.
    Tell(Notice),
}

/// What a user should know, as long as it holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// The camera is away; viewers see the last frame or the slate.
    NoVideo(Why),
    /// The camera is back.
    Video,
    /// The microphone is away; viewers hear silence.
    NoAudio(Why),
    /// The microphone is back.
    Audio,
    /// Audio comes from this input now.
    Input(Option<String>),
    /// Too hot: frame rate, size or bitrate were reduced by this many steps of the ladder.
    Heat(u8),
    /// There is no network.
    Offline,
    /// There is a network again.
    Online,
    /// The device refused something.
    Trouble(String),
}

/// Why a camera or a microphone is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// The user did not allow it.
    NotAllowed,
    /// The application is in the background.
    Background,
    /// A call, or another application.
    InUse,
    /// The screen is shared with another application.
    SharedScreen,
    /// The phone is too hot.
    Heat,
    /// The system's media services died and are coming back.
    ServicesLost,
    /// It stopped, and is being started again.
    Failed,
}
