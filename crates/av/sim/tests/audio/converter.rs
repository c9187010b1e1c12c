use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_av_sim::{Sim, Value};
use onair_media::{Bitrate, Packet};

use crate::rig::{RATE, assert_in_step, assert_no_hole, beeps, config, encode, two_seconds};

const REFUSED: i32 = i32::from_be_bytes(*b"prop");

/// What was asked for as the bit rate.
fn bitrate(sim: &Sim) -> Option<Value> {
    let properties = sim.properties().into_iter();
    let mut rates = properties.filter(|(name, _)| name == "brat");
    rates.next().map(|(_, value)| value)
}

fn payloads(packets: &[Packet]) -> Vec<&[u8]> {
    packets.iter().map(|packet| &packet.payload[..]).collect()
}

#[test]
fn how_much_it_asks_for_at_once_does_not_matter() {
    let sim = Sim::begin();
    let usual = two_seconds();
    for asks in [1, 100, 1000, 4096] {
        sim.turn(|knobs| knobs.audio.asks = Some(asks));
        assert!(
            payloads(&two_seconds()) == payloads(&usual),
            "{asks} at once"
        );
    }
}

#[test]
fn a_rate_that_does_not_apply_becomes_the_nearest_that_does() {
    let sim = Sim::begin();
    for (kbps, applied) in [
        (128, 128_000),
        (10_000, 320_000),
        (1, 48_000),
        (150, 160_000),
    ] {
        let bitrate = Bitrate::kbps(kbps);
        let settings = AudioSettings {
            bitrate,
            ..AudioSettings::default()
        };
        let mut encoder = AudioEncoder::open(&settings).unwrap();
        assert_eq!(encoder.name(), "audiotoolbox");
        assert_eq!(self::bitrate(&sim), Some(Value::Int(applied)), "{kbps}");
        let packets = encode(&mut encoder, &beeps(RATE, 2, 0, 200));
        assert!(!packets.is_empty());
    }
}

#[test]
fn what_it_does_not_tell_has_a_stand_in() {
    let sim = Sim::begin();
    let usual = two_seconds();
    for property in [*b"acbf", *b"aebr", *b"prim", *b"cmgc", *b"xops"] {
        sim.turn(|knobs| knobs.audio.refused = [(property, REFUSED)].into());
        let packets = two_seconds();
        assert_no_hole(&packets);
        assert!(packets[0].config.same(&usual[0].config));
        assert!(payloads(&packets) == payloads(&usual), "{property:?}");
    }
}

#[test]
fn a_magic_cookie_of_nonsense_is_not_believed() {
    let sim = Sim::begin();
    let usual = two_seconds();
    let mono = b"\x03\x19\0\0\0\x04\x11\x40\x15\0\x18\0\0\x01\xf4\0\0\x01\xf4\0\x05\x02\x11\x88\x06\x01\x02";
    for cookie in [&b""[..], b"nonsense", mono] {
        sim.turn(|knobs| knobs.audio.cookie = Some(cookie.to_vec()));
        assert_eq!(config(&two_seconds()[0]), config(&usual[0]), "{cookie:?}");
    }
}

#[test]
fn without_a_converter_the_portable_encoder_is_taken() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.audio.create = [i32::from_be_bytes(*b"fmt?")].into());
    let encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    assert_eq!(encoder.name(), "syom");
    sim.turn(|knobs| knobs.audio.refused = [(*b"brat", REFUSED)].into());
    let encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    assert_eq!(encoder.name(), "syom");
    assert!(
        sim.living().is_empty(),
        "the refused converter is disposed of"
    );
}

#[test]
fn a_converter_that_dies_is_replaced_without_a_hole() {
    let sim = Sim::begin();
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let blocks = beeps(RATE, 2, 0, 3000);
    let mut packets = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if index == 150 {
            sim.turn(|knobs| knobs.audio.fill = [i32::from_be_bytes(*b"!stt")].into());
        }
        packets.extend(encoder.encode(block).unwrap());
    }
    packets.extend(encoder.finish().unwrap());
    assert_eq!(encoder.name(), "audiotoolbox");
    assert_eq!(sim.living().get("AudioConverter"), Some(&1));
    assert_in_step(&packets, 3);
}

#[test]
fn when_converters_die_at_once_the_portable_encoder_takes_over_in_step() {
    let sim = Sim::begin();
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let (before, after) = (beeps(RATE, 2, 0, 1500), beeps(RATE, 2, 1500, 3000));
    let before = before
        .iter()
        .flat_map(|block| encoder.encode(block).unwrap());
    let mut packets: Vec<Packet> = before.collect();
    sim.turn(|knobs| knobs.audio.fill = [-1; 4].into());
    packets.extend(encode(&mut encoder, &after));
    assert_eq!(encoder.name(), "syom");
    assert!(sim.living().is_empty());
    assert_in_step(&packets, 3);
}

#[test]
fn an_encoder_left_in_the_middle_leaves_nothing_behind() {
    let sim = Sim::begin();
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    for block in beeps(RATE, 2, 0, 500) {
        encoder.encode(&block).unwrap();
    }
    drop(encoder);
    assert!(sim.living().is_empty());
}

#[test]
fn a_rate_the_converter_does_not_have_goes_to_the_portable_encoder() {
    let _sim = Sim::begin();
    let settings = AudioSettings {
        sample_rate: 96_000,
        ..AudioSettings::default()
    };
    assert_eq!(AudioEncoder::open(&settings).unwrap().name(), "syom");
}
