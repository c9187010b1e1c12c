use onair_av::device::Interruption::{AudioInUse, Background};

use super::*;

const ENDED: Told = Told::AudioInterruptionEnded {
    should_resume: true,
};
const ENDED_FOR_NOW: Told = Told::AudioInterruptionEnded {
    should_resume: false,
};

#[test]
fn audio_is_activated_again_when_the_interruption_ends() {
    let mut phone = Phone::on_air();
    assert_eq!(phone.device(Told::AudioInterrupted), "\"NoAudio(InUse)\"");
    assert_eq!(phone.wait(600), "");
    let back = phone.device(ENDED);
    assert_eq!(back, "ActivateAudio, Start, \"Audio\"");
}

#[test]
fn without_the_systems_advice_audio_waits_for_the_foreground() {
    let mut phone = Phone::on_air();
    phone.device(Told::AudioInterrupted);
    assert_eq!(phone.device(ENDED_FOR_NOW), "");
    phone.tell(Event::Background);
    let back = phone.tell(Event::Foreground);
    assert!(back.contains("ActivateAudio"), "{back}");
    assert!(back.ends_with("\"Audio\""), "{back}");
}

#[test]
fn without_the_systems_advice_audio_waits_for_the_user() {
    for event in [Event::Mute(false), Event::Order(Order::ActivateAudio)] {
        let mut phone = Phone::on_air();
        phone.device(Told::AudioInterrupted);
        phone.device(ENDED_FOR_NOW);
        assert_eq!(phone.wait(600), "");
        assert_eq!(phone.tell(event), "ActivateAudio, Start, \"Audio\"");
    }
}

#[test]
fn a_call_takes_audio_and_camera_and_gives_both_back_in_either_order() {
    let begin = [Told::AudioInterrupted, Told::CameraInterrupted(AudioInUse)];
    let end = [ENDED, Told::CameraInterruptionEnded];
    for (first, second) in [(0, 1), (1, 0)] {
        let mut phone = Phone::on_air();
        phone.device(begin[first].clone());
        phone.device(begin[second].clone());
        assert_eq!(phone.wait(60), "3: slate, 3: keyframe");
        let mut back = phone.device(end[first].clone());
        back += &phone.device(end[second].clone());
        assert!(back.contains("ActivateAudio"), "{back}");
        assert!(back.contains("\"Video\""), "{back}");
        assert!(back.contains("\"Audio\""), "{back}");
        assert_eq!(phone.wait(600), "");
    }
}

#[test]
fn a_call_that_leaves_the_screen_first_ends_in_the_foreground() {
    let mut phone = Phone::on_air();
    phone.device(Told::AudioInterrupted);
    phone.device(Told::CameraInterrupted(AudioInUse));
    phone.tell(Event::Background);
    phone.device(Told::CameraInterrupted(Background));
    phone.wait(60);
    phone.device(ENDED_FOR_NOW);
    let back = phone.tell(Event::Foreground);
    for words in [
        "Video(true)",
        "ActivateAudio",
        "Start",
        "camera",
        "\"Video\"",
        "\"Audio\"",
    ] {
        assert!(back.contains(words), "{words}: {back}");
    }
    assert_eq!(phone.device(Told::CameraInterruptionEnded), "");
}

#[test]
fn during_a_call_in_front_activation_is_refused_and_the_call_is_let_be() {
    let mut phone = Phone::on_air();
    phone.device(Told::CameraInterrupted(AudioInUse));
    phone.tell(Event::Background);
    phone.refuses.push(Order::ActivateAudio);
    let front = phone.tell(Event::Foreground);
    assert!(
        front.contains("ActivateAudio") && front.contains("\"Trouble(\"no\")\""),
        "{front}"
    );
    assert!(
        !front.contains("\"Audio\"") && !front.contains("camera"),
        "{front}"
    );
    let tries = phone.wait(120);
    assert!(tries.matches("ActivateAudio").count() <= 8, "{tries}");
    assert!(!tries.contains("Trouble"), "it is told once: {tries}");
    phone.refuses.clear();
    phone.device(Told::CameraInterruptionEnded);
    let back = phone.wait(30);
    assert!(back.contains("\"Audio\""), "{back}");
}

#[test]
fn late_news_of_a_suspension_are_answered_at_once() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.wait(600);
    phone.tell(Event::Foreground);
    assert_eq!(phone.device(Told::AudioInterrupted), "ActivateAudio, Start");
}

#[test]
fn in_the_background_audio_is_activated_once_and_then_in_front() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.device(Told::AudioInterrupted);
    phone.refuses.push(Order::ActivateAudio);
    assert_eq!(phone.device(ENDED), "ActivateAudio, \"Trouble(\"no\")\"");
    assert_eq!(phone.wait(3600), "");
    phone.refuses.clear();
    let back = phone.tell(Event::Foreground);
    assert!(back.contains("ActivateAudio"), "{back}");
}

#[test]
fn muting_is_kept_from_show_to_show_and_told_to_each() {
    let mut phone = Phone::in_preview();
    assert_eq!(
        phone.tell(Event::Mute(true)),
        "",
        "there is no show to mute"
    );
    assert_eq!(phone.go_live(), "mute, awake");
    assert_eq!(phone.tell(Event::Mute(true)), "");
    phone.tell(Event::End);
    assert_eq!(phone.go_live(), "mute, awake");
    assert_eq!(phone.tell(Event::Mute(false)), "unmute");
}

#[test]
fn a_lost_route_picks_another_input_once() {
    let mut phone = Phone::on_air();
    let lost = |input: &str| Told::RouteChanged {
        input: Some(input.to_owned()),
        lost: true,
    };
    let again = "\"Input(Some(\"iPhone\"))\", Microphone(None)";
    assert_eq!(phone.device(lost("iPhone")), again);
    assert_eq!(phone.device(lost("iPhone")), "");
    let settled = Told::RouteChanged {
        input: Some("iPhone".to_owned()),
        lost: false,
    };
    assert_eq!(phone.device(settled), "");
    assert_eq!(phone.device(lost("iPhone")), "Microphone(None)");
}

#[test]
fn a_new_input_is_told_and_left_to_the_system() {
    let mut phone = Phone::on_air();
    let plugged = Told::RouteChanged {
        input: Some("Headset".to_owned()),
        lost: false,
    };
    assert_eq!(phone.device(plugged), "\"Input(Some(\"Headset\"))\"");
}
