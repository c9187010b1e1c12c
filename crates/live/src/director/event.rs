use onair_av::device::{self, Order};
use onair_media::{Bitrate, FrameRate, Size};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A camera, a microphone or the system's care for them.
    Device(device::Event),
    /// The application came to the front: iOS's `sceneWillEnterForeground`.
    Foreground,
    /// The application is leaving the screen: iOS's `sceneDidEnterBackground`. To be told before
    /// anything else is done about it, so that the slate is encoded while an encoder may be had.
    Background,
    /// How the network is now.
    Network(Path),
    /// The user asks the device for something. What it runs with, and whether it runs,
    /// is the user's; the director only takes away from it for a while.
    Order(Order),
    /// The device did what it was ordered.
    Performed(Order),
    /// The device refused.
    Refused {
        /// What it was ordered.
        order: Order,
        /// Its words.
        what: String,
    },
    /// The user goes live.
    GoLive {
        /// What to aim for when nothing stands in the way.
        quality: Quality,
        /// How to step down from it.
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

/// How good pictures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Their size, upright.
    pub size: Size,
    /// How many a second.
    pub frame_rate: FrameRate,
    /// At what rate they are encoded.
    pub bitrate: Bitrate,
}

/// How quality steps down when the phone is hot: the frame rate first, then the size,
/// then the bitrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// False leaves the size out: there are services that end a stream whose size changes.
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
    /// There is a way at all.
    pub is_up: bool,
    /// Tells one way from another: a new number is a new interface.
    pub interface: u32,
    /// Somebody pays for it by the byte.
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
    /// Let the next picture be an IDR picture.
    Keyframe,
    /// Connect anew at once, over whatever way there is now.
    Reconnect,
    /// Keep the screen awake, or let it sleep.
    KeepAwake(bool),
    /// Tell the user.
    Tell(Notice),
}

/// What a user should know, as long as it is so.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// The camera is away; viewers see the last picture or the slate.
    NoVideo(Why),
    /// The camera is back.
    Video,
    /// The microphone is away; viewers hear silence.
    NoAudio(Why),
    /// The microphone is back.
    Audio,
    /// Sound comes from here now.
    Input(Option<String>),
    /// Too hot: pictures, size or bitrate were reduced by this many steps of the ladder.
    Heat(u8),
    /// There is no network.
    Offline,
    /// There is a network again.
    Online,
    /// The device said no.
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
