use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use onair::demux::{Container, Damage, Error, PacketSource, Track};
use onair::media::{
    AudioCodec, AudioConfig, Config, Kind, Packet, Size, Timestamp, Tracks, VideoCodec, VideoConfig,
};

/// A file that the test writes while it is read.
pub(crate) struct Script {
    packets: Receiver<Packet>,
    pub(crate) tracks: Vec<Track>,
    /// The damage that it reports.
    pub(crate) damage: Damage,
}

impl Script {
    /// A script and the sender to write it with, which ends the file when dropped.
    pub(crate) fn new() -> (Box<Self>, SyncSender<Packet>) {
        let (sender, packets) = sync_channel(10_000);
        let tracks = vec![Track::new(video_config()), Track::new(audio_config())];
        let script = Self {
            packets,
            tracks,
            damage: Damage::default(),
        };
        (Box::new(script), sender)
    }

    /// A complete script.
    pub(crate) fn of(packets: impl IntoIterator<Item = Packet>) -> Box<Self> {
        let (script, sender) = Self::new();
        for packet in packets {
            sender.send(packet).unwrap();
        }
        script
    }
}

impl PacketSource for Script {
    fn container(&self) -> Option<Container> {
        None
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn notes(&self) -> &[String] {
        &[]
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        Ok(self.packets.recv().ok())
    }

    fn take_description(&mut self) -> Option<Tracks> {
        None
    }

    fn duration(&self) -> Option<Duration> {
        None
    }

    fn damage(&self) -> Damage {
        self.damage
    }
}

/// A GOP, 25 pictures a second, with an audio frame after each.
pub(crate) fn gop(first: i64, frames: i64) -> impl Iterator<Item = Packet> {
    (first..first + frames).flat_map(move |index| {
        let at = Timestamp::from_millis(index * 40);
        [video(at, index == first, 2000), audio(at)]
    })
}

/// A picture of `size` bytes that ends in its time in milliseconds.
pub(crate) fn video(at: Timestamp, keyframe: bool, size: usize) -> Packet {
    packet(video_config(), at, keyframe, size)
}

/// An audio frame.
pub(crate) fn audio(at: Timestamp) -> Packet {
    packet(audio_config(), at, true, 200)
}

fn packet(config: Config, at: Timestamp, keyframe: bool, size: usize) -> Packet {
    let mut payload = vec![0; size];
    payload[size - 8..].copy_from_slice(&at.as_nanos().to_be_bytes());
    Packet {
        config,
        pts: at,
        dts: at,
        duration: None,
        keyframe,
        payload: Bytes::from(payload),
    }
}

fn video_config() -> Config {
    Config::Video(Arc::new(VideoConfig {
        codec: VideoCodec::H264,
        size: Size::new(640, 360),
        frame_rate: None,
        decoder_config: Bytes::from_static(b"\x01\x42\x00\x1e\xff\xe0\x00"),
    }))
}

/// The same as HEVC.
pub(crate) fn as_hevc(mut packet: Packet) -> Packet {
    if packet.kind() == Kind::Video {
        packet.config = hevc_config();
    }
    packet
}

pub(crate) fn hevc_config() -> Config {
    let record = include_bytes!("../../../../flv/testdata/main_720p.hvcc");
    let config = VideoConfig::hevc(Bytes::from_static(record));
    Config::Video(Arc::new(config.unwrap()))
}

fn audio_config() -> Config {
    Config::Audio(Arc::new(AudioConfig {
        codec: AudioCodec::Aac,
        sample_rate: 48_000,
        channels: 2,
        decoder_config: Bytes::from_static(&[0x11, 0x90]),
    }))
}
