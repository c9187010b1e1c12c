//! `onMetaData`: how a stream describes itself before its first picture, for servers to judge it by
//! (FLV 10.1 §E.5; Enhanced RTMP v2, "onMetaData").
//!
//! It has room for one track of a kind: the main one.

use std::time::Duration;

use bytes::Bytes;
use onair_media::{
    AudioCodec, AudioTrack, Bitrate, FourCc, FrameRate, Property, Size, Tracks, VideoCodec,
    VideoTrack,
};

use crate::amf0::{self, Value};
use crate::codec::{self, Form};
use crate::{Error, Head, Tag, TagKind};

/// The script body: `"onMetaData"` and an ECMA array. An RTMP publisher puts the string
/// `"@setDataFrame"` in front of it.
pub fn to_body(tracks: &Tracks) -> Bytes {
    let array = Value::ecma_array(values(tracks));
    amf0::write_all(&[ON_METADATA.into(), array]).into()
}

/// The script tag at `timestamp`.
pub fn to_tag(tracks: &Tracks, timestamp: u32) -> Tag {
    Tag {
        kind: TagKind::Script,
        timestamp,
        head: Head::default(),
        payload: to_body(tracks),
    }
}

/// Reads a script body, with or without `"@setDataFrame"` in front; `None` for another script.
/// Values of a wrong type are left out.
///
/// A track exists if its codec is named, or anything else that only such a track has: encoders
/// leave codec ids out, or write empty ones.
pub fn parse(body: &[u8]) -> Result<Option<Tracks>, Error> {
    let (mut name, mut at) = amf0::read(body)?;
    if name.as_str() == Some(SET_DATA_FRAME) {
        let (inner, len) = amf0::read(&body[at..])?;
        (name, at) = (inner, at + len);
    }
    if name.as_str() != Some(ON_METADATA) {
        return Ok(None);
    }
    let (value, _) = amf0::read(&body[at..])?;
    Ok(Some(from_value(&value)))
}

/// Reads a script tag as [`parse`] does; `None` for other tags.
pub fn from_tag(tag: &Tag) -> Result<Option<Tracks>, Error> {
    if tag.kind != TagKind::Script {
        return Ok(None);
    }
    parse(&tag.payload)
}

fn values(tracks: &Tracks) -> Vec<(&str, Value)> {
    let duration = tracks.duration.unwrap_or_default().as_secs_f64();
    let mut values = vec![
        ("duration", Value::Number(duration)),
        ("fileSize", Value::Number(0.0)),
    ];
    let mut number = |name, number: Option<f64>| {
        values.extend(number.map(|number| (name, Value::Number(number))));
    };
    if let Some(video) = tracks.video.first() {
        let id = video.codec.map(|codec| codec::video(codec).id());
        number("width", video.size.map(|size| size.width.into()));
        number("height", video.size.map(|size| size.height.into()));
        number("videocodecid", id.map(f64::from));
        number("videodatarate", video.bitrate.map(kilobits));
        number("framerate", video.frame_rate.map(FrameRate::as_f64));
    }
    if let Some(audio) = tracks.audio.first() {
        let id = audio.codec.map(|codec| codec::audio(codec).id());
        number("audiocodecid", id.map(f64::from));
        number("audiodatarate", audio.bitrate.map(kilobits));
        number("audiosamplerate", audio.sample_rate.map(f64::from));
        number("audiosamplesize", id.map(|_| SAMPLE_SIZE));
        number("audiochannels", audio.channels.map(f64::from));
        let stereo = audio.channels.map(|channels| channels >= 2);
        values.extend(stereo.map(|stereo| ("stereo", Value::Boolean(stereo))));
    }
    if !tracks.encoder.is_empty() {
        values.push(("encoder", Value::String(tracks.encoder.clone())));
    }
    let others = tracks.properties.iter();
    values.extend(others.map(|(name, property)| (&name[..], to_value(property))));
    values
}

fn to_value(property: &Property) -> Value {
    match property {
        Property::Text(text) => Value::String(text.clone()),
        Property::Number(number) => Value::Number(*number),
        Property::Flag(flag) => Value::Boolean(*flag),
    }
}

fn from_value(value: &Value) -> Tracks {
    Tracks {
        video: video(value).into_iter().collect(),
        audio: audio(value).into_iter().collect(),
        encoder: text(value.get("encoder")),
        duration: number(value, "duration").and_then(as_duration),
        properties: properties(value),
    }
}

fn video(value: &Value) -> Option<VideoTrack> {
    let whole = |name| number(value, name).and_then(as_whole);
    let codec = value.get("videocodecid").and_then(as_codec);
    let size = size(whole("width"), whole("height"));
    let rate = number(value, "framerate").or_else(|| number(value, "videoframerate"));
    let bitrate = number(value, "videodatarate").and_then(from_kilobits);
    let is_there = codec.is_some() || size.is_some() || rate.is_some() || bitrate.is_some();
    is_there.then(|| VideoTrack {
        codec: codec.and_then(video_codec),
        size,
        frame_rate: rate.and_then(FrameRate::from_f64),
        bitrate,
        ..VideoTrack::default()
    })
}

fn audio(value: &Value) -> Option<AudioTrack> {
    let whole = |name| number(value, name).and_then(as_whole);
    let codec = value.get("audiocodecid").and_then(as_codec);
    let sample_rate = whole("audiosamplerate");
    let channels = channels(whole("audiochannels"), value.get("stereo"));
    let bitrate = number(value, "audiodatarate").and_then(from_kilobits);
    let is_there =
        codec.is_some() || sample_rate.is_some() || channels.is_some() || bitrate.is_some();
    is_there.then(|| AudioTrack {
        codec: codec.and_then(audio_codec),
        sample_rate,
        channels,
        bitrate,
        ..AudioTrack::default()
    })
}

/// The other properties, as far as they are short and no lists.
fn properties(value: &Value) -> Vec<(String, Property)> {
    let others = value.properties().iter();
    let others = others.filter(|(name, _)| name.len() <= MAX_NAME && !KNOWN.contains(&&name[..]));
    let kept = others.filter_map(|(name, value)| Some((name.to_string(), to_property(value)?)));
    kept.take(MAX_PROPERTIES).collect()
}

fn to_property(value: &Value) -> Option<Property> {
    match value {
        Value::String(text) if text.len() <= MAX_TEXT => Some(Property::Text(text.clone())),
        Value::Number(number) => Some(Property::Number(*number)),
        Value::Boolean(flag) => Some(Property::Flag(*flag)),
        _ => None,
    }
}

fn video_codec(id: u32) -> Option<VideoCodec> {
    let mut all = VideoCodec::ALL.iter().copied();
    all.find(|codec| is_called(id, codec::video(*codec), codec.four_cc()))
}

fn audio_codec(id: u32) -> Option<AudioCodec> {
    let mut all = AudioCodec::ALL.iter().copied();
    all.find(|codec| is_called(id, codec::audio(*codec), codec.four_cc()))
}

/// Whether `id` names the codec: some writers use the `FourCC` of one that has a number.
const fn is_called(id: u32, form: Form, four_cc: FourCc) -> bool {
    id == form.id() || id == four_cc.as_u32()
}

fn number(value: &Value, name: &str) -> Option<f64> {
    value.get(name).and_then(as_number)
}

/// Some writers write numbers as text.
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

/// A codec is a number, or in some files four characters.
fn as_codec(value: &Value) -> Option<u32> {
    match value.as_str() {
        Some(text) if text.eq_ignore_ascii_case("h264") => {
            Some(codec::video(VideoCodec::H264).id())
        }
        Some("AVC1" | "MP4A") => {
            let code = value.as_str()?.to_ascii_lowercase();
            Some(FourCc(code.as_bytes().try_into().ok()?).as_u32())
        }
        Some(text) if text.len() == 4 => {
            let code = text.as_bytes().try_into().ok()?;
            Some(FourCc(code).as_u32())
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

/// More than any publisher sends, and all the memory a stranger gets.
const MAX_PROPERTIES: usize = 32;
const MAX_NAME: usize = 64;
const MAX_TEXT: usize = 256;

/// The names that [`Tracks`] has a field for, and those that are written anew.
const KNOWN: [&str; 18] = [
    "duration",
    "fileSize",
    "filesize",
    "width",
    "height",
    "videocodecid",
    "videodatarate",
    "framerate",
    "videoframerate",
    "audiocodecid",
    "audiodatarate",
    "audiosamplerate",
    "audiosamplesize",
    "audiochannels",
    "stereo",
    "encoder",
    "hasVideo",
    "hasAudio",
];

const ON_METADATA: &str = "onMetaData";
const SET_DATA_FRAME: &str = "@setDataFrame";
/// AAC decodes to 16 bits, and everybody writes that.
const SAMPLE_SIZE: f64 = 16.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Tracks {
        Tracks {
            video: vec![VideoTrack {
                codec: Some(VideoCodec::H264),
                size: Some(Size::new(1280, 720)),
                frame_rate: FrameRate::new(30, 1),
                bitrate: Some(Bitrate::kbps(2500)),
                ..VideoTrack::default()
            }],
            audio: vec![AudioTrack {
                codec: Some(AudioCodec::Aac),
                bitrate: Some(Bitrate::kbps(128)),
                sample_rate: Some(48_000),
                channels: Some(2),
                ..AudioTrack::default()
            }],
            encoder: "onair".into(),
            ..Tracks::default()
        }
    }

    fn parsed(pairs: &[(&str, Value)]) -> Tracks {
        let value = Value::object(pairs.iter().cloned());
        let body = amf0::write_all(&["onMetaData".into(), value]);
        parse(&body).unwrap().unwrap()
    }

    #[test]
    fn everything_said_is_read_back() {
        let mut tracks = full();
        assert_eq!(parse(&to_body(&tracks)), Ok(Some(tracks.clone())));
        tracks.duration = Some(Duration::from_millis(1500));
        tracks.properties = vec![
            ("x-show".into(), Property::Text("Evening".into())),
            ("camera".into(), Property::Number(2.0)),
            ("rehearsal".into(), Property::Flag(true)),
        ];
        assert_eq!(from_tag(&to_tag(&tracks, 0)), Ok(Some(tracks)));
    }

    #[test]
    fn every_codec_is_known_by_what_is_written_of_it() {
        for &codec in VideoCodec::ALL {
            let mut tracks = full();
            tracks.video[0].codec = Some(codec);
            assert_eq!(parse(&to_body(&tracks)), Ok(Some(tracks)));
            let name = codec.four_cc().to_string();
            let tracks = parsed(&[("videocodecid", name.as_str().into())]);
            assert_eq!(tracks.video_codec(), Some(codec));
        }
    }

    #[test]
    fn the_body_names_what_servers_look_for() {
        let values = amf0::read_all(&to_body(&full())).unwrap();
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
        body.extend_from_slice(&to_body(&full()));
        assert_eq!(parse(&body), Ok(Some(full())));
    }

    #[test]
    fn odd_values_are_understood_or_left_out() {
        let tracks = parsed(&[
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
        let expected = Tracks {
            video: vec![VideoTrack {
                codec: Some(VideoCodec::Hevc),
                size: Some(Size::new(640, 360)),
                ..VideoTrack::default()
            }],
            audio: vec![AudioTrack {
                codec: Some(AudioCodec::Aac),
                channels: Some(2),
                ..AudioTrack::default()
            }],
            ..Tracks::default()
        };
        assert_eq!(tracks, expected);
    }

    #[test]
    fn a_track_is_promised_even_where_its_codec_id_is_missing_or_odd() {
        use onair_media::Kind::{Audio, Video};
        let promised = |pairs: &[(&str, Value)]| {
            let tracks = parsed(pairs);
            (tracks.has(Video), tracks.has(Audio))
        };
        let both = [("width", 640.0.into()), ("height", 360.0.into())];
        assert_eq!(promised(&both), (true, false));
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
            assert_eq!(promised(&odd), (true, true));
        }
        assert_eq!(promised(&[("audiocodecid", 10.0.into())]), (false, true));
        assert_eq!(promised(&[("encoder", "x".into())]), (false, false));
        assert_eq!(promised(&[("videocodecid", "avc1".into())]), (true, false));
        assert_eq!(promised(&[("videocodecid", "av01".into())]), (true, false));
    }

    #[test]
    fn a_strangers_own_properties_are_kept_within_bounds() {
        let names: Vec<_> = (0..100).map(|i| format!("{i}{}", "x".repeat(i))).collect();
        let long = |i: usize| Value::String("y".repeat(4 * i));
        let pairs = names.iter().enumerate();
        let mut pairs: Vec<_> = pairs.map(|(i, name)| (&name[..], long(i))).collect();
        pairs.push(("keyframes", Value::object([("times", Value::Null)])));
        let tracks = parsed(&pairs);
        assert_eq!(tracks.properties.len(), MAX_PROPERTIES);
        assert!(tracks.weight() < 20_000, "{}", tracks.weight());
        assert!(parsed(&pairs[90..]).properties.is_empty());
    }

    #[test]
    fn another_script_is_no_metadata() {
        let body = amf0::write_all(&["onTextData".into(), Value::Null]);
        assert_eq!(parse(&body), Ok(None));
        assert!(parse(&[]).is_err());
    }
}
