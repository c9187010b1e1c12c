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

/// A message from the server.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Answer {
    Accepted {
        name: String,
        resumed: bool,
        watch: String,
    },
    Refused(Problem),
    Ack {
        bytes: u64,
        messages: u64,
        pts: i64,
        viewers: usize,
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
