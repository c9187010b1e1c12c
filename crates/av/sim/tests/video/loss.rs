use onair_av::Error;
use onair_av::encode::VideoEncoder;
use onair_av_sim::{Canned, Delivery, Knobs, Sim, Value};
use onair_media::{Bitrate, Packet};

use crate::common::decode;
use crate::rig::{Rig, keyframes, numbers, settings};

/// What VideoToolbox says when a session is of no more use.
const LOSSES: [i32; 4] = [-12903, -12912, -12915, -17691];

/// Five frames, what happens then, and ten more.
fn encode(sim: &Sim, happens: impl FnOnce(&mut Knobs)) -> Vec<Packet> {
    sim.turn(|knobs| knobs.delivery = Delivery::Inline);
    let mut rig = Rig::open();
    let mut packets = rig.steps(5);
    sim.turn(happens);
    packets.extend(rig.steps(10));
    packets.extend(rig.finish());
    packets
}

fn assert_decodes(packets: &[Packet]) {
    if let Some(frames) = decode(packets, settings().size) {
        assert_eq!(frames.len(), packets.len());
    }
}

#[test]
fn lost_as_a_frame_is_handed_over_the_frame_goes_to_another_session() {
    for status in LOSSES {
        let sim = Sim::begin();
        let packets = encode(&sim, |knobs| knobs.encode = [status].into());
        assert_eq!(numbers(&packets), (0..15).collect::<Vec<_>>(), "{status}");
        let keyframes = keyframes(&packets);
        let at: Vec<_> = (0..15).filter(|index| keyframes[*index]).collect();
        assert_eq!((at, sim.sessions()), (vec![0, 5], 2));
        assert_decodes(&packets);
    }
}

#[test]
fn lost_in_a_callback_the_next_frame_is_an_idr() {
    for status in LOSSES {
        let sim = Sim::begin();
        let packets = encode(&sim, |knobs| knobs.callback = [status].into());
        let expected: Vec<_> = (0..15).filter(|index| *index != 5).collect();
        assert_eq!(numbers(&packets), expected, "{status}");
        assert!(packets[5].keyframe && sim.sessions() == 2);
        assert_decodes(&packets);
    }
}

#[test]
fn lost_while_others_are_inside_what_came_before_is_kept() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    sim.turn(|knobs| knobs.callback = [0, 0, -12903].into());
    let mut rig = Rig::open();
    let mut packets = rig.steps(5);
    packets.extend(rig.finish());
    assert_eq!(numbers(&packets), [0, 1]);
    assert_eq!(rig.encoder.take_dropped(), 3);
}

#[test]
fn what_was_done_when_a_session_failed_is_kept() {
    let sim = Sim::begin();
    sim.turn(|knobs| {
        knobs.delivery = Delivery::Held;
        knobs.last_words = true;
    });
    let mut rig = Rig::open();
    rig.steps(3);
    sim.turn(|knobs| knobs.encode = [-12903].into());
    let mut packets = rig.step();
    packets.extend(rig.finish());
    assert_eq!(numbers(&packets), [0, 1, 2, 3]);
    assert_eq!(keyframes(&packets), [true, false, false, true]);
    assert_eq!(rig.encoder.take_dropped(), 0);
}

#[test]
fn while_no_session_is_to_be_had_it_is_asked_for_a_few_times_a_second() {
    let sim = Sim::begin();
    sim.turn(|knobs| {
        knobs.delivery = Delivery::Inline;
        knobs.encode = [-12903].into();
        knobs.create = [0, -12915, -12908, -12903, -12902].into();
    });
    let mut rig = Rig::open();
    assert!(rig.step().is_empty() && rig.encoder.is_lost());
    let why = rig.encoder.loss().unwrap().to_string();
    assert!(
        why.contains("kVTVideoEncoderNotAvailableNowErr (-12915)"),
        "{why}"
    );
    let mut back = None;
    for index in 1..60 {
        let asked = 5 - sim.turn(|knobs| knobs.create.len());
        assert!(asked <= 2 + index / 7, "{asked} times after {index} frames");
        let packets = rig.step();
        if back.is_none() && !packets.is_empty() {
            assert_eq!(
                (numbers(&packets)[0], packets[0].keyframe),
                (index as u64, true)
            );
            back = Some(index);
        }
    }
    assert_eq!(
        back,
        Some(32),
        "four times a quarter of a second, to the next frame"
    );
    assert!(!rig.encoder.is_lost() && sim.sessions() == 2);
}

#[test]
fn a_session_lost_again_and_again_is_not_opened_with_every_frame() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Inline);
    let mut rig = Rig::open();
    rig.step();
    sim.turn(|knobs| knobs.encode = [-12903; 12].into());
    rig.steps(30);
    assert!(sim.sessions() <= 6, "{} in a second", sim.sessions());
}

#[test]
fn lost_while_the_bitrate_changes_the_next_session_has_the_new_one() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Inline);
    let mut rig = Rig::open();
    rig.steps(3);
    sim.turn(|knobs| knobs.refused.insert("AverageBitRate".to_owned(), -12903));
    rig.encoder.set_bitrate(Bitrate::kbps(700)).unwrap();
    sim.turn(|knobs| knobs.refused.clear());
    sim.properties();
    let packets = rig.step();
    assert_eq!(
        (numbers(&packets), keyframes(&packets)),
        (vec![3], vec![true])
    );
    // It is told as soon as there is somebody to refuse it.
    rig.step();
    let average = ("AverageBitRate".to_owned(), Value::Int(700_000));
    assert!(sim.properties().contains(&average));
}

#[test]
fn what_a_lost_session_tells_late_is_not_the_new_ones() {
    let sim = Sim::begin();
    sim.turn(|knobs| {
        knobs.delivery = Delivery::Held;
        knobs.late = true;
    });
    let mut rig = Rig::open();
    rig.steps(3);
    sim.turn(|knobs| {
        knobs.encode = [-12903].into();
        knobs.callback = [-12903; 3].into();
    });
    rig.step();
    sim.release(3);
    let packets = rig.finish();
    assert_eq!(
        (numbers(&packets), keyframes(&packets)),
        (vec![3], vec![true])
    );
    assert_eq!(sim.sessions(), 2);
}

#[test]
fn an_encoder_that_is_away_as_it_is_opened_is_lost_and_not_broken() {
    let sim = Sim::begin();
    for status in LOSSES {
        sim.turn(|knobs| knobs.create = [status].into());
        let error = VideoEncoder::open(&settings()).err().unwrap();
        assert!(matches!(error, Error::Lost { .. }), "{error}");
    }
    sim.turn(|knobs| knobs.create = [-12908].into());
    let error = VideoEncoder::open(&settings()).err().unwrap();
    assert!(matches!(error, Error::Backend { .. }), "{error}");
}

/// Nothing that the headers of VideoToolbox have, and something that is no loss by itself.
const OTHERS: [i32; 2] = [-16_000, -12905];

#[test]
fn an_encoder_that_has_worked_is_lost_by_any_status_as_a_frame_is_handed_over() {
    for status in OTHERS {
        let sim = Sim::begin();
        let packets = encode(&sim, |knobs| knobs.encode = [status].into());
        assert_eq!(numbers(&packets), (0..15).collect::<Vec<_>>(), "{status}");
        assert!(packets[5].keyframe && sim.sessions() == 2);
        assert_decodes(&packets);
    }
}

#[test]
fn an_encoder_that_has_worked_is_lost_by_any_status_in_a_callback() {
    for status in OTHERS {
        let sim = Sim::begin();
        let packets = encode(&sim, |knobs| knobs.callback = [status].into());
        let expected: Vec<_> = (0..15).filter(|index| *index != 5).collect();
        assert_eq!(numbers(&packets), expected, "{status}");
        assert!(packets[5].keyframe && sim.sessions() == 2);
        assert_decodes(&packets);
    }
}

#[test]
fn an_encoder_that_has_worked_is_tried_again_whatever_its_next_sessions_say() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Inline);
    let mut rig = Rig::open();
    rig.steps(5);
    sim.turn(|knobs| {
        knobs.encode = [-16_000; 4].into();
        knobs.callback = [-16_000; 2].into();
    });
    rig.steps(30);
    assert!(sim.sessions() <= 6, "{} in a second", sim.sessions());
    rig.steps(30);
    assert!(!rig.encoder.is_lost());
}

#[test]
fn a_compressed_frame_that_cannot_be_read_is_a_loss_too() {
    let sim = Sim::begin();
    let packets = encode(&sim, |knobs| {
        let (keyframe, other) = (vec![0, 0, 0, 1, 0x65], vec![0, 0, 0, 1, 0x41]);
        knobs.canned = Some(Canned {
            sets: vec![vec![0x67]],
            keyframe,
            other,
        });
    });
    let real = packets.iter().filter(|packet| packet.payload.len() > 5);
    assert!(real.count() >= 5 && sim.sessions() >= 2);
}

#[test]
fn a_refused_bitrate_takes_no_session_away() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Inline);
    let mut rig = Rig::open();
    rig.steps(3);
    sim.turn(|knobs| knobs.refused.insert("AverageBitRate".to_owned(), -12902));
    let refusal = rig.encoder.set_bitrate(Bitrate::kbps(700));
    assert!(matches!(refusal, Err(Error::Backend { .. })), "{refusal:?}");
    assert_eq!((numbers(&rig.step()), sim.sessions()), (vec![3], 1));
    // Nor does it keep another from coming: only that rate is refused, and nobody asks for it.
    sim.turn(|knobs| {
        knobs.refused.clear();
        knobs.encode = [-12903].into();
    });
    assert_eq!((numbers(&rig.step()), sim.sessions()), (vec![4], 2));
    let set = sim.properties();
    let rates = set.iter().filter(|(key, _)| key == "AverageBitRate");
    assert!(
        rates
            .map(|(_, rate)| rate)
            .all(|rate| *rate == Value::Int(400_000)),
        "{set:?}"
    );
}

#[test]
fn an_encoder_that_never_worked_fails_with_any_other_status() {
    for status in OTHERS {
        let turns: [fn(&mut Knobs, i32); 2] = [
            |knobs, status| knobs.encode = [status].into(),
            |knobs, status| knobs.callback = [status].into(),
        ];
        for turn in turns {
            let sim = Sim::begin();
            sim.turn(|knobs| {
                knobs.delivery = Delivery::Inline;
                turn(knobs, status);
            });
            let mut rig = Rig::open();
            let frame = rig.frame();
            let error = rig.encoder.encode(&frame, false).unwrap_err();
            let is_told = error.to_string().contains(&status.to_string());
            assert!(is_told && matches!(error, Error::Backend { .. }), "{error}");
        }
    }
}
