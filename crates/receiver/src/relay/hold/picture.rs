use std::sync::Arc;
use std::time::Duration;

use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{I420, Surface, VideoFrame, capture};
use onair_media::{
    Config, FrameRate, Packet, Size, Timestamp, VideoCodec, VideoConfig, h264, hevc,
};

use super::HoldSlate;
use super::line::Line;

/// What viewers see while the publisher is away: its last IDR picture once a second, then the slate.
///
/// An IDR picture can be decoded any number of times, with the parameter sets that came with it.
/// Pictures of a broadcast with open GOPs refer to what came before, and are not shown again.
pub(super) struct Picture {
    slate: HoldSlate,
    /// The last IDR picture, unless it is too large to keep.
    last: Option<Packet>,
    rhythm: Rhythm,
    /// The newest picture's configuration.
    config: Option<Arc<VideoConfig>>,
    /// The slate for a configuration of the publisher's.
    made: Option<(Arc<VideoConfig>, SlateTrack)>,
    /// When the slate's next picture is due, once it is shown.
    slate_next: Option<Timestamp>,
}

/// The longest picture that is kept, in bytes: one of 4K at a hundred Mbit/s is half of it.
const MAX_KEPT: usize = 2 * 1024 * 1024;

/// From one showing of the last picture to the next. Services ask for a keyframe every two seconds.
const EVERY: Duration = Duration::from_secs(1);

/// What is later than this is skipped.
const MAX_LATE: Duration = Duration::from_millis(500);

impl Picture {
    pub(super) fn new(slate: HoldSlate) -> Self {
        Self {
            slate,
            last: None,
            rhythm: Rhythm::default(),
            config: None,
            made: None,
            slate_next: None,
        }
    }

    /// A picture of the publisher's goes out.
    pub(super) fn note(&mut self, packet: &Packet) {
        let Config::Video(config) = &packet.config else {
            return;
        };
        self.rhythm.note(packet);
        if packet.keyframe {
            self.config = Some(config.clone());
            let is_kept = packet.payload.len() <= MAX_KEPT && is_idr(config, &packet.payload);
            self.last = is_kept.then(|| packet.clone());
        }
    }

    /// The publisher is away; tells in words what cannot be shown.
    pub(super) fn prepare(&mut self) -> Result<(), String> {
        let Some(config) = self.config.clone() else {
            return Ok(());
        };
        if !matches!(&self.made, Some((made, _)) if *made == config) {
            let rate = self.rhythm.frame_rate(&config);
            let track = SlateTrack::open(&config, rate, &self.slate)?;
            self.made = track.map(|track| (config, track));
        }
        match &self.last {
            Some(_) => Ok(()),
            None => Err(NO_PICTURE.to_owned()),
        }
    }

    /// When the next picture is due, if there is any.
    pub(super) fn due(&self, line: &Line, slate_at: Timestamp) -> Option<Timestamp> {
        if self.slate_next.is_some() {
            return self.slate_next;
        }
        let again = self.last.as_ref().and_then(|last| {
            let earliest = line.earliest_picture(last.pts.nanos_from(last.dts))?;
            Some(earliest.max(line.last_picture()? + EVERY))
        });
        let slate = self.made.as_ref().and_then(|_| {
            let earliest = line.earliest_picture(0)?;
            Some(earliest.max(slate_at))
        });
        match (again, slate) {
            (Some(again), Some(slate)) if again + EVERY / 2 < slate => Some(again),
            (_, Some(slate)) => Some(slate),
            (one, other) => one.or(other),
        }
    }

    /// The picture that is due at `time`; `None` when the slate cannot be encoded.
    pub(super) fn show(
        &mut self,
        line: &Line,
        time: Timestamp,
        until: Timestamp,
        slate_at: Timestamp,
    ) -> Option<Packet> {
        if self.made.is_some() && time >= slate_at {
            return self.show_slate(line, time, until);
        }
        let last = self.last.as_ref()?;
        let time = if until.since(time) > MAX_LATE {
            until
        } else {
            time
        };
        Some(Packet {
            pts: time.offset(last.pts.nanos_from(last.dts)),
            dts: time,
            ..last.clone()
        })
    }

    fn show_slate(&mut self, line: &Line, time: Timestamp, until: Timestamp) -> Option<Packet> {
        let (_, track) = self.made.as_mut()?;
        let is_late = until.since(time) > MAX_LATE;
        let time = if is_late { until } else { time };
        let time = line
            .earliest_picture(0)
            .map_or(time, |earliest| time.max(earliest));
        let packet = track.next_packet(time);
        match &packet {
            Some(_) => self.slate_next = Some(time + track.interval),
            None => (self.made, self.slate_next) = (None, None),
        }
        packet
    }

    /// The publisher is back.
    pub(super) fn rest(&mut self) {
        self.slate_next = None;
        if let Some((_, track)) = &mut self.made {
            track.rewind();
        }
    }

    /// How many bytes are kept.
    #[cfg(any(test, fuzzing))]
    pub(super) fn kept_bytes(&self) -> usize {
        let last = self.last.as_ref().map_or(0, |last| last.payload.len());
        last + self.made.as_ref().map_or(0, |(_, track)| track.bytes)
    }
}

const NO_PICTURE: &str =
    "its pictures refer to each other or are too large, and none is shown again";

/// Whether a picture refers to nothing and lets its decoder begin anew.
fn is_idr(config: &VideoConfig, payload: &[u8]) -> bool {
    let length = config.length_size();
    match config.codec {
        VideoCodec::H264 => h264::is_idr(payload, length),
        VideoCodec::Hevc => h264::length_prefixed(payload, length)
            .map_while(Result::ok)
            .filter_map(hevc::nal_unit_type)
            .find(|kind| kind.is_picture())
            .is_some_and(|kind| kind == hevc::NalUnitType::Idr),
    }
}

/// How many pictures a second come, by the last whole GOP.
#[derive(Debug, Default)]
struct Rhythm {
    began: Option<Timestamp>,
    pictures: u32,
    measured: Option<FrameRate>,
}

impl Rhythm {
    fn note(&mut self, packet: &Packet) {
        if packet.keyframe {
            let span = self.began.map(|began| packet.dts.since(began));
            self.measured = span
                .filter(|span| self.pictures > 1 && *span <= LONGEST_GOP)
                .and_then(|span| rate(self.pictures, span))
                .or(self.measured);
            (self.began, self.pictures) = (Some(packet.dts), 0);
        }
        self.pictures = self.pictures.saturating_add(1);
    }

    /// By what the stream says, or by what was measured.
    fn frame_rate(&self, config: &VideoConfig) -> FrameRate {
        let said = config.frame_rate.or(self.measured);
        let is_usual = |rate: &FrameRate| (5.0..=60.0).contains(&rate.as_f64());
        said.filter(is_usual).unwrap_or(USUAL_RATE)
    }
}

const LONGEST_GOP: Duration = Duration::from_secs(60);

fn rate(pictures: u32, span: Duration) -> Option<FrameRate> {
    let micros = u32::try_from(span.as_micros()).ok()?;
    FrameRate::new(pictures.checked_mul(1_000_000)?, micros)
}

/// The slate as an endless track: encoded once for two seconds, and then those again and again.
struct SlateTrack {
    /// Until two seconds are encoded.
    unfinished: Option<(VideoEncoder, I420)>,
    rate: FrameRate,
    interval: Duration,
    packets: Vec<Packet>,
    bytes: usize,
    /// The next packet to give.
    at: usize,
}

const USUAL_RATE: FrameRate = match FrameRate::new(30, 1) {
    Some(rate) => rate,
    None => unreachable!(),
};

/// How long the slate's GOP is.
const GOP: Duration = Duration::from_secs(2);

/// The most bytes of a slate that are kept; a GOP that reaches them is shorter.
const MAX_SLATE: usize = 4 * 1024 * 1024;

/// No slate is made for larger pictures: a stranger says how large they are.
const MAX_PIXELS: u64 = 3840 * 2160;

impl SlateTrack {
    /// A slate of the publisher's size and rate; `None` if there is to be none, or there is none for
    /// its codec.
    fn open(
        config: &VideoConfig,
        rate: FrameRate,
        slate: &HoldSlate,
    ) -> Result<Option<Self>, String> {
        let size = config.size;
        match config.codec {
            VideoCodec::H264 => {}
            VideoCodec::Hevc => return Ok(None),
        }
        if u64::from(size.width) * u64::from(size.height) > MAX_PIXELS {
            return Err(format!(
                "there is no slate of {size}, and the last picture stays"
            ));
        }
        let Some(image) = image(slate, size) else {
            return Ok(None);
        };
        let settings = VideoSettings {
            keyframe_interval: 2 * GOP,
            ..VideoSettings::new(size, rate)
        };
        let encoder = VideoEncoder::open(&settings)
            .map_err(|error| format!("there is no slate, and the last picture stays: {error}"))?;
        Ok(Some(Self {
            unfinished: Some((encoder, image)),
            rate,
            interval: rate.time_of(1),
            packets: Vec::new(),
            bytes: 0,
            at: 0,
        }))
    }

    /// The next picture, at this time; `None` if the encoder fails.
    fn next_packet(&mut self, time: Timestamp) -> Option<Packet> {
        if self.at == self.packets.len() {
            self.encode()?;
        }
        let packet = self.packets.get(self.at)?.clone();
        self.at += 1;
        if self.unfinished.is_none() && self.at == self.packets.len() {
            self.at = 0;
        }
        Some(Packet {
            pts: time,
            dts: time,
            ..packet
        })
    }

    fn encode(&mut self) -> Option<()> {
        let index = self.packets.len() as u64;
        let (encoder, image) = self.unfinished.as_mut()?;
        let frame = VideoFrame {
            surface: Surface::I420(image.clone()),
            timestamp: Timestamp::ZERO + self.rate.time_of(index),
        };
        let encoded = encoder.encode(&frame, index == 0);
        let encoded = encoded.map_err(|error| tracing::warn!(%error, "no slate"));
        let packet = encoded.ok()?.into_iter().next()?;
        self.bytes += packet.payload.len();
        self.packets.push(packet);
        let is_whole = self.rate.time_of(index + 1) >= GOP || self.bytes >= MAX_SLATE;
        if is_whole {
            self.unfinished = None;
        }
        Some(())
    }

    /// The next time it begins with its IDR picture again.
    fn rewind(&mut self) {
        self.at = 0;
    }
}

fn image(slate: &HoldSlate, size: Size) -> Option<I420> {
    match slate {
        HoldSlate::None => None,
        HoldSlate::Words => Some(capture::caption(WORDS, size)),
        HoldSlate::Image(image) => Some(image.fitted(size)),
    }
}

const WORDS: &str = "BACK IN A MOMENT";
