use super::*;

fn failed() -> Told {
    Told::Failed {
        what: "-11800".to_owned(),
    }
}

#[test]
fn dead_services_are_waited_for_and_everything_is_built_anew() {
    let mut phone = Phone::on_air();
    let lost = phone.device(Told::ServicesLost);
    assert_eq!(lost, "\"NoVideo(ServicesLost)\", \"NoAudio(ServicesLost)\"");
    assert_eq!(phone.wait(60), "3: slate, 3: keyframe");
    let reset = "Rebuild, ActivateAudio, Start, camera, \"Video\", \"Audio\"";
    assert_eq!(phone.device(Told::ServicesReset), reset);
}

#[test]
fn a_reset_without_a_loss_is_a_reset_and_its_echo_is_not() {
    let mut phone = Phone::on_air();
    let reset = "Rebuild, ActivateAudio, Start";
    assert_eq!(phone.device(Told::ServicesReset), reset);
    assert_eq!(phone.device(Told::ServicesReset), "");
    phone.wait(5);
    assert_eq!(phone.device(Told::ServicesReset), reset);
}

#[test]
fn a_reset_in_the_background_is_tried_there_once_without_a_camera() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.device(Told::ServicesLost);
    phone.refuses.push(Order::Start);
    let reset = phone.device(Told::ServicesReset);
    let tried = "Rebuild, ActivateAudio, Start, \"Trouble(\"no\")\"";
    assert!(reset.starts_with(tried), "{reset}");
    assert_eq!(phone.wait(3600), "");
    phone.refuses.clear();
    let back = phone.tell(Event::Foreground);
    assert!(back.contains("Video(true), Start, camera"), "{back}");
    assert!(back.contains("\"Video\", \"Audio\""), "{back}");
}

#[test]
fn a_camera_that_was_let_go_is_held_again_after_a_reset() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.device(Told::ServicesLost);
    phone.tell(Event::Foreground);
    let reset = phone.device(Told::ServicesReset);
    let anew = "Rebuild, Video(true), ActivateAudio, Start, camera";
    assert!(reset.starts_with(anew), "{reset}");
}

#[test]
fn a_preview_that_was_reset_behind_is_rebuilt_in_front() {
    let mut phone = Phone::in_preview();
    phone.tell(Event::Background);
    phone.device(Told::ServicesLost);
    assert_eq!(phone.device(Told::ServicesReset), "");
    let front = phone.tell(Event::Foreground);
    assert_eq!(front, "Rebuild, ActivateAudio, Start");
}

#[test]
fn a_session_that_fails_is_started_again_later_and_later() {
    let mut phone = Phone::on_air();
    phone.refuses.push(Order::Start);
    let first = phone.device(failed());
    let told = "\"Trouble(\"-11800\")\", \"NoVideo(Failed)\", \"NoAudio(Failed)\"";
    assert_eq!(first, told);
    let expected = [
        "0.5: Start",
        "1.5: Start",
        "3: slate",
        "3: keyframe",
        "3.5: Rebuild",
        "3.5: Start",
        "7.5: Rebuild",
        "7.5: Start",
    ];
    assert_eq!(phone.wait(10), expected.join(", "));
    let tries = phone.wait(3600);
    assert!(tries.matches("Start").count() <= 130, "{tries}");
    phone.refuses.clear();
    let back = phone.wait(30);
    assert!(back.ends_with("\"Audio\""), "{back}");
}

#[test]
fn one_failure_now_and_then_is_not_a_row() {
    let mut phone = Phone::on_air();
    for _ in 0..10 {
        phone.device(failed());
        let again = phone.wait(60);
        assert_eq!(again, "0.5: Start, 0.5: \"Video\", 0.5: \"Audio\"");
    }
}

#[test]
fn one_that_runs_for_a_moment_and_fails_again_is_in_a_row() {
    let mut phone = Phone::on_air();
    let tries: Vec<_> = (0..4)
        .map(|_| {
            phone.device(failed());
            phone.wait(5)
        })
        .collect();
    assert!(tries[1].starts_with("1: Start"), "{tries:?}");
    assert!(tries[2].starts_with("2: Rebuild, 2: Start"), "{tries:?}");
    assert!(
        tries[3].ends_with("4: camera, 4: \"Video\", 4: \"Audio\""),
        "{tries:?}"
    );
}

#[test]
fn a_failure_is_not_answered_twice() {
    let mut phone = Phone::on_air();
    phone.device(failed());
    assert_eq!(phone.device(failed()), "");
    assert_eq!(phone.wait(10), "0.5: Start, 0.5: \"Video\", 0.5: \"Audio\"");
}

#[test]
fn a_failure_in_the_background_is_tried_once_and_then_in_front() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    phone.refuses.push(Order::Start);
    phone.device(failed());
    assert_eq!(phone.wait(3600), "0.5: Start");
    phone.refuses.clear();
    let back = phone.tell(Event::Foreground);
    assert!(back.contains("Video(true), Start, camera"), "{back}");
}

#[test]
fn a_stop_that_nobody_asked_for_is_a_failure() {
    let mut phone = Phone::on_air();
    phone.device(Told::Stopped);
    assert!(phone.wait(1).starts_with("0.5: Start"));
}

#[test]
fn a_rebuild_that_is_refused_is_tried_again_before_a_start() {
    let mut phone = Phone::on_air();
    phone.refuses.push(Order::Rebuild);
    let reset = phone.device(Told::ServicesReset);
    assert!(
        reset.starts_with("Rebuild, ActivateAudio, Start"),
        "{reset}"
    );
    phone.refuses.clear();
    let again = phone.wait(1);
    assert!(again.starts_with("0.5: Rebuild, 0.5: Start"), "{again}");
    assert!(again.ends_with("\"Video\", 0.5: \"Audio\""), "{again}");
}

#[test]
fn what_the_user_stops_on_air_is_a_slate_and_no_complaint() {
    let mut phone = Phone::on_air();
    let stopped = phone.tell(Event::Order(Order::Stop));
    assert_eq!(stopped, "slate, keyframe, Stop, DeactivateAudio");
    assert_eq!(phone.wait(3600), "");
    let started = phone.tell(Event::Order(Order::Start));
    assert_eq!(started, "ActivateAudio, Start, camera");
}

#[test]
fn what_the_user_asks_and_the_device_refuses_is_told_in_its_words() {
    let mut phone = Phone::in_preview();
    phone.refuses.push(Order::Torch(true));
    let torch = phone.tell(Event::Order(Order::Torch(true)));
    assert_eq!(torch, "Torch(true), \"Trouble(\"no\")\"");
}
