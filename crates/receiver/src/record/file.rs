use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use onair_media::{Packet, Probed};
use time::OffsetDateTime;

use super::Recording;
use super::space::Space;
use super::writer::RecordingWriter;
use crate::StreamName;

/// A file being recorded to.
#[derive(Debug)]
pub(super) struct Open {
    path: PathBuf,
    writer: RecordingWriter<File>,
    space: Space,
}

impl Open {
    /// Creates a file for a stream and writes its beginning. A failure leaves no file.
    pub(super) fn begin(
        name: &StreamName,
        directory: &Path,
        mut space: Space,
        probed: &Probed,
    ) -> Result<Self, Recording> {
        let stem = format!("{}-{}", file_name(name), stamp(OffsetDateTime::now_utc()));
        if let Err(error) = space.check(Instant::now()) {
            return Err(nothing(directory.join(format!("{stem}.mp4")), &error));
        }
        let created = create_new(directory, &stem);
        let (path, file) = created.map_err(|(path, error)| nothing(path, &error))?;
        match RecordingWriter::begin(file, probed) {
            Ok(writer) => Ok(Self {
                path,
                writer,
                space,
            }),
            Err(error) => {
                if let Err(error) = std::fs::remove_file(&path) {
                    tracing::warn!(%error, "cannot remove a recording that could not begin");
                }
                Err(nothing(path, &error))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this file can hold the packet: not after a change of resolution, for instance.
    pub(super) fn accepts(&self, packet: &Packet) -> bool {
        self.writer.accepts(packet)
    }

    /// As [`RecordingWriter::push`].
    pub(super) fn push(&mut self, packet: &Packet, max_bytes: usize) -> io::Result<()> {
        self.space.check(Instant::now())?;
        self.writer.push(packet, max_bytes)
    }

    /// Closes the file, perhaps after a failure: whatever it has plays.
    pub(super) fn finish(mut self, failure: Option<io::Error>) -> Recording {
        // If there is room, the last packets are kept too.
        let finished = self.writer.finish();
        let failure = failure.or_else(|| finished.err());
        if failure.is_some() {
            self.cut();
        }
        let written = self.writer.written();
        Recording {
            frames: written.pictures,
            audio_frames: written.audio,
            duration: written.duration,
            bytes: written.bytes,
            ..match failure {
                Some(error) => nothing(self.path, &error),
                None => empty(self.path),
            }
        }
    }

    /// Cuts off an unfinished fragment.
    fn cut(&mut self) {
        let whole = self.writer.written().bytes;
        if let Err(error) = self.writer.out().set_len(whole) {
            tracing::warn!(%error, "cannot cut off an unfinished fragment");
        }
    }
}

/// A recording without content, and why.
fn nothing(path: PathBuf, error: &io::Error) -> Recording {
    Recording {
        failure: Some(error.to_string()),
        ..empty(path)
    }
}

const fn empty(path: PathBuf) -> Recording {
    Recording {
        path,
        frames: 0,
        audio_frames: 0,
        duration: std::time::Duration::ZERO,
        bytes: 0,
        dropped: 0,
        dropped_audio: 0,
        failure: None,
    }
}

/// Creates a file that does not exist yet.
fn create_new(directory: &Path, stem: &str) -> Result<(PathBuf, File), (PathBuf, io::Error)> {
    let mut number = 1;
    loop {
        let path = match number {
            1 => directory.join(format!("{stem}.mp4")),
            _ => directory.join(format!("{stem}-{number}.mp4")),
        };
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 1000 => {
                number += 1;
            }
            Err(error) => return Err((path, error)),
        }
    }
}

/// The stream's name in characters that every file system takes; never a path.
fn file_name(name: &StreamName) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let name = name.as_str().chars();
    name.map(|c| if fits(c) { c } else { '_' })
        .take(100)
        .collect()
}

/// For instance `20261122-213000`.
fn stamp(time: OffsetDateTime) -> String {
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(month);
    format!("{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_listed_in_the_order_of_their_times() {
        let time = OffsetDateTime::from_unix_timestamp(1_767_225_599).unwrap();
        assert_eq!(stamp(time), "20251231-235959");
        assert_eq!(stamp(OffsetDateTime::UNIX_EPOCH), "19700101-000000");
    }

    #[test]
    fn no_stream_name_leads_out_of_the_directory() {
        let name = |app, key| file_name(&StreamName::new(app, key).unwrap());
        assert_eq!(name("live", "cam-1"), "live_cam-1");
        assert_eq!(name("..", "../etc/passwd"), "______etc_passwd");
        assert_eq!(name("live", "a b:c*"), "live_a_b_c_");
    }
}
