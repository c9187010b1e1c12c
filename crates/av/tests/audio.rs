//! The AAC encoder, judged by what a decoder makes of its access units.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use onair_av::capture::{AudioSource, Tone};
use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_av::{AudioSamples, Error};
use onair_media::aac::{AudioSpecificConfig, adts};
use onair_media::{Bitrate, Config, Packet, Timestamp};

const RATE: u32 = 48_000;

fn mono() -> AudioSettings {
    AudioSettings {
        channels: 1,
        bitrate: Bitrate::kbps(96),
        ..AudioSettings::default()
    }
}

fn samples(data: Vec<f32>, timestamp: Timestamp) -> AudioSamples {
    AudioSamples {
        samples: Arc::from(data),
        channels: 1,
        sample_rate: RATE,
        timestamp,
    }
}

/// A steady tone from sample `from` on, at the time of that sample.
fn tone(from: i64, count: i64) -> AudioSamples {
    let data = (from..from + count).map(|n| 0.5 * (n as f32 * 0.0576).sin());
    samples(data.collect(), Timestamp::from_ticks(from, RATE))
}

fn encode(blocks: impl IntoIterator<Item = AudioSamples>) -> Vec<Packet> {
    let mut encoder = AudioEncoder::open(&mono()).unwrap();
    let mut packets = Vec::new();
    for block in blocks {
        packets.extend(encoder.encode(&block).unwrap());
    }
    packets.extend(encoder.finish().unwrap());
    packets
}

/// What is heard, from the timeline's origin on: priming falls off the front.
fn heard(packets: &[Packet]) -> Vec<f32> {
    let Config::Audio(config) = &packets[0].config else {
        panic!("a video packet");
    };
    let mut stream = Vec::new();
    for packet in packets {
        let config = AudioSpecificConfig::parse(&config.decoder_config).unwrap();
        stream.extend(adts::wrap(&config, &packet.payload).unwrap());
    }
    let decoded = syom::decode_with(&stream, &syom::DecodeOptions::unbounded()).unwrap();
    let first = Timestamp::from_ticks(-1024, RATE);
    assert_eq!(packets[0].pts, first);
    decoded.channels[0][1024..].to_vec()
}

fn loudness(audio: &[f32]) -> f32 {
    let sum: f32 = audio.iter().map(|sample| sample * sample).sum();
    (sum / audio.len() as f32).sqrt()
}

#[test]
fn access_units_follow_each_other_by_count_from_before_the_first_audio() {
    let packets = encode((0..100).map(|n| tone(n * 480, 480)));
    // 48 000 samples are 46.875 access units; one more is the priming.
    assert_eq!(packets.len(), 48);
    for (index, packet) in (0..).zip(&packets) {
        let due = Timestamp::from_ticks((index - 1) * 1024, RATE);
        assert_eq!((packet.pts, packet.dts, packet.keyframe), (due, due, true));
        assert!(packet.config.same(&packets[0].config));
    }
}

#[test]
fn the_cut_of_the_input_does_not_matter() {
    let whole = encode([tone(0, 9000)]);
    for step in [1_i64, 480, 1023, 1024, 1025, 4000] {
        let starts = (0..9000).step_by(usize::try_from(step).unwrap());
        let cut = encode(starts.map(|from| tone(from, step.min(9000 - from))));
        assert!(cut == whole, "in steps of {step}");
    }
}

#[test]
fn audio_is_heard_when_it_was_made() {
    let mut data = vec![0.0; 9600];
    for (n, sample) in data[4800..].iter_mut().enumerate() {
        *sample = 0.5 * (n as f32 * 0.13).sin();
    }
    let audio = heard(&encode([samples(data, Timestamp::ZERO)]));
    assert!(loudness(&audio[..4500]) < 0.02);
    assert!(loudness(&audio[4900..9500]) > 0.3);
    let onset = audio.iter().position(|sample| sample.abs() > 0.2).unwrap();
    assert!((4790..4830).contains(&onset), "at {onset}");
}

#[test]
fn a_gap_is_filled_with_exactly_the_missing_silence() {
    let audio = heard(&encode([tone(0, 10_000), tone(20_000, 10_000)]));
    assert!(loudness(&audio[11_100..18_900]) < 0.001);
    let onset = audio[12_000..].iter().position(|s| s.abs() > 0.2).unwrap();
    assert!((19_980..20_060).contains(&(12_000 + onset)), "at {onset}");
    let reference = encode([
        tone(0, 10_000),
        samples(vec![0.0; 10_000], Timestamp::from_ticks(10_000, RATE)),
        tone(20_000, 10_000),
    ]);
    assert!(encode([tone(0, 10_000), tone(20_000, 10_000)]) == reference);
}

#[test]
fn an_overlap_is_cut_exactly() {
    let overlapping = encode([tone(0, 10_000), tone(8000, 10_000)]);
    assert!(overlapping == encode([tone(0, 18_000)]));
    let repeated = encode([tone(0, 10_000), tone(2000, 3000), tone(10_000, 8000)]);
    assert!(repeated == encode([tone(0, 18_000)]));
}

#[test]
fn timestamps_may_waver_without_harm() {
    let steady = encode((0..50).map(|n| tone(n * 480, 480)));
    let wavering = encode((0..50).map(|n| {
        let mut block = tone(n * 480, 480);
        block.timestamp = block.timestamp.offset((n % 5 - 2) * 2_000_000);
        block
    }));
    // Only the first block's own time counts: it sets the origin.
    let offset = -4_000_000;
    assert_eq!(wavering.len(), steady.len());
    for (a, b) in wavering.iter().zip(&steady) {
        assert!(a.payload == b.payload && a.pts == b.pts.offset(offset));
    }
}

#[test]
fn a_leap_of_the_clock_moves_the_timeline_without_an_hour_of_silence() {
    let mut late = tone(0, 4096);
    late.timestamp = Timestamp::from_millis(3_600_000);
    let packets = encode([tone(0, 4096), late]);
    assert!(packets.len() < 12);
    assert!(packets.is_sorted_by(|a, b| a.dts < b.dts));
    assert!(packets.last().unwrap().pts > Timestamp::from_millis(3_600_000));
}

#[test]
fn audio_from_long_ago_is_dropped_and_time_goes_on() {
    let mut early = tone(0, 480);
    early.timestamp = Timestamp::from_millis(-3_600_000);
    let packets = encode([tone(0, 4096), early, tone(4096, 4096)]);
    assert!(packets == encode([tone(0, 8192)]));
}

#[test]
fn samples_out_of_range_or_no_numbers_do_no_harm() {
    let hostile = vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 7.0, -7.0, 1.0];
    let data: Vec<f32> = hostile.into_iter().cycle().take(8190).collect();
    let packets = encode([samples(data, Timestamp::ZERO), tone(8190, 2050)]);
    let audio = heard(&packets);
    assert!(audio.iter().all(|sample| sample.is_finite()));
    assert!(loudness(&audio[9300..10_100]) > 0.2, "it goes on");
}

#[test]
fn mono_and_stereo_become_what_is_asked() {
    let stereo = AudioSamples {
        samples: [0.5_f32, -0.5].repeat(4096).into(),
        channels: 2,
        ..tone(0, 0)
    };
    assert!(loudness(&heard(&encode([stereo]))) < 0.001, "they cancel");
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let packets = encoder.encode(&tone(0, 4096)).unwrap();
    let Config::Audio(config) = &packets[0].config else {
        panic!("a video packet");
    };
    assert_eq!((config.channels, config.sample_rate), (2, RATE));
    assert_eq!(
        config.decoder_config[..],
        [0x11, 0x90],
        "AAC-LC, 48 kHz, stereo"
    );
}

/// `route` from `from` to `to` in milliseconds: silence with a beep at 250 ms of
/// each whole second.
fn beeps((sample_rate, channels): (u32, u8), from: i64, to: i64) -> Vec<AudioSamples> {
    let per_block = i64::from(sample_rate / 100);
    let sample = |n: i64| {
        let into = n.rem_euclid(sample_rate.into()) as f32 / sample_rate as f32 - 0.25;
        let is_beep = (0.0..0.05).contains(&into);
        f32::from(u8::from(is_beep)) * 0.5 * (into * 6283.0).cos()
    };
    let block = |at: i64| AudioSamples {
        samples: (at * per_block..(at + 1) * per_block)
            .flat_map(|n| vec![sample(n); channels.into()])
            .collect(),
        channels,
        sample_rate,
        timestamp: Timestamp::from_millis(at * 10),
    };
    (from / 10..to / 10).map(block).collect()
}

#[test]
fn a_headset_comes_and_goes_without_a_hole_and_in_step() {
    let (phone, headset) = ((RATE, 2), (16_000, 1));
    let parts = [(phone, 0, 1000), (headset, 1000, 3000), (phone, 3000, 4000)];
    let blocks = parts.map(|(route, from, to)| beeps(route, from, to));
    let packets = encode(blocks.into_iter().flatten());
    for (index, packet) in (0..).zip(&packets) {
        let due = Timestamp::from_ticks((index - 1) * 1024, RATE);
        assert_eq!(packet.pts, due);
        assert!(packet.config.same(&packets[0].config));
    }
    assert_eq!(packets.len(), 189, "192 000 samples and one of priming");
    let audio = heard(&packets);
    let straight = heard(&encode(beeps((RATE, 1), 0, 4000)));
    for second in 0..4 {
        let onset = |audio: &[f32]| {
            let from = second * 48_000;
            audio[from..].iter().position(|s| s.abs() > 0.2).unwrap()
        };
        let apart = onset(&audio).abs_diff(onset(&straight));
        assert!(apart < 48, "{second}: {apart} samples of 48 a millisecond");
    }
}

#[test]
fn audio_of_any_rate_and_channels_can_be_published() {
    for route in [
        (44_100, 2),
        (8000, 1),
        (96_000, 2),
        (24_000, 3),
        (48_000, 8),
    ] {
        let packets = encode(beeps(route, 0, 1000));
        assert_eq!(packets.len(), 48, "{route:?}");
        let audio = heard(&packets);
        assert!(loudness(&audio[12_100..14_000]) > 0.25, "{route:?}");
        assert!(loudness(&audio[20_000..40_000]) < 0.001, "{route:?}");
    }
}

#[test]
fn the_bitrate_is_what_is_asked() {
    let mut tone = Tone::new(RATE, 2);
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let mut packets = Vec::new();
    for _ in 0..500 {
        let block = tone.next_samples().unwrap().unwrap();
        packets.extend(encoder.encode(&block).unwrap());
    }
    let bytes: usize = packets.iter().map(|packet| packet.payload.len()).sum();
    let kbps = bytes as f64 * 8.0 / 5.0 / 1000.0;
    assert!((115.0..140.0).contains(&kbps), "{kbps}");
}

#[test]
fn another_bitrate_is_taken_on_the_fly_without_a_seam() {
    let mut encoder = AudioEncoder::open(&mono()).unwrap();
    let mut packets = Vec::new();
    for block in 0..300 {
        match block {
            100 => encoder.set_bitrate(Bitrate::kbps(48)).unwrap(),
            200 => encoder.set_bitrate(Bitrate::kbps(96)).unwrap(),
            _ => {}
        }
        packets.extend(encoder.encode(&tone(block * 480, 480)).unwrap());
    }
    let refused = encoder.set_bitrate(Bitrate::kbps(1));
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    for (index, packet) in (0..).zip(&packets) {
        assert_eq!(packet.pts, Timestamp::from_ticks((index - 1) * 1024, RATE));
        assert!(packet.config.same(&packets[0].config));
    }
    let kbps = |packets: &[Packet]| {
        let bytes: usize = packets.iter().map(|packet| packet.payload.len()).sum();
        bytes as u64 * 8 * u64::from(RATE) / (packets.len() as u64 * 1024 * 1000)
    };
    for (part, asked) in [(5..45, 96), (48..92, 48), (95..138, 96)] {
        let is = kbps(&packets[part]);
        assert!(is.abs_diff(asked) <= asked / 10, "{asked} asked, {is} came");
    }
    let heard = heard(&packets);
    let original = tone(0, i64::try_from(heard.len()).unwrap());
    let off = heard.iter().zip(original.samples.iter());
    let off: Vec<_> = off.map(|(is, was)| (is - was).abs()).collect();
    let worst = off[4096..].iter().copied().fold(0.0, f32::max);
    assert!(worst < 0.02, "off by {worst}");
}

#[test]
fn more_bits_than_aac_can_use_are_cut_to_what_it_can() {
    for sample_rate in [8000, 16_000, 44_100, 96_000] {
        let settings = AudioSettings {
            sample_rate,
            bitrate: Bitrate::kbps(10_000),
            ..mono()
        };
        let mut encoder = AudioEncoder::open(&settings).unwrap();
        let mut tone = Tone::new(sample_rate, 1);
        for _ in 0..30 {
            let block = tone.next_samples().unwrap().unwrap();
            for packet in encoder.encode(&block).unwrap() {
                assert!(packet.payload.len() * 8 <= 6144, "{sample_rate}");
            }
        }
    }
}

#[test]
fn settings_and_audio_that_cannot_be_are_refused() {
    for (sample_rate, channels, kbps) in [(44_000, 2, 128), (48_000, 6, 128), (48_000, 0, 128)] {
        let bitrate = Bitrate::kbps(kbps);
        let settings = AudioSettings {
            sample_rate,
            channels,
            bitrate,
        };
        let refusal = AudioEncoder::open(&settings).err().unwrap();
        assert!(matches!(refusal, Error::Unsupported { .. }), "{settings:?}");
    }
    for kbps in [0, 1, 7] {
        let bitrate = Bitrate::kbps(kbps);
        let refusal = AudioEncoder::open(&AudioSettings { bitrate, ..mono() })
            .err()
            .unwrap();
        assert!(matches!(refusal, Error::Invalid { .. }), "{kbps}");
    }
    let mut encoder = AudioEncoder::open(&mono()).unwrap();
    for (sample_rate, channels) in [(0, 1), (u32::MAX, 1), (RATE, 0), (RATE, 10)] {
        let other = AudioSamples {
            sample_rate,
            channels,
            ..tone(0, 480)
        };
        assert!(matches!(
            encoder.encode(&other),
            Err(Error::Unsupported { .. })
        ));
    }
    assert!(encoder.encode(&tone(0, 480)).is_ok(), "it goes on");
}

#[test]
fn an_encoder_that_heard_nothing_finishes_with_nothing() {
    let mut encoder = AudioEncoder::open(&mono()).unwrap();
    assert!(encoder.encode(&tone(0, 0)).unwrap().is_empty());
    assert!(encoder.finish().unwrap().is_empty());
}
