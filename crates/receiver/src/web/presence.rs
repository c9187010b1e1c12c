//! Whether a page that mostly listens is there, and says no more than it needs to.

use std::time::Duration;

use axum::extract::ws::Message;
use tokio::time::Instant;

/// What is known of a page by what it says.
pub(super) struct Presence {
    heard: Instant,
    /// What it said that is not yet forgiven.
    said: u32,
}

/// Why nothing more is heard of a page.
#[derive(Debug)]
pub(super) enum Lost {
    /// It closed, or its line broke.
    Left,
    /// It was silent for too long.
    Silent,
    /// It says more than it needs to.
    Talkative,
}

impl Presence {
    pub(super) fn new() -> Self {
        Self {
            heard: Instant::now(),
            said: 0,
        }
    }

    /// Notes what a page says; gives it unless it is the last word, or one too many.
    pub(super) fn hear(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<Message, Lost> {
        self.heard = Instant::now();
        self.said += 1;
        match message {
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(Lost::Left),
            Some(Ok(_)) if self.said > MAX_WORDS => Err(Lost::Talkative),
            Some(Ok(message)) => Ok(message),
        }
    }

    /// To be called each second: whether a silent page has to be asked if it is there.
    pub(super) fn needs_ping(&mut self) -> Result<bool, Lost> {
        self.said = self.said.saturating_sub(FORGIVEN);
        let silent = self.heard.elapsed();
        if silent >= SILENCE_TIMEOUT {
            return Err(Lost::Silent);
        }
        Ok(silent >= SILENCE_TIMEOUT / 3)
    }
}

/// How much a page may say at once, and how much of that is forgiven each second: it answers pings.
const MAX_WORDS: u32 = 64;
const FORGIVEN: u32 = 4;

/// How long a page may be silent, or take nothing.
pub(super) const SILENCE_TIMEOUT: Duration = Duration::from_secs(15);
