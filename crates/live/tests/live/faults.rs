//! Servers that fail at the worst moment.

use std::time::Duration;

use crate::support::{
    Behaviour, FLOOD, Peer, Script, fault, finish, gop, publish_live_script, publish_script,
    send_until_live, stop_within, wait_for,
};
use onair::flv::TagKind;
use onair::{Broadcast, Destination, Event, Fault, Outcome, Pace, Report, State};

fn publish(peer: &Peer) -> Report {
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 5)))
        .pace(Pace::Max)
        .to(peer.url())
        .start()
        .unwrap();
    finish(&broadcast).1
}

#[test]
fn a_flooding_server_does_not_keep_a_stop_waiting() {
    let peer = Peer::start([Behaviour::Flood]);
    let (broadcast, source) = publish_script(&peer);
    gop(0, 1).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |event| matches!(event, Event::Live { .. }));
    let report = stop_within(&broadcast, Duration::from_secs(2));
    assert_eq!(report.outcome, Outcome::Stopped);
}

#[test]
fn a_server_that_pings_and_reads_no_answers_is_not_read_either() {
    let peer = Peer::start([Behaviour::Ping]);
    let (broadcast, source) = publish_script(&peer);
    gop(0, 1).for_each(|packet| source.send(packet).unwrap());
    let taken = peer.published().pinged;
    assert!((1..FLOOD).contains(&taken), "{taken} bytes were taken");
    broadcast.stop();
    finish(&broadcast);
}

#[test]
fn a_host_is_asked_in_the_classical_order_from_then_on_once_that_has_worked() {
    let peer = Peer::start([
        Behaviour::WantClassic,
        Behaviour::Accept,
        Behaviour::WantClassic,
    ]);
    assert_eq!(publish(&peer).outcome, Outcome::Finished);
    assert!(peer.published().tags.is_empty(), "the first flight");
    assert!(peer.published().ended);
    assert_eq!(publish(&peer).outcome, Outcome::Finished);
    assert!(peer.published().ended, "no first flight was tried");
}

#[test]
fn a_host_is_not_written_off_for_a_classical_attempt_that_failed_too() {
    let peer = Peer::start([
        Behaviour::WantClassic,
        Behaviour::Refuse("NetStream.Publish.Denied", "not today"),
        Behaviour::WantClassic,
        Behaviour::Accept,
    ]);
    assert_eq!(publish(&peer).outcome, Outcome::Failed);
    assert!(peer.published().tags.is_empty());
    assert!(peer.published().tags.is_empty());
    assert_eq!(publish(&peer).outcome, Outcome::Finished);
    assert!(peer.published().tags.is_empty(), "the first flight is back");
    assert_eq!(peer.published().media(TagKind::Video).len(), 5);
}

#[test]
fn nothing_is_published_over_a_recording_when_the_source_has_ended_meanwhile() {
    let peer = Peer::start([Behaviour::CloseAfter(10), Behaviour::Accept]);
    let (broadcast, source) = publish_live_script(&peer);
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |e| matches!(e, Event::Reconnecting { .. }));
    drop(source);
    let (events, report) = finish(&broadcast);
    let is_live = |event: &&Event| matches!(event, Event::Live { .. });
    assert_eq!(events.iter().filter(is_live).count(), 0, "{events:?}");
    let destination = &report.destinations[0];
    assert_eq!(
        (destination.state, destination.connects),
        (State::Failed, 1)
    );
    // Chance decides what a hurried end becomes at this end of a socket.
    let fault = fault(&report);
    let is_end = |fault| matches!(fault, Fault::ServerClosed | Fault::ConnectionBroken);
    assert!(fault.is_some_and(is_end), "{}", report.reason);
}

#[test]
fn an_outage_that_is_never_mended_is_a_gap_in_the_report() {
    let peer = Peer::start([
        Behaviour::CloseAfter(10),
        Behaviour::Refuse("NetConnection.Connect.Rejected", "closed for today"),
    ]);
    let (script, source) = Script::new();
    let mut destination = Destination::new(peer.url());
    destination.retry.max_attempts = 1;
    let broadcast = Broadcast::builder()
        .live_media(script)
        .to(destination)
        .start()
        .unwrap();
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |e| matches!(e, Event::Reconnecting { .. }));
    gop(10, 10).for_each(|packet| source.send(packet).unwrap());
    let (events, report) = finish(&broadcast);
    drop(source);
    let destination = &report.destinations[0];
    let [gap] = destination.gaps[..] else {
        panic!("{:?}", destination.gaps)
    };
    assert!(
        gap.from.as_millis() <= 9 * 40 && gap.to.as_millis() == 19 * 40,
        "{gap:?}"
    );
    assert!(destination.video.dropped >= 10);
    let is_told = |event: &Event| matches!(event, Event::Dropped { .. });
    assert!(events.iter().any(is_told), "{events:?}");
}

#[test]
fn a_server_that_sends_us_nowhere_is_asked_again_itself() {
    // Nothing listens on port 9, or it discards.
    let peer = Peer::start([
        Behaviour::MoveTo("rtmp://127.0.0.1:9/live"),
        Behaviour::Accept,
    ]);
    let (broadcast, source) = publish_live_script(&peer);
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    wait_for(&broadcast, |e| {
        matches!(e, Event::ReconnectRequested { .. })
    });
    send_until_live(&broadcast, &source, 10);
    drop(source);
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Finished);
    assert_eq!(report.destinations[0].connects, 2);
}

#[test]
fn a_stream_that_is_accepted_and_dropped_again_and_again_is_not_wanted() {
    let peer = Peer::start([Behaviour::CloseAfter(1)]);
    let (broadcast, source) = publish_live_script(&peer);
    let mut index = 0;
    let mut airings = 0;
    let ended = loop {
        match broadcast.next_event().expect("the end is told") {
            Event::Connecting { .. } => {
                // The event may be read after the end that it reports.
                gop(index, 10).for_each(|packet| drop(source.send(packet)));
                index += 10;
            }
            Event::Live { .. } => airings += 1,
            // Nobody waits here.
            Event::Reconnecting { .. } => broadcast.reconnect_now(),
            Event::DestinationEnded { failure, .. } => break failure.unwrap(),
            _ => {}
        }
    };
    assert_eq!(airings, 4);
    assert_eq!(ended.fault, Fault::AcceptedThenDropped);
    let words = ended.to_string();
    assert!(words.contains("accepted, then dropped"), "{words}");
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(fault(&report), Some(Fault::AcceptedThenDropped));
    drop(source);
}

#[test]
fn a_show_does_not_outlast_its_source_for_a_server_that_never_answered() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url: onair::rtmp::Url = format!("rtmp://127.0.0.1:{port}/live/key").parse().unwrap();
    let (script, source) = Script::new();
    let broadcast = Broadcast::builder()
        .live_media(script)
        .to(url)
        .start()
        .unwrap();
    let is_long = |event: &Event| matches!(event, Event::Reconnecting { delay, .. } if *delay > Duration::from_millis(500));
    wait_for(&broadcast, is_long);
    gop(0, 10).for_each(|packet| source.send(packet).unwrap());
    drop(source);
    let (events, report) = finish(&broadcast);
    let tries = |event: &&Event| matches!(event, Event::Connecting { .. });
    assert_eq!(events.iter().filter(tries).count(), 1, "{events:?}");
    assert_eq!(fault(&report), Some(Fault::NobodyListens));
}
