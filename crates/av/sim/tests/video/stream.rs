use std::ptr;
use std::time::Duration;

use onair_av::Error;
use onair_av::capture::Mark;
use onair_av::encode::{VideoEncoder, VideoSettings, available};
use onair_av_sim::{Delivery, Sim};
use onair_media::h264::{AvcDecoderConfig, Sps};
use onair_media::{FrameRate, Size};

use crate::common::{self, decode, encode, video_config};
use crate::rig::{Bell, Rig, hear, keyframes, numbers, settings, time_of};

#[test]
fn a_test_card_comes_out_as_it_went_in() {
    let _sim = Sim::begin();
    let settings = VideoSettings {
        keyframe_interval: Duration::from_secs(1),
        ..settings()
    };
    let packets = encode(&settings, 70, &[47]);
    assert_eq!(packets.len(), 70);
    for (index, packet) in (0..).zip(&packets) {
        assert_eq!((packet.pts, packet.dts), (time_of(index), time_of(index)));
        assert_eq!(packet.duration, Some(settings.frame_rate.time_of(1)));
        let expected = [0, 30, 47, 60].contains(&index);
        assert_eq!(packet.keyframe, expected, "{index}");
    }
    let Some(frames) = decode(&packets, settings.size) else {
        return;
    };
    let marks = frames
        .iter()
        .map(|luma| Mark::read_luma(luma, settings.size));
    let marks: Vec<_> = marks.map(|mark| mark.unwrap().frame).collect();
    assert_eq!(marks, (0..70).collect::<Vec<_>>());
}

#[test]
fn the_configuration_says_what_the_stream_is() {
    let _sim = Sim::begin();
    let packets = encode(&settings(), 3, &[]);
    let config = video_config(&packets[0]);
    assert_eq!(config.size, Size::new(320, 180));
    assert_eq!(config.frame_rate, FrameRate::new(30, 1));
    let record = AvcDecoderConfig::parse(&config.decoder_config).unwrap();
    assert_eq!(Sps::parse(&record.sps[0]).unwrap().profile, 100);
    assert_eq!((record.sps.len(), record.pps.len()), (1, 1));
}

#[test]
fn it_is_what_auto_takes_first_and_claims_no_hardware_it_does_not_know() {
    let _sim = Sim::begin();
    let listed = available();
    assert!(listed[0].name == "videotoolbox" && listed[0].default);
    assert_eq!(listed[0].hardware, None);
    let encoder = VideoEncoder::open(&common::settings(320, 180)).unwrap();
    assert_eq!(encoder.name(), "videotoolbox");
}

#[test]
fn where_it_does_not_open_auto_falls_back() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.create = [-12908].into());
    let encoder = VideoEncoder::open(&common::settings(320, 180)).unwrap();
    assert_eq!(encoder.name(), "openh264");
}

#[test]
fn odd_sizes_are_refused_with_what_would_work() {
    let _sim = Sim::begin();
    let odd = VideoSettings {
        size: Size::new(321, 179),
        ..settings()
    };
    let refusal = VideoEncoder::open(&odd).err().unwrap();
    assert!(matches!(refusal, Error::Unsupported { .. }));
    assert!(refusal.to_string().contains("320x178"), "{refusal}");
}

#[test]
fn a_callback_before_the_frame_is_taken_gives_the_packet_at_once() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Inline);
    let mut rig = Rig::open();
    for index in 0..10 {
        assert_eq!(numbers(&rig.step()), [index]);
    }
    assert!(rig.finish().is_empty());
}

#[test]
fn a_slow_callback_wakes_whoever_waits_for_its_packet() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    let mut rig = Rig::open();
    let (waker, rings) = Bell::hung();
    rig.encoder.wake(waker);
    assert!(rig.steps(3).is_empty());
    for index in 0..3 {
        assert!(rings.try_recv().is_err(), "nothing is done yet");
        assert!(rig.encoder.poll_packets().unwrap().is_empty());
        sim.release(1);
        hear(&rings);
        assert_eq!(numbers(&rig.encoder.poll_packets().unwrap()), [index]);
    }
}

#[test]
fn packets_done_before_anybody_asked_to_be_woken_are_told_at_once() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    let mut rig = Rig::open();
    let (first, rings) = Bell::hung();
    rig.encoder.wake(first);
    rig.step();
    sim.release(1);
    hear(&rings);
    let (second, rings) = Bell::hung();
    rig.encoder.wake(second);
    hear(&rings);
}

#[test]
fn frames_do_not_pile_up_in_an_encoder_that_does_not_keep_up() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    let mut rig = Rig::open();
    let mut packets = Vec::new();
    for index in 1..=30 {
        packets.extend(rig.step());
        assert!(
            index - packets.len() <= 8,
            "{index} in, {} out",
            packets.len()
        );
    }
    packets.extend(rig.finish());
    assert_eq!(numbers(&packets), (0..30).collect::<Vec<_>>());
}

#[test]
fn other_parameter_sets_are_another_configuration() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Inline);
    let mut rig = Rig::open();
    let mut packets = rig.steps(5);
    sim.turn(|knobs| knobs.other_level = true);
    packets.extend(rig.steps(5));
    let config = |index: usize| video_config(&packets[index]);
    assert!(ptr::eq(config(0), config(4)) && ptr::eq(config(5), config(9)));
    assert_ne!(config(4).decoder_config, config(5).decoder_config);
    let Some(frames) = decode(&packets, settings().size) else {
        return;
    };
    assert_eq!(frames.len(), 10);
}

#[test]
fn the_same_parameter_sets_in_another_description_are_the_same_configuration() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.fresh_descriptions = true);
    let packets = encode(&settings(), 10, &[3, 6]);
    let first = video_config(&packets[0]);
    let same = |packet| ptr::eq(first, video_config(packet));
    assert!(packets.len() == 10 && packets.iter().all(same));
}

#[test]
fn a_dropped_frame_is_no_error_and_what_it_was_to_be_the_next_one_is() {
    for flagged in [false, true] {
        let sim = Sim::begin();
        sim.turn(|knobs| knobs.delivery = Delivery::Inline);
        let mut rig = Rig::open();
        let mut packets = rig.steps(4);
        sim.turn(|knobs| knobs.drops = [Some(flagged), None, Some(flagged)].into());
        let frame = rig.frame();
        packets.extend(rig.encoder.encode(&frame, true).unwrap());
        packets.extend(rig.steps(5));
        assert_eq!(numbers(&packets), [0, 1, 2, 3, 5, 7, 8, 9]);
        let expected = [true, false, false, false, true, false, false, false];
        assert_eq!(keyframes(&packets), expected);
        assert_eq!(
            (rig.encoder.take_dropped(), rig.encoder.take_dropped()),
            (2, 0)
        );
    }
}
