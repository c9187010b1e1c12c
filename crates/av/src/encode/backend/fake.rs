//! An encoder for tests that holds frames back, as hardware does.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use bytes::Bytes;
use onair_media::{Bitrate, Config, FrameRate, Packet, VideoCodec, VideoConfig};

use super::{Audio, AudioBackend, Candidate, VideoBackend, syom};
use crate::encode::settings::AudioSettings;
use crate::{Error, VideoFrame};

/// Holds `delay` frames before the first comes out; records what it is told.
#[derive(Default)]
pub(in crate::encode) struct Fake {
    pub(in crate::encode) delay: usize,
    pub(in crate::encode) held: Vec<Packet>,
    /// The rate asked for last, for the test to see.
    pub(in crate::encode) bitrate: Arc<Mutex<Option<Bitrate>>>,
    /// The frame rate told last.
    pub(in crate::encode) frame_rate: Arc<Mutex<Option<FrameRate>>>,
    /// When it is lost, in milliseconds.
    pub(in crate::encode) away: Range<i64>,
    pub(in crate::encode) is_away: bool,
    /// When it fails, in milliseconds.
    pub(in crate::encode) broken: Range<i64>,
    pub(in crate::encode) refuses_bitrates: bool,
    /// When it makes no IDR frames, even if asked.
    pub(in crate::encode) deaf: Range<i64>,
}

impl Fake {
    pub(in crate::encode) fn new(delay: usize) -> Self {
        Self {
            delay,
            ..Self::default()
        }
    }
}

impl VideoBackend for Fake {
    fn encode(&mut self, frame: &VideoFrame, idr: bool) -> Result<Vec<Packet>, Error> {
        let now = frame.timestamp.as_millis();
        self.is_away = self.away.contains(&now);
        if self.is_away {
            return Err(lost());
        }
        if self.broken.contains(&now) {
            return Err(Error::backend("fake", "out of order"));
        }
        let config = VideoConfig {
            codec: VideoCodec::H264,
            size: frame.surface.size(),
            frame_rate: None,
            decoder_config: Bytes::new(),
        };
        self.held.push(Packet {
            config: Config::Video(config.into()),
            pts: frame.timestamp,
            dts: frame.timestamp,
            duration: None,
            keyframe: idr && !self.deaf.contains(&now),
            payload: Bytes::from_static(&[0]),
        });
        let ready = self.held.len().saturating_sub(self.delay);
        Ok(self.held.drain(..ready).collect())
    }

    fn completed(&mut self) -> Result<Vec<Packet>, Error> {
        Ok(Vec::new())
    }

    fn wake(&mut self, _waker: Waker) {}

    fn take_dropped(&mut self) -> u64 {
        0
    }

    fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error> {
        if self.is_away {
            return Err(lost());
        }
        if self.refuses_bitrates {
            return Err(Error::backend("fake", "too little"));
        }
        *self.bitrate.lock().expect("no panic") = Some(bitrate);
        Ok(())
    }

    fn set_frame_rate(&mut self, rate: FrameRate) -> Result<(), Error> {
        *self.frame_rate.lock().expect("no panic") = Some(rate);
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Packet>, Error> {
        Ok(self.held.drain(..).collect())
    }

    fn name(&self) -> &'static str {
        "fake"
    }
}

/// An audio encoder with a delay of two access units, lost after a number of them.
pub(in crate::encode) struct FakeAudio {
    priming: u32,
    lasts: usize,
    held: Vec<Bytes>,
}

/// A kind of encoder that opens like this.
pub(in crate::encode) const fn audio_candidate(
    open: fn(&AudioSettings) -> Result<Box<dyn AudioBackend>, Error>,
) -> Audio {
    Candidate {
        name: "fake",
        info: syom::info,
        open,
    }
}

impl FakeAudio {
    pub(in crate::encode) const fn new(priming: u32, lasts: usize) -> Self {
        Self {
            priming,
            lasts,
            held: Vec::new(),
        }
    }
}

impl AudioBackend for FakeAudio {
    fn encode(&mut self, planes: &[&[f32]]) -> Result<Vec<Bytes>, Error> {
        assert_eq!(planes[0].len(), 1024);
        let Some(lasts) = self.lasts.checked_sub(1) else {
            return Err(lost());
        };
        self.lasts = lasts;
        self.held.push(Bytes::from_static(&[0]));
        let ready = self.held.len().saturating_sub(2);
        Ok(self.held.drain(..ready).collect())
    }

    fn set_bitrate(&mut self, _bitrate: Bitrate) -> Result<(), Error> {
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Bytes>, Error> {
        Ok(self.held.drain(..).collect())
    }

    fn frame_length(&self) -> u32 {
        1024
    }

    fn priming(&self) -> u32 {
        self.priming
    }

    fn audio_specific_config(&self) -> Bytes {
        Bytes::from_static(&[0x11, 0x88])
    }

    fn name(&self) -> &'static str {
        "fake"
    }
}

fn lost() -> Error {
    Error::Lost {
        backend: "fake",
        what: "-12903".to_owned(),
    }
}
