use super::*;
use crate::probe::{self, RELAY};
use onair_samples::{stream, video_packet};

/// A writer with limited room.
#[derive(Default)]
struct Disk {
    room: usize,
    holds: Vec<u8>,
}

impl Disk {
    fn endless() -> Self {
        Self {
            room: usize::MAX,
            ..Self::default()
        }
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.room - self.holds.len());
        self.holds.extend_from_slice(&bytes[..count]);
        if count == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The tracks of a stream, and what follows them.
fn lined_up(packets: Vec<Packet>) -> (Probed, Vec<Packet>) {
    let mut probe = probe::new(RELAY);
    let mut packets = packets.into_iter();
    let tracks = packets.by_ref().find_map(|packet| probe.push(packet));
    (tracks.unwrap(), packets.collect())
}

/// Records until the disk is full.
fn record(room: usize) -> (Option<RecordingWriter<Disk>>, io::Result<()>) {
    let (tracks, packets) = lined_up(stream(150, 25));
    let holds = Vec::new();
    let mut writer = match RecordingWriter::begin(Disk { room, holds }, &tracks) {
        Ok(writer) => writer,
        Err(error) => return (None, Err(error)),
    };
    let result = packets
        .iter()
        .try_for_each(|packet| writer.push(packet, usize::MAX));
    let result = result.and_then(|()| writer.finish());
    (Some(writer), result)
}

#[test]
fn a_fragment_is_written_at_each_keyframe_and_nothing_is_missing() {
    let (writer, result) = record(usize::MAX);
    let mut writer = writer.unwrap();
    result.unwrap();
    assert_eq!(writer.written().pictures, 150);
    let written = usize::try_from(writer.written().bytes).unwrap();
    assert_eq!(written, writer.out().holds.len());
    let moofs = writer
        .out()
        .holds
        .windows(4)
        .filter(|bytes| *bytes == b"moof");
    assert_eq!(moofs.count(), 6);
}

#[test]
fn a_full_disk_is_an_error_that_leaves_whole_fragments() {
    let (whole, _) = record(usize::MAX);
    let whole = std::mem::take(&mut whole.unwrap().out().holds);
    for room in (0..whole.len()).step_by(397) {
        let (writer, result) = record(room);
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::StorageFull);
        let Some(mut writer) = writer else { continue };
        let written = usize::try_from(writer.written().bytes).unwrap();
        assert!(written <= room);
        assert_eq!(writer.out().holds[..written], whole[..written]);
        assert!(whole[written..].len() > 8 && &whole[written + 4..written + 8] == b"moof");
    }
}

#[test]
fn the_real_full_disk_says_so() {
    let Ok(full) = std::fs::File::create("/dev/full") else {
        eprintln!("SKIPPED: there is no /dev/full here");
        return;
    };
    let (tracks, _) = lined_up(stream(5, 5));
    let error = RecordingWriter::begin(full, &tracks).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_gop_without_end_is_written_every_two_seconds() {
    let (tracks, packets) = lined_up(stream(500, 100_000));
    let mut writer = RecordingWriter::begin(Disk::endless(), &tracks).unwrap();
    packets
        .iter()
        .for_each(|packet| writer.push(packet, usize::MAX).unwrap());
    assert!(
        writer.written().pictures >= 440,
        "{}",
        writer.written().pictures
    );
}

#[test]
fn a_clock_that_stands_still_does_not_fill_the_memory() {
    let (tracks, _) = lined_up(stream(2, 100));
    let mut writer = RecordingWriter::begin(Disk::endless(), &tracks).unwrap();
    for _ in 0..100 {
        writer
            .push(&video_packet(0, false, 1_000_000), usize::MAX)
            .unwrap();
    }
    assert!(
        writer.written().pictures >= 90,
        "{}",
        writer.written().pictures
    );
}

#[test]
fn where_memory_is_short_a_fragment_is_written_sooner_from_where_its_frames_lie() {
    const MAX_BYTES: usize = 100_000;
    let (tracks, _) = lined_up(stream(150, 25));
    let mut writer = RecordingWriter::begin(Disk::endless(), &tracks).unwrap();
    let mut given = 0;
    for number in 0..100 {
        let before = writer.written().bytes;
        let next = video_packet(2000 + number, false, 30_000);
        given += next.payload.len();
        writer.push(&next, MAX_BYTES).unwrap();
        if writer.written().bytes > before {
            given = 0;
        }
        // The last one waits for its duration.
        assert!(given <= MAX_BYTES + 2 * 30_000, "{given} at {number}");
    }
}
