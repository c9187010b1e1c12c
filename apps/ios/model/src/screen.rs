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
    /// What just happened; it goes by itself.
    pub note: Option<String>,
    /// The zoom, for as long as it is shown.
    pub zoom: Option<String>,
    /// Where the camera focuses, for as long as it is shown.
    pub reticle: Option<Reticle>,
    /// A question in front of everything.
    pub alert: Option<Alert>,
    /// The sheet over the picture: its pages, the one in front last; empty when there is no sheet.
    pub pages: Vec<Page>,
    /// VoiceOver's description of the picture.
    pub picture: Voice,
    /// Whether the interface keeps its orientation.
    pub is_rotation_locked: bool,
    /// Whether the screen stays on.
    pub is_awake: bool,
}

/// The state of a show.
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
    /// Its state.
    pub value: String,
    /// What a tap does.
    pub hint: String,
}

/// The line at the top; when idle, only the words are shown.
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
    /// Why, and what to do; empty if there is nothing to add.
    pub text: String,
    /// The label of a button that does it.
    pub button: Option<String>,
}

/// A question in front of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// What is asked.
    pub title: String,
    /// The details.
    pub text: String,
    /// The possible answers.
    pub choices: Vec<Choice>,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What to tell the app.
    pub answer: Answer,
    /// The label of its button.
    pub label: String,
    /// The kind of answer.
    pub role: Role,
}

/// The kinds of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Like any other.
    Plain,
    /// The one that changes nothing.
    Cancel,
    /// One that cannot be undone.
    Destructive,
}

/// What the user says to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Nothing happens.
    Cancel,
    /// The show ends.
    End,
    /// Type a destination in.
    Type,
    /// Scan a destination.
    Scan,
    /// Add the link's destination.
    Add,
    /// Delete the destination.
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
        /// Below the picture: what to look for, or why the code seen was useless.
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
    /// Identifies it to the app.
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

/// Identifies a row.
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
    /// Frames a second.
    FrameRate,
    /// The video bitrate.
    Bitrate,
    /// How the picture is stabilised.
    Stabilisation,
    /// The camera that is used first.
    Camera,
    /// Whether shows are recorded.
    Record,
    /// A destination's name.
    Name,
    /// Its server.
    Server,
    /// Its key.
    Key,
    /// Whether shows go there.
    Active,
    /// Saves what was typed.
    Save,
    /// Removes a destination.
    Delete,
}

/// What a row looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A switch; with `detail`, the row itself leads to a page.
    Switch {
        /// Its state.
        is_on: bool,
        /// A second line.
        detail: Option<String>,
    },
    /// One of several.
    Pick {
        /// All choices.
        options: Vec<String>,
        /// The chosen one.
        selected: usize,
    },
    /// A text to type.
    Text {
        /// What it is now; it may be secret.
        value: Secret,
        /// Shown while it is empty.
        placeholder: String,
        /// The kind of keyboard.
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
    /// Hidden while it is typed.
    Secret,
}

impl Definition {
    /// The index in [`Definition::ALL`].
    pub(crate) fn index(self) -> usize {
        let mut all = Self::ALL.into_iter();
        all.position(|one| one == self).unwrap_or_default()
    }
}
