//! The test card as a camera and its tone as a microphone: a system that exists everywhere, for
//! machines without devices and for trying out what needs one.
//!
//! They give media as a device does, in real time. A broadcast of the test card itself asks
//! [`TestCard`] for each frame instead, and may be faster than real time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use onair_media::{FrameRate, Size, Timestamp};

use super::session::{CameraHandle, CaptureSession, MicrophoneHandle, System, VideoHandle};
use super::{AudioSource, TestCard, Tone, VideoSource};
use crate::clock::Clock;
use crate::device::{
    self, Camera, Capabilities, Event, Format, Info, Inlets, Kind, Rotation, Setup, Tell,
};
use crate::{AudioSamples, Error, VideoFrame};

pub(super) const SYSTEM: System = System {
    kinds: &[Kind::Camera, Kind::Microphone],
    is_listed: false,
    list,
    open: |setup| Ok(Box::new(BuiltIn::new(setup))),
};

fn list() -> Vec<Info> {
    vec![
        Info::new(Kind::Camera, CARD, "Test card"),
        Info::new(Kind::Microphone, TONE, "Tone"),
    ]
}

const CARD: &str = "testcard";
const TONE: &str = "tone";
const SAMPLE_RATE: u32 = 48_000;
const CHANNELS: u8 = 2;

struct BuiltIn {
    setup: Setup,
    is_held: bool,
    tell: Option<Tell>,
    shared: Arc<Shared>,
    /// While it runs.
    threads: Vec<JoinHandle<()>>,
}

/// What its threads check before each frame.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    inlets: Inlets,
    is_running: bool,
}

impl BuiltIn {
    fn new(setup: &Setup) -> Self {
        Self {
            setup: setup.clone(),
            is_held: true,
            tell: None,
            shared: Arc::default(),
            threads: Vec::new(),
        }
    }

    fn tell(&self, event: Event) {
        if let Some(tell) = &self.tell {
            tell(event);
        }
    }

    fn run(&mut self) -> Result<(), Error> {
        self.shared.lock().is_running = true;
        if self.setup.camera.is_some() && self.is_held {
            let mut card = TestCard::new(self.setup.size, self.setup.frame_rate);
            let next = move || card.next_frame().ok().flatten();
            self.spawn("onair-testcard", next, hand_over_frame)?;
        }
        if self.setup.microphone.is_some() {
            let mut tone = Tone::new(SAMPLE_RATE, CHANNELS);
            let next = move || tone.next_samples().ok().flatten();
            self.spawn("onair-tone", next, hand_over_audio)?;
        }
        Ok(())
    }

    fn spawn<T: Media>(
        &mut self,
        name: &str,
        next: impl FnMut() -> Option<T> + Send + 'static,
        hand_over: fn(&Inlets, T, Instant),
    ) -> Result<(), Error> {
        let shared = self.shared.clone();
        let thread = thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || shared.play(next, hand_over));
        let refused = |error: std::io::Error| Error::backend("built-in", error.to_string());
        self.threads.push(thread.map_err(refused)?);
        Ok(())
    }

    fn halt(&mut self) {
        self.shared.lock().is_running = false;
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _it_panicked = thread.join();
        }
    }

    /// Changes what is made, at once if it runs.
    fn change(&mut self, change: impl FnOnce(&mut Self)) -> Result<(), Error> {
        let ran = self.shared.lock().is_running;
        self.halt();
        change(self);
        if ran { self.run() } else { Ok(()) }
    }
}

impl Drop for BuiltIn {
    fn drop(&mut self) {
        self.halt();
    }
}

impl Shared {
    /// Makes media and hands each piece over when it is due, until it is halted.
    fn play<T: Media>(
        &self,
        mut next: impl FnMut() -> Option<T>,
        hand_over: fn(&Inlets, T, Instant),
    ) {
        let began = Instant::now();
        while let Some(media) = next() {
            let due = began + media.end().since(Timestamp::ZERO);
            loop {
                if !self.lock().is_running {
                    return;
                }
                match due.saturating_duration_since(Instant::now()) {
                    Duration::ZERO => break,
                    wait => thread::park_timeout(wait),
                }
            }
            let inlets = self.lock().inlets.clone();
            hand_over(&inlets, media, began);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What frames and audio have in common.
trait Media: 'static {
    /// When it is complete, on its source's timeline.
    fn end(&self) -> Timestamp;
}

impl Media for VideoFrame {
    fn end(&self) -> Timestamp {
        self.timestamp
    }
}

impl Media for AudioSamples {
    fn end(&self) -> Timestamp {
        self.timestamp + self.duration()
    }
}

fn hand_over_frame(inlets: &Inlets, mut frame: VideoFrame, began: Instant) {
    if let Some(inlet) = &inlets.frames {
        frame.timestamp = on_line(inlet.clock(), began, frame.timestamp);
        inlet.push(frame);
    }
}

fn hand_over_audio(inlets: &Inlets, mut samples: AudioSamples, began: Instant) {
    if let Some(inlet) = &inlets.audio {
        samples.timestamp = on_line(inlet.clock(), began, samples.timestamp);
        inlet.push(samples);
    }
}

/// The broadcast's time of something made this long after `began`.
fn on_line(clock: Clock, began: Instant, made: Timestamp) -> Timestamp {
    clock.timestamp(began) + made.since(Timestamp::ZERO)
}

impl CaptureSession for BuiltIn {
    fn listen(&mut self, tell: Tell) {
        self.tell = Some(tell);
    }

    fn attach(&mut self, inlets: Inlets) {
        self.shared.lock().inlets = inlets;
    }

    fn start(&mut self) -> Result<(), Error> {
        self.halt();
        self.run()?;
        self.tell(Event::Started);
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.halt();
        self.tell(Event::Stopped);
        Ok(())
    }

    fn rebuild(&mut self) -> Result<(), Error> {
        self.change(|_| ())
    }

    fn format(&self) -> Format {
        Format {
            size: self.setup.size,
            frame_rate: self.setup.frame_rate,
            sample_rate: SAMPLE_RATE,
            channels: CHANNELS,
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    fn video(&mut self) -> Option<&mut dyn VideoHandle> {
        self.setup.camera.is_some().then_some(self as _)
    }

    fn camera(&mut self) -> Option<&mut dyn CameraHandle> {
        None
    }

    fn microphone(&mut self) -> Option<&mut dyn MicrophoneHandle> {
        self.setup.microphone.is_some().then_some(self as _)
    }
}

impl VideoHandle for BuiltIn {
    fn hold(&mut self, wanted: bool) -> Result<(), Error> {
        self.change(|own| own.is_held = wanted)
    }

    fn switch(&mut self, to: &Camera) -> Result<(), Error> {
        match to {
            Camera::Id(id) if id == CARD => Ok(()),
            Camera::Id(id) => Err(device::unknown(Kind::Camera, id, &list())),
            Camera::Facing(_) | Camera::Screen(_) => {
                Err(Error::unsupported("a test card looks nowhere"))
            }
        }
    }

    fn set_frame_rate(&mut self, rate: FrameRate) -> Result<(), Error> {
        self.change(|own| own.setup.frame_rate = rate)
    }

    fn set_size(&mut self, size: Size) -> Result<(), Error> {
        self.change(|own| own.setup.size = size)
    }

    /// It is always upright.
    fn set_rotation(&mut self, _: Rotation) -> Result<(), Error> {
        Ok(())
    }
}

impl MicrophoneHandle for BuiltIn {
    fn activate(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn deactivate(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn switch(&mut self, to: Option<&str>) -> Result<(), Error> {
        match to {
            None | Some(TONE) => Ok(()),
            Some(id) => Err(device::unknown(Kind::Microphone, id, &list())),
        }
    }
}
