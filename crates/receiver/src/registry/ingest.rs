use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use onair_media::{Kind, Packet, Tracks};

use super::stream::Stream;
use super::{PushError, StreamName, StreamRegistry};

/// A publisher's end of a stream. Dropping it ends the stream, unless another took it over.
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

    /// What the stream is played as.
    pub fn name(&self) -> &StreamName {
        self.stream.name()
    }

    /// Gives a packet to all viewers.
    ///
    /// # Errors
    ///
    /// When another publisher has taken over, or the packet is beyond what is held: then stop.
    pub fn push(&self, packet: Packet) -> Result<(), PushError> {
        self.stream.push(self.generation, packet)?;
        self.registry.relieve();
        Ok(())
    }

    /// Says something about the stream. Of long words the beginning is kept.
    ///
    /// # Errors
    ///
    /// When another publisher has taken over.
    pub fn metadata(&self, metadata: Tracks) -> Result<(), PushError> {
        self.stream.describe(self.generation, metadata)?;
        self.registry.relieve();
        Ok(())
    }

    /// Says that a track will come: its sequence header has.
    pub fn promise(&self, kind: Kind) {
        self.stream.promise(kind);
    }

    /// Says what of the publisher's media nobody gets, and why, in words: each once.
    pub fn leave_out(&self, words: &str) {
        self.stream.leave_out(self.generation, words);
    }

    /// Ready when more may be taken from the publisher: one that is ahead of time waits for the
    /// stream's recordings and relays. Who waits asks again every now and then, woken or not.
    pub fn poll_room(&self, cx: &Context<'_>, now: Instant) -> Poll<()> {
        self.stream.poll_room(self.generation, cx, now)
    }

    /// Notes that the publisher is gone and may come back: as long as this is held, the next to
    /// publish under the name takes over, whoever it is, and the viewers stay. In a full registry a
    /// stream that waits may end for a new one.
    pub fn orphan(&self) {
        self.stream.set_orphan(self.generation);
    }

    /// Waits until another publisher has taken over, or the stream made way for another while its
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
