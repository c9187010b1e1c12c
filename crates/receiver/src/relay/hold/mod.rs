//! A relay's stream while its publisher is away: the last picture, then a slate, and silence.
//!
//! [`Hold`] is pure: packets and times in, packets out. All it puts out is on one line of time, which
//! goes on as the clock does. `picture` is what viewers see meanwhile, `silence` what they hear.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod line;
mod picture;
mod silence;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_av::I420;
use onair_media::{Kind, Packet, Timestamp};

use self::line::{Line, Offset};
use self::picture::Picture;
use self::silence::Silence;
use crate::registry::{Presence, STALLED_AFTER};

/// What becomes of relays whose publisher drops out of its stream.
#[derive(Clone, Debug)]
pub struct HoldSettings {
    /// How long a relay is held, counted from the publisher's last media.
    pub limit: Duration,
    /// What viewers see after the last picture.
    pub slate: HoldSlate,
}

/// What viewers see of a stream that is held, after the last picture.
///
/// A slate has a decoder configuration of its own, since it is encoded here: a destination gets a new
/// sequence header for it and another one when the publisher is back. There is none for HEVC, which
/// cannot be encoded here.
#[derive(Clone, Debug, Default)]
pub enum HoldSlate {
    /// The last picture for as long as it takes: the decoder configuration never changes.
    None,
    /// "Back in a moment".
    #[default]
    Words,
    /// This, fitted into the publisher's size.
    Image(I420),
}

/// What happens to a held stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HoldEvent {
    /// The publisher is gone, or has sent nothing for a while.
    Held { is_gone: bool },
    /// It is back after this long.
    Back { after: Duration },
    /// Something cannot be shown or heard meanwhile, in words.
    Lacking(String),
}

/// Keeps a stream going while its publisher is away. Pure: time is an argument.
///
/// Whoever drives it gives it all packets, and what is known of the publisher; calls
/// [`handle_timeout`](Self::handle_timeout) at the [`deadline`](Self::deadline); and takes packets and
/// events whenever there are any.
///
/// ```text
///            nothing for 1.5 s, or the publisher is gone
///   Live ──────────────────────────────────────────────────▶ Away
///    ▲                                                         │
///    └─────────────────────────────────────────────────────────┘
///        the first IDR picture that comes later on the line than all that was put out
/// ```
///
/// On the way back both tracks are moved by one offset, so that what was in step stays in step; it is
/// such that the audio begins where a silent frame ends. A
/// publisher that merely stalled keeps the offset it had: what its line delivers late is left out, up
/// to the first IDR picture that is not. Any other goes on where the clock is.
pub(super) struct Hold {
    line: Line,
    picture: Picture,
    silence: Silence,
    away: Option<Away>,
    /// Whose packets go out.
    publisher: u64,
    /// When a packet last came, of whomever.
    heard: Option<Instant>,
    out: VecDeque<Packet>,
    events: VecDeque<HoldEvent>,
}

/// The publisher is away.
#[derive(Debug)]
struct Away {
    /// Its last media came.
    since: Instant,
    /// When more of the last picture and of silence is due.
    next: Instant,
    /// On the line, when the slate takes over.
    slate_at: Timestamp,
    /// Since when something comes again, and whether there are pictures in it.
    returning: Option<(Instant, bool)>,
    /// The first IDR picture is there, and what came after it.
    entry: Option<Entry>,
    is_gone: bool,
}

/// How a publisher comes back.
#[derive(Debug)]
struct Entry {
    publisher: u64,
    offset: Offset,
    packets: Vec<Packet>,
    /// How long its audio is waited for, which is to follow on the silence without a seam.
    until: Instant,
}

/// How long the last picture stays before the slate.
const SLATE_AFTER: Duration = Duration::from_secs(3);

/// What is due within this leaves together.
const STEP: Duration = Duration::from_millis(100);

/// How long what a stalled publisher's line delivers late is left out, before the publisher's clock is
/// taken to have stood still.
const CATCH_UP: Duration = Duration::from_secs(3);

/// How long audio is waited for from a publisher that comes back with a picture, and how many bytes.
const AUDIO_TIMEOUT: Duration = Duration::from_millis(200);
const MAX_ENTRY: usize = 4 * 1024 * 1024;

/// How long pictures are waited for from a publisher that comes back with audio.
const PICTURES_TIMEOUT: Duration = Duration::from_secs(3);

impl Hold {
    pub(super) fn new(slate: HoldSlate) -> Self {
        Self {
            line: Line::default(),
            picture: Picture::new(slate),
            silence: Silence::default(),
            away: None,
            publisher: 0,
            heard: None,
            out: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Takes a packet of this publisher's.
    pub(super) fn handle_packet(&mut self, packet: Packet, publisher: u64, now: Instant) {
        let heard = self.heard.replace(now);
        if self.away.is_none() && publisher == self.publisher {
            return self.forward(packet, now);
        }
        if self.away.is_none() {
            let Some(heard) = heard else {
                self.publisher = publisher;
                return self.forward(packet, now);
            };
            self.leave(true, heard, now);
        }
        self.handle_return(packet, publisher, now);
    }

    /// Takes what is known of the publisher when nothing of it is left to read.
    pub(super) fn handle_presence(&mut self, presence: Presence, now: Instant) {
        let Some(heard) = self.heard else { return };
        let is_silent = now.saturating_duration_since(heard) >= STALLED_AFTER;
        match &mut self.away {
            None if presence.is_gone || is_silent => self.leave(presence.is_gone, heard, now),
            Some(away) if presence.is_gone || is_silent => {
                away.is_gone |= presence.is_gone;
                (away.returning, away.entry) = (None, None);
            }
            None | Some(_) => {}
        }
    }

    /// Puts out what is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let Some(away) = self.away.as_mut().filter(|away| away.next <= now) else {
            return;
        };
        away.next = now + STEP;
        if away.entry.is_some() {
            return self.try_enter(now);
        }
        let (until, slate_at) = (self.line.time(now), away.slate_at);
        self.fill(until, slate_at);
    }

    /// When to look at the publisher again, and to call [`handle_timeout`](Self::handle_timeout).
    pub(super) fn deadline(&self, presence: Presence) -> Option<Instant> {
        match &self.away {
            Some(away) => Some(away.next),
            None if presence.is_gone => self.heard,
            None => self.heard.map(|heard| heard + STALLED_AFTER),
        }
    }

    pub(super) fn poll_packet(&mut self) -> Option<Packet> {
        self.out.pop_front()
    }

    pub(super) fn poll_event(&mut self) -> Option<HoldEvent> {
        self.events.pop_front()
    }

    /// Since when the publisher is away.
    pub(super) fn away_since(&self) -> Option<Instant> {
        self.away.as_ref().map(|away| away.since)
    }

    /// How many bytes are kept for the time when the publisher is away.
    #[cfg(any(test, fuzzing))]
    fn kept_bytes(&self) -> usize {
        self.picture.kept_bytes()
    }

    /// The publisher's own packet, on the line.
    fn forward(&mut self, packet: Packet, now: Instant) {
        let Some(packet) = self.line.place(packet) else {
            return;
        };
        if packet.kind() == Kind::Audio
            && let Some(seam) = self.line.take_seam(packet.dts)
        {
            self.silence.fill(&mut self.line, seam, &mut self.out);
        }
        self.line.note(&packet);
        self.line.observe(packet.dts, now);
        match packet.kind() {
            Kind::Video => self.picture.note(&packet),
            Kind::Audio => self.silence.note(&packet),
        }
        self.out.push_back(packet);
    }

    fn leave(&mut self, is_gone: bool, heard: Instant, now: Instant) {
        self.events.push_back(HoldEvent::Held { is_gone });
        let lacking = [self.picture.prepare(), self.silence.prepare()];
        let lacking = lacking.into_iter().filter_map(Result::err);
        self.events.extend(lacking.map(HoldEvent::Lacking));
        self.away = Some(Away {
            since: heard,
            next: now,
            slate_at: self.line.time(heard) + SLATE_AFTER,
            returning: None,
            entry: None,
            is_gone,
        });
        self.handle_timeout(now);
    }

    /// Puts out pictures and silence, in the order of their times.
    fn fill(&mut self, until: Timestamp, slate_at: Timestamp) {
        self.line.skip_silence(until);
        while let Some((kind, time)) = self.due(until, slate_at) {
            let packet = match kind {
                Kind::Video => self.picture.show(&self.line, time, until, slate_at),
                Kind::Audio => self.silence.give(time),
            };
            match packet {
                Some(packet) => {
                    self.line.note(&packet);
                    self.out.push_back(packet);
                }
                None => {
                    let lacking = HoldEvent::Lacking(NO_SLATE.to_owned());
                    self.events.push_back(lacking);
                }
            }
        }
    }

    /// What is due next, and when, up to a time that is not the end of all times.
    fn due(&self, until: Timestamp, slate_at: Timestamp) -> Option<(Kind, Timestamp)> {
        let picture = self.picture.due(&self.line, slate_at);
        let picture = picture.map(|time| (Kind::Video, time));
        let silence = self.silence.due(&self.line);
        let silence = silence.map(|time| (Kind::Audio, time));
        let due = picture.into_iter().chain(silence);
        let next = due.min_by_key(|(_, time)| *time);
        next.filter(|(_, time)| *time <= until && until < LAST)
    }

    fn handle_return(&mut self, packet: Packet, publisher: u64, now: Instant) {
        let is_same = publisher == self.publisher && !self.is_gone();
        let Some(away) = &mut self.away else { return };
        if let Some(entry) = away
            .entry
            .as_mut()
            .filter(|entry| entry.publisher == publisher)
        {
            entry.packets.push(packet);
            return self.try_enter(now);
        }
        let (began, has_pictures) = away.returning.get_or_insert((now, false));
        *has_pictures |= packet.kind() == Kind::Video;
        let waited = now.saturating_duration_since(*began);
        let wants_picture = self.line.has_video() && (*has_pictures || waited < PICTURES_TIMEOUT);
        if wants_picture && !packet.is_video_keyframe() {
            return;
        }
        let may_wait = is_same && waited < CATCH_UP;
        let Some(offset) = self.line.offset_for(&packet, (is_same, may_wait), now) else {
            return;
        };
        away.entry = Some(Entry {
            publisher,
            offset,
            packets: vec![packet],
            until: now + AUDIO_TIMEOUT,
        });
        self.try_enter(now);
    }

    /// Lets the publisher back in, once it is known how its audio lies.
    fn try_enter(&mut self, now: Instant) {
        let has_audio = self.silence.due(&self.line).is_some();
        let is_ready = |entry: &mut Entry| {
            let bytes: usize = entry.packets.iter().map(Packet::weight).sum();
            entry.offset.is_kept
                || !has_audio
                || entry.audio().is_some()
                || now >= entry.until
                || bytes >= MAX_ENTRY
        };
        let Some(away) = &mut self.away else { return };
        let Some(entry) = away.entry.take_if(is_ready) else {
            return;
        };
        let after = now.saturating_duration_since(away.since);
        self.away = None;
        self.enter(entry, now);
        self.events.push_back(HoldEvent::Back { after });
    }

    fn enter(&mut self, entry: Entry, now: Instant) {
        let Some(first) = entry.packets.first() else {
            return;
        };
        self.line.skip_silence(first.dts.offset(entry.offset.nanos));
        let offset = self.line.aligned(entry.offset, entry.audio());
        // Silence first, up to the picture: its own audio may come a little later.
        let until = first.dts.offset(offset);
        self.silence.fill(&mut self.line, until, &mut self.out);
        self.line.cut(offset, first);
        self.picture.rest();
        self.publisher = entry.publisher;
        for packet in entry.packets {
            self.forward(packet, now);
        }
    }

    fn is_gone(&self) -> bool {
        self.away.as_ref().is_some_and(|away| away.is_gone)
    }
}

/// Half of all the time there is.
const LAST: Timestamp = Timestamp::from_nanos(i64::MAX / 2);

impl Entry {
    /// The time of the first audio frame, if one has come.
    fn audio(&self) -> Option<Timestamp> {
        let mut audio = self
            .packets
            .iter()
            .filter(|packet| packet.kind() == Kind::Audio);
        audio.next().map(|packet| packet.dts)
    }
}

const NO_SLATE: &str = "the slate cannot be encoded, and the last picture stays";
