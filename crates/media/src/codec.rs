//! The codecs, one descriptor each: everything the workspace asks of a codec in general.
//!
//! To add one: a file with its bitstream facts and a `DESCRIPTOR`, and a line in the table below.
//! The compiler names the rest: no match over codecs has a wildcard.

use std::fmt;

use crate::descriptor::{AudioDescriptor, FourCc, VideoDescriptor};

/// An enum of codecs and its table of descriptors, from one line a codec.
macro_rules! codecs {
    (
        $(#[$doc:meta])* $name:ident: $descriptor:ident;
        $($(#[$codec_doc:meta])* $codec:ident => $value:path,)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$codec_doc])* $codec,)+
        }

        impl $name {
            /// Every codec there is.
            pub const ALL: &[Self] = &[$(Self::$codec),+];

            pub(crate) const fn descriptor(self) -> &'static $descriptor {
                match self {
                    $(Self::$codec => &$value,)+
                }
            }

            /// Its name in MP4 and in Enhanced RTMP.
            pub const fn four_cc(self) -> FourCc {
                self.descriptor().four_cc
            }

            /// The codec with this name.
            pub fn from_four_cc(four_cc: FourCc) -> Option<Self> {
                let mut all = Self::ALL.iter().copied();
                all.find(|codec| codec.four_cc() == four_cc)
            }

            /// The codec with this name in media types, e.g. `avc1.640028` or `mp4a.40.2` (RFC
            /// 6381).
            pub fn from_codec_string(string: &str) -> Option<Self> {
                let (name, _) = string.split_once('.').unwrap_or((string, ""));
                name.as_bytes().try_into().ok().map(FourCc).and_then(Self::from_four_cc)
            }
        }

        /// The common name.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.descriptor().name)
            }
        }
    };
}

codecs! {
    /// How a video track is coded.
    VideoCodec: VideoDescriptor;
    /// H.264 / AVC (ISO/IEC 14496-10).
    H264 => crate::h264::DESCRIPTOR,
    /// H.265 / HEVC (ISO/IEC 23008-2).
    Hevc => crate::hevc::DESCRIPTOR,
}

codecs! {
    /// How an audio track is coded.
    AudioCodec: AudioDescriptor;
    /// MPEG-4 AAC (ISO/IEC 14496-3).
    Aac => crate::aac::DESCRIPTOR,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_codec_is_found_by_its_own_name_alone() {
        for &codec in VideoCodec::ALL {
            let name = codec.four_cc();
            assert_eq!(VideoCodec::from_four_cc(name), Some(codec));
            let string = format!("{name}.whatever");
            assert_eq!(VideoCodec::from_codec_string(&string), Some(codec));
            assert_eq!(VideoCodec::from_codec_string(&format!("{name}x.1")), None);
        }
        for &codec in AudioCodec::ALL {
            assert_eq!(AudioCodec::from_four_cc(codec.four_cc()), Some(codec));
        }
        assert_eq!(VideoCodec::from_four_cc(FourCc(*b"av01")), None);
        assert_eq!(AudioCodec::from_codec_string("opus"), None);
    }
}
