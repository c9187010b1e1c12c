//! How FLV names each codec and begins its tags, in one table.

use onair_media::{AudioCodec, FourCc, VideoCodec};

/// How the tags of a codec begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// With a number that FLV 10.1 gave it: a `CodecID` or a `SoundFormat`.
    Numbered(u8),
    /// With its `FourCC` (Enhanced RTMP v2).
    Named(FourCc),
}

/// How the tags of a video codec begin. Numbered ones look like AVC's.
pub(crate) const fn video(codec: VideoCodec) -> Form {
    match codec {
        VideoCodec::H264 => Form::Numbered(7),
        VideoCodec::Hevc => Form::Named(codec.four_cc()),
    }
}

/// How the tags of an audio codec begin. Numbered ones look like AAC's.
pub(crate) const fn audio(codec: AudioCodec) -> Form {
    match codec {
        AudioCodec::Aac => Form::Numbered(10),
    }
}

/// Whether coded frames of a codec begin with a composition time (Enhanced RTMP v2,
/// "`ExVideoTagBody`").
pub(crate) fn has_composition_time(four_cc: FourCc) -> bool {
    match VideoCodec::from_four_cc(four_cc) {
        Some(VideoCodec::H264 | VideoCodec::Hevc) => true,
        None => four_cc == FourCc(*b"vvc1"),
    }
}

/// The `FourCC` by which a connection declares that it sends `codec`; `None` for codecs that every
/// peer has always known.
pub const fn enhanced_four_cc(codec: VideoCodec) -> Option<FourCc> {
    match video(codec) {
        Form::Numbered(_) => None,
        Form::Named(four_cc) => Some(four_cc),
    }
}

/// The video codec with this number.
pub(crate) fn video_of(number: u8) -> Option<VideoCodec> {
    let all = VideoCodec::ALL.iter().copied();
    let is_it = |codec: &VideoCodec| video(*codec) == Form::Numbered(number);
    all.into_iter().find(is_it)
}

/// The audio codec with this number.
pub(crate) fn audio_of(number: u8) -> Option<AudioCodec> {
    let all = AudioCodec::ALL.iter().copied();
    let is_it = |codec: &AudioCodec| audio(*codec) == Form::Numbered(number);
    all.into_iter().find(is_it)
}

impl Form {
    /// The number by which `onMetaData` knows the codec (FLV 10.1 §E.5; Enhanced RTMP v2).
    pub(crate) const fn id(self) -> u32 {
        match self {
            Self::Numbered(number) => number as u32,
            Self::Named(four_cc) => four_cc.as_u32(),
        }
    }
}

/// The list of codecs that are understood, to go beside the name of one that is not.
pub(crate) fn understood(names: impl Iterator<Item = String>) -> String {
    let names: Vec<_> = names.collect();
    let verb = if names.len() == 1 { "works" } else { "work" };
    format!("{} {verb}", names.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_have_the_numbers_servers_know() {
        assert_eq!(video(VideoCodec::H264).id(), 7);
        assert_eq!(video(VideoCodec::Hevc).id(), 1_752_589_105);
        assert_eq!(audio(AudioCodec::Aac).id(), 10);
        assert_eq!(enhanced_four_cc(VideoCodec::H264), None);
        assert_eq!(enhanced_four_cc(VideoCodec::Hevc), Some(FourCc(*b"hvc1")));
    }

    #[test]
    fn no_two_codecs_begin_their_tags_alike() {
        for (index, &codec) in VideoCodec::ALL.iter().enumerate() {
            let others = &VideoCodec::ALL[index + 1..];
            assert!(others.iter().all(|&other| video(other) != video(codec)));
        }
        for (index, &codec) in AudioCodec::ALL.iter().enumerate() {
            let others = &AudioCodec::ALL[index + 1..];
            assert!(others.iter().all(|&other| audio(other) != audio(codec)));
        }
    }
}
