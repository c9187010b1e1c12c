use onair_media::h264::{self, AvcDecoderConfig, ChromaFormat};
use onair_media::hevc::HevcDecoderConfig;
use onair_media::{Config, VideoCodec};

/// What a video track's parameter sets say, as far as services have rules about it.
#[derive(Debug, Default)]
pub(super) struct Coding {
    pub(super) profile: Option<String>,
    pub(super) level: Option<f64>,
    pub(super) bit_depth: Option<u8>,
    pub(super) chroma: Option<&'static str>,
    pub(super) interlaced: Option<bool>,
}

impl Coding {
    pub(super) fn of(config: &Config) -> Self {
        let Config::Video(video) = config else {
            return Self::default();
        };
        match video.codec {
            VideoCodec::H264 => AvcDecoderConfig::parse(&video.decoder_config)
                .and_then(|avcc| avcc.facts())
                .map(|sps| Self {
                    profile: Some(profile(
                        h264::profile_name(sps.profile, sps.constraints),
                        sps.profile,
                    )),
                    level: Some(f64::from(sps.level) / 10.0),
                    bit_depth: Some(sps.luma_bits),
                    chroma: Some(chroma(sps.chroma_format)),
                    interlaced: Some(!sps.progressive),
                })
                .unwrap_or_default(),
            VideoCodec::Hevc => HevcDecoderConfig::parse(&video.decoder_config)
                .and_then(|hvcc| hvcc.facts())
                .map(|sps| Self {
                    profile: Some(hevc_profile(sps.profile.idc)),
                    level: Some(f64::from(sps.profile.level) / 30.0),
                    bit_depth: Some(sps.luma_bits),
                    chroma: Some(chroma(sps.chroma_format)),
                    interlaced: None,
                })
                .unwrap_or_default(),
        }
    }
}

fn profile(name: Option<&str>, idc: u8) -> String {
    name.map_or_else(|| format!("profile {idc}"), str::to_owned)
}

/// ISO/IEC 23008-2 annex A.
fn hevc_profile(idc: u8) -> String {
    let name = match idc {
        1 => "Main",
        2 => "Main 10",
        3 => "Main Still Picture",
        4 => "range extensions",
        other => return format!("profile {other}"),
    };
    name.to_owned()
}

const fn chroma(format: ChromaFormat) -> &'static str {
    match format {
        ChromaFormat::Monochrome => "4:0:0",
        ChromaFormat::Yuv420 => "4:2:0",
        ChromaFormat::Yuv422 => "4:2:2",
        ChromaFormat::Yuv444 => "4:4:4",
    }
}
