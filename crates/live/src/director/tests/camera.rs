use onair_av::device::Interruption::{AudioInUse, Background, CameraInUse, SharedScreen};

use super::*;

const LEAVING: &str = "slate, keyframe, Video(false), \"NoVideo(Background)\"";
const RETURNING: &str = "Video(true), Start, camera, \"Video\"";

#[test]
fn a_preview_activates_audio_and_starts_and_a_show_keeps_the_screen_awake() {
    let mut phone = Phone::new();
    assert_eq!(
        phone.tell(Event::Order(Order::Start)),
        "ActivateAudio, Start"
    );
    assert_eq!(phone.go_live(), "awake");
    assert_eq!(phone.wait(3600), "");
    assert_eq!(phone.tell(Event::End), "may sleep");
    assert_eq!(
        phone.tell(Event::Order(Order::Stop)),
        "Stop, DeactivateAudio"
    );
}

#[test]
fn who_leaves_the_application_is_seen_no_more_and_heard_on() {
    let mut phone = Phone::on_air();
    assert_eq!(phone.tell(Event::Background), LEAVING);
    assert_eq!(phone.wait(3600), "");
    assert_eq!(phone.tell(Event::Foreground), RETURNING);
}

#[test]
fn the_slate_stays_until_the_camera_runs_again() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.refuses.push(Order::Start);
    let refused =
        "Video(true), Start, \"Trouble(\"no\")\", \"NoVideo(Failed)\", \"NoAudio(Failed)\"";
    assert_eq!(phone.tell(Event::Foreground), refused);
    phone.refuses.clear();
    let back = "0.5: Start, 0.5: camera, 0.5: \"Video\", 0.5: \"Audio\"";
    assert_eq!(phone.wait(1), back);
}

#[test]
fn an_interruption_before_the_word_of_the_background_is_started_over_once() {
    let mut phone = Phone::on_air();
    assert_eq!(
        phone.device(Told::CameraInterrupted(Background)),
        "slate, keyframe, \"NoVideo(Background)\""
    );
    assert_eq!(phone.tell(Event::Background), "Video(false), Start");
    assert_eq!(phone.wait(3600), "");
    assert_eq!(phone.tell(Event::Foreground), RETURNING);
}

#[test]
fn an_interruption_after_the_word_of_the_background_is_started_over_once() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    assert_eq!(phone.device(Told::CameraInterrupted(Background)), "Start");
    assert_eq!(phone.device(Told::CameraInterrupted(Background)), "");
    assert_eq!(phone.wait(3600), "");
    assert_eq!(phone.tell(Event::Foreground), RETURNING);
    assert_eq!(phone.device(Told::CameraInterruptionEnded), "");
}

#[test]
fn the_end_of_an_interruption_in_the_background_brings_no_camera() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.device(Told::CameraInterrupted(Background));
    assert_eq!(phone.device(Told::CameraInterruptionEnded), "");
    assert_eq!(phone.tell(Event::Foreground), RETURNING);
}

#[test]
fn being_told_twice_is_being_told_once() {
    let mut phone = Phone::on_air();
    assert_eq!(phone.tell(Event::Background), LEAVING);
    assert_eq!(phone.tell(Event::Background), "");
    assert_eq!(phone.tell(Event::Foreground), RETURNING);
    assert_eq!(phone.tell(Event::Foreground), "");
    phone.device(Told::CameraInterrupted(SharedScreen));
    assert_eq!(phone.device(Told::CameraInterrupted(SharedScreen)), "");
    assert_ne!(phone.device(Told::CameraInterruptionEnded), "");
    assert_eq!(phone.device(Told::CameraInterruptionEnded), "");
}

#[test]
fn late_news_of_the_background_are_not_believed_for_long() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.tell(Event::Foreground);
    let late = phone.device(Told::CameraInterrupted(Background));
    assert_eq!(late, "slate, keyframe, \"NoVideo(Background)\"");
    assert_eq!(phone.wait(3), "2: Start, 2: camera, 2: \"Video\"");
}

#[test]
fn a_camera_that_another_takes_is_let_go_so_that_audio_goes_on() {
    let mut phone = Phone::on_air();
    let taken = phone.device(Told::CameraInterrupted(CameraInUse));
    assert_eq!(taken, "Video(false), Start, \"NoVideo(InUse)\"");
    assert_eq!(phone.wait(4), "3: slate, 3: keyframe");
    assert_eq!(phone.device(Told::CameraInterruptionEnded), RETURNING);
}

#[test]
fn a_camera_that_was_let_go_is_tried_again_now_and_then() {
    let mut phone = Phone::on_air();
    phone.device(Told::CameraInterrupted(CameraInUse));
    phone.wait(4);
    phone.refuses.push(Order::Video(true));
    let tried = "6: Video(true), 6: Start, 6: \"Trouble(\"no\")\"";
    assert!(phone.wait(7).starts_with(tried));
}

#[test]
fn a_camera_that_is_still_taken_when_tried_is_let_go_again_for_longer() {
    let mut phone = Phone::on_air();
    phone.device(Told::CameraInterrupted(SharedScreen));
    assert!(phone.wait(10).ends_with("10: camera, 10: \"Video\""));
    let taken = phone.device(Told::CameraInterrupted(SharedScreen));
    assert_eq!(taken, "Video(false), Start, \"NoVideo(SharedScreen)\"");
    assert!(phone.wait(19).ends_with("3: slate, 3: keyframe"));
    assert!(phone.wait(1).ends_with("1: camera, 1: \"Video\""));
}

#[test]
fn a_preview_whose_camera_is_taken_waits_for_it() {
    let mut phone = Phone::in_preview();
    let taken = phone.device(Told::CameraInterrupted(CameraInUse));
    assert_eq!(taken, "\"NoVideo(InUse)\"");
    assert_eq!(phone.wait(3600), "");
    assert_eq!(
        phone.device(Told::CameraInterruptionEnded),
        "Start, \"Video\""
    );
}

#[test]
fn a_preview_nobody_sees_gives_the_microphone_back() {
    let mut phone = Phone::in_preview();
    assert_eq!(phone.tell(Event::Background), "Stop, DeactivateAudio");
    assert_eq!(phone.wait(3600), "");
    assert_eq!(phone.tell(Event::Foreground), "ActivateAudio, Start");
}

#[test]
fn a_show_that_ends_in_the_background_leaves_nothing_running() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    assert_eq!(phone.tell(Event::End), "Stop, DeactivateAudio, may sleep");
    let back = "Video(true), ActivateAudio, Start, \"Video\"";
    assert_eq!(phone.tell(Event::Foreground), back);
}

#[test]
fn going_live_while_interrupted_begins_with_the_slate() {
    let mut phone = Phone::in_preview();
    phone.device(Told::CameraInterrupted(AudioInUse));
    assert_eq!(phone.go_live(), "slate, keyframe, awake");
    let back = phone.device(Told::CameraInterruptionEnded);
    assert_eq!(back, "ActivateAudio, Start, camera, \"Video\", \"Audio\"");
}

#[test]
fn going_live_without_a_camera_lets_it_go_and_tries_again() {
    let mut phone = Phone::in_preview();
    phone.device(Told::CameraInterrupted(CameraInUse));
    let live = phone.go_live();
    assert_eq!(live, "slate, keyframe, Video(false), Start, awake");
    let tried = phone.wait(10);
    assert!(tried.starts_with("10: Video(true), 10: Start"), "{tried}");
}

#[test]
fn going_live_from_the_background_waits_for_the_foreground() {
    let mut phone = Phone::in_preview();
    phone.tell(Event::Background);
    let live = phone.go_live();
    assert!(
        live.starts_with("slate, keyframe, Video(false), awake"),
        "{live}"
    );
    assert!(!live.contains("Start") && !live.contains("ActivateAudio"));
    assert_eq!(phone.wait(3600), "");
    let back = phone.tell(Event::Foreground);
    assert!(
        back.contains("Video(true), ActivateAudio, Start, camera"),
        "{back}"
    );
}

#[test]
fn a_camera_that_is_not_allowed_is_a_slate_and_the_microphone_goes_on() {
    let mut phone = Phone::on_air();
    let denied = Told::Permission {
        kind: Kind::Camera,
        granted: false,
    };
    let denied = phone.device(denied);
    assert_eq!(denied, "slate, keyframe, \"NoVideo(NotAllowed)\"");
    assert!(!phone.director.is_allowed_nothing());
    let denied = Told::Permission {
        kind: Kind::Microphone,
        granted: false,
    };
    assert_eq!(phone.device(denied), "\"NoAudio(NotAllowed)\"");
    assert!(phone.director.is_allowed_nothing());
    assert_eq!(phone.wait(3600), "", "it goes on");
    let granted = Told::Permission {
        kind: Kind::Camera,
        granted: true,
    };
    assert_eq!(phone.device(granted), "Start, camera, \"Video\"");
}

#[test]
fn a_start_that_is_not_allowed_is_told_once() {
    let mut phone = Phone::new();
    phone.refuses = vec![Order::Start];
    phone.refusal = Error::NotAllowed(Kind::Camera);
    let denied = Told::Permission {
        kind: Kind::Camera,
        granted: false,
    };
    let told = [phone.tell(Event::Order(Order::Start)), phone.device(denied)];
    let words = told.concat();
    assert!(!words.contains("Trouble"), "{words}");
    assert_eq!(words.matches("NotAllowed").count(), 1, "{words}");
}

#[test]
fn an_encoder_that_comes_back_in_time_is_no_news() {
    let mut phone = Phone::on_air();
    assert_eq!(phone.tell(Event::EncoderLost), "");
    assert_eq!(phone.wait(0), "");
    assert_eq!(phone.tell(Event::EncoderBack), "keyframe");
    assert_eq!(phone.tell(Event::EncoderBack), "");
}

#[test]
fn an_encoder_that_stays_away_is_a_frame_that_is_missing() {
    let mut phone = Phone::on_air();
    phone.tell(Event::EncoderLost);
    phone.now += Duration::from_millis(500);
    phone.tell(Event::EncoderLost);
    let missed = "0.5: \"NoVideo(Failed)\", 3.5: slate, 3.5: keyframe";
    assert_eq!(phone.wait(60), missed);
    let back = phone.tell(Event::EncoderBack);
    assert_eq!(back, "keyframe, camera, \"Video\"");
}

#[test]
fn the_encoder_goes_with_the_screen_and_has_a_second_to_come_back_with_it() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.tell(Event::EncoderLost);
    assert_eq!(phone.wait(60), "");
    assert_eq!(phone.tell(Event::Foreground), RETURNING);
    assert_eq!(phone.tell(Event::EncoderBack), "keyframe");
    assert_eq!(phone.wait(60), "");
}

#[test]
fn a_turn_waits_for_the_end_of_the_show() {
    let mut phone = Phone::in_preview();
    let turn = |rotation| Event::Order(Order::Rotation(rotation));
    assert_eq!(phone.tell(turn(Rotation::Quarter)), "Rotation(Quarter)");
    phone.go_live();
    assert_eq!(phone.tell(turn(Rotation::Half)), "");
    assert_eq!(phone.tell(turn(Rotation::None)), "");
    let end = phone.tell(Event::End);
    assert!(end.contains("Rotation(None)"), "{end}");
    assert!(!phone.tell(Event::End).contains("Rotation"));
}

#[test]
fn a_turn_from_before_the_show_is_made_in_it_when_services_were_dead() {
    let mut phone = Phone::in_preview();
    phone.device(Told::ServicesLost);
    let turned = phone.tell(Event::Order(Order::Rotation(Rotation::Quarter)));
    assert_eq!(turned, "");
    phone.go_live();
    phone.tell(Event::Order(Order::Rotation(Rotation::Half)));
    let reset = phone.device(Told::ServicesReset);
    assert!(reset.contains("Rotation(Quarter)"), "{reset}");
    let end = phone.tell(Event::End);
    assert!(end.contains("Rotation(Half)"), "{end}");
}

#[test]
fn a_turn_that_was_meant_for_another_camera_is_forgotten() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Order(Order::Rotation(Rotation::Half)));
    let front = device::Camera::Facing(device::Position::Front);
    phone.tell(Event::Order(Order::Camera(front)));
    let end = phone.tell(Event::End);
    assert!(!end.contains("Rotation"), "{end}");
}
