//! Raw frames from a pipe that nobody writes to for a while.

use std::io;
use std::time::Duration;

use crate::support::{Behaviour, Heard, Peer, finish};
use onair::av::I420;
use onair::av::capture::{Silence, Y4m, Y4mWriter};
use onair::flv::{Tag, TagKind};
use onair::media::{FrameRate, Size};
use onair::{Broadcast, Outcome};

const SIZE: Size = Size::new(64, 48);

fn pictures(writer: &mut Y4mWriter<io::PipeWriter>, count: usize) {
    let mut written = (0..count).map(|_| writer.write(&I420::black(SIZE)));
    // The show ends while there is more.
    let _it_is_over = written.find(Result::is_err);
}

fn times(tags: &[Tag], kind: TagKind) -> Vec<u32> {
    let own = tags.iter().filter(|tag| tag.kind == kind);
    let own = own.filter(|tag| !tag.is_sequence_header() && !tag.payload.is_empty());
    own.map(|tag| tag.timestamp).collect()
}

#[test]
fn a_pipe_that_runs_dry_leaves_no_hole_and_is_in_time_when_it_goes_on() {
    let peer = Peer::start([Behaviour::Accept]);
    let rate = FrameRate::new(25, 1).unwrap();
    let (reader, writer) = io::pipe().unwrap();
    let mut writer = Y4mWriter::new(writer, SIZE, rate).unwrap();
    let source = Y4m::new(io::BufReader::new(reader)).unwrap();
    let broadcast = Broadcast::builder()
        .video(source)
        .audio(Silence::new(48_000, 2))
        .to(peer.url())
        .duration(Duration::from_millis(2600))
        .start()
        .unwrap();
    pictures(&mut writer, 5);
    // Audio goes on meanwhile: it is the clock of this test.
    let mut tags = Vec::new();
    while times(&tags, TagKind::Audio)
        .last()
        .is_none_or(|last| *last < 1800)
    {
        if let (_, Heard::Tag(tag)) = peer.next() {
            tags.push(tag);
        }
    }
    let dry = times(&tags, TagKind::Video);
    assert!(dry.len() > 6, "the last picture again: {dry:?}");
    assert!(
        broadcast.stats().source_dry >= Duration::from_secs(1),
        "and it is told"
    );
    pictures(&mut writer, 100);
    tags.extend(peer.published().tags);
    let (_, report) = finish(&broadcast);
    assert_eq!(report.outcome, Outcome::Finished, "{}", report.reason);
    let capture = report.capture.expect("a pipe");
    assert!(
        capture.video.is_some_and(|video| video.repeated >= 2),
        "{capture:?}"
    );
    assert_eq!(capture.audio, None, "silence that was asked for");
    let shown = times(&tags, TagKind::Video);
    let audio = times(&tags, TagKind::Audio);
    let holes = shown.windows(2).map(|pair| pair[1] - pair[0]);
    // It was dry for longer than this, and a busy machine may be slow to repeat a picture.
    assert!(holes.max() < Some(1200), "{shown:?}");
    let apart = shown.last().unwrap().abs_diff(*audio.last().unwrap());
    assert!(apart < 1000, "{apart} ms out of step: {shown:?}");
    drop(writer);
}
