//! Video and audio together, through our encoders and an independent decoder.
#![cfg(not(target_vendor = "apple"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{decode, encode, ffmpeg, settings};
use onair_av::capture::{AudioSource, Tone};
use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_media::aac::{AudioSpecificConfig, adts};
use onair_media::{Config, Packet, Timestamp};

const RATE: u32 = 48_000;
const FRAMES: usize = 100;

#[test]
fn flash_and_beep_coincide_within_a_frame() {
    let Some((flashes, beeps)) = flashes().zip(beeps()) else {
        return;
    };
    assert_eq!(flashes.len(), 3, "{flashes:?}");
    assert_eq!(beeps.len(), 3, "{beeps:?}");
    for (second, (flash, beep)) in flashes.into_iter().zip(beeps).enumerate() {
        let apart = flash.nanos_from(beep).abs();
        assert!(apart < 33_000_000, "second {second}: {flash} and {beep}");
    }
}

/// When the disc turns white after the first second, as seen.
fn flashes() -> Option<Vec<Timestamp>> {
    let settings = settings(320, 180);
    let packets = encode(&settings, FRAMES, &[]);
    let frames = decode(&packets, settings.size)?;
    assert_eq!(frames.len(), packets.len());
    // The dial's disc is about here; its digits are elsewhere.
    let spot = |luma: &Vec<u8>| luma[320 * 145 + 52] > 180;
    let lit: Vec<bool> = frames.iter().map(spot).collect();
    let onsets = (1..lit.len()).filter(|&index| lit[index] && !lit[index - 1]);
    Some(onsets.map(|index| packets[index].pts).collect())
}

/// When beeps begin after the first, as heard.
fn beeps() -> Option<Vec<Timestamp>> {
    let mut tone = Tone::new(RATE, 2);
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let mut packets = Vec::new();
    for _ in 0..FRAMES * 10 / 3 {
        let block = tone.next_samples().unwrap().unwrap();
        packets.extend(encoder.encode(&block).unwrap());
    }
    let audio = listen(&packets)?;
    let loud = |at: usize| audio[at..at + 48].iter().any(|s| s.unsigned_abs() > 6000);
    let blocks: Vec<bool> = (0..audio.len() - 48).step_by(48).map(loud).collect();
    let onsets = (1..blocks.len()).filter(|&at| blocks[at] && !blocks[at - 1]);
    let first = packets[0].pts;
    let time = |at: usize| {
        let samples = i64::try_from(at * 48).unwrap();
        first.offset(Timestamp::from_ticks(samples, RATE).as_nanos())
    };
    let after_the_first = onsets.map(time).filter(|at| at.as_millis() > 500);
    Some(after_the_first.collect())
}

fn listen(packets: &[Packet]) -> Option<Vec<i16>> {
    let mut stream = Vec::new();
    for packet in packets {
        let Config::Audio(config) = &packet.config else {
            panic!("a video packet");
        };
        let config = AudioSpecificConfig::parse(&config.decoder_config).unwrap();
        stream.extend(adts::wrap(&config, &packet.payload).unwrap());
    }
    let pcm = ["-f", "s16le", "-ac", "1", "-"];
    let arguments = [&["-f", "aac", "-i", "-"][..], &pcm].concat();
    let bytes = ffmpeg(&arguments, stream)?;
    let samples = bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
    Some(samples.collect())
}
