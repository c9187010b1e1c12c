//! What tests write with and read by.

use onair_media::{Config, Packet, Tracks};
use onair_samples::{audio_config, video_config, video_packet};

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

/// Frames 40 ms apart, each shown this long after it is decoded.
pub(crate) fn shown_after(offsets: &[i64]) -> Vec<Packet> {
    let shown = |(i, offset): (i64, &i64)| {
        let mut packet = video_packet(i * 40, i == 0, 50);
        packet.pts = packet.dts.offset(offset * 1_000_000);
        packet
    };
    (0..).zip(offsets).map(shown).collect()
}

/// When frames are shown, after the first one.
pub(crate) fn shown(packets: &[Packet]) -> Vec<i64> {
    let times = packets.iter().map(|packet| packet.pts);
    let first = times.clone().min().expect("a packet");
    times
        .map(|pts| (pts.nanos_from(first) + 500_000) / 1_000_000)
        .collect()
}
