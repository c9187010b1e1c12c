//! How much of a page's data its kernel has taken.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep};

use crate::registry::Share;

/// How many bytes a connection has taken so far. Clones are the same.
///
/// A `WebSocket` only reports whole messages; slow and stuck peers can only be told apart below it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

/// How often to look at a message that takes long.
const LOOK: Duration = Duration::from_millis(100);

impl Progress {
    /// Waits for `sending` to end, and meanwhile tells `share` how much has gone out.
    pub(super) async fn tell<T>(&self, share: &mut Share, sending: impl Future<Output = T>) -> T {
        let mut told = self.bytes();
        tokio::pin!(sending);
        loop {
            tokio::select! {
                biased;
                done = &mut sending => return done,
                () = sleep(LOOK) => {
                    let bytes = self.bytes();
                    share.note_taken(bytes - told, Instant::now().into_std());
                    told = bytes;
                }
            }
        }
    }

    fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A connection whose progress is counted.
#[derive(Debug)]
pub(super) struct Counted<S> {
    stream: S,
    progress: Progress,
}

impl<S> Counted<S> {
    pub(super) const fn new(stream: S, progress: Progress) -> Self {
        Self { stream, progress }
    }

    fn count(&self, written: usize) -> usize {
        self.progress.0.fetch_add(written as u64, Ordering::Relaxed);
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        Poll::Ready(Ok(self.count(written)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, pieces))?;
        Poll::Ready(Ok(self.count(written)))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Waker;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::{RegistryConfig, StreamRegistry};

    fn is_cut(share: &Share) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(share.cut()).poll(&mut cx).is_ready()
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_a_long_message_bit_by_bit_stays_and_who_is_stuck_goes() {
        let registry = StreamRegistry::new(RegistryConfig {
            memory: 400_000,
            ..RegistryConfig::default()
        });
        let [mut slow, mut stuck, mut last] = [(); 3].map(|()| registry.share());
        let now = || Instant::now().into_std();
        let (stream, mut page) = duplex(8 * 1024);
        let progress = Progress::default();
        let mut counted = Counted::new(stream, progress.clone());
        slow.set(60_000, now());
        stuck.set(50_000, now());
        let message = vec![0; 60_000];
        let sending = progress.tell(&mut slow, counted.write_all(&message));
        let reading = async {
            for _ in 0..10 {
                sleep(Duration::from_millis(90)).await;
                page.read_exact(&mut [0; 4000]).await.unwrap();
            }
        };
        tokio::select! {
            _ = sending => panic!("not that fast"),
            () = reading => {}
        }
        last.set(40_000, now());
        assert_eq!([&slow, &stuck, &last].map(is_cut), [false, true, false]);
    }
}
