use std::task::Waker;
use std::time::{Duration, Instant};

use onair_media::text::clean;
use onair_media::{Kind, Packet, Property, Tracks};

use super::super::backlog::Backlog;
use super::super::edge::LiveEdge;
use super::super::info::Origin;
use super::super::ring::{Cursor, Item, Ring};
use super::super::subscribers::{SubscriberKind, Subscribers};
use super::super::{PushError, STALLED_AFTER};
use super::meters::TrackMeters;

/// The changing part of a stream. Pure: time is an argument.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ring: Ring,
    pub(super) origin: Origin,
    /// Counts takeovers: which publisher may push.
    pub(super) generation: u64,
    /// Since when its publisher is gone and may come back.
    pub(super) orphan_since: Option<Instant>,
    pub(super) is_over: bool,
    /// When the present publisher's last media came, or the publisher.
    heard: Instant,
    /// How far the present publisher's time is moved; `None` until its first packet.
    shift: Option<i64>,
    pub(super) meters: TrackMeters,
    pub(super) promised: Promised,
    pub(super) left_out: Vec<String>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) dropped: u64,
    pub(super) subscribers: Subscribers,
    pub(super) backlog: Backlog,
    /// How far its video has come, or its audio if there is no video yet.
    pub(super) edge: LiveEdge,
}

/// The tracks that a publisher announced. Others may come as well.
#[derive(Debug, Default)]
pub(super) struct Promised {
    video: bool,
    audio: bool,
}

impl Promised {
    pub(super) const fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Video => self.video = true,
            Kind::Audio => self.audio = true,
        }
    }

    pub(super) const fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Video => self.video,
            Kind::Audio => self.audio,
        }
    }
}

impl State {
    pub(super) fn new(ring: Ring, origin: Origin, now: Instant) -> Self {
        Self {
            ring,
            origin,
            generation: 0,
            orphan_since: None,
            is_over: false,
            heard: now,
            shift: None,
            meters: TrackMeters::default(),
            promised: Promised::default(),
            left_out: Vec::new(),
            packets: 0,
            bytes: 0,
            dropped: 0,
            subscribers: Subscribers::default(),
            backlog: Backlog::default(),
            edge: LiveEdge::new(now),
        }
    }

    /// Whether the publisher of this generation may still push.
    pub(super) const fn check(&self, generation: u64) -> Result<(), PushError> {
        if self.generation == generation && !self.is_over {
            Ok(())
        } else {
            Err(PushError::Replaced)
        }
    }

    /// Begins another generation.
    pub(super) fn take_over(&mut self, origin: Origin, now: Instant) -> u64 {
        self.origin = origin;
        self.generation += 1;
        self.orphan_since = None;
        self.heard = now;
        self.shift = None;
        self.backlog = Backlog::default();
        self.left_out.clear();
        self.generation
    }

    /// How long the publisher has sent no media.
    pub(super) fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.heard)
    }

    /// Whether the publisher is gone, or seems to be.
    pub(super) fn is_absent(&self, now: Instant) -> bool {
        self.orphan_since.is_some() || self.silence(now) >= STALLED_AFTER
    }

    pub(super) fn push(&mut self, mut packet: Packet, now: Instant) {
        self.heard = now;
        self.move_in_time(&mut packet, now);
        self.observe(&packet, now);
        self.packets += 1;
        self.bytes += packet.payload.len() as u64;
        self.meters.add(&packet);
        self.ring.push(packet);
    }

    /// A publisher that took over goes on where the one before it ended.
    fn move_in_time(&mut self, packet: &mut Packet, now: Instant) {
        let shift = match self.shift {
            Some(shift) => shift,
            None if self.generation == 0 => 0,
            None => self.ring.latest().map_or(0, |latest| {
                latest.nanos_from(packet.dts).saturating_add(SEAM)
            }),
        };
        if self.shift.is_none() {
            self.backlog.begin(packet.dts.offset(shift), now);
        }
        self.shift = Some(shift);
        packet.dts = packet.dts.offset(shift);
        packet.pts = packet.pts.offset(shift);
    }

    /// Notes when a frame arrives, however late anybody takes it.
    fn observe(&mut self, packet: &Packet, now: Instant) {
        let has_video = self.meters.video().is_some();
        match packet.kind() {
            Kind::Video if !has_video => self.edge = LiveEdge::new(now),
            Kind::Audio if has_video => return,
            Kind::Video | Kind::Audio => {}
        }
        self.edge.observe(now, packet.pts);
    }

    pub(super) fn describe(&mut self, mut tracks: Tracks) {
        tracks.encoder = within(&tracks.encoder, MAX_WORDS);
        for (name, value) in &mut tracks.properties {
            *name = within(name, MAX_WORDS);
            if let Property::Text(text) = value {
                *text = within(text, MAX_WORDS);
            }
        }
        if tracks.video.iter().any(|track| track.codec.is_some()) {
            self.promised.add(Kind::Video);
        }
        if tracks.audio.iter().any(|track| track.codec.is_some()) {
            self.promised.add(Kind::Audio);
        }
        self.ring.describe(tracks);
    }

    pub(super) fn leave_out(&mut self, words: &str) {
        if self.left_out.len() < MAX_LEFT_OUT {
            self.left_out.push(within(words, MAX_WORDS));
        }
    }

    /// Adds a subscriber that reads on from the cursor; gives its number.
    pub(super) fn add(&mut self, kind: SubscriberKind, cursor: &Cursor) -> usize {
        let number = self.subscribers.add(kind, cursor.next());
        self.note_needed();
        number
    }

    pub(super) fn remove(&mut self, number: usize) {
        self.subscribers.remove(number);
        self.note_needed();
    }

    /// Reads up to about `max_bytes` into `items`.
    pub(super) fn read(
        &mut self,
        (number, cursor): (usize, &mut Cursor),
        (max_bytes, items): (usize, &mut Vec<Item>),
    ) {
        let (was, mut bytes) = (cursor.dropped.video, 0);
        while bytes < max_bytes
            && let Some(item) = self.ring.read(cursor)
        {
            bytes += item.weight();
            items.push(item);
        }
        match self.subscribers.advance(number, cursor.next()) {
            true => self.note_needed(),
            false => self.dropped += cursor.dropped.video - was,
        }
    }

    /// Notes the next entry of the last of the outputs, so that the ring holds it and the publisher
    /// waits for it.
    fn note_needed(&mut self) {
        self.ring.keep_for(self.subscribers.needed());
        self.backlog.read(&self.ring);
    }

    /// The wakers of those who wait for what is there now.
    pub(super) fn take_waiting(&mut self) -> Vec<Waker> {
        self.subscribers.take_waiting()
    }
}

/// Words made printable and cut to `bytes`.
fn within(words: &str, bytes: usize) -> String {
    let mut words = clean(words, bytes);
    words.truncate(words.floor_char_boundary(bytes));
    words
}

/// How many bytes each word of a publisher about its stream may have.
const MAX_WORDS: usize = 256;

/// How many things left out are reported.
pub(crate) const MAX_LEFT_OUT: usize = 8;

/// The step between two publishers of one stream: about a picture.
const SEAM: i64 = 33_000_000;
