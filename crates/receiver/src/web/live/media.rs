//! The binary messages of the protocol. Pure.

use bytes::{Buf, Bytes};
use onair_media::{Kind, Timestamp};

use super::hello::Problem;

/// One parsed binary message, its media still unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    pub(super) kind: Kind,
    pub(super) keyframe: bool,
    /// Microseconds on the client's clock.
    pub(super) pts: i64,
    pub(super) dts: i64,
    /// Microseconds; zero when unknown.
    pub(super) duration: u32,
    pub(super) payload: Bytes,
}

impl Media {
    /// Reads a message; the payload is a slice of it.
    pub(super) fn parse(mut message: Bytes) -> Result<Self, Problem> {
        let wrong = |what: &str| Problem::new("message", format!("A binary message {what}."));
        if message.len() <= HEADER {
            return Err(wrong("without payload"));
        }
        let kind = match message.get_u8() {
            1 => Kind::Video,
            2 => Kind::Audio,
            _ => return Err(wrong("of unknown kind")),
        };
        let flags = message.get_u8();
        if flags > KEYFRAME || message.get_u16() != 0 {
            return Err(wrong("with unknown flags"));
        }
        let (pts, duration) = (message.get_i64(), message.get_u32());
        let composition = message.get_u32();
        if !(-LATEST..=LATEST).contains(&pts) || i64::from(composition) > MAX_REORDERING {
            return Err(wrong("with a time beyond reason"));
        }
        Ok(Self {
            kind,
            keyframe: flags & KEYFRAME != 0,
            pts,
            dts: pts - i64::from(composition),
            duration,
            payload: message,
        })
    }
}

/// A client's time on a timeline that begins at its `origin`.
pub(super) fn timestamp(micros: i64, origin: i64) -> Timestamp {
    Timestamp::from_nanos(micros.saturating_sub(origin).saturating_mul(1000))
}

const HEADER: usize = 20;
const KEYFRAME: u8 = 1;
/// A hundred years.
const LATEST: i64 = 100 * 366 * 86_400 * 1_000_000;
const MAX_REORDERING: i64 = 10_000_000;
