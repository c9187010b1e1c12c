//! The local copy of a broadcast, which has whatever the lines lose.

mod disk;
mod flv;
mod mp4;
mod policy;
mod probing;
#[cfg(test)]
mod tests;
mod ts;

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use onair_media::Packet;
use tokio::sync::oneshot;

use self::disk::Disk;
use self::flv::Flv;
use self::mp4::Mp4;
pub(crate) use self::policy::Recording;
use self::probing::Probing;
use self::ts::Ts;
use super::{Attempt, Output, OutputHandle, SessionContext, one_of};
use crate::program::Program;
use crate::shared_queue::Taken;
use crate::{Error, Failure, FailureStage, Fault};

/// A file format for recordings.
#[derive(Debug)]
struct Format {
    /// The file name extension.
    extension: &'static str,
    begin: fn(Box<dyn Disk>, &Program) -> Box<dyn RecordingWriter>,
}

/// The known formats.
static FORMATS: &[Format] = &[
    Format {
        extension: "mp4",
        begin: |disk, program| Box::new(Probing::<Mp4>::new(disk, program)),
    },
    Format {
        extension: "flv",
        begin: |disk, program| Box::new(Flv::new(disk, program)),
    },
    Format {
        extension: "ts",
        begin: |disk, program| Box::new(Probing::<Ts>::new(disk, program)),
    },
];

/// A file being written. All that was pushed is on the disk, but for the last seconds.
trait RecordingWriter: Send {
    fn push(&mut self, packet: &Packet) -> io::Result<()>;
    /// Writes what is left.
    fn finish(&mut self) -> io::Result<()>;
    /// Makes the file whole, even if not everything could be written.
    fn close(&mut self) -> io::Result<()>;
    /// What is in the file.
    fn written(&self) -> Written;
}

/// How much of a broadcast a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    bytes: u64,
    /// In media time; `None` before there is anything.
    duration: Option<Duration>,
}

/// A file ready for recording, written on a thread of its own.
#[derive(Debug)]
struct FileOutput {
    format: &'static Format,
    file: File,
}

/// How much is taken and written at once.
const BLOCK: usize = 256 * 1024;

impl FileOutput {
    /// Creates the file. An existing file that is not empty is never touched: it may be the
    /// recording of another show, or the very file being sent.
    fn create(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Recording {
            path: path.to_owned(),
            reason,
        };
        let format = Format::of(path).ok_or_else(|| {
            refuse(format!(
                "a recording is a {} file",
                one_of(&recording_extensions())
            ))
        })?;
        let is_taken = |found: fs::Metadata| found.is_file() && found.len() > 0;
        if fs::metadata(path).is_ok_and(is_taken) {
            let words = "it is there already and is not overwritten: name another, or remove it";
            return Err(refuse(words.to_owned()));
        }
        let file = File::create(path).map_err(|error| refuse(error.to_string()))?;
        Ok(Self { format, file })
    }

    async fn record(&self, context: SessionContext) -> Result<(), Failure> {
        let file = self.file.try_clone().map_err(|error| failure(&error))?;
        let writer = (self.format.begin)(Box::new(file), &context.program);
        let (sender, result) = oneshot::channel();
        let run = move || {
            // Nobody waits for a stuck disk.
            let _ = sender.send(write(writer, &context.handle));
        };
        let thread = thread::Builder::new().name("onair-record".to_owned());
        thread.spawn(run).map_err(|error| failure(&error))?;
        result.await.unwrap_or_else(|_| {
            let words = "internal error";
            Err(Failure::new(FailureStage::Live, Fault::Internal, words))
        })
    }
}

impl Output for FileOutput {
    fn run(&self, context: SessionContext) -> Attempt<'_> {
        Box::pin(self.record(context))
    }

    fn is_insecure(&self) -> bool {
        false
    }
}

/// Writes what the queue gives, until it ends or no more can be written: whatever was written by
/// then plays.
fn write(mut writer: Box<dyn RecordingWriter>, handle: &OutputHandle) -> Result<(), Failure> {
    let mut packets = Vec::new();
    let mut result = Ok(());
    while result.is_ok() && handle.queue().take(BLOCK, &mut packets) == Taken::Some {
        let mut taken = packets.drain(..);
        result = taken.try_for_each(|packet| writer.push(&packet));
        writer.written().note(handle);
    }
    let result = result.and_then(|()| writer.finish());
    let closed = writer.close();
    writer.written().note(handle);
    result.and(closed).map_err(|error| failure(&error))
}

fn failure(error: &io::Error) -> Failure {
    let fault = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::DiskFull,
        io::ErrorKind::Unsupported => Fault::CodecRefused,
        _ => Fault::FileUnwritable,
    };
    Failure::new(FailureStage::Live, fault, error.to_string())
}

impl Written {
    fn note(self, handle: &OutputHandle) {
        let mut status = handle.status();
        status.bytes = self.bytes;
        status.recorded = self.duration;
    }
}

impl Format {
    fn of(path: &Path) -> Option<&'static Self> {
        let extension = path.extension()?.to_ascii_lowercase();
        FORMATS.iter().find(|format| format.extension == extension)
    }
}

/// The file name extensions that a broadcast can be recorded to, with the dot.
pub fn recording_extensions() -> Vec<String> {
    let extensions = FORMATS.iter().map(|format| format.extension);
    extensions
        .map(|extension| format!(".{extension}"))
        .collect()
}
