//! Receivers and media for the tests.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use onair::media::{AudioConfig, Config, Packet, Timestamp, VideoConfig};
use onair_receiver::{Builder, Event, EventStream, Receiver};

const SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
];
const PPS: &[u8] = &[0x68, 0xCE, 0x3C, 0x80];

/// A receiver on a port of its own, and its events.
pub(crate) struct Fixture {
    pub(crate) receiver: Receiver,
    pub(crate) events: EventStream,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(configure: impl FnOnce(Builder) -> Builder) -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let builder = configure(Receiver::builder().listen(free));
        let receiver = builder.start().unwrap();
        Self {
            events: receiver.events(),
            receiver,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.receiver.rtmp_addresses()[0]
    }

    /// Waits for a wanted event.
    pub(crate) fn wait<T>(&mut self, mut wanted: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.blocking_next().expect("the receiver ended");
            if let Some(found) = wanted(event) {
                return found;
            }
        }
    }

    pub(crate) fn wait_for_publisher(&mut self) {
        self.wait(|event| matches!(event, Event::Published { .. }).then_some(()));
    }
}

/// Makes packets of one stream.
pub(crate) struct Media {
    video: Config,
    audio: Config,
}

impl Media {
    pub(crate) fn new() -> Self {
        let sets = |set: &'static [u8]| [Bytes::from_static(set)];
        let video = VideoConfig::from_parameter_sets(&sets(SPS), &sets(PPS)).unwrap();
        let audio = AudioConfig::aac(Bytes::from_static(&[0x11, 0x90])).unwrap();
        Self {
            video: Config::Video(Arc::new(video)),
            audio: Config::Audio(Arc::new(audio)),
        }
    }

    /// The same with HEVC.
    pub(crate) fn hevc() -> Self {
        let hvcc = include_bytes!("../../../flv/testdata/main_720p.hvcc");
        let video = VideoConfig::hevc(Bytes::from_static(hvcc)).unwrap();
        Self {
            video: Config::Video(Arc::new(video)),
            ..Self::new()
        }
    }

    pub(crate) fn picture(&self, millis: i64, keyframe: bool, size: usize) -> Packet {
        let mark: Vec<u8> = millis
            .to_be_bytes()
            .iter()
            .copied()
            .cycle()
            .take(size)
            .collect();
        Packet {
            config: self.video.clone(),
            pts: Timestamp::from_millis(millis),
            dts: Timestamp::from_millis(millis),
            duration: None,
            keyframe,
            payload: mark.into(),
        }
    }

    pub(crate) fn audio(&self, millis: i64) -> Packet {
        Packet {
            config: self.audio.clone(),
            ..self.picture(millis, true, 60)
        }
    }

    /// Pictures 40 ms apart, a keyframe every `gop`, audio in between.
    pub(crate) fn stream(&self, pictures: std::ops::Range<i64>, gop: i64) -> Vec<Packet> {
        let pair = |i: i64| {
            let size = 500 + usize::try_from(i * 977 % 20_000).unwrap();
            [
                self.picture(i * 40, i % gop == 0, size),
                self.audio(i * 40 + 20),
            ]
        };
        pictures.flat_map(pair).collect()
    }
}
