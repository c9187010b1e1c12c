//! Audio to encode, and what an independent decoder makes of it.

use onair_av::AudioSamples;
use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_media::aac::{AudioSpecificConfig, adts};
use onair_media::{AudioConfig, Config, Packet, Timestamp};

use crate::common;

pub(crate) const RATE: u32 = 48_000;
/// Samples before the first audio, as the simulated converter says.
pub(crate) const PRIMING: i64 = 2112;

/// A tone of half scale from 200 to 300 ms of each second, else silence, in blocks of
/// 10 ms from `from` to `to` milliseconds.
pub(crate) fn beeps(rate: u32, channels: u8, from: i64, to: i64) -> Vec<AudioSamples> {
    let length = i64::from(rate / 100);
    let sample = |n: i64| {
        let millis = n.rem_euclid(rate.into()) * 1000 / i64::from(rate);
        let level = f32::from(u8::from((200..300).contains(&millis))) * 0.5;
        level * (n as f32 * std::f32::consts::TAU * 1000.0 / rate as f32).sin()
    };
    let block = |index: i64| AudioSamples {
        samples: (index * length..(index + 1) * length)
            .flat_map(|n| vec![sample(n); channels.into()])
            .collect(),
        channels,
        sample_rate: rate,
        timestamp: Timestamp::from_millis(index * 10),
    };
    (from / 10..to / 10).map(block).collect()
}

/// Everything `encoder` makes of `blocks`.
pub(crate) fn encode(encoder: &mut AudioEncoder, blocks: &[AudioSamples]) -> Vec<Packet> {
    let mut packets = Vec::new();
    for block in blocks {
        packets.extend(encoder.encode(block).unwrap());
    }
    packets.extend(encoder.finish().unwrap());
    packets
}

/// Two seconds of beeps through an encoder opened with the defaults.
pub(crate) fn two_seconds() -> Vec<Packet> {
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    assert_eq!(encoder.name(), "audiotoolbox");
    encode(&mut encoder, &beeps(RATE, 2, 0, 2000))
}

pub(crate) fn config(packet: &Packet) -> &AudioConfig {
    match &packet.config {
        Config::Audio(config) => config,
        Config::Video(_) => panic!("a video packet"),
    }
}

/// The packets, each behind the one before it by an access unit.
pub(crate) fn assert_no_hole(packets: &[Packet]) {
    for (index, packet) in (0..).zip(packets) {
        let due = Timestamp::from_ticks(index * 1024 - PRIMING, RATE);
        assert_eq!((packet.pts, packet.dts), (due, due), "{index}");
    }
}

/// What FFmpeg hears in the left channel from the timeline's origin on; `None`,
/// loudly, without FFmpeg.
pub(crate) fn heard(packets: &[Packet]) -> Option<Vec<f32>> {
    let mut stream = Vec::new();
    for packet in packets {
        let config = AudioSpecificConfig::parse(&config(packet).decoder_config).unwrap();
        stream.extend(adts::wrap(&config, &packet.payload).unwrap());
    }
    let left = ["-af", "pan=mono|c0=c0"];
    let arguments = [&["-f", "aac", "-i", "-"][..], &left, &["-f", "f32le", "-"]].concat();
    let bytes = common::ffmpeg(&arguments, stream)?;
    let samples = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b));
    let first = usize::try_from(-packets[0].pts.nanos_from(Timestamp::ZERO)).unwrap();
    let before = (first * 48 + 500_000) / 1_000_000;
    Some(samples.skip(before).collect())
}

pub(crate) fn loudness(audio: &[f32]) -> f32 {
    let sum: f32 = audio.iter().map(|sample| sample * sample).sum();
    (sum / audio.len() as f32).sqrt()
}

/// Each second has its beep where it belongs, to the millisecond.
pub(crate) fn assert_in_step(packets: &[Packet], seconds: usize) {
    assert_no_hole(packets);
    let Some(audio) = heard(packets) else { return };
    let onsets = onsets(&audio[..seconds * RATE as usize]);
    assert_eq!(onsets.len(), seconds);
    let is_in_step = |onset: &usize| onset.abs_diff(9600) < 48;
    assert!(onsets.iter().all(is_in_step), "{onsets:?}");
}

/// When the beep of each second begins, in samples from there.
fn onsets(audio: &[f32]) -> Vec<usize> {
    let seconds = audio.chunks(RATE as usize);
    let onset = |second: &[f32]| second.iter().position(|sample| sample.abs() > 0.2);
    seconds.filter_map(onset).collect()
}
