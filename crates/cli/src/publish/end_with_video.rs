//! Audio that has no end of its own ends with the video it goes with.

use std::sync::{Arc, OnceLock};

use onair::av::capture::{LiveAudio, LiveFrames};
use onair::av::{AudioSamples, AudioSource, Error, VideoFrame, VideoSource};
use onair::media::{FrameRate, Size, Timestamp};

/// Ties `audio` to `video`.
pub(super) fn end_with_video<V, A>(video: V, audio: A) -> (Leading<V>, Following<A>) {
    let end = Arc::new(OnceLock::new());
    let video = Leading {
        inner: video,
        after: Timestamp::ZERO,
        end: Arc::clone(&end),
    };
    (video, Following { inner: audio, end })
}

/// Video that tells when it ends.
pub(super) struct Leading<V> {
    inner: V,
    after: Timestamp,
    end: Arc<OnceLock<Timestamp>>,
}

impl<V: VideoSource> VideoSource for Leading<V> {
    fn size(&self) -> Size {
        self.inner.size()
    }

    fn frame_rate(&self) -> FrameRate {
        self.inner.frame_rate()
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        let frame = self.inner.next_frame()?;
        match &frame {
            Some(frame) => self.after = frame.timestamp + self.frame_rate().time_of(1),
            None => drop(self.end.set(self.after)),
        }
        Ok(frame)
    }

    fn live_frames(&self) -> Option<&LiveFrames> {
        self.inner.live_frames()
    }

    fn can_run_dry(&self) -> bool {
        self.inner.can_run_dry()
    }
}

/// Endless audio that ends with the video.
pub(super) struct Following<A> {
    inner: A,
    end: Arc<OnceLock<Timestamp>>,
}

impl<A: AudioSource> AudioSource for Following<A> {
    fn sample_rate(&self) -> u32 {
        self.inner.sample_rate()
    }

    fn channels(&self) -> u8 {
        self.inner.channels()
    }

    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        let samples = self.inner.next_samples()?;
        let is_over = |samples: &AudioSamples| {
            let end = self.end.get();
            end.is_some_and(|end| samples.timestamp >= *end)
        };
        Ok(samples.filter(|samples| !is_over(samples)))
    }

    fn live_audio(&self) -> Option<&LiveAudio> {
        self.inner.live_audio()
    }
}

#[cfg(test)]
mod tests {
    use onair::av::capture::{Silence, Y4m};

    use super::*;

    #[test]
    fn audio_lasts_as_long_as_the_video() {
        let mut raw = b"YUV4MPEG2 W16 H16 F10:1\n".to_vec();
        for _ in 0..5 {
            raw.extend(b"FRAME\n");
            raw.extend([0; 16 * 16 * 3 / 2]);
        }
        let video = Y4m::new(&raw[..]).unwrap();
        let (mut video, mut audio) = end_with_video(video, Silence::new(48_000, 2));
        while video.next_frame().unwrap().is_some() {
            assert!(audio.next_samples().unwrap().is_some());
        }
        let mut last = Timestamp::ZERO;
        while let Some(samples) = audio.next_samples().unwrap() {
            last = samples.timestamp;
        }
        assert!(last < Timestamp::from_millis(500));
        assert!(last > Timestamp::from_millis(450), "{last:?}");
    }
}
