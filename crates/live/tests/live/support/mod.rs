//! A server to publish to, and media to publish: both under the test's control.

mod device;
mod media;
mod peer;

pub(crate) use device::{Puppet, hear, take_frame};
pub(crate) use media::{Script, as_hevc, audio, gop, hevc_config, video};
pub(crate) use peer::{Behaviour, FLOOD, Heard, Peer};

use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use onair::media::Packet;
use onair::{Broadcast, Event, Fault, Report};

/// Publishes a file that the test writes meanwhile.
pub(crate) fn publish_script(peer: &Peer) -> (Broadcast, SyncSender<Packet>) {
    let (script, source) = Script::new();
    let builder = Broadcast::builder().media(script).to(peer.url());
    (builder.start().unwrap(), source)
}

/// Publishes live media that the test writes.
pub(crate) fn publish_live_script(peer: &Peer) -> (Broadcast, SyncSender<Packet>) {
    let (script, source) = Script::new();
    let builder = Broadcast::builder().live_media(script).to(peer.url());
    (builder.start().unwrap(), source)
}

/// Stops a broadcast, which may take this long; gives its report.
pub(crate) fn stop_within(broadcast: &Broadcast, limit: Duration) -> Report {
    let asked = Instant::now();
    broadcast.stop();
    let (_, report) = finish(broadcast);
    assert!(asked.elapsed() < limit, "{:?}", asked.elapsed());
    report
}

/// Sends GOPs of 10 frames, from this one on, until a connection is on air; gives how many frames
/// there were then.
pub(crate) fn send_until_live(
    broadcast: &Broadcast,
    source: &SyncSender<Packet>,
    first: i64,
) -> i64 {
    let is_live = |event: &Event| matches!(event, Event::Live { .. });
    send_until(broadcast, source, first, is_live).0
}

/// The same until a wanted event, which it gives too.
pub(crate) fn send_until(
    broadcast: &Broadcast,
    source: &SyncSender<Packet>,
    first: i64,
    wanted: impl Fn(&Event) -> bool,
) -> (i64, Event) {
    for index in (first..).step_by(10) {
        gop(index, 10).for_each(|packet| source.send(packet).unwrap());
        while let Some(event) = broadcast.next_event_within(Duration::from_millis(40)) {
            if wanted(&event) {
                return (index + 10, event);
            }
        }
    }
    unreachable!("there are enough numbers")
}

/// Reads events to the end; gives them and the report.
pub(crate) fn finish(broadcast: &Broadcast) -> (Vec<Event>, Report) {
    let mut events = Vec::new();
    while let Some(event) = broadcast.next_event() {
        if let Event::Ended(report) = event {
            assert!(broadcast.next_event().is_none(), "nothing follows the end");
            return (events, report);
        }
        events.push(event);
    }
    panic!("no report after {events:?}");
}

/// The cause of the first destination's failure.
pub(crate) fn fault(report: &Report) -> Option<Fault> {
    let failure = report.destinations[0].failure.as_ref();
    failure.map(|failure| failure.fault)
}

/// Reads events until a wanted one.
pub(crate) fn wait_for(broadcast: &Broadcast, wanted: impl Fn(&Event) -> bool) -> Event {
    while let Some(event) = broadcast.next_event() {
        if wanted(&event) {
            return event;
        }
    }
    panic!("it did not come");
}

/// The path for a test's file of this name.
pub(crate) fn place(name: &str) -> PathBuf {
    let name = format!("onair-{}-{name}", std::process::id());
    std::env::temp_dir().join(name)
}
