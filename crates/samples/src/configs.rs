use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, Packet, Timestamp, VideoConfig};

use crate::{ASC, PPS, SPS};

/// Two decoder configurations for video and one for audio, for streams that change theirs.
#[derive(Debug)]
pub struct Configs {
    /// H.264 Baseline, 1280x720; they differ in their picture parameter set.
    pub video: [Arc<VideoConfig>; 2],
    /// AAC-LC, 48 kHz, stereo.
    pub audio: Arc<AudioConfig>,
}

impl Configs {
    /// All three.
    ///
    /// # Panics
    ///
    /// Never: they are valid.
    #[expect(
        clippy::new_without_default,
        reason = "nothing else would be made of them"
    )]
    pub fn new() -> Self {
        let sets = |set| [Bytes::from_static(set)];
        let video = PPS.map(|pps| {
            let config = VideoConfig::from_parameter_sets(&sets(SPS), &sets(pps));
            Arc::new(config.expect("good parameter sets"))
        });
        let audio = AudioConfig::aac(Bytes::from_static(ASC));
        Self {
            video,
            audio: Arc::new(audio.expect("a good AudioSpecificConfig")),
        }
    }

    /// A packet from a fuzzer's eight bytes: mostly a little later than the one before, sometimes
    /// by centuries. `payload` is asked for one by its first byte and a length.
    pub fn packet(
        &self,
        event: [u8; 8],
        time: &mut i64,
        payload: impl FnOnce(u8, usize) -> Vec<u8>,
    ) -> Packet {
        let [what, scale, length, offset, step @ ..] = event;
        let step = i64::from(i32::from_be_bytes(step)).saturating_mul(1 << (scale % 40));
        *time = time.saturating_add(step);
        let config = match what % 4 {
            0 => Config::Audio(self.audio.clone()),
            1 => Config::Video(self.video[1].clone()),
            _ => Config::Video(self.video[0].clone()),
        };
        let offset = i64::from(offset.cast_signed()).saturating_mul(step);
        Packet {
            config,
            dts: Timestamp::from_nanos(*time),
            pts: Timestamp::from_nanos(time.saturating_add(offset)),
            duration: None,
            keyframe: what & 4 == 0,
            payload: payload(what, usize::from(length)).into(),
        }
    }
}
