use std::time::Duration;

use bytes::Bytes;
use onair_media::{Config, Packet, Timestamp};
use shiguredo_mp4::SampleFlags;
use shiguredo_mp4::boxes::{TfdtBox, TfhdBox, TrafBox, TrunBox, TrunSample};

use crate::header;

/// One track of a [`Fragmenter`](crate::Fragmenter).
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) config: Config,
    id: u32,
    origin: Timestamp,
    timescale: u32,
    /// How many ticks a frame of sound lasts.
    frame: Option<u64>,
    /// Waits for the next, to know how long it lasts.
    last: Option<Sample>,
    last_duration: u32,
    ready: Vec<Sample>,
    ready_ticks: u64,
    ready_bytes: usize,
}

/// An access unit or a frame in a track's ticks.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) config: Config,
    time: u64,
    pub(crate) duration: u32,
    /// From decoding to presentation.
    pub(crate) offset: i64,
    pub(crate) keyframe: bool,
    pub(crate) payload: Bytes,
}

impl Sample {
    /// When it is decoded, in nanoseconds after the origin.
    pub(crate) fn start_nanos(&self) -> u64 {
        let timescale = u128::from(header::timescale(&self.config).get());
        let nanos = u128::from(self.time) * 1_000_000_000 / timescale;
        u64::try_from(nanos).unwrap_or(u64::MAX)
    }
}

/// A wire's milliseconds are off by half of one; twice that is still rounding.
const ROUNDING: Duration = Duration::from_micros(1500);

impl Track {
    pub(crate) fn new(id: u32, config: Config, origin: Timestamp) -> Self {
        let timescale = header::timescale(&config).get();
        let frame = match &config {
            Config::Video(_) => None,
            Config::Audio(audio) => {
                let frame = audio.frame_duration();
                frame.map(|frame| ticks(nanos(frame), timescale))
            }
        };
        Self {
            config,
            id,
            origin,
            timescale,
            frame,
            last: None,
            last_duration: 0,
            ready: Vec::new(),
            ready_ticks: 0,
            ready_bytes: 0,
        }
    }

    pub(crate) fn push(&mut self, packet: &Packet) {
        let dts = packet.dts.nanos_from(self.origin);
        let time = self.place(ticks(dts, self.timescale));
        self.complete(time);
        let pts = packet.pts.nanos_from(self.origin);
        let offset = signed(pts, self.timescale) - signed(dts, self.timescale);
        if !self.config.same(&packet.config) {
            self.config = packet.config.clone();
        }
        self.last = Some(Sample {
            config: self.config.clone(),
            time,
            duration: 0,
            offset,
            keyframe: packet.keyframe,
            payload: packet.payload.clone(),
        });
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
        let Some(last) = &self.last else { return };
        let usual = self.frame.unwrap_or_else(|| self.last_duration.into());
        self.complete(last.time + usual.max(1));
    }

    /// After the last sample, and without a seam if it is sound that is nearly there.
    fn place(&self, time: u64) -> u64 {
        let Some(last) = &self.last else { return time };
        let seamless = self.frame.map(|frame| last.time + frame);
        let rounding = ticks(nanos(ROUNDING), self.timescale);
        match seamless {
            Some(seamless) if seamless.abs_diff(time) <= rounding => seamless,
            _ => time.max(last.time + 1),
        }
    }

    fn complete(&mut self, next: u64) {
        if let Some(mut last) = self.last.take() {
            last.duration = u32::try_from(next - last.time).unwrap_or(u32::MAX);
            self.last_duration = last.duration;
            self.ready_ticks += u64::from(last.duration);
            self.ready_bytes += last.payload.len() + size_of::<Sample>();
            self.ready.push(last);
        }
    }

    /// The samples as a track fragment whose data begins `offset` bytes behind the `moof`'s beginning.
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

/// The nearest tick; what lies before the origin is at the origin.
fn ticks(nanos: i64, timescale: u32) -> u64 {
    let scaled = i128::from(nanos.max(0)) * i128::from(timescale) + 500_000_000;
    u64::try_from(scaled / 1_000_000_000).unwrap_or(0)
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// The nearest tick, on either side of the origin.
fn signed(nanos: i64, timescale: u32) -> i64 {
    let magnitude = ticks(nanos.saturating_abs(), timescale);
    let magnitude = i64::try_from(magnitude).unwrap_or(i64::MAX);
    if nanos < 0 { -magnitude } else { magnitude }
}
