//! Compresses frames: with openh264, or from a can.

use std::time::Duration;

use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{Surface, VideoFrame};
use onair_media::h264::AvcDecoderConfig;
use onair_media::{Bitrate, Config, FrameRate, Packet, Size, Timestamp};

use crate::core_media::{Block, Format, Sample, Time, not_sync};
use crate::core_video::pixels;
use crate::knobs::{Canned, stage};
use crate::object::{Handle, Kind};
use crate::properties::Settings;

/// A frame on its way.
pub(crate) struct Frame {
    pub(crate) image: Handle,
    pub(crate) nanos: i64,
    /// True when it has to be a keyframe.
    pub(crate) forced: bool,
    /// What the session is to tell with it.
    pub(crate) refcon: usize,
    /// How the session was set when the frame came.
    pub(crate) settings: Settings,
}

pub(crate) struct Encoder {
    size: Size,
    codec: u32,
    software: Option<VideoEncoder>,
    bitrate: u64,
    /// When the last keyframe was, and the frames since.
    keyframe: Option<(i64, i64)>,
    /// The description of the last frame.
    format: Option<(Format, Handle)>,
}

impl Encoder {
    pub(crate) const fn new(size: Size, codec: u32) -> Self {
        Self {
            size,
            codec,
            software: None,
            bitrate: 0,
            keyframe: None,
            format: None,
        }
    }

    /// A compressed frame: a `CMSampleBuffer`.
    pub(crate) fn encode(&mut self, frame: Frame) -> Handle {
        let (pieces, canned) = {
            let stage = stage();
            (stage.knobs.pieces, stage.knobs.canned.clone())
        };
        let keyframe = self.is_keyframe(&frame);
        let (sets, payload, keyframe) = match canned {
            Some(canned) => from(canned, keyframe),
            None => self.compress(&frame, keyframe),
        };
        self.keyframe = match self.keyframe {
            Some((at, since)) if !keyframe => Some((at, since + 1)),
            _ => Some((frame.nanos, 1)),
        };
        let format = self.describe(sets);
        let pieces = split(&payload, pieces);
        Handle::new(Kind::Sample(Sample {
            image: None,
            data: Some(Handle::new(Kind::Block(Block { pieces }))),
            format: Some(format),
            attachments: (!keyframe).then(not_sync),
            presentation_time: Time::from_nanos(frame.nanos),
        }))
    }

    fn is_keyframe(&self, frame: &Frame) -> bool {
        let Some((at, since)) = self.keyframe else {
            return true;
        };
        let settings = &frame.settings;
        let late = |limit: f64| {
            Duration::from_nanos((frame.nanos - at).unsigned_abs())
                >= Duration::from_secs_f64(limit)
        };
        frame.forced
            || settings.keyframe_frames.is_some_and(|limit| since >= limit)
            || settings.keyframe_seconds.is_some_and(late)
    }

    /// Parameter sets, payload, and whether it is a keyframe, by openh264.
    fn compress(&mut self, frame: &Frame, keyframe: bool) -> (Vec<Vec<u8>>, Vec<u8>, bool) {
        let other_level = std::mem::take(&mut stage().knobs.other_level);
        if other_level || self.software.is_none() {
            let bitrate = if other_level {
                HIGH
            } else {
                frame.settings.bitrate
            };
            self.software = Some(open(self.size, bitrate));
            self.bitrate = bitrate;
        }
        let software = self.software.as_mut().expect("just opened");
        if frame.settings.bitrate != self.bitrate {
            self.bitrate = frame.settings.bitrate;
            software
                .set_bitrate(Bitrate::bps(self.bitrate))
                .expect("a bitrate");
        }
        let image = VideoFrame {
            surface: Surface::I420(pixels(&frame.image).frame()),
            timestamp: Timestamp::from_nanos(frame.nanos),
        };
        let mut packets = software
            .encode(&image, keyframe)
            .expect("a picture it can encode");
        let packet = packets.pop().expect("openh264 returns each frame at once");
        (
            parameter_sets(&packet),
            packet.payload.to_vec(),
            packet.keyframe,
        )
    }

    /// The format description: the same object while the content is.
    fn describe(&mut self, sets: Vec<Vec<u8>>) -> Handle {
        let format = Format {
            codec: self.codec,
            sets,
        };
        let is_fresh = stage().knobs.fresh_descriptions;
        match &self.format {
            Some((last, handle)) if *last == format && !is_fresh => handle.clone(),
            _ => {
                let handle = Handle::new(Kind::Format(format.clone()));
                self.format = Some((format, handle.clone()));
                handle
            }
        }
    }
}

fn open(size: Size, bitrate: u64) -> VideoEncoder {
    let rate = FrameRate::new(30, 1).expect("a rate");
    let settings = VideoSettings {
        bitrate: Bitrate::bps(bitrate),
        keyframe_interval: Duration::from_secs(1 << 30), // the session decides
        encoder: Some("openh264".to_owned()),
        ..VideoSettings::new(size, rate)
    };
    VideoEncoder::open(&settings).expect("openh264")
}

fn parameter_sets(packet: &Packet) -> Vec<Vec<u8>> {
    let Config::Video(config) = &packet.config else {
        panic!("a video packet");
    };
    let record = AvcDecoderConfig::parse(&config.decoder_config).expect("an avcC");
    let sets = record.sps.iter().chain(&record.pps);
    sets.map(|set| set.to_vec()).collect()
}

fn from(canned: Canned, keyframe: bool) -> (Vec<Vec<u8>>, Vec<u8>, bool) {
    let payload = if keyframe {
        canned.keyframe
    } else {
        canned.other
    };
    (canned.sets, payload, keyframe)
}

fn split(payload: &[u8], pieces: usize) -> Vec<Box<[u8]>> {
    let length = payload.len().div_ceil(pieces.max(1)).max(1);
    payload.chunks(length).map(Box::from).collect()
}

/// So many bits a second that the stream needs a higher level.
const HIGH: u64 = 20_000_000;
