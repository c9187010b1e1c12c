//! What a test can turn, and what the threads of all sessions share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::properties::Value;
use crate::worker::Queue;

/// How the simulated frameworks behave.
///
/// The lists of statuses are used up one for each call, or each frame; zero is success.
#[derive(Debug, Default)]
pub struct Knobs {
    /// When and where outputs are told.
    pub delivery: Delivery,
    /// Properties that are refused, by key, with what status.
    pub refused: BTreeMap<String, i32>,
    /// What the next sessions asked for come to.
    pub create: VecDeque<i32>,
    /// What handing over the next frames comes to.
    pub encode: VecDeque<i32>,
    /// What the next frames come to in their callbacks.
    pub callback: VecDeque<i32>,
    /// Which of the next frames are dropped: no sample buffer, and the flag if true.
    pub drops: VecDeque<Option<bool>>,
    /// Pieces of memory that compressed frames lie in; 0 and 1 are one.
    pub pieces: usize,
    /// Every frame has a format description of its own, with the same content.
    pub fresh_descriptions: bool,
    /// The next frame begins a stream of another level, with other parameter sets.
    pub other_level: bool,
    /// A session that fails as a frame is handed over gives what it has inside first.
    pub last_words: bool,
    /// Frames still inside come out even after their session was invalidated.
    pub late: bool,
    /// Encoded frames to give in place of encoding any.
    pub canned: Option<Canned>,
    /// How audio converters behave.
    pub audio: AudioKnobs,
}

/// How simulated audio converters behave.
#[derive(Debug, Default)]
pub struct AudioKnobs {
    /// What the next converters asked for come to.
    pub create: VecDeque<i32>,
    /// Properties that can be neither read nor set, with what status.
    pub refused: BTreeMap<[u8; 4], i32>,
    /// What the next calls for a packet come to.
    pub fill: VecDeque<i32>,
    /// How many samples to ask for at once, in place of what is missing.
    pub asks: Option<u32>,
    /// The magic cookie to give in place of a good one.
    pub cookie: Option<Vec<u8>>,
}

/// When and where a session tells its outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// On a thread of its own, as soon as it can.
    #[default]
    Thread,
    /// Before the function that takes the frame returns.
    Inline,
    /// On a thread of its own, when [`Sim::release`](crate::Sim::release) lets it, or when
    /// the session is told to complete its frames.
    Held,
}

/// A stream of two frames, again and again.
#[derive(Clone, Debug)]
pub struct Canned {
    /// Parameter sets.
    pub sets: Vec<Vec<u8>>,
    /// What each keyframe is, as length-prefixed NAL units.
    pub keyframe: Vec<u8>,
    /// What every other frame is.
    pub other: Vec<u8>,
}

/// Everything that threads share.
#[derive(Default)]
pub(crate) struct Stage {
    pub(crate) knobs: Knobs,
    /// How many held outputs may come out.
    pub(crate) released: usize,
    /// Every property that was set, in order.
    pub(crate) set: Vec<(String, Value)>,
    /// How many sessions were made.
    pub(crate) sessions: usize,
    /// The frames inside each session that has a thread.
    pub(crate) queues: BTreeMap<usize, Queue>,
    pub(crate) threads: Vec<JoinHandle<()>>,
}

pub(crate) fn stage() -> MutexGuard<'static, Stage> {
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until something on the stage has changed.
pub(crate) fn wait(stage: MutexGuard<'static, Stage>) -> MutexGuard<'static, Stage> {
    let waited = CHANGED.wait(stage);
    waited.unwrap_or_else(PoisonError::into_inner)
}

/// Tells that something on the stage has changed.
pub(crate) fn changed() {
    CHANGED.notify_all();
}

/// The next of a list that is used up, or success.
pub(crate) fn next(list: &mut VecDeque<i32>) -> i32 {
    list.pop_front().unwrap_or(0)
}

static STAGE: Mutex<Stage> = Mutex::new(Stage {
    knobs: Knobs {
        delivery: Delivery::Thread,
        refused: BTreeMap::new(),
        create: VecDeque::new(),
        encode: VecDeque::new(),
        callback: VecDeque::new(),
        drops: VecDeque::new(),
        pieces: 0,
        fresh_descriptions: false,
        other_level: false,
        last_words: false,
        late: false,
        canned: None,
        audio: AudioKnobs {
            create: VecDeque::new(),
            refused: BTreeMap::new(),
            fill: VecDeque::new(),
            asks: None,
            cookie: None,
        },
    },
    released: 0,
    set: Vec::new(),
    sessions: 0,
    queues: BTreeMap::new(),
    threads: Vec::new(),
});
static CHANGED: Condvar = Condvar::new();
