//! Where a device's callbacks end and a broadcast's threads begin.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use onair_media::{FrameRate, Size};

use super::{AudioSource, VideoSource};
use crate::clock::Clock;
use crate::{AudioSamples, Error, Surface, VideoFrame};

/// A device's end of a broadcast's pictures: push there, from any thread.
#[derive(Clone, Debug)]
pub struct PictureInlet {
    shared: Arc<Shared<VideoFrame>>,
}

/// A broadcast's end: a [`VideoSource`] that never stops giving pictures.
#[derive(Debug)]
pub struct Pictures {
    shared: Arc<Shared<VideoFrame>>,
    size: Size,
    frame_rate: FrameRate,
}

/// Both ends of a stream of pictures; what is pushed is stamped on `clock`'s line.
pub fn pictures(size: Size, frame_rate: FrameRate, _clock: Clock) -> (PictureInlet, Pictures) {
    let shared = Arc::new(Shared::default());
    let inlet = PictureInlet {
        shared: shared.clone(),
    };
    (
        inlet,
        Pictures {
            shared,
            size,
            frame_rate,
        },
    )
}

impl PictureInlet {
    /// Hands a picture over. Never waits: the newest wins.
    pub fn push(&self, frame: VideoFrame) {
        let mut state = self.shared.lock();
        state.items.clear();
        state.items.push(frame);
        self.shared.changed.notify_all();
    }

    /// Shows this in place of what is pushed, until told `None`.
    pub fn slate(&self, _slate: Option<Surface>) {}

    /// Nothing more will come.
    pub fn end(&self) {
        self.shared.end();
    }
}

impl VideoSource for Pictures {
    fn size(&self) -> Size {
        self.size
    }

    fn frame_rate(&self) -> FrameRate {
        self.frame_rate
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        Ok(self.shared.take())
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// A device's end of a broadcast's sound: push there, from any thread.
#[derive(Clone, Debug)]
pub struct SoundInlet {
    shared: Arc<Shared<AudioSamples>>,
}

/// A broadcast's end: an [`AudioSource`] without holes.
#[derive(Debug)]
pub struct Sound {
    shared: Arc<Shared<AudioSamples>>,
    sample_rate: u32,
    channels: u8,
}

/// Both ends of a stream of sound; what is pushed is stamped on `clock`'s line.
pub fn sound(sample_rate: u32, channels: u8, _clock: Clock) -> (SoundInlet, Sound) {
    let shared = Arc::new(Shared::default());
    let inlet = SoundInlet {
        shared: shared.clone(),
    };
    (
        inlet,
        Sound {
            shared,
            sample_rate,
            channels,
        },
    )
}

impl SoundInlet {
    /// Hands a stretch of sound over, of any rate and number of channels. Never waits.
    pub fn push(&self, samples: AudioSamples) {
        self.shared.lock().items.push(samples);
        self.shared.changed.notify_all();
    }

    /// Silences what is pushed, its length kept.
    pub fn mute(&self, _muted: bool) {}

    /// Nothing more will come.
    pub fn end(&self) {
        self.shared.end();
    }
}

impl AudioSource for Sound {
    fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    fn channels(&self) -> u8 {
        self.channels
    }

    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        Ok(self.shared.take())
    }

    fn is_live(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    items: Vec<T>,
    ended: bool,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                items: Vec::new(),
                ended: false,
            }),
            changed: Condvar::new(),
        }
    }
}

impl<T> Shared<T> {
    fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if !state.items.is_empty() {
                return Some(state.items.remove(0));
            }
            if state.ended {
                return None;
            }
            let waited = self.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
