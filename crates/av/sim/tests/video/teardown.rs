use onair_av_sim::{Delivery, Sim};

use crate::rig::{Bell, Rig};

#[test]
fn an_encoder_can_go_with_frames_inside() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    let mut rig = Rig::open();
    rig.steps(5);
    drop(rig);
    let living = sim.living();
    assert!(!living.contains_key("VTCompressionSession"), "{living:?}");
}

#[test]
fn callbacks_after_the_encoder_is_gone_find_nobody() {
    let sim = Sim::begin();
    sim.turn(|knobs| {
        knobs.delivery = Delivery::Held;
        knobs.late = true;
    });
    let (waker, rings) = Bell::hung();
    let mut rig = Rig::open();
    rig.encoder.wake(waker);
    rig.steps(5);
    drop(rig);
    sim.release(5);
    drop(sim);
    assert!(rings.try_recv().is_err());
}

#[test]
fn an_encoder_can_go_while_callbacks_are_under_way() {
    for frames in 0..20 {
        let _sim = Sim::begin();
        let mut rig = Rig::open();
        rig.steps(frames % 5);
    }
}

#[test]
fn packets_can_stay_in_an_encoder_that_goes() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    let (waker, rings) = Bell::hung();
    let mut rig = Rig::open();
    rig.encoder.wake(waker);
    rig.steps(3);
    sim.release(3);
    (0..3).for_each(|_| crate::rig::hear(&rings));
    assert_eq!(sim.living()["CMSampleBuffer"], 3);
    drop(rig);
}

#[test]
fn an_encoder_that_never_saw_a_frame_leaves_nothing() {
    let _sim = Sim::begin();
    let mut rig = Rig::open();
    assert!(rig.finish().is_empty());
}
