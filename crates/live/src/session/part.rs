//! The end of a good connection.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};

use super::{LAST_WORDS, Session};
use crate::transport::stall_limit;

/// How long a silent server may take to close its side once it has everything.
const LINGER: Duration = Duration::from_secs(1);

impl Session<'_> {
    /// Ends our side, then reads until the server has ended its own: it has everything then.
    pub(super) async fn part(&mut self) {
        if self.broken.is_some() {
            return;
        }
        let hurry = self.place.line.feed().deadline();
        let last = hurry.map(|at| at + LAST_WORDS);
        let limit = last.unwrap_or_else(|| Instant::now() + stall_limit(self.place.pace));
        let goodbye = async {
            if self.stream.shutdown().await.is_ok() {
                self.linger().await;
            }
        };
        if timeout_at(limit.into(), goodbye).await.is_err() {
            tracing::debug!("the server did not close its side");
        }
    }

    async fn linger(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut settled = Instant::now();
        while Instant::now() < settled + LINGER {
            let link = self.stream.link();
            if link.unsent.unwrap_or(0) + link.unacked.unwrap_or(0) > 1 {
                settled = Instant::now();
            }
            let read = timeout(LINGER / 10, self.stream.read(&mut buffer)).await;
            if let Ok(Ok(0) | Err(_)) = read {
                return;
            }
        }
    }
}
