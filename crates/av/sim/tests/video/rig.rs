//! A test card and an encoder.

use std::sync::{Arc, mpsc};
use std::task::{Wake, Waker};
use std::time::Duration;

use onair_av::capture::{TestCard, VideoSource};
use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{Error, VideoFrame};
use onair_media::{Packet, Timestamp};

use crate::common;

/// Settings for a small card, by VideoToolbox and nothing else.
pub(crate) fn settings() -> VideoSettings {
    VideoSettings {
        encoder: Some("videotoolbox".to_owned()),
        ..common::settings(320, 180)
    }
}

pub(crate) struct Rig {
    pub(crate) encoder: VideoEncoder,
    card: TestCard,
}

impl Rig {
    pub(crate) fn open() -> Self {
        Self::with(&settings()).unwrap()
    }

    pub(crate) fn with(settings: &VideoSettings) -> Result<Self, Error> {
        Ok(Self {
            encoder: VideoEncoder::open(settings)?,
            card: TestCard::new(settings.size, settings.frame_rate),
        })
    }

    pub(crate) fn frame(&mut self) -> VideoFrame {
        self.card.next_frame().unwrap().unwrap()
    }

    /// Encodes the next frame of the card.
    pub(crate) fn step(&mut self) -> Vec<Packet> {
        let frame = self.frame();
        self.encoder.encode(&frame, false).unwrap()
    }

    /// Encodes the next `count` frames of the card.
    pub(crate) fn steps(&mut self, count: usize) -> Vec<Packet> {
        (0..count).flat_map(|_| self.step()).collect()
    }

    pub(crate) fn finish(&mut self) -> Vec<Packet> {
        self.encoder.finish().unwrap()
    }
}

/// When the card's frame of this number is due.
pub(crate) fn time_of(index: u64) -> Timestamp {
    Timestamp::ZERO + settings().frame_rate.time_of(index)
}

/// The numbers of the card's frames that these packets are.
pub(crate) fn numbers(packets: &[Packet]) -> Vec<u64> {
    let number = |packet: &Packet| (0..).find(|index| time_of(*index) == packet.pts);
    packets.iter().filter_map(number).collect()
}

/// Which of these packets are keyframes.
pub(crate) fn keyframes(packets: &[Packet]) -> Vec<bool> {
    packets.iter().map(|packet| packet.keyframe).collect()
}

/// Rings when it wakes.
pub(crate) struct Bell(mpsc::Sender<()>);

impl Bell {
    pub(crate) fn hung() -> (Waker, mpsc::Receiver<()>) {
        let (sender, rings) = mpsc::channel();
        (Arc::new(Self(sender)).into(), rings)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

/// Waits for a ring; one that never comes fails the test instead of holding it up.
pub(crate) fn hear(rings: &mpsc::Receiver<()>) {
    rings.recv_timeout(Duration::from_secs(20)).unwrap();
}
