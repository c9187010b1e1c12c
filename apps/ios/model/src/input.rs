use std::path::PathBuf;

use onair::Secret;
use onair::Stats;
use onair::director::Path;
use onair::studio::News;

use crate::{Answer, Id, RowId, Spot, Turn};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The app's first screen is shown: here is the saved state, work may begin.
    Loaded(Setup),
    /// The Keychain's secrets for the destinations asked for.
    Keys(Vec<(Id, Secret)>),
    /// The Keychain refused, in its words.
    KeychainFailed(String),
    /// The camera and the microphone are open.
    DeviceReady,
    /// They could not be opened, for the system's reason.
    DeviceFailed(String),
    /// A finger on one of the screen's elements.
    Tap(Control),
    /// Two fingers on the picture.
    PinchBegan,
    /// How many times the distance at the beginning the fingers are apart.
    Pinched(f32),
    /// A finger on the picture, to focus there.
    Focus(Spot),
    /// A long press on the picture, to focus there and lock that.
    HoldFocus(Spot),
    /// The phone is held differently.
    Turned(Turn),
    /// A link into the app was opened.
    Opened(Secret),
    /// The scanner read a code.
    Scanned(Secret),
    /// The scanner has no camera, for the system's reason.
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
    /// The state of the network.
    Network(Path),
    /// Whether a recording is in Photos now; the error is the system's.
    RecordingKept(Result<(), String>),
    /// Time has passed.
    Timeout,
}

/// How the app begins.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// What [`Effect::Save`](crate::Effect::Save) saved last.
    pub saved: Option<String>,
    /// Where recordings are made.
    pub recordings: PathBuf,
    /// Identifies this launch: recordings are named by it.
    pub stamp: String,
    /// Recordings of earlier launches that still exist.
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

/// A change to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was tapped.
    Tap,
    /// Its switch was turned.
    Switch(bool),
    /// One of its choices was taken.
    Pick(usize),
    /// A text was typed or pasted, and editing ended.
    Text(Secret),
}
