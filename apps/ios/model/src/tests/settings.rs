//! The sheet: destinations, settings, links and codes.

use super::*;
use crate::Typing;

fn in_settings(destinations: u32) -> Rig {
    let mut rig = Rig::with_destinations(destinations);
    rig.tap(Control::Settings);
    rig
}

fn trouble(rig: &Rig) -> String {
    let pages = rig.screen().pages;
    match pages.last() {
        Some(Page::Form(form)) => form
            .sections
            .last()
            .unwrap()
            .footer
            .clone()
            .unwrap_or_default(),
        Some(Page::Scanner { text, .. }) => text.clone(),
        None => panic!("no sheet"),
    }
}

#[test]
fn a_destination_is_typed_and_kept_with_its_key_apart() {
    let mut rig = in_settings(0);
    rig.tap_row(RowId::AddDestination);
    rig.type_into(RowId::Name, "  My\nshow ");
    rig.type_into(RowId::Server, "rtmps://live.example/app");
    rig.type_into(RowId::Key, "k-1");
    rig.tap_row(RowId::Save);
    let saved = "size 720p\\nfps 30\\nstabilise standard\\ncamera back\\nrecord off\\n\
                 to 1 on rtmps://live.example/app My show\\n";
    let done = rig.done();
    assert_eq!(
        done,
        [
            "SaveKey(Id(1), ***)".to_owned(),
            format!("Save(\"{saved}\")")
        ]
    );
    assert_eq!(rig.row(RowId::Destination(Id(1))).title, "My show");
}

#[test]
fn a_destination_without_a_name_goes_by_its_host() {
    let mut rig = in_settings(0);
    rig.tap_row(RowId::AddDestination);
    rig.type_into(RowId::Server, "rtmp://live.example/app/k-1");
    rig.tap_row(RowId::Save);
    assert_eq!(rig.row(RowId::Destination(Id(1))).title, "live.example");
}

#[test]
fn what_cannot_be_published_to_is_not_saved_and_the_reason_is_shown() {
    let mut rig = in_settings(0);
    rig.tap_row(RowId::AddDestination);
    rig.tap_row(RowId::Save);
    assert_eq!(trouble(&rig), "Enter the server first.");
    rig.type_into(RowId::Server, "https://live.example/app");
    rig.type_into(RowId::Key, "k-1");
    rig.tap_row(RowId::Save);
    assert!(
        trouble(&rig).contains("unknown scheme https://: use rtmp://"),
        "{}",
        trouble(&rig)
    );
    assert_eq!(rig.done(), [""; 0]);
}

#[test]
fn a_saved_key_is_never_shown_and_stays_unless_another_is_typed() {
    let mut rig = in_settings(1);
    rig.tap_row(RowId::Destination(Id(0)));
    let RowKind::Text {
        value,
        placeholder,
        typing,
    } = rig.row(RowId::Key).kind
    else {
        panic!("the key is no text");
    };
    assert_eq!((value.expose(), typing), ("", Typing::Secret));
    assert_eq!(placeholder, "Saved on this phone");
    rig.type_into(RowId::Server, "rtmp://other.example/app");
    rig.tap_row(RowId::Save);
    rig.tap(Control::Record);
    let url = rig.show().destinations[0].address.clone();
    assert_eq!((url.host(), url.key().expose()), ("other.example", "hush"));
}

#[test]
fn deleting_asks_and_forgets_the_key() {
    let mut rig = in_settings(2);
    rig.tap_row(RowId::Destination(Id(0)));
    rig.tap_row(RowId::Delete);
    rig.answer(Answer::Cancel);
    assert_eq!(rig.done(), [""; 0]);
    rig.tap_row(RowId::Delete);
    rig.answer(Answer::Delete);
    assert_eq!(rig.done()[0], "ForgetKey(Id(0))");
    assert_eq!(rig.screen().pages.len(), 1, "back in the settings");
    assert!(
        rig.rows()
            .iter()
            .all(|row| row.id != RowId::Destination(Id(0)))
    );
}

#[test]
fn a_link_is_added_only_when_the_user_agrees() {
    let mut rig = Rig::with_destinations(0);
    let link = "onair://add?server=rtmp%3A%2F%2Flive.example%2Fapp&key=k-1&name=Fair";
    rig.send(Input::Opened(link.into()));
    let alert = rig.screen().alert.unwrap();
    assert!(
        alert.text.contains("Fair\nrtmp://live.example/app\n"),
        "{alert:?}"
    );
    assert!(!alert.text.contains("k-1"), "{alert:?}");
    rig.answer(Answer::Cancel);
    assert_eq!(rig.done(), [""; 0]);
    rig.send(Input::Opened(link.into()));
    rig.answer(Answer::Add);
    assert_eq!(rig.done()[0], "SaveKey(Id(1), ***)");
}

#[test]
fn a_link_without_a_key_leads_to_where_it_is_typed() {
    let mut rig = Rig::with_destinations(0);
    rig.send(Input::Opened(
        "onair://add?server=rtmp://live.example/app".into(),
    ));
    assert_eq!(rig.text_of(RowId::Server), "rtmp://live.example/app");
    assert_eq!(rig.text_of(RowId::Key), "");
}

#[test]
fn a_link_that_says_nothing_is_refused_with_the_reason() {
    let mut rig = Rig::with_destinations(0);
    rig.send(Input::Opened("onair://dance".into()));
    let alert = rig.screen().alert.unwrap();
    assert_eq!(alert.title, "This link cannot be used");
}

#[test]
fn a_scanned_code_fills_the_form_and_waits_to_be_saved() {
    let mut rig = in_settings(0);
    rig.tap_row(RowId::Scan);
    rig.send(Input::Scanned("WIFI:S:home;T:WPA;P:hush one two;;".into()));
    assert!(
        trouble(&rig).starts_with("This code cannot be used"),
        "{}",
        trouble(&rig)
    );
    rig.send(Input::Scanned("just-a-key".into()));
    assert_eq!(trouble(&rig), "There is no server in this code.");
    rig.send(Input::Scanned("rtmp://live.example/app/k-1".into()));
    assert_eq!(rig.text_of(RowId::Server), "rtmp://live.example/app");
    assert_eq!(rig.text_of(RowId::Key), "k-1");
    assert!(!rig.done().iter().any(|deed| deed.starts_with("Save")));
    rig.send(Input::Back);
    assert_eq!(rig.screen().pages.len(), 1);
}

#[test]
fn the_scanner_has_the_camera_as_long_as_it_is_in_front() {
    let mut rig = in_settings(0);
    rig.tap_row(RowId::Scan);
    assert_eq!(rig.done(), ["Order(Video(false))"]);
    rig.send(Input::ScannerFailed("It is broken.".to_owned()));
    assert_eq!(trouble(&rig), "It is broken.");
    rig.send(Input::Closed);
    assert_eq!(rig.done(), ["Order(Video(true))"]);
}

#[test]
fn a_key_is_scanned_into_a_form_that_has_a_server() {
    let mut rig = in_settings(0);
    rig.tap_row(RowId::AddDestination);
    rig.type_into(RowId::Server, "rtmp://live.example/app");
    rig.tap_row(RowId::Scan);
    rig.send(Input::Scanned("k-1".into()));
    assert_eq!(rig.text_of(RowId::Server), "rtmp://live.example/app");
    assert_eq!(rig.text_of(RowId::Key), "k-1");
}

#[test]
fn choices_reach_the_device_and_are_saved() {
    let mut rig = in_settings(0);
    rig.send(Input::Row(RowId::Size, Change::Pick(2)));
    let done = rig.done();
    assert!(done.contains(&"Order(Size(Size { width: 1080, height: 1920 }))".to_owned()));
    assert!(
        done.last().unwrap().starts_with("Save(\"size 1080p"),
        "{done:?}"
    );
    rig.send(Input::Row(RowId::FrameRate, Change::Pick(3)));
    rig.send(Input::Row(RowId::Size, Change::Pick(99)));
    let kind = rig.row(RowId::FrameRate).kind;
    assert!(
        matches!(kind, RowKind::Pick { selected: 3, .. }),
        "{kind:?}"
    );
    rig.effects.clear();
    rig.send(Input::Row(RowId::Camera, Change::Pick(1)));
    assert!(
        rig.done()
            .contains(&"Order(Camera(Facing(Front)))".to_owned())
    );
}

#[test]
fn a_bitrate_that_makes_no_sense_is_refused_and_the_old_one_stays() {
    let mut rig = in_settings(0);
    rig.type_into(RowId::Bitrate, "4M");
    rig.type_into(RowId::Bitrate, "lots");
    assert_eq!(rig.text_of(RowId::Bitrate), "4000");
    let note = rig.screen().note.unwrap();
    assert!(note.contains("from 200 to 50000"), "{note}");
    rig.type_into(RowId::Bitrate, "");
    assert_eq!(rig.text_of(RowId::Bitrate), "");
}

#[test]
fn on_air_the_settings_are_shown_and_stay() {
    let mut rig = Rig::on_air(1);
    rig.tap(Control::Settings);
    assert!(rig.rows().iter().all(|row| !row.is_enabled));
    rig.send(Input::Row(RowId::Size, Change::Pick(0)));
    rig.tap_row(RowId::Destination(Id(0)));
    assert_eq!(rig.screen().pages.len(), 1);
    assert_eq!(rig.done(), [""; 0]);
}

#[test]
fn a_full_list_takes_no_more() {
    let mut rig = Rig::launched();
    let line = |id| format!("to {id} off rtmp://live.example/app x\n");
    rig.send(Input::Loaded(Setup {
        saved: Some((1..=50).map(line).collect()),
        ..Setup::default()
    }));
    rig.send(Input::Opened("rtmp://live.example/app/k".into()));
    rig.answer(Answer::Add);
    assert_eq!(rig.screen().alert.unwrap().title, "The list is full");
}

#[test]
fn a_keychain_that_refuses_is_not_kept_from_the_user() {
    let mut rig = Rig::with_destinations(0);
    rig.send(Input::KeychainFailed(
        "errSecInteractionNotAllowed".to_owned(),
    ));
    assert_eq!(rig.screen().alert.unwrap().title, "The key was not saved");
}
