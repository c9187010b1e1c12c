//! The words of the protocol. Pure.

use onair_media::text::clean;
use serde::{Deserialize, Serialize};

/// A message from a browser.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Said {
    /// Who it is and what it wants.
    Hello(Box<Hello>),
    /// The coding of its tracks from now on.
    Config(Setup),
    /// What it would encode on a line without limits.
    Wish(Wish),
    /// That it is done.
    Bye,
}

#[derive(Clone, PartialEq, Deserialize)]
pub(super) struct Hello {
    pub(super) version: u32,
    pub(super) token: String,
    pub(super) name: String,
    pub(super) session: String,
    #[serde(default)]
    pub(super) software: String,
    #[serde(flatten)]
    pub(super) setup: Setup,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(super) struct Setup {
    pub(super) video: Option<VideoSetup>,
    pub(super) audio: Option<AudioSetup>,
}

/// A `VideoDecoderConfig` of WebCodecs, as far as needed here.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct VideoSetup {
    pub(super) codec: String,
    pub(super) description: Option<String>,
}

/// An `AudioDecoderConfig` of WebCodecs, or a PCM format.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AudioSetup {
    pub(super) codec: String,
    pub(super) description: Option<String>,
    pub(super) sample_rate: u32,
    pub(super) channels: u8,
}

/// What a page would encode on a line without limits; bitrates in bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wish {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) frame_rate: u32,
    pub(super) bitrate: u64,
    pub(super) audio: u64,
}

/// What a page is to do, by the law that its line is followed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Advice {
    /// For video, in bits per second.
    pub(super) bitrate: u64,
    /// The most bytes to have under way.
    pub(super) in_flight: u64,
    /// Above so many bytes that wait anywhere, frames are left out.
    pub(super) skip_above: u64,
    /// What the line is estimated to carry, in bits per second, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) carries: Option<u64>,
    /// The shorter side of the pictures.
    pub(super) side: u32,
    /// One of so many frames.
    pub(super) every: u32,
}

/// A message from the server.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Answer {
    Accepted {
        name: String,
        resumed: bool,
        watch: String,
        /// Whether wishes and words are understood.
        advises: bool,
    },
    Refused(Problem),
    Ack {
        bytes: u64,
        messages: u64,
        pts: i64,
        viewers: usize,
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        advice: Option<Advice>,
    },
    Keyframe,
    Error(Problem),
    Ended,
}

/// What is wrong, for a program and for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }
}

impl std::fmt::Debug for Hello {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hello")
            .field("version", &self.version)
            .field("name", &self.name)
            .field("software", &self.software)
            .finish_non_exhaustive()
    }
}

impl Hello {
    /// Checks everything but the token.
    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.version != VERSION {
            let what =
                "This page and this server do not understand each other. Load the page anew.";
            return Err(Problem::new("version", what));
        }
        if !is_plain(&self.name, 1) {
            let what = "A name has 1 to 64 letters, digits, dots, dashes and underscores.";
            return Err(Problem::new("hello", what));
        }
        if !is_plain(&self.session, 16) {
            let what = "A session has 16 to 64 letters, digits, dots, dashes and underscores.";
            return Err(Problem::new("hello", what));
        }
        Ok(())
    }

    /// The browser's name for itself, fit to be shown.
    pub(super) fn software(&self) -> String {
        clean(&self.software, MAX_SOFTWARE)
    }
}

fn is_plain(text: &str, least: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (least..=MAX_NAME).contains(&text.len()) && text.bytes().all(plain)
}

const VERSION: u32 = 1;
const MAX_NAME: usize = 64;
const MAX_SOFTWARE: usize = 80;
