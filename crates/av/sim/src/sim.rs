use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{mem, thread};

use onair_av::apple::{PixelBuffer, SampleBuffer};
use onair_media::Size;

use crate::audio::Pcm;
use crate::core_media::{Sample, Time, block};
use crate::core_video::{Pixels, pixels};
use crate::knobs::{Knobs, Stage, changed, stage, wait};
use crate::object::{Handle, Kind, living, living_of};
use crate::properties::Value;

/// The simulated frameworks, for one test at a time: others wait.
///
/// When it is dropped, all sessions' threads have ended. It panics if an object is still alive or
/// one of those threads panicked.
#[derive(Debug)]
pub struct Sim {
    _alone: MutexGuard<'static, ()>,
}

impl Sim {
    /// Waits for others to end, and begins with nothing alive and default knobs.
    pub fn begin() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        *stage() = Stage::default();
        living().clear();
        Self { _alone: alone }
    }

    /// Lets threads that are about to end give back what they hold; dropping `self` reports those
    /// that do not.
    pub fn wait_until_all_is_given_back(&self) {
        let began = Instant::now();
        while !self.living().is_empty() && began.elapsed() < Duration::from_secs(30) {
            thread::yield_now();
        }
    }

    /// The knobs.
    pub fn turn<T>(&self, turn: impl FnOnce(&mut Knobs) -> T) -> T {
        let result = turn(&mut stage().knobs);
        changed();
        result
    }

    /// Lets out `count` more of the held outputs, those of older sessions first, and waits for
    /// that.
    pub fn release(&self, count: usize) {
        let mut stage = stage();
        stage.released = count;
        changed();
        while stage
            .queues
            .values()
            .any(|queue| queue.is_under_way(stage.released))
        {
            stage = wait(stage);
        }
        stage.released = 0;
    }

    /// Every property that any session was set to since the last call, in order.
    pub fn properties(&self) -> Vec<(String, Value)> {
        mem::take(&mut stage().set)
    }

    /// How many sessions were made.
    pub fn sessions(&self) -> usize {
        stage().sessions
    }

    /// How many objects of each kind are alive.
    pub fn living(&self) -> BTreeMap<&'static str, usize> {
        let mut count = BTreeMap::new();
        for kind in living().values() {
            *count.entry(*kind).or_default() += 1;
        }
        count
    }

    /// Whether these bytes are where a living block buffer has them.
    pub fn are_in_a_block_buffer(&self, bytes: &[u8]) -> bool {
        let within = |piece: &[u8]| {
            let (piece, bytes) = (piece.as_ptr_range(), bytes.as_ptr_range());
            piece.start <= bytes.start && bytes.end <= piece.end
        };
        let blocks = living_of("CMBlockBuffer");
        blocks
            .iter()
            .any(|object| block(object).pieces.iter().any(|piece| within(piece)))
    }

    /// What is attached to a pixel buffer under a key, if it is a string.
    pub fn attachment(&self, buffer: &PixelBuffer, key: &str) -> Option<String> {
        let all = living_of("CVPixelBuffer");
        let object = all.iter().find(|object| {
            let object: *const _ = &raw const ***object;
            object.addr() == buffer.as_ptr().addr()
        })?;
        pixels(object).attachment(key)
    }

    /// Audio as a microphone would hand it over.
    pub fn audio_sample(&self, audio: &Pcm) -> SampleBuffer {
        audio.sample_buffer()
    }

    /// A raw frame as a camera would hand it over, of no particular content.
    pub fn camera_sample(&self, size: Size, nanos: i64) -> SampleBuffer {
        let sample = Handle::new(Kind::Sample(Sample {
            image: Some(Handle::new(Kind::Pixels(Pixels::new(size)))),
            data: None,
            format: None,
            attachments: None,
            presentation_time: Time::from_nanos(nanos),
        }));
        // SAFETY: a living object, to which this takes a reference of its own.
        let buffer = unsafe { SampleBuffer::retain((&raw const *sample).cast()) };
        buffer.expect("a sample buffer")
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let threads = {
            let mut stage = stage();
            stage.queues.values_mut().for_each(|queue| queue.close());
            mem::take(&mut stage.threads)
        };
        changed();
        let panicked = threads.into_iter().filter_map(|thread| thread.join().err());
        let panicked = panicked.count();
        let living = self.living();
        if !thread::panicking() {
            assert_eq!(panicked, 0, "threads of the frameworks panicked");
            assert!(living.is_empty(), "leaked: {living:?}");
        }
    }
}

static ALONE: Mutex<()> = Mutex::new(());
