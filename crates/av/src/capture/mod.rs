//! Where raw frames and audio come from.

use onair_media::{FrameRate, Size};

use crate::{AudioSamples, Error, VideoFrame};

#[cfg(target_vendor = "apple")]
pub mod apple;
mod builtin;
pub(crate) mod continuity;
#[cfg(any(test, target_vendor = "apple"))]
mod format;
mod inlet;
#[cfg(any(test, target_vendor = "apple"))]
mod mixer;
#[cfg(any(test, target_vendor = "apple"))]
mod orientation;
mod session;
mod systems;
mod testcard;
mod tone;
mod y4m;

pub use continuity::{AudioTally, FrameTally};
pub use inlet::{
    AudioInlet, FrameInlet, Hold, LiveAudio, LiveFrames, Waited, live_audio, live_frames,
};
pub use session::{CameraHandle, CaptureSession, MicrophoneHandle, VideoHandle};
pub use systems::{attended, list, open};
pub use testcard::{Mark, TestCard, caption};
pub use tone::{Silence, Tone};
pub use y4m::{Y4m, Y4mWriter};

/// A source of frames, in order of time.
pub trait VideoSource: Send {
    /// The size of its frames; a live source's may change from frame to frame.
    fn size(&self) -> Size;
    /// How many frames per second it intends to give.
    fn frame_rate(&self) -> FrameRate;
    /// The next frame, or `None` at the end.
    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error>;
    /// The live frames, if a device gives them:
    /// [`next_frame`](Self::next_frame) blocks until there is one, and a caller with other work
    /// waits there. `None` when the caller paces the calls.
    fn live_frames(&self) -> Option<&LiveFrames>;
    /// True when the caller paces the calls and [`next_frame`](Self::next_frame) may block all the
    /// same, as reading a pipe may.
    fn can_run_dry(&self) -> bool;
}

/// A source of audio, in order of time.
pub trait AudioSource: Send {
    /// Samples per second in each channel.
    fn sample_rate(&self) -> u32;
    /// How many channels it gives.
    fn channels(&self) -> u8;
    /// The next stretch of audio, or `None` at the end.
    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error>;
    /// The live audio, if a device gives it:
    /// [`next_samples`](Self::next_samples) blocks until there is some. `None` when the caller
    /// paces the calls.
    fn live_audio(&self) -> Option<&LiveAudio>;
}

impl<T: VideoSource + ?Sized> VideoSource for Box<T> {
    fn size(&self) -> Size {
        (**self).size()
    }

    fn frame_rate(&self) -> FrameRate {
        (**self).frame_rate()
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        (**self).next_frame()
    }

    fn live_frames(&self) -> Option<&LiveFrames> {
        (**self).live_frames()
    }

    fn can_run_dry(&self) -> bool {
        (**self).can_run_dry()
    }
}

impl<T: AudioSource + ?Sized> AudioSource for Box<T> {
    fn sample_rate(&self) -> u32 {
        (**self).sample_rate()
    }

    fn channels(&self) -> u8 {
        (**self).channels()
    }

    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        (**self).next_samples()
    }

    fn live_audio(&self) -> Option<&LiveAudio> {
        (**self).live_audio()
    }
}
