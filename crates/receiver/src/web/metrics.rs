//! Figures for Prometheus to scrape, at `/metrics`.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::StreamInfo;

/// The streams' figures in OpenMetrics text.
pub(super) fn text(streams: Vec<StreamInfo>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("onair");
    registry.register_collector(Box::new(Streams(streams)));
    let mut out = String::new();
    text::encode(&mut out, &registry)?;
    Ok(out)
}

#[derive(Debug)]
struct Streams(Vec<StreamInfo>);

/// A figure's name, help and unit.
type About = (&'static str, &'static str, Option<Unit>);

impl Collector for Streams {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let total = i64::try_from(self.0.len()).unwrap_or(i64::MAX);
        encoder
            .encode_descriptor("streams", "Streams that are live", None, MetricType::Gauge)
            .and_then(|metric| ConstGauge::new(total).encode(metric))?;
        self.counters(&mut encoder, RECEIVED, |s| s.bytes)?;
        self.counters(&mut encoder, PACKETS, |s| s.packets)?;
        self.counters(&mut encoder, DROPPED, |s| s.dropped_frames)?;
        self.gauges(&mut encoder, VIEWERS, |s| Some(float(s.viewers as u64)))?;
        self.gauges(&mut encoder, SINCE, |s| Some(float(s.since)))?;
        self.gauges(&mut encoder, HELD_FOR, |s| Some(s.held.as_ref()?.for_s))?;
        self.gauges(&mut encoder, HELD_REMAINING, |s| {
            Some(s.held.as_ref()?.remaining_s)
        })?;
        let video = |s: &StreamInfo| s.video.as_ref()?.bitrate_bps.map(float);
        self.gauges(&mut encoder, VIDEO_BITRATE, video)?;
        let audio = |s: &StreamInfo| s.audio.as_ref()?.bitrate_bps.map(float);
        self.gauges(&mut encoder, AUDIO_BITRATE, audio)?;
        let rate = |s: &StreamInfo| s.video.as_ref()?.frame_rate;
        self.gauges(&mut encoder, FRAME_RATE, rate)?;
        let missing = |s: &StreamInfo| s.video.as_ref().map_or(0, |video| video.missing_frames);
        self.counters(&mut encoder, MISSING, missing)?;
        let keyframes = |s: &StreamInfo| Some(float(s.video.as_ref()?.keyframes_only.into()));
        self.gauges(&mut encoder, KEYFRAMES_ONLY, keyframes)?;
        self.gauges(&mut encoder, LEFT_OUT, |s| {
            Some(float(s.left_out.len() as u64))
        })
    }
}

impl Streams {
    fn counters(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        about: About,
        of: impl Fn(&StreamInfo) -> u64,
    ) -> fmt::Result {
        self.family(encoder, about, MetricType::Counter, |stream, metric| {
            ConstCounter::new(of(stream)).encode(metric)
        })
    }

    fn gauges(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        about: About,
        of: impl Fn(&StreamInfo) -> Option<f64>,
    ) -> fmt::Result {
        self.family(encoder, about, MetricType::Gauge, |stream, metric| {
            of(stream).map_or(Ok(()), |value| ConstGauge::new(value).encode(metric))
        })
    }

    fn family(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help, unit): About,
        kind: MetricType,
        each: impl Fn(&StreamInfo, MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let mut metric = encoder.encode_descriptor(name, help, unit.as_ref(), kind)?;
        for stream in &self.0 {
            let labels = [("stream", stream.name.as_str())];
            each(stream, metric.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

const RECEIVED: About = ("received", "Payload received", Some(Unit::Bytes));
const PACKETS: About = ("received_packets", "Packets received", None);
const DROPPED: About = ("dropped_frames", "Pictures slow viewers did not get", None);
const VIEWERS: About = ("viewers", "Viewers now", None);
const SINCE: About = (
    "start_time",
    "When the stream began, after 1970",
    Some(Unit::Seconds),
);
const HELD_FOR: About = (
    "held",
    "How long a held stream has had no media of its publisher",
    Some(Unit::Seconds),
);
const HELD_REMAINING: About = (
    "held_remaining",
    "After how long a held stream ends",
    Some(Unit::Seconds),
);
const VIDEO_BITRATE: About = ("video_bitrate", "Bits of video a second", None);
const AUDIO_BITRATE: About = ("audio_bitrate", "Bits of audio a second", None);
const FRAME_RATE: About = ("video_frame_rate", "Pictures a second", None);
const MISSING: About = ("missing_frames", "Pictures the publisher left out", None);
const KEYFRAMES_ONLY: About = (
    "video_keyframes_only",
    "1 while every picture is a keyframe",
    None,
);
const LEFT_OUT: About = ("left_out", "Kinds of media that nobody gets", None);

#[expect(clippy::cast_precision_loss, reason = "a figure to look at")]
const fn float(value: u64) -> f64 {
    value as f64
}
