//! Packets for tests.

use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, Packet, Timestamp, Tracks, VideoConfig};

/// 1280x720, Baseline.
const SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
];
const PPS: &[u8] = &[0x68, 0xCE, 0x3C, 0x80];

pub(crate) fn video_config() -> Arc<VideoConfig> {
    let sets = |set: &'static [u8]| [Bytes::from_static(set)];
    let config = VideoConfig::from_parameter_sets(&sets(SPS), &sets(PPS));
    Arc::new(config.expect("good parameter sets"))
}

/// AAC-LC, 48 kHz, stereo.
pub(crate) fn audio_config() -> Arc<AudioConfig> {
    let config = AudioConfig::aac(Bytes::from_static(&[0x11, 0x90]));
    Arc::new(config.expect("a good AudioSpecificConfig"))
}

/// These tracks of a stream.
pub(crate) fn tracks(video: bool, audio: bool) -> Tracks {
    let video = video.then(|| Config::Video(video_config()));
    let audio = audio.then(|| Config::Audio(audio_config()));
    video.into_iter().chain(audio).collect()
}

/// A picture of so many bytes at so many milliseconds, its time written all over it.
pub(crate) fn picture(millis: i64, keyframe: bool, size: usize) -> Packet {
    packet(Config::Video(video_config()), millis, keyframe, size)
}

/// A frame of sound at so many milliseconds.
pub(crate) fn sound(millis: i64) -> Packet {
    packet(Config::Audio(audio_config()), millis, true, 20)
}

/// Pictures 40 ms apart, a keyframe every `gop`, sound in between.
pub(crate) fn stream(pictures: i64, gop: i64) -> Vec<Packet> {
    let pair = |i: i64| [picture(i * 40, i % gop == 0, 100), sound(i * 40 + 20)];
    (0..pictures).flat_map(pair).collect()
}

/// What a demuxer that shares no code with the muxer reads in a file.
pub(crate) fn read(file: &[u8]) -> Vec<Packet> {
    let name = format!("onair-mp4-{:?}.mp4", std::thread::current().id());
    let path = std::env::temp_dir().join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, file).expect("a file");
    let mut demux = onair_demux::open(&path).expect("an MP4");
    let packets = std::iter::from_fn(|| demux.next_packet().expect("a packet")).collect();
    std::fs::remove_file(&path).expect("it was there");
    packets
}

fn packet(config: Config, millis: i64, keyframe: bool, size: usize) -> Packet {
    let mark = millis.to_be_bytes();
    let payload: Vec<u8> = mark.iter().copied().cycle().take(size).collect();
    Packet {
        config,
        pts: Timestamp::from_millis(millis),
        dts: Timestamp::from_millis(millis),
        duration: None,
        keyframe,
        payload: payload.into(),
    }
}
