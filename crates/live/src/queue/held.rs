use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_media::{Kind, Packet};

/// The packets that wait, and what it costs to hold them.
#[derive(Debug, Default)]
pub(super) struct Held {
    entries: VecDeque<Entry>,
    bytes: usize,
}

/// A packet, and since when it waits.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) packet: Packet,
    pub(super) since: Instant,
}

impl Entry {
    pub(super) fn is_video(&self) -> bool {
        self.packet.kind() == Kind::Video
    }

    pub(super) const fn weight(&self) -> usize {
        weight(&self.packet)
    }
}

/// What it costs to hold a packet, but for the configuration that packets share.
const fn weight(packet: &Packet) -> usize {
    OVERHEAD + packet.payload.len()
}

/// What it takes to keep a packet of any size: a queue that has grown is up to twice as large as
/// what is in it, and a payload has its own allocation.
pub(super) const OVERHEAD: usize = 2 * size_of::<Entry>() + 64;

impl Held {
    #[inline]
    pub(super) fn push(&mut self, packet: Packet, since: Instant) {
        self.bytes += weight(&packet);
        self.entries.push_back(Entry { packet, since });
    }

    /// Puts a packet in front of all others.
    pub(super) fn put_back(&mut self, packet: Packet, since: Instant) {
        self.bytes += weight(&packet);
        self.entries.push_front(Entry { packet, since });
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        self.bytes -= entry.weight();
        Some(entry)
    }

    /// What it costs to hold them.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes of their payloads alone.
    pub(super) fn payload(&self) -> usize {
        self.bytes - self.len() * OVERHEAD
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn front(&self) -> Option<&Entry> {
        self.entries.front()
    }

    pub(super) fn back(&self) -> Option<&Entry> {
        self.entries.back()
    }

    /// The media time between the oldest and the newest packet.
    pub(super) fn span(&self) -> Duration {
        match (self.front(), self.back()) {
            (Some(first), Some(last)) => last.packet.dts.since(first.packet.dts),
            _ => Duration::ZERO,
        }
    }

    pub(super) fn first_video(&self) -> Option<&Packet> {
        let mut entries = self.entries.iter();
        entries
            .find(|entry| entry.is_video())
            .map(|entry| &entry.packet)
    }

    /// Where the first IDR picture is.
    pub(super) fn first_keyframe(&self) -> Option<usize> {
        let mut entries = self.entries.iter();
        entries.position(|entry| entry.packet.is_video_keyframe())
    }

    /// The first audio, and where it is.
    pub(super) fn first_audio(&self) -> Option<(usize, &Entry)> {
        let mut entries = self.entries.iter().enumerate();
        entries.find(|(_, entry)| !entry.is_video())
    }

    /// Takes out the packet at an index.
    pub(super) fn take(&mut self, index: usize) -> Option<Entry> {
        let entry = self.entries.remove(index)?;
        self.bytes -= entry.weight();
        Some(entry)
    }

    /// Takes the last picture out, unless it is the first of its GOP.
    pub(super) fn take_tail(&mut self) -> Option<Packet> {
        let last = self.entries.iter().rposition(Entry::is_video)?;
        if self.entries[last].packet.keyframe {
            return None;
        }
        self.take(last).map(|entry| entry.packet)
    }

    /// Drops, of the first so many packets, those that `goes` says yes to: by the bytes that are
    /// still held, and itself. Each is shown to `dropped`.
    pub(super) fn drop_front(
        &mut self,
        count: usize,
        goes: impl Fn(usize, &Entry) -> bool,
        mut dropped: impl FnMut(&Entry),
    ) {
        let rest = self.entries.split_off(count);
        for entry in std::mem::take(&mut self.entries) {
            if goes(self.bytes, &entry) {
                self.bytes -= entry.weight();
                dropped(&entry);
            } else {
                self.entries.push_back(entry);
            }
        }
        self.entries.extend(rest);
    }
}
