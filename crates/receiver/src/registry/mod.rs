//! Where publishers and viewers meet.
//!
//! `ring`, `meter` and `edge` are pure and know no clock; the rest is what it takes to share them.

mod backlog;
mod edge;
mod info;
mod ingest;
mod memory;
mod meter;
mod name;
mod ring;
mod stream;
mod subscribers;
#[cfg(test)]
mod tests;
mod viewer;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

pub(crate) use edge::LiveEdge;
pub use info::{AudioInfo, HeldInfo, Origin, PublisherKind, StreamInfo, VideoInfo};
pub use ingest::Ingest;
pub(crate) use memory::Share;
pub use name::StreamName;
pub use ring::Item;
pub use viewer::Viewer;
pub(crate) use viewer::{Presence, Wait};
pub use watch::{Change, StreamWatch};

use crate::address::oldest_of_most;
use memory::Memory;
use stream::Stream;
pub(crate) use stream::{IsOver, MAX_LEFT_OUT};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How much a registry holds, and who wins a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryConfig {
    /// True: a second publisher of a name takes over. False: it is refused.
    pub takeover: bool,
    /// How far a viewer may fall behind before it is cut to the next keyframe, in media time.
    pub lag: Duration,
    /// The most bytes one stream's packets may occupy, current GOP included.
    pub stream_bytes: usize,
    /// The most streams at a time.
    pub streams: usize,
    /// The most bytes that the packets of all streams, and what connections hold of them, may
    /// occupy together. When the streams hold half of it, the largest drops its oldest packets.
    /// When the connections hold a quarter of it, those that read nothing are cut, the slowest
    /// first.
    pub memory: usize,
    /// How long a stream is held for a publisher that vanished, counted from its last media; `None`
    /// leaves that to whoever takes it in. With it, a publisher that sends nothing for 1.5 s may be
    /// replaced: it has most likely lost its line, and comes back by another.
    pub hold: Option<Duration>,
}

/// A publisher that sent nothing for so long has most likely lost its line.
pub(crate) const STALLED_AFTER: Duration = Duration::from_millis(1500);

impl Default for RegistryConfig {
    fn default() -> Self {
        Self {
            takeover: false,
            lag: Duration::from_secs(3),
            stream_bytes: 32 * 1024 * 1024,
            streams: 64,
            memory: 128 * 1024 * 1024,
            hold: None,
        }
    }
}

/// The live streams. Clones are the same registry.
#[derive(Clone, Debug)]
pub struct StreamRegistry {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: RegistryConfig,
    memory: Memory,
    streams: Mutex<BTreeMap<StreamName, Arc<Stream>>>,
    /// Where every stream is announced, from its very beginning.
    outputs: Mutex<Vec<UnboundedSender<Viewer>>>,
    /// The live streams, and those that are over and still read.
    held: Mutex<Vec<Weak<Stream>>>,
    /// Changes whenever a stream begins or ends.
    version: tokio::sync::watch::Sender<u64>,
}

/// Why a stream cannot be published, in words for whoever wanted to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The name is being published already.
    #[error("somebody is publishing to {0} already")]
    Busy(StreamName),
    /// The registry takes no more streams.
    #[error("this server takes no more than {0} streams")]
    Full(usize),
}

/// Why a packet or a description was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// Another publisher has the stream, or it is over.
    #[error("another publisher has taken over")]
    Replaced,
    /// A decoder configuration larger than any decoder needs: its length in bytes.
    #[error("a decoder configuration of {0} bytes; up to 65536 are taken")]
    Configuration(usize),
}

/// Ends a stream that waits for its publisher; false if none does. It is the one that has waited
/// longest of the address that has the most of them, so that nobody's comings and goings end
/// another's stream.
fn displace_orphan(streams: &mut BTreeMap<StreamName, Arc<Stream>>) -> bool {
    let waiting = streams.iter().filter_map(|(name, stream)| {
        let (since, from) = stream.orphan()?;
        Some((from, (since, name)))
    });
    let Some((_, name)) = oldest_of_most(waiting) else {
        return false;
    };
    let name = name.clone();
    let displaced = streams.remove(&name);
    displaced.is_some_and(|stream| {
        stream.displace();
        true
    })
}

impl StreamRegistry {
    /// An empty registry.
    pub fn new(config: RegistryConfig) -> Self {
        Self {
            shared: Arc::new(Shared {
                memory: Memory::new(config.memory),
                config,
                streams: Mutex::default(),
                outputs: Mutex::default(),
                held: Mutex::default(),
                version: tokio::sync::watch::Sender::new(0),
            }),
        }
    }

    /// Begins a stream, or takes it over from a publisher that is gone or may be replaced. In a
    /// full registry, a stream that waits for its publisher ends for it: the oldest of the address
    /// that has the most of them.
    ///
    /// Viewers stay through a takeover: the new publisher's time goes on where the old one's ended.
    ///
    /// # Errors
    ///
    /// When the name is taken, or the registry is full.
    pub fn publish(&self, name: StreamName, origin: Origin) -> Result<Ingest, PublishError> {
        let mut streams = self.streams_mut();
        if let Some(stream) = streams.get(&name) {
            let takeover = self.shared.config.takeover;
            let generation = stream.take_over(origin, takeover);
            let generation = generation.ok_or(PublishError::Busy(name))?;
            return Ok(Ingest::new(self.clone(), stream.clone(), generation));
        }
        if streams.len() >= self.shared.config.streams && !displace_orphan(&mut streams) {
            return Err(PublishError::Full(self.shared.config.streams));
        }
        let (config, memory) = (&self.shared.config, &self.shared.memory);
        let stream = Arc::new(Stream::new(name.clone(), origin, config, memory));
        self.hold(&stream);
        streams.insert(name, stream.clone());
        drop(streams);
        self.tell_outputs(&stream);
        self.changed();
        Ok(Ingest::new(self.clone(), stream, 0))
    }

    /// Watches a stream from its current GOP on; `None` if nobody publishes it.
    pub fn subscribe(&self, name: &StreamName) -> Option<Viewer> {
        let stream = self.streams_mut().get(name)?.clone();
        Some(Viewer::new(stream))
    }

    /// The live streams, by name.
    pub fn streams(&self) -> Vec<StreamInfo> {
        let streams: Vec<_> = self.streams_mut().values().cloned().collect();
        streams.iter().map(|stream| stream.info()).collect()
    }

    /// Reports from now on which streams begin and end; those already live begin now.
    pub fn watch_streams(&self) -> StreamWatch {
        StreamWatch::new(self.clone(), self.shared.version.subscribe())
    }

    /// Announces every stream that begins from now on to a recorder or relay, before its first
    /// packet.
    pub(crate) fn outputs(&self) -> UnboundedReceiver<Viewer> {
        let (sender, receiver) = unbounded_channel();
        self.outputs_mut().push(sender);
        receiver
    }

    /// Reads a stream for an output, from the oldest packet held; `None` if nobody publishes it.
    pub(crate) fn output(&self, name: &StreamName) -> Option<Viewer> {
        let stream = self.streams_mut().get(name)?.clone();
        Some(Viewer::output(stream))
    }

    fn tell_outputs(&self, stream: &Arc<Stream>) {
        let tell = |to: &UnboundedSender<Viewer>| to.send(Viewer::output(stream.clone())).is_ok();
        self.outputs_mut().retain(tell);
    }

    fn outputs_mut(&self) -> MutexGuard<'_, Vec<UnboundedSender<Viewer>>> {
        let outputs = self.shared.outputs.lock();
        outputs.unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes a stream and tells its viewers, unless another publisher has it by now.
    fn end(&self, stream: &Arc<Stream>, generation: u64) {
        let mut streams = self.streams_mut();
        let is_present = |present: &Arc<Stream>| Arc::ptr_eq(present, stream);
        if !stream.is_held_by(generation) || !streams.get(stream.name()).is_some_and(is_present) {
            return;
        }
        streams.remove(stream.name());
        stream.end();
        drop(streams);
        self.changed();
    }

    /// Ends all streams.
    pub fn close(&self) {
        for stream in self.all() {
            stream.end();
        }
        self.changed();
    }

    /// A new connection's part of the memory.
    pub(crate) fn share(&self) -> Share {
        self.shared.memory.share()
    }

    /// Makes the largest streams drop their oldest packets while all together hold too much.
    fn relieve(&self) {
        loop {
            let excess = self.shared.memory.rings_excess();
            if excess == 0 {
                return;
            }
            let held: Vec<_> = self.held().iter().filter_map(Weak::upgrade).collect();
            let largest = held.iter().max_by_key(|stream| stream.bytes());
            let Some(largest) = largest.filter(|stream| stream.bytes() > 0) else {
                return;
            };
            largest.shed(excess);
        }
    }

    /// Notes a stream whose packets count.
    fn hold(&self, stream: &Arc<Stream>) {
        let mut held = self.held();
        held.retain(|stream| stream.strong_count() > 0);
        held.push(Arc::downgrade(stream));
    }

    fn held(&self) -> MutexGuard<'_, Vec<Weak<Stream>>> {
        let held = self.shared.held.lock();
        held.unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.shared.version.send_modify(|version| *version += 1);
    }

    fn all(&self) -> Vec<Arc<Stream>> {
        self.streams_mut().values().cloned().collect()
    }

    fn streams_mut(&self) -> MutexGuard<'_, BTreeMap<StreamName, Arc<Stream>>> {
        let streams = self.shared.streams.lock();
        streams.unwrap_or_else(PoisonError::into_inner)
    }
}
