use std::fmt;

use onair_media::{Kind, Size};
use serde::{Serialize, Serializer};

use crate::advice::{Conversion, Plan};
use crate::codec::kind_name;

/// A track that RTMP cannot carry as it is, as its container describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refused {
    /// Which kind of track.
    #[serde(serialize_with = "serialize_kind")]
    pub kind: Kind,
    /// The codec's usual name.
    pub codec: String,
    /// Frame size.
    #[serde(serialize_with = "size_text", skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Samples per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
}

impl Refused {
    /// A track whose codec alone is known.
    pub(crate) fn new(kind: Kind, codec: impl Into<String>) -> Self {
        Self {
            kind,
            codec: codec.into(),
            size: None,
            sample_rate: None,
            channels: None,
        }
    }
}

/// The command that converts a file with these tracks into one that can be sent;
/// `kept` says which kinds can stay as they are, video first.
pub(crate) fn conversion(refused: &[Refused], [video, audio]: [bool; 2]) -> Conversion {
    let plan = |kind, kept| match refused.iter().any(|track| track.kind == kind) {
        true => Plan::Encode,
        false if kept => Plan::Copy,
        false => Plan::Absent,
    };
    Conversion {
        video: plan(Kind::Video, video),
        audio: plan(Kind::Audio, audio),
        size: refused.iter().find_map(|track| track.size),
        ..Conversion::default()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.codec)?;
        if let Some(size) = self.size {
            write!(f, ", {size}")?;
        }
        if let Some(rate) = self.sample_rate {
            write!(f, ", {rate} Hz")?;
        }
        if let Some(channels) = self.channels {
            write!(
                f,
                ", {channels} channel{}",
                if channels == 1 { "" } else { "s" }
            )?;
        }
        Ok(())
    }
}

fn serialize_kind<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind_name(*kind))
}

fn size_text<S: Serializer>(size: &Option<Size>, serializer: S) -> Result<S::Ok, S::Error> {
    match size {
        Some(size) => serializer.collect_str(size),
        None => serializer.serialize_none(),
    }
}
