use onair_av::device::Thermal::{Critical, Fair, Nominal, Serious};

use super::*;

#[test]
fn heat_costs_frames_first_and_one_step_at_a_time() {
    let mut phone = Phone::on_air();
    let hot = phone.device(Told::Thermal(Serious));
    assert_eq!(hot, "24 fps, \"Heat(1)\"");
    let expected = [
        "20: 15 fps",
        "20: \"Heat(2)\"",
        "40: 960x540",
        "40: \"Heat(3)\"",
        "60: 640x360",
        "60: \"Heat(4)\"",
        "80: 3000 kbit/s",
        "80: \"Heat(5)\"",
        "100: 2000 kbit/s",
        "100: \"Heat(6)\"",
    ];
    assert_eq!(phone.wait(3600), expected.join(", "));
}

#[test]
fn the_least_is_spent_at_once_when_it_is_critical() {
    let mut phone = Phone::on_air();
    let critical = phone.device(Told::Thermal(Critical));
    let least = "15 fps, 640x360, 2000 kbit/s, \"Heat(6)\"";
    assert_eq!(critical, least);
}

#[test]
fn a_service_that_minds_keeps_its_size() {
    let mut phone = Phone::in_preview();
    phone.go_live_on(Ladder { change_size: false });
    let critical = phone.device(Told::Thermal(Critical));
    assert_eq!(critical, "15 fps, 2000 kbit/s, \"Heat(4)\"");
}

#[test]
fn climbing_takes_a_minute_of_calm_for_each_step() {
    let mut phone = Phone::on_air();
    phone.device(Told::Thermal(Serious));
    phone.wait(25);
    assert_eq!(phone.device(Told::Thermal(Nominal)), "");
    let up = "60: 24 fps, 60: \"Heat(1)\", 120: 30 fps, 120: \"Heat(0)\"";
    assert_eq!(phone.wait(3600), up);
}

#[test]
fn what_is_merely_warm_climbs_too_but_slower() {
    let mut phone = Phone::on_air();
    phone.device(Told::Thermal(Serious));
    phone.device(Told::Thermal(Fair));
    assert_eq!(phone.wait(3600), "180: 30 fps, 180: \"Heat(0)\"");
}

#[test]
fn wavering_between_warm_and_well_climbs_as_what_is_warm() {
    let mut phone = Phone::on_air();
    phone.device(Told::Thermal(Serious));
    let mut climbed = String::new();
    for _ in 0..10 {
        climbed += &phone.device(Told::Thermal(Fair));
        climbed += &phone.wait(10);
        climbed += &phone.device(Told::Thermal(Nominal));
        climbed += &phone.wait(10);
    }
    assert_eq!(climbed, "10: 30 fps, 10: \"Heat(0)\"");
}

#[test]
fn wavering_about_serious_falls_no_faster_than_staying_there() {
    let mut phone = Phone::on_air();
    let mut fell = Vec::new();
    for second in 0..60 {
        let fall = phone.device(Told::Thermal(Serious));
        fell.extend((!fall.is_empty()).then_some(second));
        phone.device(Told::Thermal(Fair));
        phone.wait(1);
    }
    assert_eq!(fell, [0, 20, 40]);
}

#[test]
fn a_relapse_makes_the_next_climb_wait_twice_as_long() {
    let mut phone = Phone::on_air();
    for minutes in [1, 2, 4, 8, 8] {
        phone.device(Told::Thermal(Serious));
        phone.device(Told::Thermal(Nominal));
        assert_eq!(phone.wait(minutes * 60 - 1), "");
        assert!(phone.wait(1).starts_with("1: 30 fps"), "{minutes}");
    }
}

#[test]
fn the_camera_s_pressure_counts_like_heat_and_the_worse_of_both_rules() {
    let mut phone = Phone::on_air();
    assert_eq!(phone.device(Told::Pressure(Serious)), "24 fps, \"Heat(1)\"");
    assert_eq!(phone.device(Told::Thermal(Fair)), "");
    assert_eq!(phone.device(Told::Pressure(Nominal)), "");
    assert!(phone.wait(180).starts_with("180: 30 fps"));
}

#[test]
fn in_the_background_the_camera_is_let_be_until_it_is_back() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    assert_eq!(phone.device(Told::Thermal(Serious)), "\"Heat(1)\"");
    let front = phone.tell(Event::Foreground);
    assert_eq!(front, "Video(true), Start, camera, 24 fps, \"Video\"");
}

#[test]
fn a_preview_saves_frames_only_and_a_show_begins_where_it_stands() {
    let mut phone = Phone::in_preview();
    let critical = phone.device(Told::Thermal(Critical));
    assert_eq!(critical, "15 fps, \"Heat(2)\"");
    assert_eq!(phone.director.frame_rate_when_cool(), Some(rate(30)));
    let live = phone.go_live();
    assert_eq!(live, "640x360, 2000 kbit/s, \"Heat(6)\", awake");
    let ended = phone.tell(Event::End);
    assert_eq!(ended, "1280x720, \"Heat(2)\", may sleep");
}

#[test]
fn a_camera_that_was_away_while_it_cooled_gets_its_frames_back() {
    let mut phone = Phone::on_air();
    phone.device(Told::Thermal(Serious));
    phone.device(Told::Thermal(Nominal));
    phone.device(Told::ServicesLost);
    assert!(phone.wait(60).ends_with("60: \"Heat(0)\""));
    let reset = phone.device(Told::ServicesReset);
    let back = "Rebuild, ActivateAudio, Start, camera, 30 fps";
    assert!(reset.starts_with(back), "{reset}");
}

#[test]
fn what_the_user_wants_is_the_top_of_the_ladder() {
    let mut phone = Phone::in_preview();
    let sixty = Event::Order(Order::FrameRate(rate(60)));
    assert_eq!(phone.tell(sixty.clone()), "60 fps");
    phone.go_live();
    let hot = phone.device(Told::Thermal(Serious));
    assert_eq!(hot, "30 fps, \"Heat(1)\"");
    assert_eq!(phone.tell(sixty), "30 fps", "not while it is hot");
    phone.device(Told::Thermal(Nominal));
    assert!(phone.wait(60).starts_with("60: 60 fps"));
}

#[test]
fn an_upright_frame_stays_upright_on_the_way_down() {
    let mut phone = Phone::in_preview();
    let quality = Quality {
        size: Size::new(720, 1280),
        frame_rate: rate(30),
        bitrate: Bitrate::kbps(4000),
    };
    let ladder = Ladder::default();
    assert_eq!(phone.tell(Event::GoLive { quality, ladder }), "awake");
    let critical = phone.device(Told::Thermal(Critical));
    assert!(critical.contains("360x640"), "{critical}");
}
