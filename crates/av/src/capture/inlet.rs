//! The boundary between a device's callbacks and a broadcast's threads.

use std::any::Any;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use onair_media::{FrameRate, Size, Timestamp};

use super::continuity::{AudioTally, FrameFallback, FrameTally, GapFill, Next};
use super::{AudioSource, VideoSource};
use crate::clock::Clock;
use crate::{AudioSamples, Error, Surface, VideoFrame};

/// Where a device pushes a broadcast's frames, from any thread.
///
/// A clone is another handle on the same stream. Dropping all of them ends nothing: the broadcast
/// goes on with the last frame until [`end`](Self::end).
#[derive(Clone, Debug)]
pub struct FrameInlet {
    shared: Arc<Shared<FrameFallback>>,
    frame_rate: FrameRate,
}

/// The broadcast's side of it: a [`VideoSource`] that never stops giving frames.
///
/// Here alone a live frame waits for its encoder: the newest wins.
/// A clone is another handle on the same stream.
///
/// After half a second without a frame the last one is given again, twice a second and with a new
/// time; if none ever came, a black one after a second. Times always increase.
#[derive(Clone, Debug)]
pub struct LiveFrames {
    shared: Arc<Shared<FrameFallback>>,
    frame_rate: FrameRate,
    _hold: Option<Hold>,
}

/// Something kept only to be dropped in time.
pub type Hold = Arc<dyn Any + Send + Sync>;

/// Both ends of a stream of frames; pushed frames have times of `clock`.
pub fn live_frames(size: Size, frame_rate: FrameRate, clock: Clock) -> (FrameInlet, LiveFrames) {
    let shared = Arc::new(Shared::new(FrameFallback::new(size), clock));
    let inlet = FrameInlet {
        shared: shared.clone(),
        frame_rate,
    };
    let frames = LiveFrames {
        shared,
        frame_rate,
        _hold: None,
    };
    (inlet, frames)
}

impl FrameInlet {
    /// Hands a frame over. Never waits: the newest wins.
    ///
    /// Its size may differ from the last one's. It is dropped if its time is before that of what
    /// was shown already. A time more than a second ahead of the clock is not believed.
    pub fn push(&self, frame: VideoFrame) {
        self.shared
            .tell(|source, now| source.handle_frame(frame, now));
    }

    /// Shows this instead of what is pushed, until `None`.
    ///
    /// It is shown at once, and after `None` until the next frame comes. A slate must have the
    /// size of the frames ([`LiveFrames::size`]): another is refused, and the log says so.
    pub fn slate(&self, slate: Option<Surface>) {
        self.shared
            .tell(|source, now| source.handle_slate(slate, now));
    }

    /// The clock that times are on.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// The size of the newest frame, which a slate has to have.
    pub fn size(&self) -> Size {
        self.shared.lock().machine.size()
    }

    /// Leaves out frames that come faster than the broadcast's frame rate. The last one pushed is
    /// shown all the same.
    pub fn keep_to_frame_rate(&self) {
        let interval = self.frame_rate.time_of(1);
        self.shared.tell(|source, _| source.limit(interval));
    }

    /// Counts a frame that the system took back before it was pushed.
    pub fn miss(&self) {
        self.shared.lock().machine.handle_miss();
    }

    /// Nothing more will come: the source ends.
    pub fn end(&self) {
        self.shared.tell(|source, _| source.handle_end());
    }

    /// What was dropped and given again so far.
    pub fn tally(&self) -> FrameTally {
        self.shared.lock().machine.tally()
    }
}

impl LiveFrames {
    /// Keeps `what`, which feeds the frames, for as long as they are taken.
    #[must_use]
    pub fn holding(mut self, what: Hold) -> Self {
        self._hold = Some(what);
        self
    }

    /// Waits for the next frame, or to be woken, whichever comes first.
    pub fn wait(&self) -> Waited<VideoFrame> {
        self.shared.wait(FrameFallback::poll)
    }

    /// Ends a [wait](Self::wait), from any thread, though there is no frame.
    pub fn waker(&self) -> Waker {
        self.shared.clone().into()
    }

    /// What was dropped and given again so far.
    pub fn tally(&self) -> FrameTally {
        self.shared.lock().machine.tally()
    }
}

impl VideoSource for LiveFrames {
    /// The size of the newest frame.
    fn size(&self) -> Size {
        self.shared.lock().machine.size()
    }

    fn frame_rate(&self) -> FrameRate {
        self.frame_rate
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        Ok(self.shared.next(FrameFallback::poll))
    }

    fn live_frames(&self) -> Option<&Self> {
        Some(self)
    }

    fn can_run_dry(&self) -> bool {
        false
    }
}

/// Where a device pushes a broadcast's audio, from any thread.
///
/// A clone is another handle on the same stream. Dropping all of them ends nothing: the broadcast
/// goes on in silence until [`end`](Self::end).
#[derive(Clone, Debug)]
pub struct AudioInlet {
    shared: Arc<Shared<GapFill>>,
}

/// The broadcast's side of it: an [`AudioSource`] without gaps.
///
/// After a fifth of a second without audio silence is given, of exactly the missing length and a
/// tenth of a second behind the present. If none ever came, silence begins at the timeline's zero.
#[derive(Debug)]
pub struct LiveAudio {
    shared: Arc<Shared<GapFill>>,
    sample_rate: u32,
    channels: u8,
    _hold: Option<Hold>,
}

/// Both ends of a stream of audio; pushed audio has times of `clock`.
///
/// The broadcast is opened for `sample_rate` and `channels`; pushed audio may have others, and
/// change them.
pub fn live_audio(sample_rate: u32, channels: u8, clock: Clock) -> (AudioInlet, LiveAudio) {
    let shared = Arc::new(Shared::new(GapFill::new(sample_rate, channels), clock));
    let inlet = AudioInlet {
        shared: shared.clone(),
    };
    let audio = LiveAudio {
        shared,
        sample_rate,
        channels,
        _hold: None,
    };
    (inlet, audio)
}

impl AudioInlet {
    /// Hands over a stretch of audio of any rate and number of channels. Never waits: when three
    /// seconds wait to be taken, the oldest is dropped.
    pub fn push(&self, samples: AudioSamples) {
        self.shared
            .tell(|source, now| source.handle_samples(samples, now));
    }

    /// Silences what is pushed and what waits to be taken, for good; its length is kept.
    pub fn mute(&self, muted: bool) {
        self.shared.tell(|source, _| source.handle_mute(muted));
    }

    /// The clock that times are on.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    /// Nothing more will come: the source ends.
    pub fn end(&self) {
        self.shared.tell(|source, _| source.handle_end());
    }

    /// What was dropped and how much silence was given so far.
    pub fn tally(&self) -> AudioTally {
        self.shared.lock().machine.tally()
    }
}

impl LiveAudio {
    /// Keeps `what`, which feeds the audio, for as long as it is taken.
    #[must_use]
    pub fn holding(mut self, what: Hold) -> Self {
        self._hold = Some(what);
        self
    }

    /// What was dropped and how much silence was given so far.
    pub fn tally(&self) -> AudioTally {
        self.shared.lock().machine.tally()
    }
}

impl AudioSource for LiveAudio {
    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn channels(&self) -> u8 {
        self.channels
    }

    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        Ok(self.shared.next(GapFill::poll))
    }

    fn live_audio(&self) -> Option<&Self> {
        Some(self)
    }
}

/// The result of waiting for an item.
#[derive(Debug, PartialEq, Eq)]
pub enum Waited<T> {
    /// It.
    Item(T),
    /// A call to do something else; there may be an item too.
    Woken,
    /// Nothing more comes.
    End,
}

/// A machine shared by threads.
#[derive(Debug)]
struct Shared<M> {
    state: Mutex<State<M>>,
    changed: Condvar,
    clock: Clock,
}

#[derive(Debug)]
struct State<M> {
    machine: M,
    is_woken: bool,
}

impl<M> Shared<M> {
    const fn new(machine: M, clock: Clock) -> Self {
        Self {
            state: Mutex::new(State {
                machine,
                is_woken: false,
            }),
            changed: Condvar::new(),
            clock,
        }
    }

    fn tell(&self, what: impl FnOnce(&mut M, Timestamp)) {
        what(&mut self.lock().machine, self.clock.now());
        self.changed.notify_all();
    }

    /// Waits until the machine has something, or is over.
    fn next<T>(&self, poll: impl Fn(&mut M, Timestamp) -> Next<T>) -> Option<T> {
        loop {
            match self.wait(&poll) {
                Waited::Item(item) => return Some(item),
                Waited::Woken => {}
                Waited::End => return None,
            }
        }
    }

    fn wait<T>(&self, poll: impl Fn(&mut M, Timestamp) -> Next<T>) -> Waited<T> {
        let mut state = self.lock();
        loop {
            if mem::take(&mut state.is_woken) {
                return Waited::Woken;
            }
            let until = match poll(&mut state.machine, self.clock.now()) {
                Next::Give(item) => return Waited::Item(item),
                Next::Over => return Waited::End,
                Next::Wait(until) => self.clock.until(until),
            };
            let waited = self.changed.wait_timeout(state, until);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Send + 'static> Wake for Shared<M> {
    fn wake(self: Arc<Self>) {
        self.lock().is_woken = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Instant;

    use super::*;
    use crate::I420;

    const SIZE: Size = Size::new(16, 16);

    fn clock() -> Clock {
        Clock::starting_at(Instant::now())
    }

    fn rate() -> FrameRate {
        FrameRate::new(30, 1).unwrap()
    }

    #[test]
    fn a_frame_wakes_whoever_waits_for_it() {
        let clock = clock();
        let (inlet, mut source) = live_frames(SIZE, rate(), clock);
        let taker = thread::spawn(move || source.next_frame().unwrap().unwrap());
        let timestamp = clock.now();
        inlet.push(VideoFrame {
            surface: Surface::I420(I420::black(SIZE)),
            timestamp,
        });
        assert_eq!(taker.join().unwrap().timestamp, timestamp);
        assert_eq!(inlet.tally(), FrameTally::default());
    }

    #[test]
    fn being_woken_comes_before_the_frame_and_only_once() {
        let (inlet, frames) = live_frames(SIZE, rate(), clock());
        inlet.push(VideoFrame {
            surface: Surface::I420(I420::black(SIZE)),
            timestamp: Timestamp::ZERO,
        });
        frames.waker().wake_by_ref();
        frames.waker().wake();
        assert!(matches!(frames.wait(), Waited::Woken));
        assert!(matches!(frames.wait(), Waited::Item(_)));
    }

    #[test]
    fn a_thread_that_waits_for_a_frame_is_woken_without_one() {
        let (_inlet, frames) = live_frames(SIZE, rate(), clock());
        let waker = frames.waker();
        let waiter = thread::spawn(move || matches!(frames.wait(), Waited::Woken));
        waker.wake();
        assert!(waiter.join().unwrap());
    }

    #[test]
    fn audio_wakes_whoever_waits_for_it() {
        let clock = clock();
        let (inlet, mut source) = live_audio(48_000, 2, clock);
        let taker = thread::spawn(move || source.next_samples().unwrap().unwrap());
        let samples = AudioSamples {
            samples: vec![0.5; 960].into(),
            channels: 2,
            sample_rate: 48_000,
            timestamp: clock.now(),
        };
        inlet.push(samples.clone());
        assert_eq!(taker.join().unwrap(), samples);
    }

    #[test]
    fn an_end_wakes_whoever_waits() {
        let clock = clock();
        let (inlet, mut source) = live_frames(SIZE, rate(), clock);
        let taker = thread::spawn(move || source.next_frame().unwrap().is_none());
        inlet.end();
        assert!(taker.join().unwrap());
        let (inlet, mut source) = live_audio(48_000, 2, clock);
        let taker = thread::spawn(move || source.next_samples().unwrap().is_none());
        inlet.end();
        assert!(taker.join().unwrap());
    }
}
