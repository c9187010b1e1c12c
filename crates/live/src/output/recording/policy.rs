//! How a recording differs from other outputs: it has no line that could be down, nothing is tried
//! twice, it goes on when all destinations have given up, and a disk may get stuck.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::FileOutput;
use crate::config::Limits;
use crate::fanout::Fanout;
use crate::output::{Output, OutputHandle, SessionContext};
use crate::queue::{Overflow, PacketQueue};
use crate::{Error, Event, Failure, FailureStage, Fault, RecordingReport};

/// The recording of a broadcast.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    output: Box<dyn Output>,
    handle: Arc<OutputHandle>,
    is_over: watch::Sender<bool>,
}

/// How long a disk may take nothing of the rest at the end.
pub(super) const CLOSING: Duration = Duration::from_secs(3);

impl Recording {
    /// Creates the file.
    pub(crate) fn create(path: PathBuf, overflow: Overflow) -> Result<Self, Error> {
        let output = Box::new(FileOutput::create(&path)?);
        Ok(Self::new(path, output, overflow))
    }

    /// Its queue has no line that could be down.
    pub(super) fn new(path: PathBuf, output: Box<dyn Output>, overflow: Overflow) -> Self {
        let mut queue = PacketQueue::new(Limits::RECORDING, overflow, false);
        queue.live();
        let name = path.display().to_string();
        Self {
            path,
            output,
            handle: Arc::new(OutputHandle::file(name, queue)),
            is_over: watch::Sender::new(false),
        }
    }

    pub(crate) const fn handle(&self) -> &Arc<OutputHandle> {
        &self.handle
    }

    /// Its state so far.
    pub(crate) fn report(&self) -> RecordingReport {
        let dropped = self
            .handle
            .queue()
            .with(|queue| queue.tally().video.dropped);
        let status = self.handle.status();
        RecordingReport {
            path: self.path.clone(),
            duration: status.recorded.unwrap_or_default(),
            bytes: status.bytes,
            dropped,
            error: status.failure.as_ref().map(ToString::to_string),
        }
    }

    /// Records until the source ends, or no more can be written.
    pub(crate) async fn run(&self, context: SessionContext) {
        let over = Over(&self.is_over);
        let fanout = context.fanout.clone();
        let result = self.output.run(context).await;
        self.handle.queue().close();
        if let Err(failure) = &result {
            self.tell_failed(failure, &fanout);
        }
        self.handle.finish(result);
        self.tell_dropped(&fanout);
        if self.handle.status().recorded.is_none() {
            self.remove();
        }
        drop(over);
    }

    /// Resolves when everything that will be written is, or when the disk has taken nothing of the
    /// rest for [`CLOSING`].
    pub(crate) async fn over_or_stuck(&self, fanout: &Fanout) {
        let stuck = async {
            fanout.recording_ended().await;
            self.stuck().await;
        };
        tokio::select! {
            () = self.over() => {}
            () = stuck => {}
        }
    }

    /// Gives up waiting for a file that is not closed by now, and says so.
    pub(crate) fn leave_behind(&self, fanout: &Fanout) {
        if *self.is_over.borrow() {
            return;
        }
        let words = "it could not be closed in time: the disk does not take it";
        let failure = Failure::new(FailureStage::End, Fault::DiskStuck, words);
        self.tell_failed(&failure, fanout);
        self.handle.finish(Err(failure));
    }

    async fn stuck(&self) {
        let mut before = None;
        loop {
            let bytes = self.handle.status().bytes;
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

    fn tell_failed(&self, failure: &Failure, fanout: &Fanout) {
        let reason = format!("{}: {failure}", self.path.display());
        fanout.tell(Event::RecordingFailed { reason });
    }

    fn tell_dropped(&self, fanout: &Fanout) {
        let (dropped, audio) = self.handle.queue().with(|queue| {
            let tally = queue.tally();
            (tally.video.dropped, tally.audio.dropped)
        });
        let lost = match (dropped, audio) {
            (0, 0) => return,
            (_, 0) => format!("{dropped} pictures"),
            (0, _) => format!("{audio} audio frames"),
            _ => format!("{dropped} pictures and {audio} audio frames"),
        };
        fanout.warn(
            None,
            format!("the disk was too slow: {lost} are not recorded"),
        );
    }

    /// Removes a file with nothing in it, which would only be in the next one's way.
    fn remove(&self) {
        self.handle.status().bytes = 0;
        let is_file = fs::symlink_metadata(&self.path).is_ok_and(|found| found.is_file());
        if is_file && let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, "an empty recording stays");
        }
    }
}

/// Marks the recording as over when dropped, however that comes.
struct Over<'a>(&'a watch::Sender<bool>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}
