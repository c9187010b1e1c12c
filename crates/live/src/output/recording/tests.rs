use std::io::{Cursor, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use bytes::Bytes;
use onair_flv::{TagKind, file, metadata};
use onair_media::{Kind, Tracks, VideoConfig};

use super::*;
use crate::fanout::Fanout;
use crate::queue::Overflow;
use crate::samples::{audio, video};
use crate::{Event, Pace};

/// A disk with limited room, which stays readable from outside.
#[derive(Clone)]
struct SmallDisk {
    bytes: Arc<Mutex<Cursor<Vec<u8>>>>,
    room: u64,
}

impl SmallDisk {
    fn with(room: u64) -> Self {
        Self {
            bytes: Arc::default(),
            room,
        }
    }

    fn cursor(&self) -> MutexGuard<'_, Cursor<Vec<u8>>> {
        self.bytes.lock().unwrap()
    }

    fn content(&self) -> Vec<u8> {
        self.cursor().get_ref().clone()
    }
}

impl Write for SmallDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut cursor = self.cursor();
        let left = self.room.saturating_sub(cursor.position());
        let count = bytes.len().min(usize::try_from(left).unwrap());
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        cursor.write(&bytes[..count])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for SmallDisk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.cursor().seek(to)
    }
}

impl Disk for SmallDisk {
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).unwrap();
        self.cursor().get_mut().truncate(length);
        Ok(())
    }
}

/// 8 s of 25 pictures a second, a keyframe each second, and audio.
fn packets() -> impl Iterator<Item = Packet> {
    let record = include_bytes!("../../../../flv/testdata/main_720p.hvcc");
    let config = Arc::new(VideoConfig::hevc(Bytes::from_static(record)).unwrap());
    (0..200).flat_map(move |index| {
        let mut picture = video(index * 40, index % 25 == 0);
        picture.config = onair_media::Config::Video(config.clone());
        [picture, audio(index * 40), audio(index * 40 + 20)]
    })
}

fn program() -> Program {
    program_of(&packets().take(2).collect::<Vec<_>>())
}

fn program_of(packets: &[Packet]) -> Program {
    let mut tracks = Tracks::default();
    packets
        .iter()
        .for_each(|packet| tracks.update(&packet.config));
    Program {
        tracks,
        ..Program::default()
    }
}

/// An output that writes nothing.
#[derive(Debug)]
struct Nowhere;

impl Output for Nowhere {
    fn run(&self, _: SessionContext) -> Attempt<'_> {
        Box::pin(std::future::pending())
    }

    fn is_insecure(&self) -> bool {
        false
    }
}

fn nowhere() -> Recording {
    Recording::new("show".into(), Box::new(Nowhere), Overflow::Hold)
}

/// Records all packets to a disk with `room` bytes; gives its content, the result and the report.
fn record(extension: &str, room: u64) -> (Vec<u8>, Result<(), Fault>, Written) {
    record_these(packets().collect(), extension, room)
}

fn record_these(
    packets: Vec<Packet>,
    extension: &str,
    room: u64,
) -> (Vec<u8>, Result<(), Fault>, Written) {
    let (recording, program) = (nowhere(), program_of(&packets));
    let handle = recording.handle();
    handle.queue().push(packets.into_iter(), Instant::now());
    handle.queue().end(None);
    let disk = SmallDisk::with(room);
    let format = Format::of(&Path::new("show").with_extension(extension)).unwrap();
    let writer = (format.begin)(Box::new(disk.clone()), &program);
    let result = write(writer, handle).map_err(|failure| failure.fault);
    let status = handle.status();
    let written = Written {
        bytes: status.bytes,
        duration: status.recorded,
    };
    (disk.content(), result, written)
}

/// How many pictures a `.flv` file has, and the duration it states.
fn flv(content: Vec<u8>) -> (usize, Option<Duration>) {
    let mut parser = file::Parser::new();
    parser.push(Bytes::from(content));
    let tags: Vec<_> = std::iter::from_fn(|| parser.next().unwrap()).collect();
    assert_eq!(parser.finish(), Ok(()), "it ends with a whole tag");
    let tracks = metadata::from_tag(&tags[0]).unwrap().unwrap();
    let is_picture = |tag: &&onair_flv::Tag| {
        tag.kind == TagKind::Video && !tag.is_sequence_header() && tag.payload.len() == 1000
    };
    (tags.iter().filter(is_picture).count(), tracks.duration)
}

/// How many pictures a `.mp4` or `.ts` file has.
fn pictures(content: &[u8], name: &str) -> usize {
    let name = format!("onair-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, content).unwrap();
    let mut opened = onair_demux::open(&path).unwrap();
    let packets = std::iter::from_fn(|| opened.next_packet().unwrap());
    let count = packets.filter(|p| p.kind() == Kind::Video).count();
    fs::remove_file(path).unwrap();
    count
}

#[test]
fn what_fits_on_a_full_disk_is_a_whole_flv_file_that_knows_its_length() {
    let (content, result, written) = record("flv", u64::MAX);
    assert!(result.is_ok());
    assert_eq!(written.bytes, content.len() as u64);
    assert_eq!(flv(content).0, 200);
    for room in [5_000, 50_001, 123_456, 200_000] {
        let (content, result, written) = record("flv", room);
        assert_eq!(result, Err(Fault::DiskFull));
        assert_eq!(written.bytes, content.len() as u64);
        assert!(
            room - written.bytes < 1100,
            "but for the packet that does not fit"
        );
        let (pictures, duration) = flv(content);
        assert_eq!(duration, written.duration);
        let last = u128::try_from(pictures - 1).unwrap() * 40;
        let length = duration.unwrap().as_millis();
        assert!((last..=last + 40).contains(&length), "{length} of {last}");
    }
}

#[test]
fn what_fits_on_a_full_disk_is_a_whole_mp4_file() {
    let (whole, result, _) = record("mp4", u64::MAX);
    assert!(result.is_ok());
    assert_eq!(pictures(&whole, "whole.mp4"), 200);
    let almost = whole.len() as u64 - 1;
    for (room, least) in [(50_000, 25), (130_000, 75), (almost, 200)] {
        let (content, result, written) = record("mp4", room);
        assert_eq!(result, Err(Fault::DiskFull));
        assert_eq!(written.bytes, content.len() as u64);
        let found = pictures(&content, &format!("room-{room}.mp4"));
        assert!(
            found >= least && found.is_multiple_of(25),
            "{found} pictures"
        );
        let length = written.duration.unwrap().as_millis();
        assert!(length + 40 >= found as u128 * 40, "{length} ms of {found}");
    }
}

#[test]
fn what_fits_on_a_full_disk_is_a_whole_transport_stream() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../demux/testdata/bframes.mp4");
    let mut source = onair_demux::open(Path::new(source)).unwrap();
    let packets: Vec<_> = std::iter::from_fn(|| source.next_packet().unwrap()).collect();
    let (whole, result, _) = record_these(packets.clone(), "ts", u64::MAX);
    assert_eq!((result, pictures(&whole, "whole.ts")), (Ok(()), 40));
    for room in [5_000, 12_345, whole.len() as u64 - 1] {
        let (content, result, written) = record_these(packets.clone(), "ts", room);
        assert_eq!(result, Err(Fault::DiskFull));
        assert_eq!(written.bytes, content.len() as u64);
        assert_eq!(content.len() % 188, 0, "it ends with a whole packet");
        assert!(room - written.bytes < 2000, "but for what does not fit");
        let length = written.duration.unwrap().as_millis();
        let found = pictures(&content, &format!("room-{room}.ts")) as u128;
        assert!(length.abs_diff(found * 40) <= 80, "{found} in {length} ms");
    }
}

/// Half a second of each of 1200 hours, and of those around the moments at which a time of 32 bits
/// changes its sign and begins anew.
fn fifty_days() -> Vec<Packet> {
    let edges = [(1 << 31) - 260, (1 << 32) - 260];
    let mut begins: Vec<i64> = (0..1200)
        .map(|hour| hour * 3_600_000)
        .chain(edges)
        .collect();
    begins.sort_unstable();
    let burst = |at: i64| {
        let pair = move |index: i64| [video(at + index * 40, index == 0), audio(at + index * 40)];
        (0..12).flat_map(pair)
    };
    begins.into_iter().flat_map(burst).collect()
}

#[test]
fn fifty_days_of_recording_read_as_they_were() {
    let mut packets = fifty_days();
    for packet in &mut packets {
        packet.payload.truncate(40);
    }
    for extension in ["flv", "mp4"] {
        let (content, result, written) = record_these(packets.clone(), extension, u64::MAX);
        assert_eq!(result, Ok(()), "{extension}");
        let length = written.duration.unwrap();
        assert!(
            length > Duration::from_secs(1199 * 3600),
            "{extension}: {length:?}"
        );
        let name = format!("onair-{}-days.{extension}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, content).unwrap();
        let mut opened = onair_demux::open(&path).unwrap();
        let found = std::iter::from_fn(|| opened.next_packet().unwrap());
        let times = |packet: &Packet| (packet.kind() == Kind::Audio, packet.dts.as_millis());
        let mut found: Vec<_> = found.map(|packet| times(&packet)).collect();
        fs::remove_file(path).unwrap();
        let mut sent: Vec<_> = packets.iter().map(times).collect();
        found.sort_unstable();
        sent.sort_unstable();
        assert_eq!(found.len(), sent.len(), "{extension}");
        let odd = found.iter().zip(&sent).find(|(found, sent)| found != sent);
        assert_eq!(odd, None, "{extension}");
    }
}

#[test]
fn what_a_transport_stream_cannot_hold_is_not_written_as_something_else() {
    let (content, result, written) = record("ts", u64::MAX);
    assert_eq!(result, Err(Fault::CodecRefused));
    assert_eq!((content.len(), written), (0, Written::default()));
}

/// The context of a recording's one attempt.
fn context(recording: &Recording, fanout: Fanout) -> SessionContext {
    SessionContext {
        destination: None,
        fanout: Arc::new(fanout),
        handle: recording.handle().clone(),
        program: Arc::new(program()),
        pace: Pace::Realtime,
        renewals: recording.handle().renewal().watch(),
        began: Instant::now(),
        is_congested: false,
        limit: crate::rate::Telling::default(),
        takes_over: None,
        ingest: crate::failover::Ingest::First,
        until: None,
    }
}

#[test]
fn nothing_recorded_is_no_file_that_would_be_in_the_way() {
    for name in ["at-once.flv", "at-once.mp4", "at-once.ts"] {
        let name = format!("onair-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let recording = Recording::create(path.clone(), Overflow::Shed).unwrap();
        assert!(path.exists());
        recording.handle().queue().end(None);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let context = context(&recording, Fanout::new(Vec::new(), None));
        runtime.unwrap().block_on(recording.run(context));
        assert!(!path.exists());
        let report = recording.report();
        assert_eq!((report.bytes, report.error), (0, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_stuck_does_not_keep_a_broadcast_from_its_end_and_it_is_said() {
    let recording = nowhere();
    let fanout = Fanout::new(Vec::new(), Some(recording.handle().clone()));
    let hour = Duration::from_secs(3600);
    let wait = || tokio::time::timeout(hour, recording.over_or_stuck(&fanout));
    assert!(wait().await.is_err(), "nothing comes, and it goes on");
    fanout.finish();
    let asked = tokio::time::Instant::now();
    assert!(wait().await.is_ok());
    assert!(
        asked.elapsed() <= policy::CLOSING * 2,
        "{:?}",
        asked.elapsed()
    );
    recording.leave_behind(&fanout);
    let Some(Event::RecordingFailed { reason }) = fanout.events().try_next() else {
        panic!("it was not said");
    };
    assert!(reason.starts_with("show: "), "{reason}");
    assert!(recording.report().error.is_some());
}
