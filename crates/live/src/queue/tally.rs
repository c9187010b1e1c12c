use onair_media::{Kind, Packet, Timestamp};

use crate::delay::Delays;
use crate::{Gap, TrackReport};

/// What went through a queue and what did not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) video: TrackReport,
    pub(crate) audio: TrackReport,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) delays: Delays,
    /// Gaps closed since somebody last asked.
    pub(super) news: Vec<(Gap, u64)>,
    /// Where the last of them ended.
    told_to: Timestamp,
    /// Pictures lost within what was told before they were known to be.
    untold: u64,
    open: Option<OpenGap>,
}

/// Something is missing, and has not come again.
#[derive(Clone, Debug)]
struct OpenGap {
    from: Timestamp,
    frames: u64,
}

/// More gaps than this are told as one.
const MAX_GAPS: usize = 1000;

impl Tally {
    /// A packet was taken.
    pub(super) fn sent(&mut self, packet: &Packet) {
        let track = self.track(packet.kind());
        track.frames += 1;
        if packet.kind() == Kind::Video {
            *track.keyframes.get_or_insert(0) += u64::from(packet.keyframe);
        }
    }

    /// A packet that was taken is back.
    pub(super) fn returned(&mut self, packet: &Packet) {
        let track = self.track(packet.kind());
        track.frames = track.frames.saturating_sub(1);
        if packet.is_video_keyframe() {
            track.keyframes = track.keyframes.map(|count| count.saturating_sub(1));
        }
    }

    /// A packet will not be sent: `is_lost` where no line was there for it, `is_watched` where
    /// viewers notice that it is missing.
    pub(super) fn dropped(&mut self, packet: &Packet, is_lost: bool, is_watched: bool) {
        let track = self.track(packet.kind());
        track.dropped += 1;
        track.lost += u64::from(is_lost);
        if is_watched {
            self.open_gap(packet.dts);
            self.widen_gap(1);
        }
    }

    /// From here on something is missing.
    pub(super) fn open_gap(&mut self, from: Timestamp) {
        let gap = self.open.get_or_insert(OpenGap { from, frames: 0 });
        gap.from = gap.from.min(from);
    }

    /// So many more pictures are missing in the gap there is, if any.
    pub(super) const fn widen_gap(&mut self, frames: u64) {
        if let Some(gap) = &mut self.open {
            gap.frames += frames;
        }
    }

    /// `to` is there again; a gap that begins later stays open.
    pub(super) fn close_gap(&mut self, to: Timestamp) {
        let Some(open) = self.open.take_if(|gap| gap.from <= to) else {
            return;
        };
        if open.from == to && open.frames == 0 {
            return;
        }
        let gap = Gap {
            from: whole(open.from).max(Timestamp::ZERO),
            to: whole(to),
        };
        if gap.to > Timestamp::ZERO {
            self.tell(gap, open.frames);
            self.keep(gap);
        }
    }

    /// Remembers a gap to be told, without what was told before: what a connection took and did
    /// not deliver begins before the gap that made an end of it.
    pub(super) fn tell(&mut self, mut gap: Gap, frames: u64) {
        self.untold += frames;
        gap.from = gap.from.max(self.told_to);
        if gap.from < gap.to {
            self.told_to = gap.to;
            self.news.push((gap, std::mem::take(&mut self.untold)));
        }
    }

    /// Remembers a gap for the report, as one with those it touches.
    fn keep(&mut self, mut gap: Gap) {
        while let Some(last) = self.gaps.last()
            && (last.to >= gap.from || self.gaps.len() >= MAX_GAPS)
        {
            gap.from = gap.from.min(last.from);
            gap.to = gap.to.max(last.to);
            self.gaps.pop();
        }
        self.gaps.push(gap);
    }

    const fn track(&mut self, kind: Kind) -> &mut TrackReport {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}

/// In the milliseconds that gaps are told in.
const fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis())
}
