use onair::Secret;

use crate::{Definition, Id, Reticle};

/// What every element of the app shows. Compare it with the one before, and draw what differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Screen {
    /// The red button.
    pub record: Record,
    /// The button for the other camera.
    pub flip: Button,
    /// The button for the light.
    pub torch: Button,
    /// The button for the microphone.
    pub mute: Button,
    /// The button for the settings.
    pub settings: Button,
    /// The line at the top.
    pub status: Status,
    /// What is wrong, and what to do about it.
    pub banner: Option<Banner>,
    /// What happened just now; it goes by itself.
    pub note: Option<String>,
    /// How much is magnified, as long as it is of interest.
    pub zoom: Option<String>,
    /// Where the camera is told to focus, as long as it is of interest.
    pub reticle: Option<Reticle>,
    /// A question in front of everything.
    pub alert: Option<Alert>,
    /// The sheet over the picture: its pages, the one in front last; empty when there is no sheet.
    pub pages: Vec<Page>,
    /// What VoiceOver says of the picture.
    pub picture: Voice,
    /// The interface stays as the phone was held.
    pub is_rotation_locked: bool,
    /// The screen does not go dark by itself.
    pub is_awake: bool,
}

/// Where a show is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// There is none.
    #[default]
    Idle,
    /// No destination is on air yet.
    Connecting,
    /// On air, at one destination at least.
    Live,
    /// It was on air and will be.
    Reconnecting,
    /// It is being ended properly.
    Ending,
}

/// The red button.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// What it looks like: a disc when idle, a square on air, turning in between.
    pub phase: Phase,
    /// Whether a tap does anything.
    pub is_enabled: bool,
    /// For VoiceOver.
    pub voice: Voice,
}

/// A small round button.
#[derive(Clone, Debug, PartialEq)]
pub struct Button {
    /// Whether it is shown as on.
    pub is_on: bool,
    /// Whether a tap does anything.
    pub is_enabled: bool,
    /// For VoiceOver.
    pub voice: Voice,
}

/// What VoiceOver says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Voice {
    /// What it is.
    pub label: String,
    /// How it stands.
    pub value: String,
    /// What a tap does.
    pub hint: String,
}

/// The line at the top; nothing of it is shown when idle but the words.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// How well it goes, by colour.
    pub dot: Dot,
    /// How well it goes, in a word or two.
    pub words: String,
    /// The measures, on air.
    pub meters: Option<Meters>,
    /// For VoiceOver.
    pub voice: Voice,
}

/// How well it goes, by colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dot {
    /// Nothing to say.
    #[default]
    Grey,
    /// Viewers get what they should.
    Green,
    /// They get less.
    Yellow,
    /// They get nothing, or soon will.
    Red,
}

/// The measures of a show, as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meters {
    /// Since it went on air, as in `1:02:03`.
    pub clock: Reading,
    /// As in `2.5 Mbit/s`.
    pub bitrate: Reading,
    /// As in `30 fps`.
    pub frame_rate: Reading,
}

/// One measure; a dash when there is none yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// As it is shown.
    pub text: String,
    /// As it is said.
    pub spoken: String,
}

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// How bad it is.
    pub dot: Dot,
    /// What is wrong.
    pub title: String,
    /// Why, and what to do; empty when there is nothing to add.
    pub text: String,
    /// The words on a button that does it.
    pub button: Option<String>,
}

/// A question in front of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What is asked.
    pub title: String,
    /// What there is to know.
    pub text: String,
    /// The answers there are.
    pub choices: Vec<Choice>,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What to tell the app.
    pub answer: Answer,
    /// The words on its button.
    pub label: String,
    /// What kind of answer it is.
    pub role: Role,
}

/// What kind of answer a choice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// One like another.
    Plain,
    /// The one that changes nothing.
    Cancel,
    /// One that cannot be undone.
    Destructive,
}

/// What the user says to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Nothing is to happen.
    Cancel,
    /// The show ends.
    End,
    /// A destination is typed in.
    Type,
    /// A destination is scanned.
    Scan,
    /// What the link says is added.
    Add,
    /// The destination goes.
    Delete,
}

/// One page of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Rows.
    Form(Form),
    /// A camera that looks for a code.
    Scanner {
        /// In the bar.
        title: String,
        /// Below the picture: what is looked for, or why the code seen was not it.
        text: String,
    },
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// In the bar.
    pub title: String,
    /// From top to bottom.
    pub sections: Vec<Section>,
}

/// Rows that belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Above them.
    pub header: Option<String>,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Below them.
    pub footer: Option<String>,
}

/// One row of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What to tell the app it was.
    pub id: RowId,
    /// What it is.
    pub title: String,
    /// What it looks like.
    pub kind: RowKind,
    /// Whether it can be changed.
    pub is_enabled: bool,
    /// For VoiceOver: what it does.
    pub hint: String,
}

/// Names a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowId {
    /// A destination in the list.
    Destination(Id),
    /// Adds one by hand.
    AddDestination,
    /// Opens the scanner.
    Scan,
    /// [`Definition`]s.
    Size,
    /// Pictures a second.
    FrameRate,
    /// At what rate pictures are encoded.
    Bitrate,
    /// How they are steadied.
    Stabilisation,
    /// The camera that is taken first.
    Camera,
    /// Whether shows are recorded.
    Record,
    /// What a destination is called.
    Name,
    /// Its server.
    Server,
    /// Its key.
    Key,
    /// Whether shows go there.
    Active,
    /// Keeps what was typed.
    Save,
    /// Removes a destination.
    Delete,
}

/// What a row looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A switch; where `detail` is given, the row itself leads to a page.
    Switch {
        /// How it stands.
        is_on: bool,
        /// A second line.
        detail: Option<String>,
    },
    /// One of several.
    Pick {
        /// All there are.
        options: Vec<String>,
        /// The one that holds.
        selected: usize,
    },
    /// A text to type.
    Text {
        /// What it is now; it may be secret.
        value: Secret,
        /// What stands there when it is empty.
        placeholder: String,
        /// How it is typed.
        typing: Typing,
    },
    /// A button.
    Button {
        /// It cannot be undone.
        is_destructive: bool,
    },
}

/// How a text is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Typing {
    /// As words.
    Words,
    /// As a URL: nothing is corrected.
    Url,
    /// As a number.
    Number,
    /// Nobody looks on.
    Secret,
}

impl Definition {
    /// The place in [`Definition::ALL`].
    pub(crate) fn index(self) -> usize {
        let mut all = Self::ALL.into_iter();
        all.position(|one| one == self).unwrap_or_default()
    }
}
