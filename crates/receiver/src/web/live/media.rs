//! The binary messages of the protocol. Pure.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use onair::rate::SenderWord;
use onair_media::{Kind, Timestamp};

use super::MAX_MESSAGE;
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
            VIDEO => Kind::Video,
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

/// Puts the parts of an access unit together.
#[derive(Debug, Default)]
pub(super) struct Parts {
    unit: Option<BytesMut>,
}

impl Parts {
    /// Takes a message; gives it, or the whole one that it completes.
    pub(super) fn join(&mut self, message: Bytes) -> Result<Option<Bytes>, Problem> {
        let wrong = |what: &str| Problem::new("message", what);
        let is_part = message.first() == Some(&PART);
        let has_more = message.get(1).is_some_and(|flags| flags & MORE != 0);
        match (&mut self.unit, is_part) {
            (Some(unit), true) => {
                unit.extend_from_slice(message.get(PART_HEADER..).unwrap_or_default());
                if unit.len() > MAX_MESSAGE {
                    return Err(wrong("A picture in parts that is too large."));
                }
                Ok(if has_more {
                    None
                } else {
                    self.unit.take().map(BytesMut::freeze)
                })
            }
            (None, true) => Err(wrong("A part of nothing.")),
            (Some(_), false) if message.first() == Some(&VIDEO) => {
                Err(wrong("A picture within another."))
            }
            (None, false) if has_more && message.first() == Some(&VIDEO) => {
                let mut unit = BytesMut::from(&message[..]);
                unit[1] &= !MORE;
                self.unit = Some(unit);
                Ok(None)
            }
            (_, false) => Ok(Some(message)),
        }
    }
}

/// Reads what a client says of itself; `None` if the message is another.
pub(super) fn word(mut message: Bytes) -> Result<Option<SenderWord>, Problem> {
    if message.first() != Some(&WORD) {
        return Ok(None);
    }
    let wrong = |what: &str| Problem::new("message", format!("A word {what}."));
    if message.len() != WORD_LENGTH {
        return Err(wrong("of another length"));
    }
    message.advance(2);
    let round_trip = u64::from(message.get_u16());
    let at = u64::try_from(message.get_i64()).map_err(|_| wrong("from before its clock"))?;
    Ok(Some(SenderWord {
        at: Duration::from_micros(at),
        sent: message.get_u64(),
        encoded: message.get_u64(),
        queued: message.get_u32().into(),
        queue_age: Duration::from_micros(message.get_u32().into()),
        round_trip: (round_trip > 0).then(|| Duration::from_millis(round_trip)),
    }))
}

/// A client's time on a timeline that begins at its `origin`.
pub(super) fn timestamp(micros: i64, origin: i64) -> Timestamp {
    Timestamp::from_nanos(micros.saturating_sub(origin).saturating_mul(1000))
}

const HEADER: usize = 20;
const VIDEO: u8 = 1;
const PART: u8 = 3;
const PART_HEADER: usize = 4;
const WORD: u8 = 4;
const WORD_LENGTH: usize = 36;
const KEYFRAME: u8 = 1;
const MORE: u8 = 2;
/// A hundred years.
const LATEST: i64 = 100 * 366 * 86_400 * 1_000_000;
const MAX_REORDERING: i64 = 10_000_000;
