//! Going live, and what can happen then.

use super::*;
use crate::Phase;

#[test]
fn nothing_is_opened_before_the_first_picture_of_the_app() {
    let mut rig = Rig::launched();
    assert_eq!(rig.done(), [""; 0]);
    rig.send(Input::Loaded(Setup::default()));
    assert!(rig.done()[0].starts_with("OpenDevice"));
    assert!(!rig.screen().record.is_enabled);
    rig.send(Input::DeviceReady);
    assert!(rig.screen().record.is_enabled);
}

#[test]
fn a_device_is_opened_as_it_was_saved_and_then_brought_to_where_everything_is() {
    let mut rig = Rig::launched();
    rig.tap(Control::Mute);
    rig.send(Input::Network(path(true)));
    rig.effects.clear();
    rig.send(Input::Loaded(Setup {
        saved: Some("camera front\nfps 60\nsize 1080p\nstabilise off".to_owned()),
        ..Setup::default()
    }));
    let done = rig.done().join(" ");
    for part in [
        "Facing(Front)",
        "height: 1920",
        "numerator: 60",
        "rotation: Quarter",
    ] {
        assert!(done.contains(part), "{part}: {done}");
    }
    rig.send(Input::Turned(LANDSCAPE));
    rig.send(Input::DeviceReady);
    let network = "Tell(Network(Path { is_up: true, interface: 1, is_expensive: false }))";
    assert_eq!(
        rig.done(),
        [
            "Order(Camera(Facing(Front)))",
            "Order(Rotation(None))",
            "Order(Size(Size { width: 1920, height: 1080 }))",
            "Order(FrameRate(FrameRate { numerator: 60, denominator: 1 }))",
            "Order(Stabilise(Off))",
            "Mute(true)",
            network,
        ]
    );
}

#[test]
fn a_link_that_opens_the_app_waits_for_what_was_saved() {
    let mut rig = Rig::launched();
    rig.send(Input::Opened("rtmp://other.example/app/k-1".into()));
    assert_eq!(rig.screen().alert, None);
    rig.send(Input::Loaded(Setup {
        saved: Some("to 1 on rtmp://live.example/app Mine".to_owned()),
        ..Setup::default()
    }));
    rig.answer(Answer::Add);
    let done = rig.done();
    assert!(done.contains(&"SaveKey(Id(2), ***)".to_owned()), "{done:?}");
}

#[test]
fn a_tap_goes_live_everywhere_that_is_on() {
    let mut rig = Rig::with_destinations(3);
    rig.tap(Control::Settings);
    rig.send(Input::Row(RowId::Destination(Id(1)), Change::Switch(false)));
    rig.send(Input::Row(RowId::Record, Change::Switch(true)));
    rig.type_into(RowId::Bitrate, "3000");
    rig.send(Input::Closed);
    rig.tap(Control::Record);
    let show = rig.show();
    assert_eq!(show.destinations.len(), 2);
    assert_eq!(show.destinations[0].address.key().expose(), "hush");
    assert_eq!(show.bitrate.unwrap().as_kbps(), 3000);
    assert_eq!(show.record, Some("rec/onair-7-1.mp4".into()));
    assert_eq!(rig.screen().record.phase, Phase::Connecting);
}

#[test]
fn a_show_is_live_from_the_first_destination_on() {
    let mut rig = Rig::with_destinations(2);
    rig.tap(Control::Record);
    rig.live(1);
    assert_eq!(rig.screen().record.phase, Phase::Live);
    rig.lose(1, "the line broke");
    assert_eq!(rig.screen().record.phase, Phase::Reconnecting);
    rig.live(0);
    assert_eq!(rig.screen().record.phase, Phase::Live);
}

#[test]
fn the_clock_goes_on_through_an_outage() {
    let mut rig = Rig::on_air(1);
    rig.after(60);
    rig.lose(0, "the line broke");
    rig.after(5);
    rig.live(0);
    let meters = rig.screen().status.meters.unwrap();
    assert_eq!(meters.clock.text, "1:05");
    assert_eq!(meters.clock.spoken, "1 minute 5 seconds");
}

#[test]
fn ending_asks_once_viewers_see_it_and_not_before() {
    let mut rig = Rig::with_destinations(1);
    rig.tap(Control::Record);
    rig.effects.clear();
    rig.tap(Control::Record);
    assert_eq!(rig.done(), ["End"]);

    let mut rig = Rig::on_air(1);
    rig.tap(Control::Record);
    assert_eq!(rig.done(), [""; 0]);
    assert!(rig.screen().alert.is_some());
    rig.answer(Answer::Cancel);
    assert_eq!(rig.screen().record.phase, Phase::Live);
    rig.tap(Control::Record);
    rig.answer(Answer::End);
    assert_eq!(rig.done(), ["End"]);
    assert_eq!(rig.screen().record.phase, Phase::Ending);
    rig.tap(Control::Record);
    assert_eq!(rig.done(), [""; 0], "it is being ended already");
}

#[test]
fn the_end_brings_the_recording_to_photos_and_says_so() {
    let mut rig = Rig::with_destinations(1);
    rig.tap(Control::Settings);
    rig.send(Input::Row(RowId::Record, Change::Switch(true)));
    rig.tap(Control::Record);
    rig.live(0);
    rig.after(61);
    rig.effects.clear();
    rig.ended(Outcome::Stopped);
    assert!(
        rig.done()
            .contains(&"KeepRecording(\"rec/onair-7-1.mp4\")".to_owned())
    );
    assert_eq!(rig.screen().note.as_deref(), Some("Ended after 1:01"));
    assert_eq!(rig.screen().record.phase, Phase::Idle);
    rig.send(Input::RecordingKept(Ok(())));
    assert_eq!(
        rig.screen().note.as_deref(),
        Some("Recording saved to Photos")
    );
    rig.after(4);
    assert_eq!(rig.screen().note, None);
    rig.send(Input::RecordingKept(Err("Not allowed".to_owned())));
    let alert = rig.screen().alert.unwrap();
    assert!(
        alert.text.starts_with("Not allowed. Allow this app"),
        "{alert:?}"
    );
}

#[test]
fn recordings_a_crash_left_behind_go_to_photos_at_the_next_launch() {
    let mut rig = Rig::launched();
    rig.send(Input::Loaded(Setup {
        leftovers: vec!["rec/onair-6-1.mp4".into()],
        ..Setup::default()
    }));
    assert!(
        rig.done()
            .contains(&"KeepRecording(\"rec/onair-6-1.mp4\")".to_owned())
    );
}

#[test]
fn a_show_that_fails_says_why_and_what_to_do() {
    let mut rig = Rig::on_air(1);
    rig.give_up(0, "NetStream.Publish.BadName: Already publishing");
    rig.ended(Outcome::Failed);
    let alert = rig.screen().alert.unwrap();
    assert_eq!(alert.title, "The show ended");
    assert!(alert.text.contains("Already publishing"), "{alert:?}");
    assert!(
        alert.text.contains("Another publisher is using this key"),
        "{alert:?}"
    );
}

#[test]
fn a_show_that_cannot_begin_leaves_the_app_ready_for_another() {
    let mut rig = Rig::with_destinations(1);
    rig.tap(Control::Record);
    rig.send(Input::News(News::NotStarted("no encoder".to_owned())));
    assert_eq!(rig.screen().record.phase, Phase::Idle);
    assert_eq!(rig.screen().alert.unwrap().title, "The show did not start");
    assert!(!rig.screen().is_rotation_locked);
}

#[test]
fn without_a_destination_the_red_button_leads_to_one() {
    let mut rig = Rig::with_destinations(0);
    rig.tap(Control::Record);
    assert_eq!(rig.screen().alert.unwrap().title, "Where should it go?");
    rig.answer(Answer::Type);
    rig.type_into(RowId::Server, "rtmp://live.example/app");
    rig.type_into(RowId::Key, "k-1");
    rig.tap_row(RowId::Save);
    assert!(rig.screen().pages.is_empty());
    rig.tap(Control::Record);
    assert_eq!(rig.show().destinations.len(), 1);
}

#[test]
fn a_destination_whose_key_is_gone_is_named_instead_of_left_out() {
    let mut rig = Rig::launched();
    rig.send(Input::Loaded(Setup {
        saved: Some("to 1 on rtmp://live.example/app Mine".to_owned()),
        ..Setup::default()
    }));
    rig.send(Input::Keys(Vec::new()));
    rig.send(Input::DeviceReady);
    rig.tap(Control::Record);
    let text = rig.screen().alert.unwrap().text;
    assert_eq!(text, "Mine: no key on this phone: enter it again");
}

#[test]
fn the_phone_may_be_turned_until_a_show_begins_and_after_it() {
    let mut rig = Rig::with_destinations(1);
    rig.send(Input::Turned(LANDSCAPE));
    let landscape = "Order(Size(Size { width: 1280, height: 720 }))";
    assert!(rig.done().contains(&landscape.to_owned()));
    rig.tap(Control::Record);
    assert!(rig.screen().is_rotation_locked);
    rig.effects.clear();
    rig.send(Input::Turned(PORTRAIT));
    assert_eq!(rig.done(), [""; 0]);
    rig.ended(Outcome::Stopped);
    let portrait = "Order(Size(Size { width: 720, height: 1280 }))";
    assert!(rig.done().contains(&portrait.to_owned()));
    assert!(!rig.screen().is_rotation_locked);
}

#[test]
fn the_torch_belongs_to_the_back_camera_and_goes_out_on_a_flip() {
    let mut rig = Rig::with_destinations(0);
    rig.tap(Control::Torch);
    assert_eq!(rig.done(), ["Order(Torch(true))"]);
    rig.tap(Control::Flip);
    assert_eq!(
        rig.done(),
        ["Order(Camera(Facing(Front)))", "Order(Zoom(1.0))"]
    );
    let torch = rig.screen().torch;
    assert!(!torch.is_on && !torch.is_enabled);
    rig.tap(Control::Torch);
    assert_eq!(rig.done(), [""; 0]);
}

const MIDDLE: crate::Spot = crate::Spot {
    x: 0.5,
    y: 0.25,
    aspect: 9.0 / 16.0,
};

#[test]
fn a_touch_focuses_there_until_the_scene_is_another() {
    let mut rig = Rig::with_destinations(0);
    rig.send(Input::Focus(MIDDLE));
    assert_eq!(rig.done(), ["Order(Focus { x: 0.5, y: 0.25 })"]);
    rig.after(2);
    assert_eq!(rig.screen().reticle, None);
    let due = rig.app.poll_timeout(rig.now);
    assert_eq!(due, Some(rig.now + Duration::from_secs(18)));
    rig.after(18);
    assert_eq!(rig.done(), ["Order(Lock(false))"]);
    assert_eq!(rig.app.poll_timeout(rig.now), None);
}

#[test]
fn a_long_touch_keeps_focus_once_it_is_found_and_a_short_one_lets_go() {
    let mut rig = Rig::with_destinations(0);
    rig.send(Input::HoldFocus(MIDDLE));
    assert_eq!(rig.done(), ["Order(Focus { x: 0.5, y: 0.25 })"]);
    rig.after(1);
    assert_eq!(rig.done(), ["Order(Lock(true))"]);
    rig.after(60);
    assert!(rig.screen().reticle.unwrap().is_locked);
    rig.send(Input::Focus(MIDDLE));
    assert_eq!(
        rig.done(),
        ["Order(Lock(false))", "Order(Focus { x: 0.5, y: 0.25 })"]
    );
}

#[test]
fn a_pinch_zooms_and_shows_how_much() {
    let mut rig = Rig::with_destinations(0);
    rig.send(Input::PinchBegan);
    rig.send(Input::Pinched(2.0));
    assert_eq!(rig.done(), ["Order(Zoom(2.0))"]);
    assert_eq!(rig.screen().zoom.as_deref(), Some("2.0×"));
}

#[test]
fn the_director_hears_of_the_app_and_of_the_network() {
    let mut rig = Rig::on_air(1);
    rig.send(Input::Background);
    rig.send(Input::Foreground);
    rig.send(Input::Network(path(false)));
    assert_eq!(
        rig.done(),
        [
            "Tell(Background)",
            "Tell(Foreground)",
            "Tell(Network(Path { is_up: false, interface: 1, is_expensive: false }))",
        ]
    );
}

#[test]
fn the_screen_stays_awake_as_the_director_says() {
    let mut rig = Rig::on_air(1);
    rig.send(Input::News(News::KeepAwake(true)));
    assert!(rig.screen().is_awake);
    rig.send(Input::News(News::KeepAwake(false)));
    assert!(!rig.screen().is_awake);
}

#[test]
fn what_is_newly_wrong_is_said_once() {
    let mut rig = Rig::on_air(1);
    rig.lose(0, "the line broke");
    rig.after(1);
    rig.live(0);
    let said = rig.said();
    assert_eq!(said, ["The connection was lost. The line broke.", "On air"]);
}

#[test]
fn a_camera_that_is_not_allowed_leads_to_the_systems_settings() {
    let mut rig = Rig::with_destinations(0);
    rig.notice(Notice::NoVideo(onair::director::Why::NotAllowed));
    let banner = rig.screen().banner.unwrap();
    assert_eq!(banner.button.as_deref(), Some("Open Settings"));
    rig.tap(Control::Banner);
    assert_eq!(rig.done(), ["OpenSystemSettings"]);
    rig.notice(Notice::Video);
    assert_eq!(rig.screen().banner, None);
}

#[test]
fn a_screen_changes_by_itself_when_it_says_so() {
    let mut rig = Rig::with_destinations(1);
    assert_eq!(rig.app.poll_timeout(rig.now), None);
    rig.tap(Control::Record);
    rig.live(0);
    let second = Duration::from_secs(1);
    assert_eq!(rig.app.poll_timeout(rig.now), Some(rig.now + second));
    let half = rig.now + Duration::from_millis(2500);
    assert_eq!(rig.app.poll_timeout(half), Some(rig.now + 3 * second));
}

#[test]
fn no_secret_is_in_any_input_effect_state_or_screen_that_is_printed() {
    let mut rig = Rig::with_destinations(1);
    rig.tap(Control::Settings);
    rig.tap_row(RowId::AddDestination);
    let text = Secret::from("rtmp://me:hush@live.example/app?sig=hush hush-hush");
    let input = Input::Row(RowId::Server, Change::Text(text.clone()));
    let mut printed = format!("{input:?} {:?}", Input::Opened(text.clone()));
    rig.send(input);
    printed += &format!("{:?} {:?}", rig.app, rig.screen());
    rig.tap_row(RowId::Save);
    rig.send(Input::Opened(text));
    rig.tap(Control::Record);
    printed += &format!("{:?} {:?} {:?}", rig.app, rig.screen(), rig.effects);
    assert!(printed.contains("GoLive") && printed.contains("SaveKey"));
    assert!(!printed.contains("hush"), "{printed}");
}
