//! The seam for encoders: what one must do, which there are, and which is picked.
//!
//! The target decides. Video: VideoToolbox on Apple's systems, openh264 elsewhere. Audio:
//! AudioToolbox on Apple's systems, with syom after it, and syom elsewhere. The traits have no
//! default methods, so a backend that cannot do something has to say so.

use std::task::Waker;

use bytes::Bytes;
use onair_media::{Bitrate, FrameRate, Kind, Packet};

use super::settings::{AudioSettings, VideoSettings};
use crate::{Error, VideoFrame};

#[cfg(apple_media)]
mod audiotoolbox;
#[cfg(not(target_vendor = "apple"))]
mod openh264;
mod syom;
#[cfg(apple_media)]
mod videotoolbox;

#[cfg(test)]
pub(super) mod fake;

/// A video encoder. Frames come with increasing timestamps; one of another size than the settings
/// name is scaled.
pub(super) trait VideoBackend: Send {
    /// Encodes a frame, as an IDR frame if `idr`; gives the packets that are complete.
    fn encode(&mut self, frame: &VideoFrame, idr: bool) -> Result<Vec<Packet>, Error>;
    /// The packets complete since then, of an encoder that works in the background.
    fn completed(&mut self) -> Result<Vec<Packet>, Error>;
    /// Calls `wake`, from any thread, when `completed` may have something.
    fn wake(&mut self, waker: Waker);
    /// How many frames it skipped or lost since the last call.
    fn take_dropped(&mut self) -> u64;
    /// Aims for another rate from the next frame on.
    fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error>;
    /// Spreads the bitrate over frames at this rate from the next one on, without a keyframe.
    fn set_frame_rate(&mut self, rate: FrameRate) -> Result<(), Error>;
    /// The packets still inside.
    fn finish(&mut self) -> Result<Vec<Packet>, Error>;
    /// The name [`available`] lists it by.
    fn name(&self) -> &'static str;
}

/// An audio encoder of fixed-length access units.
pub(super) trait AudioBackend: Send {
    /// Encodes one access unit of valid samples, one plane a channel.
    fn encode(&mut self, planes: &[&[f32]]) -> Result<Vec<Bytes>, Error>;
    /// Aims for another rate from the next access unit on, with the same configuration and without a
    /// gap.
    fn set_bitrate(&mut self, bitrate: Bitrate) -> Result<(), Error>;
    /// The access units still inside.
    fn finish(&mut self) -> Result<Vec<Bytes>, Error>;
    /// Samples a channel in an access unit.
    fn frame_length(&self) -> u32;
    /// How many samples a channel a decoder gives before the first that went in.
    fn priming(&self) -> u32;
    /// The `AudioSpecificConfig`, constant for the encoder's life.
    fn audio_specific_config(&self) -> Bytes;
    /// The name [`available`] lists it by.
    fn name(&self) -> &'static str;
}

/// An encoder this build has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncoderInfo {
    /// Its name.
    pub name: &'static str,
    /// Video or audio.
    pub kind: Kind,
    /// What it encodes to, e.g. `H.264`.
    pub codec: &'static str,
    /// Whether it runs in hardware; `None` where only running it tells.
    pub hardware: Option<bool>,
    /// What a user should know, in sentences.
    pub notes: Vec<String>,
    /// True when it is what `auto` tries first.
    pub default: bool,
}

/// The encoders this build has, in the order `auto` tries them.
pub fn available() -> Vec<EncoderInfo> {
    let video = VIDEO.iter().map(|candidate| (candidate.info)());
    let audio = AUDIO.iter().map(|candidate| (candidate.info)());
    video.chain(audio).collect()
}

/// An encoder that may be opened: choosing is separate from opening.
pub(super) struct Candidate<S: 'static, B: ?Sized + 'static> {
    name: &'static str,
    info: fn() -> EncoderInfo,
    open: fn(&S) -> Result<Box<B>, Error>,
}

type Video = Candidate<VideoSettings, dyn VideoBackend>;
pub(super) type Audio = Candidate<AudioSettings, dyn AudioBackend>;

static VIDEO: &[Video] = &[
    #[cfg(apple_media)]
    Candidate {
        name: videotoolbox::NAME,
        info: videotoolbox::info,
        open: videotoolbox::open,
    },
    #[cfg(not(target_vendor = "apple"))]
    Candidate {
        name: openh264::NAME,
        info: openh264::info,
        open: openh264::open,
    },
];

static AUDIO: &[Audio] = &[
    #[cfg(apple_media)]
    Candidate {
        name: audiotoolbox::NAME,
        info: audiotoolbox::info,
        open: audiotoolbox::open,
    },
    Candidate {
        name: syom::NAME,
        info: syom::info,
        open: syom::open,
    },
];

/// The video encoders to try, best first; with a name, that one only.
pub(super) fn select_video(name: Option<&str>) -> Result<Vec<&'static Video>, Error> {
    let wanted = name.filter(|name| !name.eq_ignore_ascii_case("auto"));
    let fits = |candidate: &&Video| wanted.is_none_or(|name| name == candidate.name);
    let candidates: Vec<_> = VIDEO.iter().filter(fits).collect();
    if !candidates.is_empty() {
        return Ok(candidates);
    }
    let known: Vec<_> = VIDEO.iter().map(|candidate| candidate.name).collect();
    Err(Error::unsupported(format!(
        "video encoder {}: there is {}",
        wanted.unwrap_or("auto"),
        known.join(", ")
    )))
}

/// The audio encoders to try, best first.
pub(super) fn select_audio() -> Vec<&'static Audio> {
    AUDIO.iter().collect()
}

/// Opens the first of `candidates` that opens.
pub(super) fn open_video(
    candidates: &[&Video],
    settings: &VideoSettings,
) -> Result<Box<dyn VideoBackend>, Error> {
    open_first(candidates, settings)
}

/// Opens the first of `candidates` that opens.
pub(super) fn open_audio(
    candidates: &[&Audio],
    settings: &AudioSettings,
) -> Result<Box<dyn AudioBackend>, Error> {
    open_first(candidates, settings)
}

/// Opens the first that opens. Each refusal is a warning; the last is returned.
fn open_first<S, B: ?Sized>(
    candidates: &[&Candidate<S, B>],
    settings: &S,
) -> Result<Box<B>, Error> {
    let mut refusal = Error::unsupported("no encoder in this build");
    for (index, candidate) in candidates.iter().enumerate() {
        match (candidate.open)(settings) {
            Ok(backend) => return Ok(backend),
            Err(error) => {
                if let Some(next) = candidates.get(index + 1) {
                    tracing::warn!(
                        "encoder {} did not open ({error}): falling back to {}",
                        candidate.name,
                        next.name
                    );
                }
                refusal = error;
            }
        }
    }
    Err(refusal)
}

#[cfg(test)]
mod tests {
    use onair_media::{FrameRate, Size};

    use super::*;

    const REFUSING: Video = Candidate {
        name: "refusing",
        info: syom::info,
        open: |_| Err(Error::backend("refusing", "no such device")),
    };
    const WORKING: Video = Candidate {
        name: "working",
        info: syom::info,
        open: |_| Ok(Box::new(fake::Fake::new(0))),
    };

    fn settings() -> VideoSettings {
        let rate = FrameRate::new(30, 1).expect("a rate");
        VideoSettings::new(Size::new(16, 16), rate)
    }

    #[test]
    fn the_first_that_opens_is_taken() {
        for candidates in [[&REFUSING, &WORKING], [&WORKING, &REFUSING]] {
            let backend = open_video(&candidates, &settings()).expect("one works");
            assert_eq!(backend.name(), "fake");
        }
    }

    #[test]
    fn when_none_opens_the_last_refusal_is_told() {
        let refusal = open_video(&[&REFUSING], &settings()).err();
        let refusal = refusal.expect("a refusal").to_string();
        assert_eq!(refusal, "refusing: no such device");
    }

    #[test]
    fn auto_means_no_name() {
        let count = |name| select_video(name).map(|found| found.len()).ok();
        assert_eq!(count(Some("auto")), count(None));
        assert_eq!(count(Some("nonesuch")), None);
    }
}
