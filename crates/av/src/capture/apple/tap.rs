//! Where callbacks on any thread find the inlets.

#[cfg(target_os = "ios")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use objc2_core_foundation::CFRetained;
use objc2_core_media::CMClock;
use onair_media::Timestamp;

use super::clocked_inlet::ClockedInlet;
use super::host_time;
use crate::apple::{SampleBuffer, audio_samples};
use crate::capture::{AudioInlet, FrameInlet};
use crate::device::{Event, Inlets, Tell};
use crate::{Surface, VideoFrame};

/// Shared by a device, its delegates and its observers.
#[derive(Default)]
pub(super) struct Tap {
    state: Mutex<State>,
    /// Counts frames between two readings of the system pressure.
    #[cfg(target_os = "ios")]
    looks: AtomicU64,
}

#[derive(Default)]
struct State {
    tell: Option<Tell>,
    /// The clock of the session's timestamps.
    clock: Option<CFRetained<CMClock>>,
    video: Option<ClockedInlet<FrameInlet>>,
    audio: Option<ClockedInlet<AudioInlet>>,
    /// Frames that come now are not framed and turned yet.
    is_hidden: bool,
    /// Rate and channels of the audio that came last.
    heard: Option<(u32, u8)>,
    #[cfg(target_os = "ios")]
    pressure: crate::device::Thermal,
    /// By unique id.
    in_use: Vec<String>,
}

impl Tap {
    pub(super) fn listen(&self, tell: Tell) {
        self.lock().tell = Some(tell);
    }

    pub(super) fn tell(&self, event: Event) {
        let tell = self.lock().tell.clone();
        if let Some(tell) = tell {
            tell(event);
        }
    }

    pub(super) fn attach(&self, inlets: Inlets) {
        let video = inlets.frames.map(ClockedInlet::of_video);
        let audio = inlets.audio.map(ClockedInlet::of_audio);
        let mut state = self.lock();
        (state.video, state.audio) = (video, audio);
    }

    /// Withholds frames, or hands them out again.
    pub(super) fn hide(&self, hidden: bool) {
        self.lock().is_hidden = hidden;
    }

    /// Takes the session's new clock.
    pub(super) fn follow(&self, clock: Option<CFRetained<CMClock>>) {
        self.lock().clock = clock;
    }

    /// Hands on a camera's frame. No pixel is copied.
    pub(super) fn frame(&self, sample: &SampleBuffer) {
        let Some(surface) = sample.image_buffer() else {
            return;
        };
        let Some((to, timestamp)) = self.stamped(sample, State::shown) else {
            return;
        };
        to.inlet.push(VideoFrame {
            surface: Surface::PixelBuffer(surface),
            timestamp,
        });
    }

    /// Hands on a microphone's audio.
    pub(super) fn audio(&self, sample: &SampleBuffer) {
        let Some((to, timestamp)) = self.stamped(sample, |state| state.audio.clone()) else {
            return;
        };
        match audio_samples(sample, timestamp) {
            Ok(samples) => {
                self.lock().heard = Some((samples.sample_rate, samples.channels));
                to.inlet.push(samples);
            }
            Err(error) => tracing::debug!(%error, "sound that cannot be read"),
        }
    }

    /// Counts a frame that came too late to be handed over.
    pub(super) fn miss(&self) {
        let to = self.lock().shown();
        to.iter().for_each(|to| to.inlet.miss());
    }

    /// Rate and channels of the audio that came last.
    pub(super) fn heard(&self) -> Option<(u32, u8)> {
        self.lock().heard
    }

    /// True once in a while: reading the system pressure costs more than a frame.
    #[cfg(target_os = "ios")]
    pub(super) fn is_time_to_look(&self) -> bool {
        let looks = self.looks.fetch_add(1, Ordering::Relaxed);
        looks.is_multiple_of(FRAMES_BETWEEN_LOOKS)
    }

    /// Reports the system pressure where it has changed.
    #[cfg(target_os = "ios")]
    pub(super) fn press(&self, pressure: crate::device::Thermal) {
        let before = std::mem::replace(&mut self.lock().pressure, pressure);
        if before != pressure {
            self.tell(Event::Pressure(pressure));
        }
    }

    /// Which devices are held, by unique id.
    pub(super) fn hold(&self, devices: Vec<String>) {
        self.lock().in_use = devices;
    }

    pub(super) fn holds(&self, device: &str) -> bool {
        self.lock().in_use.iter().any(|held| held == device)
    }

    /// The inlet for a sample, and the sample's time on its broadcast's timeline.
    fn stamped<I>(
        &self,
        sample: &SampleBuffer,
        pick: impl FnOnce(&State) -> Option<ClockedInlet<I>>,
    ) -> Option<(ClockedInlet<I>, Timestamp)> {
        let state = self.lock();
        let to = pick(&state)?;
        let time = sample.presentation_time().nanos()?;
        // A session's clock goes with its microphone, and one that is gone may not convert. It
        // nearly always is the host's clock, and a timestamp that may be off is better than no
        // frame.
        let clock = state.clock.as_ref();
        let host = clock.and_then(|clock| host_time::on_host(time, clock));
        let timestamp = to.timestamp(host.unwrap_or(time));
        Some((to, timestamp))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Where frames go now.
    fn shown(&self) -> Option<ClockedInlet<FrameInlet>> {
        self.video.clone().filter(|_| !self.is_hidden)
    }
}

/// About a second.
#[cfg(target_os = "ios")]
const FRAMES_BETWEEN_LOOKS: u64 = 30;
