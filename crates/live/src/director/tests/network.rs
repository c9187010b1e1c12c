use super::*;

fn path(interface: u32) -> Event {
    Event::Network(Path {
        is_up: interface > 0,
        interface,
        is_expensive: false,
    })
}

#[test]
fn a_new_interface_is_connected_over_at_once() {
    let mut phone = Phone::on_air();
    assert_eq!(phone.tell(path(1)), "", "the way it is on already");
    assert_eq!(phone.tell(path(2)), "reconnect");
    assert_eq!(phone.tell(path(2)), "");
}

#[test]
fn a_network_that_is_back_is_connected_over_though_it_is_the_same() {
    let mut phone = Phone::on_air();
    phone.tell(path(1));
    let down = Event::Network(Path {
        is_up: false,
        interface: 1,
        is_expensive: false,
    });
    assert_eq!(phone.tell(down.clone()), "\"Offline\"");
    assert_eq!(phone.tell(down), "");
    assert_eq!(phone.tell(path(1)), "reconnect, \"Online\"");
}

#[test]
fn a_way_that_comes_and_goes_is_not_followed_at_every_turn() {
    let mut phone = Phone::on_air();
    phone.tell(path(1));
    let mut all = String::new();
    for turn in 0..20 {
        all += &phone.tell(path(1 + turn % 2));
    }
    assert_eq!(all, "reconnect");
    assert_eq!(phone.wait(10), "2: reconnect");
}

#[test]
fn what_it_costs_is_no_reason_to_connect_anew() {
    let mut phone = Phone::on_air();
    phone.tell(path(1));
    let dear = Path {
        is_up: true,
        interface: 1,
        is_expensive: true,
    };
    assert_eq!(phone.tell(Event::Network(dear)), "");
}

#[test]
fn a_preview_is_told_of_the_network_and_connects_nothing() {
    let mut phone = Phone::in_preview();
    phone.tell(path(1));
    assert_eq!(phone.tell(path(2)), "");
    assert_eq!(phone.tell(path(0)), "\"Offline\"");
    assert_eq!(phone.tell(path(2)), "\"Online\"");
    assert_eq!(phone.go_live(), "awake", "nothing is left over");
}

#[test]
fn the_network_is_followed_in_the_background() {
    let mut phone = Phone::on_air();
    phone.tell(path(1));
    phone.tell(Event::Background);
    assert_eq!(phone.tell(path(2)), "reconnect");
}

#[test]
fn who_may_have_slept_connects_anew_and_who_was_heard_does_not() {
    let mut phone = Phone::on_air();
    phone.tell(Event::Background);
    assert!(!phone.tell(Event::Foreground).contains("reconnect"));
    phone.wait(60);
    phone.device(Told::AudioInterrupted);
    phone.tell(Event::Background);
    let back = phone.tell(Event::Foreground);
    assert!(back.starts_with("reconnect"), "{back}");
}
