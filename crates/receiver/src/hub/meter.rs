use std::collections::VecDeque;
use std::time::Duration;

use onair_media::{Bitrate, Packet, Timestamp};

/// One track's rates over the last seconds, by its own clock.
#[derive(Debug, Default)]
pub(super) struct Meter {
    recent: VecDeque<(Timestamp, usize)>,
    bytes: u64,
    last_keyframe: Option<Timestamp>,
    keyframe_interval: Option<Duration>,
}

/// Over how much media time rates are taken.
const WINDOW: Duration = Duration::from_secs(2);

/// More packets than this say nothing more.
const MOST: usize = 1024;

impl Meter {
    pub(super) fn add(&mut self, packet: &Packet) {
        if self
            .recent
            .back()
            .is_some_and(|(last, _)| *last > packet.dts)
        {
            *self = Self::default();
        }
        self.recent.push_back((packet.dts, packet.payload.len()));
        self.bytes += packet.payload.len() as u64;
        while self.recent.len() > MOST || self.span() > WINDOW {
            self.forget();
        }
        if packet.is_video_keyframe() {
            let last = self.last_keyframe.replace(packet.dts);
            self.keyframe_interval = last.map(|last| packet.dts.since(last));
        }
    }

    /// Bits per second; `None` until there is enough to tell.
    pub(super) fn bitrate(&self) -> Option<Bitrate> {
        let newest = self.recent.back()?.1 as u64;
        let span = self.enough()?;
        Some(Bitrate::of(self.bytes - newest, span))
    }

    /// Packets per second; `None` until there is enough to tell.
    #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
    pub(super) fn rate(&self) -> Option<f64> {
        let span = self.enough()?.as_secs_f64();
        let rate = (self.recent.len() - 1) as f64 / span;
        Some((rate * 100.0).round() / 100.0)
    }

    /// The time between the last two keyframes.
    pub(super) const fn keyframe_interval(&self) -> Option<Duration> {
        self.keyframe_interval
    }

    fn enough(&self) -> Option<Duration> {
        let span = self.span();
        (span >= WINDOW / 4).then_some(span)
    }

    fn span(&self) -> Duration {
        match (self.recent.front(), self.recent.back()) {
            (Some((from, _)), Some((to, _))) => to.since(*from),
            _ => Duration::ZERO,
        }
    }

    fn forget(&mut self) {
        if let Some((_, bytes)) = self.recent.pop_front() {
            self.bytes -= bytes as u64;
        }
    }
}
