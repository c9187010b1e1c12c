//! Sound that has no end of its own ends with the pictures it goes with.

use std::sync::{Arc, OnceLock};

use onair::av::capture::{LiveAudio, LiveFrames};
use onair::av::{AudioSamples, AudioSource, Error, VideoFrame, VideoSource};
use onair::media::{FrameRate, Size, Timestamp};

/// `pictures` and `sound`, tied together.
pub(super) fn pair<V, A>(pictures: V, sound: A) -> (Pictures<V>, Filler<A>) {
    let end = Arc::new(OnceLock::new());
    let pictures = Pictures {
        inner: pictures,
        after: Timestamp::ZERO,
        end: Arc::clone(&end),
    };
    (pictures, Filler { inner: sound, end })
}

/// Pictures that tell when they are over.
pub(super) struct Pictures<V> {
    inner: V,
    after: Timestamp,
    end: Arc<OnceLock<Timestamp>>,
}

impl<V: VideoSource> VideoSource for Pictures<V> {
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

/// Endless sound, until the pictures are over.
pub(super) struct Filler<A> {
    inner: A,
    end: Arc<OnceLock<Timestamp>>,
}

impl<A: AudioSource> AudioSource for Filler<A> {
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
    fn sound_lasts_as_long_as_the_pictures() {
        let mut raw = b"YUV4MPEG2 W16 H16 F10:1\n".to_vec();
        for _ in 0..5 {
            raw.extend(b"FRAME\n");
            raw.extend([0; 16 * 16 * 3 / 2]);
        }
        let pictures = Y4m::new(&raw[..]).unwrap();
        let (mut pictures, mut sound) = pair(pictures, Silence::new(48_000, 2));
        while pictures.next_frame().unwrap().is_some() {
            assert!(sound.next_samples().unwrap().is_some());
        }
        let mut last = Timestamp::ZERO;
        while let Some(samples) = sound.next_samples().unwrap() {
            last = samples.timestamp;
        }
        assert!(last < Timestamp::from_millis(500));
        assert!(last > Timestamp::from_millis(450), "{last:?}");
    }
}
