mod configs;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use onair_media::{Kind, Packet, Timestamp, Tracks};

use super::RegistryConfig;
use super::memory::RingBytes;
use configs::Configs;
pub(super) use configs::record;

/// What a viewer gets.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// An access unit or an audio frame.
    Packet(Packet),
    /// The stream's description: before its packets, and whenever it changes.
    Metadata(Arc<Tracks>),
    /// The stream is over. Nothing follows.
    Ended,
}

impl Item {
    /// What it costs to hold, in bytes, without the configuration that packets share.
    pub(crate) fn weight(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Packet(packet) => packet.payload.len(),
                Self::Metadata(metadata) => metadata.weight(),
                Self::Ended => 0,
            }
    }
}

/// The newest part of one stream, which any number of viewers read.
///
/// It holds the current GOP and what a viewer may lag behind, and never more bytes than allowed:
/// payloads, metadata, configurations and the bookkeeping all count. Viewers own only [`Cursor`]s:
/// nothing one of them does costs the others anything.
#[derive(Debug)]
pub(super) struct Ring {
    entries: VecDeque<Entry>,
    /// The number of the first entry.
    first: u64,
    bytes: RingBytes,
    configs: Configs,
    /// The numbers of the keyframes held.
    keyframes: VecDeque<u64>,
    /// Where viewers begin: at the last keyframe, if pictures still follow it.
    current: Option<u64>,
    /// The first audio frame since the last picture.
    audio_alone: Option<Timestamp>,
    /// No picture has come for long while audio goes on.
    is_paused: bool,
    /// How many frames ever came.
    frames: Frames,
    metadata: Option<Arc<Tracks>>,
    newest: Timestamp,
    lag: Duration,
    most_bytes: usize,
    /// How many bytes ever came.
    total: u64,
    /// What outputs have yet to read: nothing from this number on is dropped for its age.
    needed: Option<u64>,
}

#[derive(Debug)]
struct Entry {
    item: Item,
    dts: Timestamp,
    /// How many frames came before.
    frames: Frames,
    /// How many bytes came before.
    bytes: u64,
}

/// A number of frames of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frames {
    pub(super) video: u64,
    pub(super) audio: u64,
}

impl Frames {
    pub(super) const fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Video => self.video += 1,
            Kind::Audio => self.audio += 1,
        }
    }
}

/// Where a viewer is in a [`Ring`].
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    next: u64,
    /// How many frames came before `next`.
    frames: Frames,
    /// Pictures are skipped until the next keyframe.
    waits: bool,
    /// The metadata is still to be given.
    greets: bool,
    /// It belongs to an output: nothing is skipped for being late, only what is no longer held.
    is_whole: bool,
    /// How many frames were cut so far.
    pub(super) dropped: Frames,
}

impl Cursor {
    /// The number of the next entry to read.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }
}

/// What an entry costs besides its content, so that empty ones count too: itself, as much room for
/// the queue to grow, and an allocation.
const OVERHEAD: usize = 2 * size_of::<Entry>() + 64;

/// After this much audio without a picture the camera has stopped, and its last keyframe is no
/// longer a place to begin. Slides may stand for some seconds.
const PAUSE: Duration = Duration::from_secs(10);

impl Ring {
    pub(super) fn new(config: &RegistryConfig, bytes: RingBytes) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            bytes,
            configs: Configs::default(),
            keyframes: VecDeque::new(),
            current: None,
            audio_alone: None,
            is_paused: false,
            frames: Frames::default(),
            metadata: None,
            newest: Timestamp::ZERO,
            lag: config.lag,
            most_bytes: config.stream_bytes,
            total: 0,
            needed: None,
        }
    }

    /// Takes the next packet, and drops what is then too old.
    pub(super) fn push(&mut self, packet: Packet) {
        let (kind, dts, frames) = (packet.kind(), packet.dts, self.frames);
        self.note_time(kind, dts);
        if packet.is_video_keyframe() {
            self.current = Some(self.end());
            self.keyframes.push_back(self.end());
        }
        self.frames.add(kind);
        let config = self.configs.add(&packet.config);
        self.bytes.add(config);
        self.append(Entry {
            item: Item::Packet(packet),
            dts,
            frames,
            bytes: self.total,
        });
    }

    /// Video tells the time as long as there is any: audio may have another clock.
    fn note_time(&mut self, kind: Kind, dts: Timestamp) {
        if kind == Kind::Video || self.frames.video == 0 {
            self.newest = dts;
            (self.audio_alone, self.is_paused) = (None, false);
            return;
        }
        let since = *self.audio_alone.get_or_insert(dts);
        if dts.since(since) > PAUSE {
            self.newest = dts;
            (self.current, self.is_paused) = (None, true);
        }
    }

    /// Takes the publisher's description of the stream.
    pub(super) fn describe(&mut self, metadata: Tracks) {
        let metadata = Arc::new(metadata);
        self.metadata = Some(metadata.clone());
        self.append(Entry {
            item: Item::Metadata(metadata),
            dts: self.newest,
            frames: self.frames,
            bytes: self.total,
        });
    }

    /// The publisher's last description of the stream.
    pub(super) const fn metadata(&self) -> Option<&Arc<Tracks>> {
        self.metadata.as_ref()
    }

    /// Where a new viewer begins: at the current GOP, or else at the next packet.
    pub(super) fn join(&self) -> Cursor {
        let next = self.current.unwrap_or_else(|| self.end());
        Cursor {
            next,
            frames: self.frames_before(next),
            waits: self.current.is_none() && self.frames.video > 0,
            greets: true,
            is_whole: false,
            dropped: Frames::default(),
        }
    }

    /// Where an output begins: at the oldest entry held.
    ///
    /// It is never cut for being late. Only bytes count as its lag, so that media which comes
    /// faster than it plays is not mistaken for late media.
    pub(super) fn join_whole(&self) -> Cursor {
        let keyframe = self.keyframes.front().copied();
        let is_all_there = self.first == 0;
        let next = if is_all_there { Some(0) } else { keyframe };
        let next = next.unwrap_or_else(|| self.end());
        Cursor {
            next,
            frames: self.frames_before(next),
            waits: !is_all_there && keyframe.is_none() && self.frames.video > 0,
            greets: true,
            is_whole: true,
            dropped: Frames::default(),
        }
    }

    /// Keeps what the last of the outputs, at this cursor, has yet to read, as far as the bytes
    /// allow.
    pub(super) fn keep_for(&mut self, needed: Option<u64>) {
        self.needed = needed;
        while self.is_dispensable() {
            self.pop();
        }
    }

    /// The next entry of the last of the outputs.
    pub(super) const fn needed(&self) -> Option<u64> {
        self.needed
    }

    /// How many bytes the last of the outputs has yet to read.
    pub(super) fn unread(&self) -> u64 {
        let Some(needed) = self.needed else { return 0 };
        let index = usize::try_from(needed.saturating_sub(self.first)).ok();
        let entry = index.and_then(|index| self.entries.get(index));
        entry.map_or(0, |entry| self.total - entry.bytes)
    }

    /// With more than this unread, a publisher that can wait should.
    pub(super) fn full(&self) -> u64 {
        let part = if self.bytes.are_crowded() { 16 } else { 2 };
        self.most_bytes as u64 / part
    }

    /// The time of the newest picture, or of the newest audio frame if there are no pictures.
    pub(super) const fn newest(&self) -> Timestamp {
        self.newest
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
            cursor.frames.add(packet.kind());
            if packet.kind() == Kind::Video {
                cursor.waits &= !packet.keyframe;
                if cursor.waits {
                    cursor.dropped.video += 1;
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

    /// The time after the last packet, where another publisher's time can go on.
    pub(super) fn latest(&self) -> Option<Timestamp> {
        self.entries.iter().map(|entry| entry.dts).max()
    }

    /// How many bytes it holds.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.own()
    }

    /// Drops its oldest part, at least an eighth: memory is short.
    pub(super) fn shed(&mut self, excess: usize) {
        let left = self.bytes() - self.bytes().min(excess.max(self.bytes() / 8));
        while self.bytes() > left && !self.entries.is_empty() {
            self.pop();
        }
    }

    /// Moves a viewer that lags to the newest keyframe ahead of it, or else to the end. Moves an
    /// output that lost its place to the oldest entry, so that it loses no more than it must.
    fn cut(&self, cursor: &mut Cursor) {
        let is_lost = cursor.next < self.first;
        if !is_lost && (cursor.is_whole || self.behind(cursor) <= self.lag) {
            return;
        }
        let ahead = match cursor.is_whole {
            true => self.keyframes.front().copied(),
            false => self.current.filter(|key| *key > cursor.next),
        };
        let (to, waits) = match ahead {
            Some(keyframe) => (keyframe, false),
            None if is_lost || self.is_paused || self.frames.video == 0 => {
                (self.end(), self.frames.video > 0)
            }
            None => return,
        };
        let frames = self.frames_before(to);
        cursor.dropped.video += frames.video - cursor.frames.video;
        cursor.dropped.audio += frames.audio - cursor.frames.audio;
        (cursor.next, cursor.frames, cursor.waits) = (to, frames, waits);
    }

    fn append(&mut self, entry: Entry) {
        self.total += entry.item.weight() as u64;
        self.bytes.add(entry.item.weight());
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
        let is_current = self.current.is_some_and(|key| key <= self.first);
        let is_needed = self.needed.is_some_and(|needed| needed <= self.first);
        self.bytes.own() > self.most_bytes || (is_old && !is_current && !is_needed)
    }

    fn pop(&mut self) {
        let Some(entry) = self.entries.pop_front() else {
            return;
        };
        self.bytes.remove(entry.item.weight());
        if let Item::Packet(packet) = &entry.item {
            let config = self.configs.remove(packet.kind());
            self.bytes.remove(config);
        }
        self.first += 1;
        if self.keyframes.front().is_some_and(|key| *key < self.first) {
            self.keyframes.pop_front();
        }
        self.current = self.current.filter(|key| *key >= self.first);
    }

    /// The number of the next entry.
    fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn frames_before(&self, number: u64) -> Frames {
        let index = usize::try_from(number.saturating_sub(self.first)).ok();
        let entry = index.and_then(|index| self.entries.get(index));
        entry.map_or(self.frames, |entry| entry.frames)
    }
}

#[cfg(test)]
mod tests;
