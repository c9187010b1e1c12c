use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use onair_media::{Lineup, Packet, Tracks};

use super::tape::Tape;
use crate::event::Events;
use crate::lineup::{describe, lineup};
use crate::{Event, Item, StreamName, Viewer};

/// Records a stream to its end into files in `directory`, on the calling thread.
pub(crate) fn record(viewer: Viewer, directory: &Path, events: &Events) {
    let mut recorder = Recorder {
        name: viewer.name().clone(),
        directory,
        events,
        lineup: lineup(),
        open: None,
        viewer,
    };
    if let Err(Failure { path, reason }) = recorder.run() {
        let name = recorder.name.clone();
        let reason = reason.to_string();
        events.tell(Event::RecordingFailed { name, path, reason });
    }
}

struct Recorder<'a> {
    name: StreamName,
    directory: &'a Path,
    events: &'a Events,
    viewer: Viewer,
    lineup: Lineup,
    open: Option<(PathBuf, Tape<File>)>,
}

struct Failure {
    path: PathBuf,
    reason: io::Error,
}

impl Recorder<'_> {
    fn run(&mut self) -> Result<(), Failure> {
        loop {
            match self.viewer.blocking_next() {
                Some(Item::Packet(packet)) => self.take(packet)?,
                Some(Item::Metadata(metadata)) => describe(&mut self.lineup, &metadata),
                Some(Item::Ended) | None => break,
            }
        }
        if let Some(tracks) = self.lineup.finish() {
            self.begin(tracks)?;
        }
        self.finish()
    }

    fn take(&mut self, packet: Packet) -> Result<(), Failure> {
        if let Some((path, tape)) = &mut self.open {
            if tape.accepts(&packet) {
                return tape
                    .push(&packet)
                    .map_err(|reason| fail(path, tape, reason));
            }
            self.finish()?;
        }
        match self.lineup.push(packet) {
            Some(tracks) => self.begin(tracks),
            None => Ok(()),
        }
    }

    fn begin(&mut self, tracks: Tracks) -> Result<(), Failure> {
        let stem = format!("{}-{}", file_name(&self.name), now());
        let (path, file) = create(self.directory, &stem)?;
        let tape = Tape::begin(file, tracks).map_err(|reason| Failure {
            path: path.clone(),
            reason,
        })?;
        self.events.tell(Event::Recording {
            name: self.name.clone(),
            path: path.clone(),
        });
        self.open = Some((path, tape));
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let Some((path, mut tape)) = self.open.take() else {
            return Ok(());
        };
        tape.finish()
            .map_err(|reason| fail(&path, &mut tape, reason))?;
        self.events.tell(Event::Recorded {
            name: self.name.clone(),
            path,
            frames: tape.pictures(),
            dropped: self.viewer.dropped(),
        });
        Ok(())
    }
}

/// Cuts off what is not whole, so that the file plays to its end.
fn fail(path: &Path, tape: &mut Tape<File>, reason: io::Error) -> Failure {
    let written = tape.written();
    if let Err(error) = tape.out().set_len(written) {
        tracing::warn!(%error, "cannot cut off an unfinished fragment");
    }
    Failure {
        path: path.to_owned(),
        reason,
    }
}

/// Creates a file that does not exist yet.
fn create(directory: &Path, stem: &str) -> Result<(PathBuf, File), Failure> {
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
            Err(reason) => return Err(Failure { path, reason }),
        }
    }
}

/// The stream's name, in characters every file system takes; never a path.
fn file_name(name: &StreamName) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let name = name.as_str().chars();
    name.map(|c| if fits(c) { c } else { '_' })
        .take(100)
        .collect()
}

/// As in `20261122-213000`, in UTC.
fn now() -> String {
    Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stream_name_leads_out_of_the_directory() {
        let name = |app, key| file_name(&StreamName::new(app, key).unwrap());
        assert_eq!(name("live", "cam-1"), "live_cam-1");
        assert_eq!(name("..", "../etc/passwd"), "______etc_passwd");
        assert_eq!(name("live", "a b:c*"), "live_a_b_c_");
    }
}
