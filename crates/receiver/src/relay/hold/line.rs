use std::time::{Duration, Instant};

use onair_media::{Kind, Packet, Timestamp};

use crate::registry::LiveEdge;

/// The one line of time that viewers see, and how the publisher's time lies on it.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// The publisher's time is later on the line by this, in nanoseconds.
    offset: i64,
    /// How the line goes on with the clock.
    edge: Option<LiveEdge>,
    video: Option<VideoEnd>,
    audio: Option<AudioEnd>,
    /// The presentation time of the picture at which the publisher came back: what is shown before
    /// it leans on pictures that nobody has.
    entry: Option<Timestamp>,
    /// The publisher is back, and its first audio frame is still to come.
    is_at_seam: bool,
    /// It is back with audio, and its first keyframe is still to come.
    wants_keyframe: bool,
}

/// How far a publisher's time is moved to lie on the line, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    pub(super) nanos: i64,
    /// It is what it was before.
    pub(super) is_kept: bool,
}

/// How far the pictures have come.
#[derive(Clone, Copy, Debug)]
struct VideoEnd {
    dts: Timestamp,
    /// The latest presentation time.
    pts: Timestamp,
}

/// How far the audio has come.
#[derive(Clone, Copy, Debug)]
struct AudioEnd {
    /// When the next frame is due.
    next: Timestamp,
    frame: Duration,
}

/// The least step between two pictures: the wire counts in milliseconds.
const LEAST_STEP: Duration = Duration::from_millis(1);

/// A publisher whose time leaps ahead of the clock by more than this has begun to count anew.
const LEAP: i64 = 2_000_000_000;

/// The longest stretch of silence before a publisher's first audio frame.
const LONGEST_SEAM: Duration = Duration::from_secs(1);

/// The longest stretch of silence at once.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

/// A frame of AAC at 48 kHz, where nothing is said.
const USUAL_FRAME: Duration = Duration::from_nanos(21_333_333);

impl Line {
    /// The line's time at this moment.
    pub(super) fn time(&self, now: Instant) -> Timestamp {
        let time = self.edge.as_ref().and_then(|edge| edge.time(now));
        time.unwrap_or_default()
    }

    /// A packet with this time on the line has come.
    pub(super) fn observe(&mut self, dts: Timestamp, now: Instant) {
        let edge = self.edge.get_or_insert_with(|| LiveEdge::new(now));
        edge.observe(now, dts);
    }

    /// A packet goes out.
    pub(super) fn note(&mut self, packet: &Packet) {
        match packet.kind() {
            Kind::Video => {
                let latest = self.video.map_or(packet.pts, |end| end.pts.max(packet.pts));
                self.video = Some(VideoEnd {
                    dts: packet.dts,
                    pts: latest,
                });
            }
            Kind::Audio => {
                let said = packet.config.frame_duration();
                let frame = said.filter(|frame| *frame >= LEAST_STEP);
                let frame = frame.unwrap_or(USUAL_FRAME);
                self.audio = Some(AudioEnd {
                    next: packet.dts + frame,
                    frame,
                });
            }
        }
    }

    pub(super) const fn has_video(&self) -> bool {
        self.video.is_some()
    }

    /// The decoding time of the last picture.
    pub(super) fn last_picture(&self) -> Option<Timestamp> {
        self.video.map(|end| end.dts)
    }

    /// When the next audio frame is due; `None` before the first.
    pub(super) fn next_audio(&self) -> Option<Timestamp> {
        self.audio.map(|end| end.next)
    }

    /// After a long time without any, as when the machine slept, silence goes on at the present.
    pub(super) fn skip_silence(&mut self, until: Timestamp) {
        if let Some(end) = self
            .audio
            .as_mut()
            .filter(|end| until.since(end.next) > LONGEST_SILENCE)
        {
            end.next = until;
        }
    }

    /// The earliest decoding time of a picture that is shown this much later than it is decoded.
    pub(super) fn earliest_picture(&self, composition: i64) -> Option<Timestamp> {
        let end = self.video?;
        let shown = (end.pts + LEAST_STEP).offset(composition.saturating_neg());
        Some(shown.max(end.dts + LEAST_STEP))
    }

    /// The publisher's packet on the line; `None` for what nobody can decode, or what silence has
    /// taken the time of.
    pub(super) fn place(&mut self, mut packet: Packet) -> Option<Packet> {
        packet.dts = packet.dts.offset(self.offset);
        packet.pts = packet.pts.offset(self.offset);
        let is_good = match packet.kind() {
            Kind::Video => self.is_decodable(&packet),
            Kind::Audio => !(self.is_at_seam && self.is_overlapped(packet.dts)),
        };
        is_good.then_some(packet)
    }

    fn is_decodable(&mut self, packet: &Packet) -> bool {
        if self.wants_keyframe {
            let composition = packet.pts.nanos_from(packet.dts);
            let earliest = self.earliest(Kind::Video, composition);
            self.wants_keyframe = !packet.keyframe || packet.dts < earliest;
            return !self.wants_keyframe;
        }
        if packet.keyframe {
            self.entry = self.entry.filter(|entry| *entry == packet.pts);
        }
        self.entry.is_none_or(|entry| packet.pts >= entry)
    }

    fn is_overlapped(&self, dts: Timestamp) -> bool {
        let end = self.audio;
        end.is_some_and(|end| dts + end.frame / 2 < end.next)
    }

    /// For the first audio frame of a publisher that is back: up to when silence goes on.
    pub(super) fn take_seam(&mut self, first: Timestamp) -> Option<Timestamp> {
        if !std::mem::take(&mut self.is_at_seam) {
            return None;
        }
        let end = self.audio?;
        let until = first - end.frame / 2;
        (first.since(end.next) <= LONGEST_SEAM).then_some(until)
    }

    /// How far the publisher's time has to be moved for this packet to be the first one again; `None`
    /// if it should not be.
    ///
    /// The same publisher keeps its offset, unless its time has leapt; one that may wait is told to
    /// while its packets are late. Any other begins at the line's present.
    pub(super) fn offset_for(
        &self,
        packet: &Packet,
        (is_same, may_wait): (bool, bool),
        now: Instant,
    ) -> Option<Offset> {
        let composition = packet.pts.nanos_from(packet.dts);
        let earliest = self.earliest(packet.kind(), composition);
        let line = self.time(now);
        let kept = packet.dts.offset(self.offset);
        if is_same && kept >= earliest && kept.nanos_from(line) <= LEAP {
            return Some(Offset {
                nanos: self.offset,
                is_kept: true,
            });
        }
        let is_late = kept < earliest;
        (!(is_late && may_wait)).then(|| Offset {
            nanos: line.max(earliest).nanos_from(packet.dts),
            is_kept: false,
        })
    }

    /// The offset, later by less than a frame, so that the publisher's audio begins where a silent
    /// frame ends: a player that counts samples then stays in step with one that looks at times.
    pub(super) fn aligned(&self, offset: Offset, audio: Option<Timestamp>) -> i64 {
        let (Some(end), Some(audio)) = (self.audio.filter(|_| !offset.is_kept), audio) else {
            return offset.nanos;
        };
        let frame = i64::try_from(end.frame.as_nanos()).unwrap_or(i64::MAX);
        let past = audio
            .offset(offset.nanos)
            .nanos_from(end.next)
            .rem_euclid(frame);
        offset.nanos.saturating_add((frame - past) % frame)
    }

    fn earliest(&self, kind: Kind, composition: i64) -> Timestamp {
        let earliest = match kind {
            Kind::Video => self.earliest_picture(composition),
            Kind::Audio => self.next_audio(),
        };
        earliest.unwrap_or(Timestamp::from_nanos(i64::MIN))
    }

    /// The publisher is back, with this packet of its own time.
    pub(super) fn cut(&mut self, offset: i64, entry: &Packet) {
        self.offset = offset;
        let is_picture = entry.kind() == Kind::Video;
        self.entry = is_picture.then(|| entry.pts.offset(offset));
        self.is_at_seam = self.audio.is_some();
        self.wants_keyframe = !is_picture && self.has_video();
    }
}
