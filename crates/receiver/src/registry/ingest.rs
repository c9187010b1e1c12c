use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use onair_media::{Kind, Packet, Tracks};

use super::stream::Stream;
use super::{PushError, StreamName, StreamRegistry};

/// A publisher's end of a stream. Dropping it ends the stream, unless another publisher took over.
#[derive(Debug)]
pub struct Ingest {
    registry: StreamRegistry,
    stream: Arc<Stream>,
    generation: u64,
}

impl Ingest {
    pub(super) const fn new(
        registry: StreamRegistry,
        stream: Arc<Stream>,
        generation: u64,
    ) -> Self {
        Self {
            registry,
            stream,
            generation,
        }
    }

    /// The name it is played by.
    pub fn name(&self) -> &StreamName {
        self.stream.name()
    }

    /// Gives a packet to all viewers.
    ///
    /// # Errors
    ///
    /// When another publisher has taken over, or the packet exceeds the limits: then stop.
    pub fn push(&self, packet: Packet) -> Result<(), PushError> {
        self.stream.push(self.generation, packet)?;
        self.registry.relieve();
        Ok(())
    }

    /// Describes the stream. Long words are cut.
    ///
    /// # Errors
    ///
    /// When another publisher has taken over.
    pub fn metadata(&self, metadata: Tracks) -> Result<(), PushError> {
        self.stream.describe(self.generation, metadata)?;
        self.registry.relieve();
        Ok(())
    }

    /// Announces a track, whose sequence header has come.
    pub fn promise(&self, kind: Kind) {
        self.stream.promise(kind);
    }

    /// Notes media that reaches nobody, and why, in words: each once.
    pub fn leave_out(&self, words: &str) {
        self.stream.leave_out(self.generation, words);
    }

    /// Ready when more may be taken from the publisher: one that is ahead of time waits for the
    /// stream's recordings and relays. Whoever waits asks again now and then, woken or not.
    pub fn poll_room(&self, cx: &Context<'_>, now: Instant) -> Poll<()> {
        self.stream.poll_room(self.generation, cx, now)
    }

    /// Notes that the publisher is gone and may come back. As long as this is held, the next to
    /// publish under the name takes over, whoever that is, and the viewers stay. In a full registry
    /// a waiting stream may end for a new one.
    ///
    /// False if another publisher has the stream already.
    pub fn orphan(&self) -> bool {
        self.stream.set_orphan(self.generation)
    }

    /// How long an orphaned stream waits, where nothing else is said.
    pub(crate) fn wait_for_publisher(&self, usual: Duration) -> Duration {
        self.stream.held_for().unwrap_or(usual)
    }

    /// Waits until another publisher has taken over, or the stream has ended for another while its
    /// publisher was gone.
    pub async fn replaced(&self) {
        self.stream.replaced(self.generation).await;
    }

    /// Whether the stream has ended, with this still held.
    pub(crate) fn is_over(&self) -> bool {
        self.stream.is_over().get()
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        self.registry.end(&self.stream, self.generation);
    }
}
