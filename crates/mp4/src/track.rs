use std::time::Duration;

use onair_media::{Packet, Timestamp};
use shiguredo_mp4::SampleFlags;
use shiguredo_mp4::boxes::{TfdtBox, TfhdBox, TrafBox, TrunBox, TrunSample};

use crate::exact::ExactClock;
use crate::header::Described;
use crate::live::LiveClock;
use crate::sample::Sample;
use crate::{header, ticks};

/// One track of a [`Fragmenter`](crate::Fragmenter).
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) described: Described,
    id: u32,
    origin: Timestamp,
    timescale: u32,
    clock: Clock,
    ready: Vec<Sample>,
    ready_ticks: u64,
    ready_bytes: usize,
}

/// What the fragments are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pacing {
    /// A file: a packet's duration is known when the track's next one comes, so the last packet
    /// of each track waits for it. Times are those of the packets, to the tick.
    File,
    /// A player that shows each packet at once: it lasts as long as those before it, and decoding
    /// times have no gaps that Media Source Extensions would take for a cut.
    Live,
}

/// How a track's samples get their times.
#[derive(Debug)]
enum Clock {
    Exact(ExactClock),
    Live(LiveClock),
}

impl Track {
    pub(crate) fn new(id: u32, described: Described, pacing: Pacing, origin: Timestamp) -> Self {
        let config = &described.config;
        let timescale = header::timescale(config).get();
        let clock = match pacing {
            Pacing::File => Clock::Exact(ExactClock::new(timescale, config.frame_duration())),
            Pacing::Live => Clock::Live(LiveClock::new(timescale)),
        };
        Self {
            described,
            id,
            origin,
            timescale,
            clock,
            ready: Vec::new(),
            ready_ticks: 0,
            ready_bytes: 0,
        }
    }

    /// This track in another initialization segment. Its time goes on if its ticks are as long as
    /// before.
    pub(crate) fn again(self, id: u32, described: Described, pacing: Pacing) -> Self {
        if header::timescale(&described.config).get() != self.timescale {
            return Self::new(id, described, pacing, self.origin);
        }
        Self {
            id,
            described,
            ..self
        }
    }

    pub(crate) fn push(&mut self, packet: &Packet) {
        if !self.described.config.same(&packet.config) {
            self.described.config = packet.config.clone();
        }
        let nanos = |time: Timestamp| time.nanos_from(self.origin);
        let (dts, pts) = (nanos(packet.dts), nanos(packet.pts));
        let sample = Sample {
            config: self.described.config.clone(),
            time: ticks::ticks(dts, self.timescale),
            duration: 0,
            offset: ticks::signed(pts, self.timescale)
                .saturating_sub(ticks::signed(dts, self.timescale)),
            keyframe: packet.keyframe,
            payload: packet.payload.clone(),
        };
        let ready = match &mut self.clock {
            Clock::Exact(clock) => clock.push(sample),
            Clock::Live(clock) => Some(clock.place(sample, packet)),
        };
        self.add(ready);
    }

    /// How much media is ready.
    pub(crate) const fn ready(&self) -> Duration {
        let nanos = self.ready_ticks.saturating_mul(1_000_000_000);
        Duration::from_nanos(nanos / self.timescale as u64)
    }

    pub(crate) const fn ready_bytes(&self) -> usize {
        self.ready_bytes
    }

    pub(crate) fn take(&mut self) -> Vec<Sample> {
        (self.ready_ticks, self.ready_bytes) = (0, 0);
        std::mem::take(&mut self.ready)
    }

    /// The last sample lasts as long as the one before it.
    pub(crate) fn finish(&mut self) {
        let last = match &mut self.clock {
            Clock::Exact(clock) => clock.finish(),
            Clock::Live(_) => None,
        };
        self.add(last);
    }

    fn add(&mut self, sample: Option<Sample>) {
        if let Some(sample) = sample {
            self.ready_ticks += u64::from(sample.duration);
            self.ready_bytes += sample.payload.len() + size_of::<Sample>();
            self.ready.push(sample);
        }
    }

    /// The samples as a track fragment whose data begins `offset` bytes after the `moof`'s
    /// beginning.
    pub(crate) fn traf(&self, samples: &[Sample], offset: usize) -> TrafBox {
        let time = samples.first().map_or(0, |sample| sample.time);
        let is_reordered = samples.iter().any(|sample| sample.offset != 0);
        let samples = samples.iter().map(|sample| TrunSample {
            duration: Some(sample.duration),
            size: Some(u32::try_from(sample.payload.len()).unwrap_or(u32::MAX)),
            flags: Some(flags(sample.keyframe)),
            composition_time_offset: is_reordered.then_some(sample.offset),
        });
        TrafBox {
            tfhd_box: TfhdBox {
                track_id: self.id,
                base_data_offset: None,
                sample_description_index: None,
                default_sample_duration: None,
                default_sample_size: None,
                default_sample_flags: None,
                duration_is_empty: false,
                default_base_is_moof: true,
            },
            tfdt_box: Some(TfdtBox {
                version: 1,
                base_media_decode_time: time,
            }),
            trun_boxes: vec![TrunBox {
                data_offset: i32::try_from(offset).ok(),
                first_sample_flags: None,
                samples: samples.collect(),
            }],
            unknown_boxes: Vec::new(),
        }
    }
}

/// ISO/IEC 14496-12 §8.8.3.1: what a sample depends on.
const fn flags(keyframe: bool) -> SampleFlags {
    let depends_on = if keyframe { 2 } else { 1 };
    SampleFlags::from_fields(0, depends_on, 0, 0, 0, !keyframe, 0)
}
