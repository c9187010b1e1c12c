use std::path::PathBuf;

use onair::Secret;
use onair::Stats;
use onair::director::Path;
use onair::studio::News;

use crate::{Answer, Id, RowId, Spot, Turn};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The first picture of the app is on the screen: what was saved is here, work may begin.
    Loaded(Setup),
    /// What the Keychain had for the destinations asked for.
    Keys(Vec<(Id, Secret)>),
    /// The Keychain refused, in its words.
    KeychainFailed(String),
    /// The camera and the microphone are open.
    DeviceReady,
    /// They could not be opened, in the system's words.
    DeviceFailed(String),
    /// A finger on one of the screen's elements.
    Tap(Control),
    /// Two fingers on the picture.
    PinchBegan,
    /// How many times as far apart as at the beginning they are now.
    Pinched(f32),
    /// A finger on the picture, to focus there.
    Focus(Spot),
    /// A finger that stays on the picture: to focus there, and keep it so.
    HoldFocus(Spot),
    /// The phone is held differently.
    Turned(Turn),
    /// A link into the app was opened.
    Opened(Secret),
    /// The scanner read a code.
    Scanned(Secret),
    /// The scanner has no camera, in the system's words.
    ScannerFailed(String),
    /// Something was done to a row of the form in front.
    Row(RowId, Change),
    /// The user left the page in front for the one behind it.
    Back,
    /// The user closed the sheet.
    Closed,
    /// The user answered the alert.
    Answer(Answer),
    /// From the studio.
    News(News),
    /// From the studio, once a second on air.
    Stats(Stats),
    /// The app came to the front.
    Foreground,
    /// The app left the screen.
    Background,
    /// How the network is now.
    Network(Path),
    /// Whether a recording is in Photos now; the error is in the system's words.
    RecordingKept(Result<(), String>),
    /// Time has passed.
    Timeout,
}

/// What the app begins with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// What [`Effect::Save`](crate::Effect::Save) saved last.
    pub saved: Option<String>,
    /// Where recordings are made.
    pub recordings: PathBuf,
    /// Names this launch among all: recordings are called by it.
    pub stamp: String,
    /// Recordings of earlier launches that are still there.
    pub leftovers: Vec<PathBuf>,
}

/// What can be tapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    /// The red button.
    Record,
    /// The other camera.
    Flip,
    /// The light.
    Torch,
    /// The microphone.
    Mute,
    /// The settings.
    Settings,
    /// The banner's button.
    Banner,
}

/// What was done to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was tapped.
    Tap,
    /// Its switch was turned.
    Switch(bool),
    /// One of its choices was taken.
    Pick(usize),
    /// A text was typed or pasted, and the keyboard left it.
    Text(Secret),
}
