//! What services ask of a stream: a rule a row, each with its source.
//!
//! Read on 2026-11-30. A rule that a service only recommends, or is known not to enforce, is
//! [`Weight::Asked`].

use onair_media::VideoCodec;

/// A rule of a service.
pub(super) struct Rule {
    pub(super) service: &'static str,
    pub(super) demand: Demand,
    pub(super) weight: Weight,
    /// Where it is written.
    pub(super) source: &'static str,
}

/// What happens to a stream that breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// It is refused, or shown badly or not at all.
    Needed,
    /// It is probably shown.
    Asked,
}

/// What can be asked of a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Demand {
    /// Every kind of track in it can be sent as it is.
    Sendable,
    /// It can be read to its end without loss.
    Whole,
    /// Decoding times never go back.
    TimesInOrder,
    /// Nothing is missing between its times.
    NoGaps,
    /// Decoding can begin with its first frame.
    KeyframeFirst,
    /// It is upright.
    Upright,
    Video,
    Audio,
    /// A codec that RTMP carried before Enhanced RTMP.
    ClassicVideo,
    VideoCodecs(&'static [VideoCodec]),
    /// Eight bits a sample, 4:2:0.
    EightBits420,
    /// H.264 of eight bits, 4:2:0; other codecs may have more.
    H264EightBits420,
    Progressive,
    /// H.264's `level_idc` at most.
    H264Level(u8),
    /// Seconds between keyframes at most.
    KeyframeSeconds(f64),
    VideoBitrate(u64),
    /// The shorter side at most.
    Rows(u32),
    FramesPerSecond(f64),
    /// AAC-LC.
    AacLc,
    Channels(u8),
    SampleRates(&'static [u32]),
    AudioBitrate(u64),
}

use Demand as D;
use Weight::{Asked, Needed};

pub(super) const RTMP: &str = "RTMP";
pub(super) const YOUTUBE: &str = "YouTube";
pub(super) const TWITCH: &str = "Twitch";
pub(super) const FACEBOOK: &str = "Facebook";
pub(super) const KICK: &str = "Kick (Amazon IVS)";

/// In the order of the verdicts.
pub(super) const SERVICES: &[&str] = &[RTMP, YOUTUBE, TWITCH, FACEBOOK, KICK];

const FLV: &str = "Adobe Flash Video File Format 10.1, annex E";
const ERTMP: &str = "https://veovera.org/docs/enhanced/enhanced-rtmp-v2";
const YOUTUBE_HELP: &str = "https://support.google.com/youtube/answer/2853702";
const TWITCH_HELP: &str = "https://help.twitch.tv/s/article/broadcasting-guidelines";
const TWITCH_CAMP: &str =
    "https://www.twitch.tv/creatorcamp/en/paths/going-live/broadcast-recommendations/";
const FACEBOOK_API: &str = "https://developers.facebook.com/docs/live-video-api/reference";
const IVS: &str =
    "https://docs.aws.amazon.com/ivs/latest/LowLatencyUserGuide/streaming-config.html";

const fn rule(service: &'static str, demand: Demand, weight: Weight, source: &'static str) -> Rule {
    Rule {
        service,
        demand,
        weight,
        source,
    }
}

/// What holds for every service is a rule of RTMP.
pub(super) const RULES: &[Rule] = &[
    rule(RTMP, D::Sendable, Needed, FLV),
    rule(RTMP, D::TimesInOrder, Needed, FLV),
    rule(
        RTMP,
        D::Whole,
        Needed,
        "onair ends with exit status 1, or with what is left",
    ),
    rule(RTMP, D::NoGaps, Asked, "players stall"),
    rule(RTMP, D::KeyframeFirst, Asked, "players wait for it"),
    rule(RTMP, D::Upright, Asked, "FLV has no rotation"),
    rule(RTMP, D::ClassicVideo, Asked, ERTMP),
    rule(
        RTMP,
        D::H264EightBits420,
        Asked,
        "browsers and phones decode nothing else",
    ),
    rule(YOUTUBE, D::Video, Needed, YOUTUBE_HELP),
    rule(YOUTUBE, D::Audio, Asked, YOUTUBE_HELP),
    rule(
        YOUTUBE,
        D::VideoCodecs(&[VideoCodec::H264, VideoCodec::Hevc]),
        Needed,
        YOUTUBE_HELP,
    ),
    rule(YOUTUBE, D::H264EightBits420, Needed, YOUTUBE_HELP),
    rule(YOUTUBE, D::Progressive, Asked, YOUTUBE_HELP),
    rule(YOUTUBE, D::KeyframeSeconds(4.0), Needed, YOUTUBE_HELP),
    rule(YOUTUBE, D::KeyframeSeconds(2.0), Asked, YOUTUBE_HELP),
    rule(YOUTUBE, D::VideoBitrate(40_000_000), Needed, YOUTUBE_HELP),
    rule(YOUTUBE, D::Rows(2160), Needed, YOUTUBE_HELP),
    rule(YOUTUBE, D::FramesPerSecond(60.0), Needed, YOUTUBE_HELP),
    rule(YOUTUBE, D::Channels(6), Needed, YOUTUBE_HELP),
    rule(
        YOUTUBE,
        D::SampleRates(&[44_100, 48_000]),
        Needed,
        YOUTUBE_HELP,
    ),
    rule(YOUTUBE, D::AudioBitrate(384_000), Asked, YOUTUBE_HELP),
    rule(TWITCH, D::Video, Needed, TWITCH_HELP),
    rule(TWITCH, D::Audio, Asked, TWITCH_HELP),
    rule(
        TWITCH,
        D::VideoCodecs(&[VideoCodec::H264]),
        Needed,
        TWITCH_HELP,
    ),
    rule(TWITCH, D::EightBits420, Needed, TWITCH_CAMP),
    rule(TWITCH, D::KeyframeSeconds(4.0), Needed, TWITCH_HELP),
    rule(TWITCH, D::KeyframeSeconds(2.0), Asked, TWITCH_HELP),
    rule(TWITCH, D::VideoBitrate(6_000_000), Needed, TWITCH_HELP),
    rule(TWITCH, D::Rows(1080), Needed, TWITCH_HELP),
    rule(TWITCH, D::FramesPerSecond(60.0), Needed, TWITCH_HELP),
    rule(TWITCH, D::AacLc, Needed, TWITCH_CAMP),
    rule(TWITCH, D::Channels(2), Needed, TWITCH_CAMP),
    rule(
        TWITCH,
        D::SampleRates(&[44_100, 48_000]),
        Needed,
        TWITCH_CAMP,
    ),
    rule(TWITCH, D::AudioBitrate(320_000), Needed, TWITCH_CAMP),
    rule(FACEBOOK, D::Video, Needed, FACEBOOK_API),
    rule(FACEBOOK, D::Audio, Needed, FACEBOOK_API),
    rule(
        FACEBOOK,
        D::VideoCodecs(&[VideoCodec::H264]),
        Needed,
        FACEBOOK_API,
    ),
    rule(FACEBOOK, D::EightBits420, Needed, FACEBOOK_API),
    rule(FACEBOOK, D::H264Level(42), Needed, FACEBOOK_API),
    rule(FACEBOOK, D::KeyframeSeconds(4.0), Needed, FACEBOOK_API),
    rule(FACEBOOK, D::KeyframeSeconds(2.0), Asked, FACEBOOK_API),
    rule(FACEBOOK, D::VideoBitrate(9_000_000), Needed, FACEBOOK_API),
    rule(FACEBOOK, D::Rows(1080), Needed, FACEBOOK_API),
    rule(FACEBOOK, D::FramesPerSecond(60.0), Needed, FACEBOOK_API),
    rule(FACEBOOK, D::AacLc, Needed, FACEBOOK_API),
    rule(FACEBOOK, D::Channels(2), Needed, FACEBOOK_API),
    rule(
        FACEBOOK,
        D::SampleRates(&[44_100, 48_000]),
        Needed,
        FACEBOOK_API,
    ),
    rule(FACEBOOK, D::AudioBitrate(256_000), Needed, FACEBOOK_API),
    rule(KICK, D::Video, Needed, IVS),
    rule(KICK, D::Audio, Asked, IVS),
    rule(KICK, D::VideoCodecs(&[VideoCodec::H264]), Needed, IVS),
    rule(KICK, D::EightBits420, Needed, IVS),
    rule(KICK, D::KeyframeSeconds(2.0), Asked, IVS),
    rule(KICK, D::VideoBitrate(8_500_000), Needed, IVS),
    rule(KICK, D::Rows(1080), Needed, IVS),
    rule(KICK, D::FramesPerSecond(60.0), Needed, IVS),
    rule(KICK, D::AacLc, Needed, IVS),
    rule(KICK, D::Channels(2), Needed, IVS),
    rule(KICK, D::SampleRates(&[44_100, 48_000]), Asked, IVS),
    rule(KICK, D::AudioBitrate(320_000), Asked, IVS),
];
