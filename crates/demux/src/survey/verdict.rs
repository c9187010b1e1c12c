use onair_media::VideoCodec;

use super::report::{Objection, Report, TrackReport, Verdict};
use super::rules::{Demand, RTMP, RULES, Rule, SERVICES, Weight};
use crate::advice::{Conversion, Plan};
use crate::refused::conversion;

/// What each service will say about a stream.
pub(super) fn verdicts(report: &Report) -> Vec<Verdict> {
    SERVICES
        .iter()
        .map(|service| judge(service, report))
        .collect()
}

fn judge(service: &'static str, report: &Report) -> Verdict {
    let rules = RULES
        .iter()
        .filter(|rule| rule.service == service || rule.service == RTMP)
        // What a service itself says of codecs comes before what RTMP says.
        .filter(|rule| rule.service == service || is_of_every_service(rule.demand));
    let mut objections: Vec<Objection> = Vec::new();
    for rule in rules {
        let Some(reason) = rule.demand.objection(report) else {
            continue;
        };
        let is_said = |other: &Objection| same_kind(&other.reason, &reason);
        if !objections.iter().any(is_said) {
            objections.push(Objection::new(rule, reason));
        }
    }
    Verdict {
        service,
        ready: !objections.iter().any(|objection| objection.needed),
        reasons: objections.iter().map(|o| o.reason.clone()).collect(),
        objections,
    }
}

/// Keyframes 5 s apart break two rules; the first is enough.
fn same_kind(one: &str, other: &str) -> bool {
    one == other || (one.starts_with(KEYFRAMES) && other.starts_with(KEYFRAMES))
}

const fn is_of_every_service(demand: Demand) -> bool {
    !matches!(demand, Demand::ClassicVideo | Demand::H264EightBits420)
}

impl Objection {
    fn new(rule: &Rule, reason: String) -> Self {
        Self {
            reason,
            needed: rule.weight == Weight::Needed,
            source: rule.source,
        }
    }
}

impl Demand {
    /// What speaks against a stream.
    fn objection(self, report: &Report) -> Option<String> {
        let track = |kind| report.tracks.iter().find(|track| track.kind == kind);
        let refused = |kind| report.refused.iter().any(|track| super::is(track, kind));
        match self {
            Self::Sendable => sendable(report),
            Self::Whole => whole(report),
            Self::TimesInOrder => in_each(report, |track| {
                let goes_back = track.faults.dts_back.count > 0;
                goes_back.then(|| format!("{} times go back", track.kind))
            }),
            Self::NoGaps => in_each(report, |track| {
                let gaps = track.faults.gaps.count;
                (gaps > 0).then(|| format!("{gaps} gaps in the {}", track.kind))
            }),
            Self::Upright => report
                .rotation
                .map(|turn| format!("will be shown lying on its side ({turn} degrees)")),
            Self::Video => {
                let is_missing = track("video").is_none() && !refused("video");
                is_missing.then(|| "no video".to_owned())
            }
            Self::Audio => {
                let is_missing = track("audio").is_none() && !refused("audio");
                is_missing.then(|| "no audio: add a silent track".to_owned())
            }
            Self::KeyframeFirst
            | Self::ClassicVideo
            | Self::VideoCodecs(_)
            | Self::EightBits420
            | Self::H264EightBits420
            | Self::Progressive
            | Self::H264Level(_)
            | Self::KeyframeSeconds(_)
            | Self::VideoBitrate(_)
            | Self::Rows(_)
            | Self::FramesPerSecond(_) => self.of_video(track("video")?),
            Self::AacLc | Self::Channels(_) | Self::SampleRates(_) | Self::AudioBitrate(_) => {
                self.of_audio(track("audio")?)
            }
        }
    }

    fn of_video(self, video: &TrackReport) -> Option<String> {
        let codec = VideoCodec::from_codec_string(&video.codec);
        let is_h264 = codec == Some(VideoCodec::H264);
        match self {
            Self::KeyframeFirst if !video.starts_with_keyframe => {
                Some("does not start with a keyframe".to_owned())
            }
            Self::ClassicVideo if !is_h264 => Some(format!(
                "{}, for servers that know Enhanced RTMP only",
                name(video)
            )),
            Self::VideoCodecs(codecs) => other_codec(video, codecs),
            Self::EightBits420 => unusual_samples(video),
            Self::H264EightBits420 if is_h264 => unusual_samples(video),
            Self::Progressive if video.interlaced == Some(true) => Some("interlaced".to_owned()),
            Self::H264Level(most) => video
                .level
                .filter(|level| is_h264 && *level > f64::from(most) / 10.0)
                .map(|level| format!("level {level}, more than {}", f64::from(most) / 10.0)),
            Self::KeyframeSeconds(most) => keyframes(video, most),
            Self::VideoBitrate(most) => bitrate(video, most),
            Self::Rows(most) => {
                let (width, height) = video.size.as_deref()?.split_once('x')?;
                let rows: u32 = width.parse().ok()?;
                let rows = rows.min(height.parse().ok()?);
                (rows > most).then(|| format!("{rows} rows, more than {most}"))
            }
            Self::FramesPerSecond(most) => video
                .fps_measured
                .filter(|measured| measured.avg > most + 1.0)
                .map(|measured| format!("{} frames a second, more than {most}", measured.avg)),
            _ => None,
        }
    }

    fn of_audio(self, audio: &TrackReport) -> Option<String> {
        match self {
            Self::AacLc if audio.codec != "mp4a.40.2" => {
                Some(format!("{} audio, where AAC-LC is asked for", audio.codec))
            }
            Self::Channels(most) => audio
                .channels
                .filter(|channels| *channels > most)
                .map(|channels| format!("{channels} audio channels, more than {most}")),
            Self::SampleRates(rates) => audio
                .sample_rate
                .filter(|rate| !rates.contains(rate))
                .map(|rate| format!("audio at {rate} Hz, neither 44100 nor 48000")),
            Self::AudioBitrate(most) => bitrate(audio, most),
            _ => None,
        }
    }
}

fn sendable(report: &Report) -> Option<String> {
    let names: Vec<_> = report.refused.iter().map(|track| &*track.codec).collect();
    if report.tracks.is_empty() && names.is_empty() {
        return Some("nothing to send".to_owned());
    }
    match &names[..] {
        [] => None,
        [one] => Some(format!("{one} cannot be sent as it is")),
        all => Some(format!("{} cannot be sent as they are", all.join(" and "))),
    }
}

fn whole(report: &Report) -> Option<String> {
    // Frames before the first keyframe are left out without harm.
    let mut damage = report.damage.unwrap_or_default();
    (damage.video.undecodable, damage.audio.undecodable) = (0, 0);
    if !damage.is_none() {
        return Some(format!("the file is damaged ({damage})"));
    }
    let words = "the file is damaged and ends early";
    report.ends_damaged.then(|| words.to_owned())
}

fn in_each(report: &Report, of: impl Fn(&TrackReport) -> Option<String>) -> Option<String> {
    let all: Vec<_> = report.tracks.iter().filter_map(of).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn other_codec(video: &TrackReport, codecs: &[VideoCodec]) -> Option<String> {
    let codec = VideoCodec::from_codec_string(&video.codec);
    let is_taken = codec.is_some_and(|codec| codecs.contains(&codec));
    (!is_taken).then(|| format!("{}, where H.264 is asked for", name(video)))
}

/// What people call the codec.
fn name(video: &TrackReport) -> String {
    let codec = VideoCodec::from_codec_string(&video.codec);
    codec.map_or_else(|| video.codec.clone(), |codec| codec.to_string())
}

fn unusual_samples(video: &TrackReport) -> Option<String> {
    let (bits, chroma) = (video.bit_depth?, video.chroma?);
    let usual = bits == 8 && chroma == "4:2:0";
    let profile = video.profile.as_deref().unwrap_or("video");
    (!usual).then(|| format!("{profile}: {bits} bits, {chroma}, where 8 bits, 4:2:0 is asked for"))
}

fn keyframes(video: &TrackReport, most: f64) -> Option<String> {
    let longest = video.gops?.seconds.max;
    (longest > most + SLACK)
        .then(|| format!("{KEYFRAMES} up to {longest:.1} s apart, {most} s is the most asked for"))
}

fn bitrate(track: &TrackReport, most: u64) -> Option<String> {
    let (is, most) = (track.bitrate_bps / 1000, most / 1000);
    (is > most).then(|| format!("{is} kbit/s of {}, more than {most}", track.kind))
}

/// A command that converts the file into what every service takes; `None` when a conversion would
/// change nothing.
pub(super) fn cure(report: &Report) -> Option<String> {
    let broken = |demand: &Demand| demand.objection(report).is_some();
    let any = |about: fn(Demand) -> bool| {
        let demands = RULES.iter().map(|rule| rule.demand);
        demands.filter(|demand| about(*demand)).any(|d| broken(&d))
    };
    let has = |kind| report.tracks.iter().any(|track| track.kind == kind);
    let mut made = conversion(&report.refused, [has("video"), has("audio")]);
    if made.video == Plan::Copy && any(is_about_video) {
        made.video = Plan::Encode;
    }
    if made.audio == Plan::Copy && any(is_about_audio) {
        made.audio = Plan::Encode;
    }
    if broken(&Demand::Video) {
        made.video = Plan::Add;
    }
    if broken(&Demand::Audio) {
        made.audio = Plan::Add;
    }
    let needed = [Plan::Encode, Plan::Add];
    if report.tracks.is_empty() && report.refused.is_empty()
        || !(needed.contains(&made.video) || needed.contains(&made.audio))
    {
        return None;
    }
    Some(limited(made, report).to_string())
}

/// Adds the limits that newly encoded video has to keep to.
fn limited(mut made: Conversion, report: &Report) -> Conversion {
    let video = report.tracks.iter().find(|track| track.kind == "video");
    let size = video.and_then(|video| video.size.as_deref()?.parse().ok());
    made.size = size.or(made.size);
    made.rows = Some(1080);
    let fast = Demand::FramesPerSecond(60.0).objection(report);
    made.fps = fast.map(|_| 60);
    made
}

const fn is_about_video(demand: Demand) -> bool {
    matches!(
        demand,
        Demand::ClassicVideo
            | Demand::VideoCodecs(_)
            | Demand::EightBits420
            | Demand::H264EightBits420
            | Demand::Progressive
            | Demand::H264Level(_)
            | Demand::KeyframeSeconds(_)
            | Demand::KeyframeFirst
            | Demand::VideoBitrate(_)
            | Demand::Rows(_)
            | Demand::FramesPerSecond(_)
            | Demand::Upright
            | Demand::TimesInOrder
            | Demand::Whole
    )
}

const fn is_about_audio(demand: Demand) -> bool {
    matches!(
        demand,
        Demand::AacLc
            | Demand::Channels(_)
            | Demand::SampleRates(_)
            | Demand::AudioBitrate(_)
            | Demand::Whole
    )
}

const KEYFRAMES: &str = "keyframes";

/// By how much an encoder may be off, in seconds.
const SLACK: f64 = 0.1;
