use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use onair_flv::Metadata;
use onair_media::{Kind, Packet, Timestamp};

use super::HubConfig;

/// What a viewer gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An access unit or an audio frame.
    Packet(Packet),
    /// What the stream says about itself: before its packets, and whenever it changes.
    Metadata(Arc<Metadata>),
    /// The stream is over. Nothing follows.
    Ended,
}

impl Item {
    /// Payload bytes, and at least one.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Packet(packet) => packet.payload.len().max(1),
            _ => 1,
        }
    }
}

/// The newest part of one stream, from which any number of viewers read.
///
/// It holds the current GOP, and what a viewer may lag behind, and never more bytes than allowed.
/// Viewers own [`Cursor`]s and nothing else: what one of them does costs the others nothing.
#[derive(Debug)]
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    first: u64,
    bytes: usize,
    /// The numbers of the keyframes held.
    keyframes: VecDeque<u64>,
    /// How many pictures came, ever.
    pictures: u64,
    metadata: Option<Arc<Metadata>>,
    newest: Timestamp,
    lag: Duration,
    most_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    item: Item,
    dts: Timestamp,
    /// How many pictures came before.
    pictures: u64,
}

/// Where a viewer is in a [`Ring`].
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    next: u64,
    /// How many pictures came before `next`.
    pictures: u64,
    /// Pictures are skipped until the next keyframe.
    waits: bool,
    /// The metadata is yet to be given.
    greets: bool,
    /// Pictures cut, so far.
    pub(super) dropped: u64,
}

/// What an entry costs besides its payload, so that empty ones count too.
const OVERHEAD: usize = size_of::<Entry>();

impl Ring {
    pub(super) fn new(config: &HubConfig) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            bytes: 0,
            keyframes: VecDeque::new(),
            pictures: 0,
            metadata: None,
            newest: Timestamp::ZERO,
            lag: config.lag,
            most_bytes: config.stream_bytes,
        }
    }

    /// Takes the next packet, and lets go of what is too old for it.
    pub(super) fn push(&mut self, packet: Packet) {
        let is_video = packet.kind() == Kind::Video;
        let (dts, pictures) = (packet.dts, self.pictures);
        if is_video || self.pictures == 0 {
            self.newest = dts;
        }
        if packet.is_video_keyframe() {
            self.keyframes.push_back(self.end());
        }
        self.pictures += u64::from(is_video);
        self.bytes += packet.payload.len();
        self.append(Entry {
            item: Item::Packet(packet),
            dts,
            pictures,
        });
    }

    /// Takes what the publisher says about the stream.
    pub(super) fn describe(&mut self, metadata: Metadata) {
        let metadata = Arc::new(metadata);
        self.metadata = Some(metadata.clone());
        self.append(Entry {
            item: Item::Metadata(metadata),
            dts: self.newest,
            pictures: self.pictures,
        });
    }

    /// What the publisher said last about the stream.
    pub(super) const fn metadata(&self) -> Option<&Arc<Metadata>> {
        self.metadata.as_ref()
    }

    /// Where a new viewer begins: at the current GOP, or else at what comes next.
    pub(super) fn join(&self) -> Cursor {
        let keyframe = self.keyframes.back().copied();
        let next = keyframe.unwrap_or_else(|| self.end());
        Cursor {
            next,
            pictures: self.pictures_before(next),
            waits: keyframe.is_none() && self.pictures > 0,
            greets: true,
            dropped: 0,
        }
    }

    /// The next item for a viewer, which is cut to a keyframe if it lags too far behind.
    pub(super) fn read(&self, cursor: &mut Cursor) -> Option<Item> {
        if std::mem::take(&mut cursor.greets)
            && let Some(metadata) = &self.metadata
        {
            return Some(Item::Metadata(metadata.clone()));
        }
        self.cut(cursor);
        loop {
            let index = usize::try_from(cursor.next.checked_sub(self.first)?).ok()?;
            let entry = self.entries.get(index)?;
            cursor.next += 1;
            let Item::Packet(packet) = &entry.item else {
                return Some(entry.item.clone());
            };
            if packet.kind() == Kind::Video {
                cursor.pictures += 1;
                cursor.waits &= !packet.keyframe;
                if cursor.waits {
                    cursor.dropped += 1;
                    continue;
                }
            }
            return Some(entry.item.clone());
        }
    }

    /// How far a viewer is behind the newest picture, in media time.
    pub(super) fn behind(&self, cursor: &Cursor) -> Duration {
        let index = cursor.next.saturating_sub(self.first);
        let entry = usize::try_from(index)
            .ok()
            .and_then(|i| self.entries.get(i));
        entry.map_or(Duration::ZERO, |entry| self.newest.since(entry.dts))
    }

    /// The time after the last packet: where another publisher's time can go on.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.entries.iter().map(|entry| entry.dts).max()
    }

    /// Moves a viewer that lags to the newest keyframe ahead of it, or else to the end.
    fn cut(&self, cursor: &mut Cursor) {
        let is_lost = cursor.next < self.first;
        if !is_lost && self.behind(cursor) <= self.lag {
            return;
        }
        let ahead = self.keyframes.back().filter(|key| **key > cursor.next);
        let (to, waits) = match ahead {
            Some(keyframe) => (*keyframe, false),
            None if is_lost || self.pictures == 0 => (self.end(), self.pictures > 0),
            None => return,
        };
        let pictures = self.pictures_before(to);
        cursor.dropped += pictures - cursor.pictures;
        (cursor.next, cursor.pictures, cursor.waits) = (to, pictures, waits);
    }

    fn append(&mut self, entry: Entry) {
        self.bytes += OVERHEAD;
        self.entries.push_back(entry);
        while self.is_dispensable() {
            self.pop();
        }
    }

    /// Whether the oldest entry can go.
    fn is_dispensable(&self) -> bool {
        let Some(oldest) = self.entries.front() else {
            return false;
        };
        let is_old = self.newest.since(oldest.dts) > self.lag;
        let is_current = self.keyframes.back().is_some_and(|key| *key <= self.first);
        self.bytes > self.most_bytes || (is_old && !is_current)
    }

    fn pop(&mut self) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        self.bytes -= OVERHEAD;
        if let Item::Packet(packet) = entry.item {
            self.bytes -= packet.payload.len();
        }
        self.first += 1;
        if self.keyframes.front().is_some_and(|key| *key < self.first) {
            self.keyframes.pop_front();
        }
    }

    /// The number the next entry will have.
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn pictures_before(&self, number: u64) -> u64 {
        let index = usize::try_from(number.saturating_sub(self.first)).ok();
        let entry = index.and_then(|index| self.entries.get(index));
        entry.map_or(self.pictures, |entry| entry.pictures)
    }
}

#[cfg(test)]
mod tests;
