//! The local copy of a broadcast: whatever the lines lose, it has.

mod flv;
mod mp4;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use onair_media::Packet;

use self::flv::Flv;
use self::mp4::Mp4;
use crate::feed::{Feed, Taken};
use crate::hub::Hub;
use crate::program::Program;
use crate::{Error, Event};

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
    /// Writes what is left, and makes the file whole.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// A recording that runs on its own thread.
#[derive(Debug)]
pub(crate) struct Recording {
    thread: JoinHandle<()>,
}

/// How much is taken, and written, at once.
const BLOCK: usize = 256 * 1024;

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
    ) -> Result<Recording, Error> {
        let (hub, program) = (hub.clone(), program.clone());
        let run = move || {
            let shown = self.path.display().to_string();
            if let Err(error) = self.write(&feed, &program) {
                let reason = format!("{shown}: {error}");
                hub.tell(Event::RecordingFailed { reason });
            }
            let missing = feed.with(|queue| queue.tally().video.dropped);
            if missing > 0 {
                let words = format!("the disk was too slow: {missing} pictures are not recorded");
                hub.warn(None, words);
            }
            feed.close();
        };
        let thread = thread::Builder::new().name("onair-record".to_owned());
        let thread = thread.spawn(run).map_err(|source| Error::System {
            what: "starting a thread",
            source,
        })?;
        Ok(Recording { thread })
    }

    fn write(self, feed: &Feed, program: &Program) -> io::Result<()> {
        let mut tape: Box<dyn Tape> = match self.format {
            Format::Flv => Box::new(Flv::begin(self.file, program)?),
            Format::Mp4 => Box::new(Mp4::new(self.file, program)),
        };
        let mut packets = Vec::new();
        while feed.take(BLOCK, &mut packets) == Taken::Some {
            packets
                .drain(..)
                .try_for_each(|packet| tape.push(&packet))?;
        }
        tape.finish()
    }
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
}

impl Recording {
    /// Waits until everything is written.
    pub(crate) fn finish(self) {
        if self.thread.join().is_err() {
            tracing::error!("the recording panicked");
        }
    }
}
