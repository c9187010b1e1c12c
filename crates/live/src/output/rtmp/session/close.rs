//! The end of a good connection.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};

use super::{LAST_WORDS, Session};
use crate::failure::{Failure, FailureStage};
use crate::output::transport::stall_limit;

/// How long a silent server may take to close its side once it has everything.
const LINGER: Duration = Duration::from_secs(1);

/// How long a session may take to get rid of its bytes while another is on air.
const RETIRED: Duration = Duration::from_secs(5);

impl Session {
    /// Ends our side, then reads until the server ends its own: then it has everything. Fails if it
    /// certainly has not.
    pub(super) async fn close(&mut self) -> Result<(), Failure> {
        if self.broken.is_some() {
            return Ok(());
        }
        let hurry = self.last_moment();
        let limit = match self.is_retired {
            true => RETIRED,
            false => stall_limit(self.context.pace),
        };
        let until = hurry.unwrap_or_else(|| Instant::now() + limit);
        let goodbye = timeout_at(until.into(), self.pump.stream_mut().shutdown());
        if matches!(goodbye.await, Ok(Ok(()))) && !self.linger(limit).await {
            return Err(Failure::stalled(FailureStage::End, limit.as_secs()));
        }
        Ok(())
    }

    /// Waits while the kernel gets rid of its bytes, however long that takes, and a while after.
    /// False if it stopped.
    async fn linger(&mut self, limit: Duration) -> bool {
        let mut buffer = [0; 1024];
        let (mut drained, mut moved) = (Instant::now(), Instant::now());
        let mut before = None;
        loop {
            let (link, now) = (self.pump.stream().link(), Instant::now());
            let left = (link.unsent.unwrap_or(0), link.unacked.unwrap_or(0));
            if left.0 + left.1 > 1 {
                drained = now;
            }
            if before.replace(left) != Some(left) {
                moved = now;
            }
            let is_hurried = self.last_moment().is_some_and(|last| now >= last);
            if is_hurried || now >= drained + LINGER {
                tracing::debug!("the server did not close its side");
                return true;
            }
            if now >= moved + limit {
                return false;
            }
            match timeout(LINGER / 10, self.pump.stream_mut().read(&mut buffer)).await {
                Ok(Ok(0)) => return true,
                // Many servers reset a connection whose stream has been taken down.
                Ok(Err(error)) => return error.kind() != ErrorKind::TimedOut,
                Ok(Ok(_)) | Err(_) => {}
            }
        }
    }

    /// When to leave, if the end has been asked for.
    fn last_moment(&self) -> Option<Instant> {
        let deadline = self.context.queue().deadline();
        deadline.map(|at| at + LAST_WORDS)
    }
}
