//! What a broadcast writes to disk.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::{Behaviour, Peer, Script, finish, gop, place};
use bytes::Bytes;
use onair::flv::{TagKind, file, metadata};
use onair::{Broadcast, Event, Outcome, Pace};

#[test]
fn a_recording_has_everything_and_says_how_long_it_is() {
    let path = place("whole.flv");
    let peer = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 50).chain(gop(50, 50))))
        .pace(Pace::Max)
        .record(&path)
        .to(peer.url())
        .start()
        .unwrap();
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Finished);
    let mut parser = file::Parser::new();
    parser.push(Bytes::from(std::fs::read(&path).unwrap()));
    let tags: Vec<_> = std::iter::from_fn(|| parser.next().unwrap()).collect();
    assert_eq!(parser.finish(), Ok(()));
    let metadata = metadata::from_tag(&tags[0]).unwrap().unwrap();
    assert_eq!(metadata.duration, Some(Duration::from_millis(99 * 40)));
    let count = |kind| tags.iter().filter(|tag| tag.kind == kind).count();
    assert_eq!((count(TagKind::Video), count(TagKind::Audio)), (101, 101));
    let recording = report.recording.unwrap();
    assert_eq!(recording.error, None);
    assert_eq!(recording.bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(recording.duration, Duration::from_millis(3960));
    std::fs::remove_file(path).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_does_not_stop_the_stream() {
    ["full.flv", "full.mp4"]
        .into_iter()
        .for_each(fills_the_disk);
}

#[cfg(target_os = "linux")]
fn fills_the_disk(name: &str) {
    let path = place(name);
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let peer = Peer::start([Behaviour::Accept]);
    let broadcast = Broadcast::builder()
        .media(Script::of(gop(0, 200)))
        .pace(Pace::Max)
        .record(&path)
        .to(peer.url())
        .start()
        .unwrap();
    let published = peer.published();
    let (events, report) = finish(&broadcast);
    assert_eq!(published.media(TagKind::Video).len(), 200);
    assert_eq!(report.outcome, Outcome::Finished);
    let is_failure = |event: &Event| matches!(event, Event::RecordingFailed { .. });
    assert!(events.iter().any(is_failure), "{events:?}");
    assert!(!report.ok && report.reason.contains("recording failed"));
    let recording = report.recording.unwrap();
    assert_eq!((recording.path, recording.bytes), (path.clone(), 0));
    assert!(recording.error.unwrap().contains("No space left"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_cannot_be_recorded_is_said_before_the_show() {
    let url: onair::rtmp::Url = "rtmp://127.0.0.1/live/key".parse().unwrap();
    let place = place("missing").join("show.flv");
    for path in [place, PathBuf::from("show.avi")] {
        let builder = Broadcast::builder().media(Script::of([])).to(url.clone());
        let error = builder.record(&path).start().unwrap_err().to_string();
        assert!(error.contains("show."), "{error}");
    }
}

#[test]
fn what_is_there_is_never_overwritten() {
    let path = place("source.flv");
    std::fs::write(&path, b"FLV, hours of it").unwrap();
    let url: onair::rtmp::Url = "rtmp://127.0.0.1/live/key".parse().unwrap();
    let builder = Broadcast::builder().media(Script::of([])).to(url);
    let error = builder.record(&path).start().unwrap_err().to_string();
    assert!(error.contains("not overwritten"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"FLV, hours of it");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_broadcast_that_cannot_start_leaves_no_recording_behind() {
    let path = place("unstarted.flv");
    let url: onair::rtmp::Url = "rtmps://127.0.0.1/live/key".parse().unwrap();
    let mut destination = onair::Destination::new(url);
    destination.tls.ca = Some(PathBuf::from("nowhere.pem"));
    let builder = Broadcast::builder().media(Script::of([])).to(destination);
    assert!(builder.record(&path).start().is_err());
    assert!(!path.exists());
}
