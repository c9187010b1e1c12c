use std::time::Duration;

use bytes::Bytes;
use onair_media::{AudioCodec, AudioConfig, Bitrate, Size, VideoCodec, VideoConfig};

use crate::amf0::{self, Value};
use crate::{Error, FourCc, Head, Tag, TagKind};

/// What `onMetaData` says about a stream (FLV 10.1 §E.5; Enhanced RTMP v2,
/// "onMetaData"). Servers judge a stream by it before they see a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// Picture size.
    pub size: Option<Size>,
    /// Pictures per second.
    pub frame_rate: Option<f64>,
    /// FLV `CodecID`, or the `FourCC` as a number.
    pub video_codec: Option<u32>,
    /// What the video encoder aims at.
    pub video_bitrate: Option<Bitrate>,
    /// FLV `SoundFormat`, or the `FourCC` as a number.
    pub audio_codec: Option<u32>,
    /// What the audio encoder aims at.
    pub audio_bitrate: Option<Bitrate>,
    /// Samples per second in each channel.
    pub sample_rate: Option<u32>,
    /// Number of channels.
    pub channels: Option<u8>,
    /// Who made the stream; empty for unsaid.
    pub encoder: String,
    /// How long the file lasts; `None` for a live stream.
    pub duration: Option<Duration>,
}

impl Metadata {
    /// What the two configurations know; bitrates and encoder are the caller's to add.
    pub fn of(video: Option<&VideoConfig>, audio: Option<&AudioConfig>) -> Self {
        Self {
            size: video.map(|video| video.size),
            frame_rate: video.and_then(|video| Some(video.frame_rate?.as_f64())),
            video_codec: video.and_then(|video| video_codec_id(video.codec)),
            audio_codec: audio.and_then(|audio| audio_codec(audio.codec)),
            sample_rate: audio.map(|audio| audio.sample_rate),
            channels: audio.map(|audio| audio.channels),
            ..Self::default()
        }
    }

    /// Whether a video track is promised: by its codec, or by anything else only video has.
    ///
    /// A promise is all that metadata can make. What it does not mention may come all the same:
    /// encoders leave codec ids out, or write empty ones, and only a sequence header announces a
    /// track for certain.
    pub const fn promises_video(&self) -> bool {
        self.video_codec.is_some()
            || self.size.is_some()
            || self.frame_rate.is_some()
            || self.video_bitrate.is_some()
    }

    /// Whether an audio track is promised, as for [`Self::promises_video`].
    pub const fn promises_audio(&self) -> bool {
        self.audio_codec.is_some()
            || self.sample_rate.is_some()
            || self.channels.is_some()
            || self.audio_bitrate.is_some()
    }

    /// The script body: `"onMetaData"` and an ECMA array. An RTMP publisher
    /// puts the string `"@setDataFrame"` in front of it.
    pub fn to_body(&self) -> Bytes {
        let array = Value::ecma_array(self.properties());
        amf0::write_all(&[ON_METADATA.into(), array]).into()
    }

    /// The script tag at `timestamp`.
    pub fn to_tag(&self, timestamp: u32) -> Tag {
        Tag {
            kind: TagKind::Script,
            timestamp,
            head: Head::default(),
            payload: self.to_body(),
        }
    }

    /// Reads a script body, with or without `"@setDataFrame"` in front; `None`
    /// when it is another script. Values of a wrong type are left out.
    pub fn parse(body: &[u8]) -> Result<Option<Self>, Error> {
        let (mut name, mut at) = amf0::read(body)?;
        if name.as_str() == Some(SET_DATA_FRAME) {
            let (inner, len) = amf0::read(&body[at..])?;
            (name, at) = (inner, at + len);
        }
        if name.as_str() != Some(ON_METADATA) {
            return Ok(None);
        }
        let (value, _) = amf0::read(&body[at..])?;
        Ok(Some(Self::from_value(&value)))
    }

    /// Reads a script tag as [`Metadata::parse`] does; `None` for other tags.
    pub fn from_tag(tag: &Tag) -> Result<Option<Self>, Error> {
        if tag.kind != TagKind::Script {
            return Ok(None);
        }
        Self::parse(&tag.payload)
    }

    fn properties(&self) -> Vec<(&'static str, Value)> {
        let duration = self.duration.unwrap_or_default().as_secs_f64();
        let mut properties = vec![
            ("duration", Value::Number(duration)),
            ("fileSize", Value::Number(0.0)),
        ];
        let mut number = |name, number: Option<f64>| {
            properties.extend(number.map(|number| (name, Value::Number(number))));
        };
        number("width", self.size.map(|size| size.width.into()));
        number("height", self.size.map(|size| size.height.into()));
        number("videocodecid", self.video_codec.map(f64::from));
        number("videodatarate", self.video_bitrate.map(kilobits));
        number("framerate", self.frame_rate);
        number("audiocodecid", self.audio_codec.map(f64::from));
        number("audiodatarate", self.audio_bitrate.map(kilobits));
        number("audiosamplerate", self.sample_rate.map(f64::from));
        number("audiosamplesize", self.audio_codec.map(|_| SAMPLE_SIZE));
        number("audiochannels", self.channels.map(f64::from));
        let stereo = self.channels.map(|channels| channels >= 2);
        properties.extend(stereo.map(|stereo| ("stereo", Value::Boolean(stereo))));
        if !self.encoder.is_empty() {
            properties.push(("encoder", Value::String(self.encoder.clone())));
        }
        properties
    }

    fn from_value(value: &Value) -> Self {
        let number = |name| value.get(name).and_then(as_number);
        let whole = |name| number(name).and_then(as_whole);
        Self {
            size: size(whole("width"), whole("height")),
            frame_rate: number("framerate").or_else(|| number("videoframerate")),
            video_codec: value.get("videocodecid").and_then(as_codec),
            video_bitrate: number("videodatarate").and_then(from_kilobits),
            audio_codec: value.get("audiocodecid").and_then(as_codec),
            audio_bitrate: number("audiodatarate").and_then(from_kilobits),
            sample_rate: whole("audiosamplerate"),
            channels: channels(whole("audiochannels"), value.get("stereo")),
            encoder: text(value.get("encoder")),
            duration: number("duration").and_then(as_duration),
        }
    }
}

/// The number by which `onMetaData` knows a codec: FLV's `CodecID`, or the
/// `FourCC` (Enhanced RTMP v2, "onMetaData").
pub fn video_codec_id(codec: VideoCodec) -> Option<u32> {
    match codec {
        VideoCodec::H264 => Some(7),
        other => FourCc::of(other).map(FourCc::as_u32),
    }
}

const fn audio_codec(codec: AudioCodec) -> Option<u32> {
    match codec {
        AudioCodec::Aac => Some(10),
    }
}

/// Some writers say numbers as text.
fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

fn as_whole(number: f64) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie in 1..=u32::MAX"
    )]
    (1.0..=f64::from(u32::MAX))
        .contains(&number)
        .then(|| number.round() as u32)
}

/// A codec is a number, or in some files its four characters.
fn as_codec(value: &Value) -> Option<u32> {
    match value.as_str() {
        Some("avc1" | "AVC1" | "h264" | "H264") => Some(7),
        Some("mp4a" | "MP4A") => Some(10),
        Some(text) if text.len() == 4 => {
            let code = text.as_bytes().try_into().ok()?;
            Some(u32::from_be_bytes(code))
        }
        _ => as_number(value).and_then(as_whole),
    }
}

fn size(width: Option<u32>, height: Option<u32>) -> Option<Size> {
    Some(Size::new(width?, height?))
}

fn channels(count: Option<u32>, stereo: Option<&Value>) -> Option<u8> {
    let count = count.and_then(|count| u8::try_from(count).ok());
    count.or_else(|| Some(1 + u8::from(stereo?.as_bool()?)))
}

fn text(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn as_duration(seconds: f64) -> Option<Duration> {
    let duration = Duration::try_from_secs_f64(seconds).ok();
    duration.filter(|duration| !duration.is_zero())
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 bits a second")]
fn kilobits(bitrate: Bitrate) -> f64 {
    bitrate.as_bps() as f64 / 1000.0
}

fn from_kilobits(kilobits: f64) -> Option<Bitrate> {
    as_whole(kilobits * 1000.0).map(|bits| Bitrate::bps(bits.into()))
}

const ON_METADATA: &str = "onMetaData";
const SET_DATA_FRAME: &str = "@setDataFrame";
/// AAC decodes to 16 bits, which is also what everybody else writes.
const SAMPLE_SIZE: f64 = 16.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Metadata {
        Metadata {
            size: Some(Size::new(1280, 720)),
            frame_rate: Some(30.0),
            video_codec: Some(7),
            video_bitrate: Some(Bitrate::kbps(2500)),
            audio_codec: Some(10),
            audio_bitrate: Some(Bitrate::kbps(128)),
            sample_rate: Some(48_000),
            channels: Some(2),
            encoder: "onair".into(),
            duration: None,
        }
    }

    #[test]
    fn everything_said_is_read_back() {
        let metadata = full();
        assert_eq!(Metadata::parse(&metadata.to_body()), Ok(Some(metadata)));
        let timed = Metadata {
            duration: Some(Duration::from_millis(1500)),
            ..Metadata::default()
        };
        assert_eq!(Metadata::from_tag(&timed.to_tag(0)), Ok(Some(timed)));
    }

    #[test]
    fn the_body_names_what_servers_look_for() {
        let values = amf0::read_all(&full().to_body()).unwrap();
        let [name, array @ Value::EcmaArray(_)] = &values[..] else {
            panic!("{values:?}");
        };
        assert_eq!(name.as_str(), Some("onMetaData"));
        let names: Vec<_> = array
            .properties()
            .iter()
            .map(|(name, _)| &name[..])
            .collect();
        assert_eq!(
            names.join(" "),
            "duration fileSize width height videocodecid videodatarate framerate audiocodecid \
             audiodatarate audiosamplerate audiosamplesize audiochannels stereo encoder"
        );
    }

    #[test]
    fn the_form_for_servers_is_unwrapped() {
        let mut body = amf0::write_all(&["@setDataFrame".into()]);
        body.extend_from_slice(&full().to_body());
        assert_eq!(Metadata::parse(&body), Ok(Some(full())));
    }

    #[test]
    fn odd_values_are_understood_or_left_out() {
        let value = Value::object([
            ("width", Value::from("640")),
            ("height", 360.0.into()),
            ("framerate", f64::NAN.into()),
            ("videocodecid", "hvc1".into()),
            ("audiocodecid", "mp4a".into()),
            ("audiosamplerate", (-1.0).into()),
            ("stereo", true.into()),
            ("duration", 1e300.into()),
            ("encoder", 5.0.into()),
        ]);
        let body = amf0::write_all(&["onMetaData".into(), value]);
        let expected = Metadata {
            size: Some(Size::new(640, 360)),
            video_codec: Some(1_752_589_105),
            audio_codec: Some(10),
            channels: Some(2),
            ..Metadata::default()
        };
        assert_eq!(Metadata::parse(&body), Ok(Some(expected)));
    }

    #[test]
    fn a_track_is_promised_even_where_its_codec_id_is_missing_or_odd() {
        let parsed = |pairs: &[(&str, Value)]| {
            let value = Value::object(pairs.iter().cloned());
            let body = amf0::write_all(&["onMetaData".into(), value]);
            let metadata = Metadata::parse(&body).unwrap().unwrap();
            (metadata.promises_video(), metadata.promises_audio())
        };
        let both = [("width", 640.0.into()), ("height", 360.0.into())];
        assert_eq!(parsed(&both), (true, false));
        for codec in [
            Value::from(""),
            "".into(),
            Value::Null,
            "AVC".into(),
            0.0.into(),
        ] {
            let odd = [
                ("videocodecid", codec.clone()),
                ("framerate", 30.0.into()),
                ("audiocodecid", codec),
                ("stereo", true.into()),
            ];
            assert_eq!(parsed(&odd), (true, true));
        }
        assert_eq!(parsed(&[("audiocodecid", 10.0.into())]), (false, true));
        assert_eq!(parsed(&[("encoder", "x".into())]), (false, false));
        assert_eq!(parsed(&[("videocodecid", "avc1".into())]), (true, false));
    }

    #[test]
    fn codecs_have_the_numbers_servers_know() {
        assert_eq!(video_codec_id(VideoCodec::H264), Some(7));
        assert_eq!(video_codec_id(VideoCodec::Hevc), Some(1_752_589_105));
    }

    #[test]
    fn another_script_is_no_metadata() {
        let body = amf0::write_all(&["onTextData".into(), Value::Null]);
        assert_eq!(Metadata::parse(&body), Ok(None));
        assert!(Metadata::parse(&[]).is_err());
    }
}
