//! What tests write with and read by.

use onair_media::{Config, Packet, Tracks};
use onair_samples::{audio_config, video_config};

/// A stream with these tracks.
pub(crate) fn tracks(video: bool, audio: bool) -> Tracks {
    let video = video.then(|| Config::Video(video_config()));
    let audio = audio.then(|| Config::Audio(audio_config()));
    video.into_iter().chain(audio).collect()
}

/// What a demuxer that shares no code with the muxer reads from a file.
pub(crate) fn read(file: &[u8]) -> Vec<Packet> {
    let name = format!("onair-mp4-{:?}.mp4", std::thread::current().id());
    let path = std::env::temp_dir().join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, file).expect("a file");
    let mut demux = onair_demux::open(&path).expect("an MP4");
    let packets = std::iter::from_fn(|| demux.next_packet().expect("a packet")).collect();
    std::fs::remove_file(&path).expect("it was there");
    packets
}
