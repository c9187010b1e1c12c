//! The local copy of a broadcast: whatever the lines lose, it has.

mod disk;
mod flv;
mod mp4;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use onair_media::Packet;
use tokio::sync::watch;

use self::disk::Disk;
use self::flv::Flv;
use self::mp4::Mp4;
use crate::feed::{Feed, Taken};
use crate::hub::Hub;
use crate::program::Program;
use crate::{Error, Event, RecordingReport};

/// A file that is ready to be recorded to.
pub(crate) struct Recorder {
    path: PathBuf,
    format: Format,
    file: File,
}

/// What recordings can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Flv,
    Mp4,
}

/// A file in the making. What is pushed is on the disk, but for the last seconds at most.
trait Tape {
    fn push(&mut self, packet: &Packet) -> io::Result<()>;
    /// Writes what is left.
    fn finish(&mut self) -> io::Result<()>;
    /// Makes the file whole, also when not everything could be written.
    fn close(&mut self) -> io::Result<()>;
    /// What is in the file.
    fn written(&self) -> Written;
}

/// What a file has of a broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Written {
    bytes: u64,
    /// In media time; `None` before there is anything.
    duration: Option<Duration>,
}

/// A recording that runs on its own thread.
#[derive(Debug)]
pub(crate) struct Recording {
    report: Mutex<RecordingReport>,
    is_over: watch::Sender<bool>,
}

/// How much is taken, and written, at once.
const BLOCK: usize = 256 * 1024;

/// How long a disk may take nothing of what is left at the end.
const CLOSING: Duration = Duration::from_secs(3);

impl Recorder {
    /// Creates the file. One that is there and has something in it stays as it is: it may be the
    /// recording of another show, or the very file that is being sent.
    pub(crate) fn create(path: PathBuf) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Recording {
            path: path.clone(),
            reason,
        };
        let words = "a recording is a .mp4 or a .flv file";
        let format = Format::of(&path).ok_or_else(|| refuse(words.to_owned()))?;
        let is_taken = |found: fs::Metadata| found.is_file() && found.len() > 0;
        if fs::metadata(&path).is_ok_and(is_taken) {
            let words = "it is there already and is not overwritten: name another, or remove it";
            return Err(refuse(words.to_owned()));
        }
        let file = File::create(&path).map_err(|error| refuse(error.to_string()))?;
        Ok(Self { path, format, file })
    }

    /// Records what the feed gives until it ends.
    pub(crate) fn start(
        self,
        feed: Arc<Feed>,
        hub: &Arc<Hub>,
        program: &Program,
    ) -> Result<Arc<Recording>, Error> {
        let (hub, program) = (hub.clone(), program.clone());
        let recording = Arc::new(Recording::of(&self.path));
        let shown = recording.clone();
        let run = move || {
            let over = Over(&shown);
            let tape = self.format.tape(Box::new(self.file), &program);
            let (result, written) = write(tape, &feed, &shown);
            feed.close();
            if let Err(error) = result {
                let reason = format!("{}: {error}", self.path.display());
                shown.report().error = Some(error.to_string());
                hub.tell(Event::RecordingFailed { reason });
            }
            shown.tell_dropped(&feed, &hub);
            if written.duration.is_none() {
                shown.remove(&self.path);
            }
            drop(over);
        };
        let thread = thread::Builder::new().name("onair-record".to_owned());
        thread.spawn(run).map_err(|source| Error::System {
            what: "starting a thread",
            source,
        })?;
        Ok(recording)
    }
}

/// Writes what the feed gives until it ends, or until no more can be written: what was written by
/// then is a file that plays.
fn write(mut tape: Box<dyn Tape>, feed: &Feed, recording: &Recording) -> (io::Result<()>, Written) {
    let mut packets = Vec::new();
    let mut result = Ok(());
    while result.is_ok() && feed.take(BLOCK, &mut packets) == Taken::Some {
        let mut taken = packets.drain(..);
        result = taken.try_for_each(|packet| tape.push(&packet));
        recording.note(tape.written());
    }
    let result = result.and_then(|()| tape.finish());
    let closed = tape.close();
    recording.note(tape.written());
    (result.and(closed), tape.written())
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_ascii_lowercase();
        match ending.to_str()? {
            "flv" => Some(Self::Flv),
            "mp4" => Some(Self::Mp4),
            _ => None,
        }
    }

    fn tape(self, disk: Box<dyn Disk>, program: &Program) -> Box<dyn Tape> {
        match self {
            Self::Flv => Box::new(Flv::new(disk, program)),
            Self::Mp4 => Box::new(Mp4::new(disk, program)),
        }
    }
}

impl Recording {
    fn of(path: &Path) -> Self {
        Self {
            report: Mutex::new(RecordingReport {
                path: path.to_owned(),
                ..RecordingReport::default()
            }),
            is_over: watch::Sender::new(false),
        }
    }

    /// What has become of it so far.
    pub(crate) fn report(&self) -> MutexGuard<'_, RecordingReport> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when everything is written that will be, or when the disk has taken nothing of the
    /// rest for [`CLOSING`].
    pub(crate) async fn over_or_stuck(&self, hub: &Hub) {
        let stuck = async {
            hub.recording_ended().await;
            self.stuck().await;
        };
        tokio::select! {
            () = self.over() => {}
            () = stuck => {}
        }
    }

    /// What is not closed by now is not waited for, and that is said.
    pub(crate) fn leave_behind(&self, hub: &Hub) {
        if *self.is_over.borrow() {
            return;
        }
        let words = "it could not be closed in time: the disk does not take it";
        let mut report = self.report();
        let reason = format!("{}: {words}", report.path.display());
        report.error = Some(words.to_owned());
        drop(report);
        hub.tell(Event::RecordingFailed { reason });
    }

    async fn stuck(&self) {
        let mut before = None;
        loop {
            let bytes = self.report().bytes;
            if before.replace(bytes) == Some(bytes) {
                return;
            }
            tokio::time::sleep(CLOSING).await;
        }
    }

    async fn over(&self) {
        let mut is_over = self.is_over.subscribe();
        // The sender lives in `self`: it cannot be gone.
        let _ = is_over.wait_for(|is_over| *is_over).await;
    }

    fn note(&self, written: Written) {
        let mut report = self.report();
        report.bytes = written.bytes;
        let duration = written.duration.unwrap_or_default();
        report.duration_s = (duration.as_secs_f64() * 1e3).round() / 1e3;
    }

    fn tell_dropped(&self, feed: &Feed, hub: &Hub) {
        let (dropped, audio) = feed.with(|queue| {
            let tally = queue.tally();
            (tally.video.dropped, tally.audio.dropped)
        });
        self.report().dropped = dropped;
        let lost = match (dropped, audio) {
            (0, 0) => return,
            (_, 0) => format!("{dropped} pictures"),
            (0, _) => format!("{audio} audio frames"),
            _ => format!("{dropped} pictures and {audio} audio frames"),
        };
        hub.warn(
            None,
            format!("the disk was too slow: {lost} are not recorded"),
        );
    }

    /// Leaves no file behind that has nothing in it and would only be in the next one's way.
    fn remove(&self, path: &Path) {
        self.report().bytes = 0;
        let is_file = fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
        if is_file && let Err(error) = fs::remove_file(path) {
            tracing::debug!(%error, "an empty recording stays");
        }
    }
}

/// The recording is over when this is gone, also where its thread panicked.
struct Over<'a>(&'a Recording);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.send_replace(true);
    }
}
