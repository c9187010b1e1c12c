use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use onair_media::text::clean;
use onair_media::{AudioConfig, Config, Kind, Packet, Property, Timestamp, Tracks, VideoConfig};

use super::backlog::Backlog;
use super::edge::LiveEdge;
use super::info::{AudioInfo, Origin, StreamInfo, VideoInfo, now_in_seconds};
use super::memory::Memory;
use super::meter::Meter;
use super::ring::{Cursor, Item, Ring, record};
use super::{HubConfig, PushError, StreamName};
use crate::address::Neighbour;

/// One live stream, shared by its publisher, its viewers and the hub.
#[derive(Debug)]
pub(super) struct Stream {
    name: StreamName,
    since: u64,
    over: IsOver,
    state: Mutex<State>,
    /// Rises with each takeover.
    place: tokio::sync::watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    origin: Origin,
    /// Which publisher may push: the number of takeovers.
    place: u64,
    /// Since when its publisher is gone and may come back.
    orphan_since: Option<Instant>,
    is_over: bool,
    /// By how much the present publisher's time is moved; `None` until its first packet.
    shift: Option<i64>,
    meters: Meters,
    promised: Promised,
    left_out: Vec<String>,
    packets: u64,
    bytes: u64,
    dropped: u64,
    seats: Vec<Seat>,
    backlog: Backlog,
    /// How far its pictures had come, or its audio before there are any.
    edge: LiveEdge,
}

#[derive(Debug, Default)]
struct Meters {
    video: Option<(Arc<VideoConfig>, Meter)>,
    audio: Option<(Arc<AudioConfig>, Meter)>,
}

/// The tracks that a publisher said would come: one that it says nothing of may come as well.
#[derive(Debug, Default)]
struct Promised {
    video: bool,
    audio: bool,
}

impl Promised {
    const fn add(&mut self, kind: Kind) {
        match kind {
            Kind::Video => self.video = true,
            Kind::Audio => self.audio = true,
        }
    }
}

/// Whether a stream is over, for who remembers it and is not to keep it.
#[derive(Clone, Debug, Default)]
pub(crate) struct IsOver(Arc<AtomicBool>);

impl IsOver {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A viewer's place among those to wake.
#[derive(Debug, Default)]
struct Seat {
    taken_by: Option<Subscriber>,
    /// What an output reads next.
    next: u64,
    waker: Option<Waker>,
}

/// Who reads a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subscriber {
    /// Somebody who watches: cut to the present when late.
    Viewer,
    /// A recording or a relay: it is to have everything, and nobody counts it as a viewer.
    Output,
}

impl Stream {
    pub(super) fn new(
        name: StreamName,
        origin: Origin,
        config: &HubConfig,
        memory: &Memory,
    ) -> Self {
        Self {
            name,
            since: now_in_seconds(),
            over: IsOver::default(),
            state: Mutex::new(State {
                ring: Ring::new(config, memory.ring()),
                origin,
                place: 0,
                orphan_since: None,
                is_over: false,
                shift: None,
                meters: Meters::default(),
                promised: Promised::default(),
                left_out: Vec::new(),
                packets: 0,
                bytes: 0,
                dropped: 0,
                seats: Vec::new(),
                backlog: Backlog::default(),
                edge: LiveEdge::new(Instant::now()),
            }),
            place: tokio::sync::watch::Sender::new(0),
        }
    }

    pub(super) const fn name(&self) -> &StreamName {
        &self.name
    }

    /// Gives the stream to another publisher, if that may be: the number of its place.
    pub(super) fn take_over(&self, origin: Origin, may_replace: bool) -> Option<u64> {
        let mut state = self.state();
        if state.is_over || !(may_replace || state.orphan_since.is_some()) {
            return None;
        }
        state.origin = origin;
        state.place += 1;
        state.orphan_since = None;
        state.shift = None;
        state.backlog = Backlog::default();
        state.left_out.clear();
        self.place.send_replace(state.place);
        Some(state.place)
    }

    /// Notes that the publisher in `place` is gone and may come back.
    pub(super) fn set_orphan(&self, place: u64) {
        let mut state = self.state();
        if state.place == place {
            state.orphan_since.get_or_insert_with(Instant::now);
        }
    }

    /// If it waits for its publisher to come back: since when, and where that was.
    pub(super) fn orphan(&self) -> Option<(Instant, Neighbour)> {
        let state = self.state();
        Some((state.orphan_since?, state.origin.neighbour()))
    }

    /// Ends it, whoever holds it, and tells whoever does.
    pub(super) fn displace(&self) {
        self.end();
        self.place.send_replace(u64::MAX);
    }

    /// Whether `place` is still the publisher's.
    pub(super) fn is_held_by(&self, place: u64) -> bool {
        self.state().place == place
    }

    /// Waits until another publisher has taken over from the one in `place`.
    pub(super) async fn replaced(&self, place: u64) {
        let mut watch = self.place.subscribe();
        // The sender lives as long as we do.
        let _ = watch.wait_for(|current| *current != place).await;
    }

    pub(super) fn push(&self, place: u64, mut packet: Packet) -> Result<(), PushError> {
        let record = record(&packet.config);
        if record > MAX_DECODER_CONFIG {
            return Err(PushError::Configuration(record));
        }
        let mut state = self.state();
        state.check(place)?;
        state.move_in_time(&mut packet);
        state.observe(&packet, Instant::now());
        state.count(&packet);
        state.ring.push(packet);
        wake(state);
        Ok(())
    }

    pub(super) fn describe(&self, place: u64, mut metadata: Tracks) -> Result<(), PushError> {
        metadata.encoder = within(&metadata.encoder, MAX_ENCODER);
        for (name, value) in &mut metadata.properties {
            *name = within(name, MAX_ENCODER);
            if let Property::Text(text) = value {
                *text = within(text, MAX_ENCODER);
            }
        }
        let mut state = self.state();
        state.check(place)?;
        if metadata.video.iter().any(|track| track.codec.is_some()) {
            state.promised.add(Kind::Video);
        }
        if metadata.audio.iter().any(|track| track.codec.is_some()) {
            state.promised.add(Kind::Audio);
        }
        state.ring.describe(metadata);
        wake(state);
        Ok(())
    }

    /// How much memory the packets take.
    pub(super) fn bytes(&self) -> usize {
        self.state().ring.bytes()
    }

    /// Lets go of the oldest packets.
    pub(super) fn shed(&self, excess: usize) {
        self.state().ring.shed(excess);
    }

    /// Notes that a track will come.
    pub(super) fn promise(&self, kind: Kind) {
        self.state().promised.add(kind);
    }

    /// Notes what the publisher in `place` sends and nobody gets.
    pub(super) fn leave_out(&self, place: u64, words: &str) {
        let mut state = self.state();
        if state.place == place && state.left_out.len() < MAX_LEFT_OUT {
            state.left_out.push(within(words, MAX_ENCODER));
        }
    }

    pub(super) fn promises(&self, kind: Kind) -> bool {
        let state = self.state();
        match kind {
            Kind::Video => state.promised.video,
            Kind::Audio => state.promised.audio,
        }
    }

    pub(super) fn is_over(&self) -> IsOver {
        self.over.clone()
    }

    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        self.over.0.store(true, Ordering::Release);
        wake(state);
    }

    /// Lets somebody in.
    pub(super) fn join(&self, who: Subscriber) -> (usize, Cursor) {
        let mut state = self.state();
        let cursor = match who {
            Subscriber::Viewer => state.ring.join(),
            Subscriber::Output => state.ring.join_whole(),
        };
        (state.sit(who, &cursor), cursor)
    }

    /// Lets another in at the place of one who reads already.
    pub(super) fn join_at(&self, who: Subscriber, cursor: &Cursor) -> usize {
        self.state().sit(who, cursor)
    }

    /// Lets somebody go.
    pub(super) fn leave(&self, seat: usize) {
        let mut state = self.state();
        if let Some(seat) = state.seats.get_mut(seat) {
            *seat = Seat::default();
        }
        state.note_needed();
    }

    /// Ready when the publisher may send more. One that is ahead of time has it, and waits for
    /// outputs that are not; one that is not is never held up.
    pub(super) fn poll_room(&self, place: u64, cx: &Context<'_>, now: Instant) -> Poll<()> {
        let mut state = self.state();
        if state.place != place || state.is_over {
            return Poll::Ready(());
        }
        let State { ring, backlog, .. } = &mut *state;
        backlog.poll_room(ring, cx, now)
    }

    /// Puts what there is for a viewer into `items`, up to about `most_bytes`; waits when there is nothing.
    pub(super) fn poll_read(
        &self,
        (seat, cursor): (usize, &mut Cursor),
        cx: &Context<'_>,
        (most_bytes, items): (usize, &mut Vec<Item>),
    ) -> Poll<()> {
        let mut state = self.state();
        let (was, mut bytes) = (cursor.dropped.video, 0);
        let before = items.len();
        while bytes < most_bytes
            && let Some(item) = state.ring.read(cursor)
        {
            bytes += item.weight();
            items.push(item);
        }
        match state.seats.get_mut(seat) {
            Some(seat) if seat.taken_by == Some(Subscriber::Output) => {
                seat.next = cursor.next();
                state.note_needed();
            }
            _ => state.dropped += cursor.dropped.video - was,
        }
        if items.len() > before {
            return Poll::Ready(());
        }
        if state.is_over {
            items.push(Item::Ended);
            return Poll::Ready(());
        }
        if let Some(seat) = state.seats.get_mut(seat) {
            seat.waker
                .get_or_insert_with(|| cx.waker().clone())
                .clone_from(cx.waker());
        }
        Poll::Pending
    }

    /// How far a viewer is behind, in media time.
    pub(super) fn behind(&self, cursor: &Cursor) -> std::time::Duration {
        self.state().ring.behind(cursor)
    }

    /// The time of the frame that reaches us now; `None` before the first.
    pub(super) fn live(&self) -> Option<Timestamp> {
        self.state().edge.time(Instant::now())
    }

    /// The configuration of the pictures that came last.
    pub(super) fn video(&self) -> Option<Arc<VideoConfig>> {
        let state = self.state();
        let video = state.meters.video.as_ref();
        video.map(|(config, _)| config.clone())
    }

    pub(super) fn info(&self) -> StreamInfo {
        let state = self.state();
        StreamInfo {
            name: self.name.clone(),
            since: self.since,
            publisher: state.origin.clone(),
            interrupted: state.orphan_since.is_some(),
            video: state.meters.video.as_ref().map(video_info),
            audio: state.meters.audio.as_ref().map(audio_info),
            encoder: match state.ring.metadata() {
                Some(metadata) => metadata.encoder.clone(),
                None => String::new(),
            },
            viewers: state.viewers(),
            dropped_frames: state.dropped,
            packets: state.packets,
            bytes: state.bytes,
            left_out: state.left_out.clone(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn sit(&mut self, who: Subscriber, cursor: &Cursor) -> usize {
        let free = self.seats.iter().position(|seat| seat.taken_by.is_none());
        let number = free.unwrap_or(self.seats.len());
        if free.is_none() {
            self.seats.push(Seat::default());
        }
        self.seats[number].taken_by = Some(who);
        self.seats[number].next = cursor.next();
        self.note_needed();
        number
    }

    fn viewers(&self) -> usize {
        let is_viewer = |seat: &&Seat| seat.taken_by == Some(Subscriber::Viewer);
        self.seats.iter().filter(is_viewer).count()
    }

    /// Notes what the last of the outputs reads next, for the ring to hold it and for the
    /// publisher to wait for it.
    fn note_needed(&mut self) {
        let outputs = (self.seats.iter()).filter(|seat| seat.taken_by == Some(Subscriber::Output));
        let needed = outputs.map(|seat| seat.next).min();
        self.ring.keep_for(needed);
        self.backlog.read(&self.ring);
    }

    /// Whether the publisher in `place` may still push.
    const fn check(&self, place: u64) -> Result<(), PushError> {
        if self.place == place && !self.is_over {
            Ok(())
        } else {
            Err(PushError::Replaced)
        }
    }

    /// A publisher that took over goes on where the one before it ended.
    fn move_in_time(&mut self, packet: &mut Packet) {
        let shift = match self.shift {
            Some(shift) => shift,
            None if self.place == 0 => 0,
            None => self.ring.latest().map_or(0, |latest| {
                latest.nanos_from(packet.dts).saturating_add(SEAM)
            }),
        };
        if self.shift.is_none() {
            self.backlog.begin(packet.dts.offset(shift), Instant::now());
        }
        self.shift = Some(shift);
        packet.dts = packet.dts.offset(shift);
        packet.pts = packet.pts.offset(shift);
    }

    /// Notes when a frame arrives, whoever may be late to take it.
    fn observe(&mut self, packet: &Packet, now: Instant) {
        let has_video = self.meters.video.is_some();
        match packet.kind() {
            Kind::Video if !has_video => self.edge = LiveEdge::new(now),
            Kind::Audio if has_video => return,
            _ => {}
        }
        self.edge.observe(now, packet.pts);
    }

    fn count(&mut self, packet: &Packet) {
        self.packets += 1;
        self.bytes += packet.payload.len() as u64;
        let meter = match &packet.config {
            Config::Video(config) => track(&mut self.meters.video, config),
            Config::Audio(config) => track(&mut self.meters.audio, config),
        };
        meter.add(packet);
    }
}

/// Words fit to be shown, in so many bytes.
fn within(words: &str, bytes: usize) -> String {
    let mut words = clean(words, bytes);
    words.truncate(words.floor_char_boundary(bytes));
    words
}

/// How many bytes a publisher may call its encoder.
const MAX_ENCODER: usize = 256;

/// How many bytes a decoder configuration may have; parameter sets take some hundred.
const MAX_DECODER_CONFIG: usize = 64 * 1024;

/// As many things left out are told.
pub(crate) const MAX_LEFT_OUT: usize = 8;

/// The step between two publishers of one stream, about a picture's.
const SEAM: i64 = 33_000_000;

fn track<'a, C>(slot: &'a mut Option<(Arc<C>, Meter)>, config: &Arc<C>) -> &'a mut Meter {
    let (kept, meter) = slot.get_or_insert_with(|| (config.clone(), Meter::default()));
    if !Arc::ptr_eq(kept, config) {
        kept.clone_from(config);
    }
    meter
}

/// Wakes who waits, once the lock is gone.
fn wake(mut state: MutexGuard<'_, State>) {
    let waiting: Vec<Waker> = (state.seats.iter_mut())
        .filter_map(|seat| seat.waker.take())
        .collect();
    drop(state);
    waiting.into_iter().for_each(Waker::wake);
}

fn video_info((config, meter): &(Arc<VideoConfig>, Meter)) -> VideoInfo {
    VideoInfo {
        codec: config.codec_string(),
        width: config.size.width,
        height: config.size.height,
        frame_rate: meter.rate(),
        bitrate_bps: meter.bitrate().map(onair_media::Bitrate::as_bps),
        keyframe_interval_s: meter.keyframe_interval().map(|time| time.as_secs_f64()),
        keyframes_only: meter.is_keyframes_only(),
        missing_frames: meter.missing(),
    }
}

fn audio_info((config, meter): &(Arc<AudioConfig>, Meter)) -> AudioInfo {
    AudioInfo {
        codec: config.codec_string(),
        sample_rate: config.sample_rate,
        channels: config.channels,
        bitrate_bps: meter.bitrate().map(onair_media::Bitrate::as_bps),
    }
}
