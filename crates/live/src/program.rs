use std::time::Duration;

use onair_flv::{FourCc, Metadata, Muxer, video_codec_id};
use onair_media::{Config, Packet};

/// What is to be known about the media before the first packet.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// What `onMetaData` says.
    pub(crate) metadata: Metadata,
    /// By how much a packet may come after one of the other track that is later in time.
    pub(crate) lag: Duration,
}

/// How late sound comes out of its encoder, priming included, compared with pictures.
pub(crate) const ENCODER_LAG: Duration = Duration::from_millis(100);

/// The same where silence stands in for a microphone that gives nothing: only after a while is
/// it clear that nothing comes.
pub(crate) const DEVICE_LAG: Duration = Duration::from_millis(300);

impl Program {
    /// The codec of its pictures, where it is none that RTMP knew from the start.
    pub(crate) fn fourcc(&self) -> Option<FourCc> {
        let known = |codec: &u32| *codec == FourCc::HEVC.as_u32();
        self.metadata
            .video_codec
            .filter(known)
            .map(|_| FourCc::HEVC)
    }

    /// A muxer for what begins with `first`.
    ///
    /// Sound that is earlier than the picture it follows would all be sent at the wire's time
    /// zero, and servers stumble over times that repeat: the wire begins early enough for it.
    pub(crate) fn muxer(&self, first: &Packet) -> Muxer {
        Muxer::starting_at(first.dts - self.lag)
    }
}

/// Whether metadata says what there is to say of a track.
pub(crate) fn tells_of(metadata: &Metadata, config: &Config) -> bool {
    match config {
        Config::Video(video) => {
            let codec = video_codec_id(video.codec);
            metadata.size == Some(video.size) && metadata.video_codec == codec
        }
        Config::Audio(_) => metadata.audio_codec.is_some(),
    }
}

/// Metadata that does.
pub(crate) fn tell_of(mut metadata: Metadata, config: &Config) -> Metadata {
    match config {
        Config::Video(video) => {
            metadata.size = Some(video.size);
            metadata.video_codec = video_codec_id(video.codec);
        }
        Config::Audio(audio) => {
            let track = Metadata::of(None, Some(audio));
            metadata.audio_codec = track.audio_codec;
            metadata.sample_rate = track.sample_rate;
            metadata.channels = track.channels;
        }
    }
    metadata
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{audio, video};

    #[test]
    fn sound_that_follows_a_later_picture_keeps_its_distance() {
        let program = Program {
            metadata: Metadata::default(),
            lag: ENCODER_LAG,
        };
        let packets = [video(500, true), audio(457), audio(478), audio(500)];
        let mut muxer = program.muxer(&packets[0]);
        let times: Vec<_> = packets
            .iter()
            .filter_map(|packet| muxer.mux(packet).into_iter().last())
            .map(|tag| tag.timestamp)
            .collect();
        assert_eq!(times, [100, 57, 78, 100]);
    }
}
