use std::borrow::Cow;
use std::time::{Duration, Instant};

use bytes::Bytes;
use onair_flv::{Demuxed, Demuxer, Error, Tag, TagKind};
use onair_media::Kind;
use onair_rtmp::server::StreamId;

use crate::registry::MAX_LEFT_OUT;
use crate::{Ingest, PushError};

/// A connection that publishes.
#[derive(Debug)]
pub(super) struct Publishing {
    pub(super) stream: StreamId,
    ingest: Ingest,
    demuxer: Demuxer,
    /// What was reported as left out, each once.
    left_out: Vec<(TagKind, String)>,
    began: Instant,
    /// How many bytes came while none of them was understood.
    in_vain: Option<usize>,
}

/// What happened to a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is in the stream, or contained nothing for it.
    Fine,
    /// It reaches nobody, which is news: what it is, and why.
    LeftOut(String),
    /// Another publisher has taken over.
    Replaced,
    /// It exceeds the limits: that is the end.
    Refused(String),
}

/// Larger than any metadata or sequence header.
const MUCH: usize = 16 * 1024;

/// The tag with a payload that keeps nothing else alive: a small one is copied.
fn kept(tag: &Tag) -> Cow<'_, Tag> {
    if tag.payload.len() >= BY_REFERENCE {
        return Cow::Borrowed(tag);
    }
    Cow::Owned(Tag {
        payload: Bytes::copy_from_slice(&tag.payload),
        ..tag.clone()
    })
}

/// Larger payloads have memory of their own.
const BY_REFERENCE: usize = 64 * 1024;

impl Publishing {
    pub(super) fn new(stream: StreamId, ingest: Ingest, now: Instant) -> Self {
        Self {
            stream,
            ingest,
            demuxer: Demuxer::new(),
            left_out: Vec::new(),
            began: now,
            in_vain: Some(0),
        }
    }

    /// Passes a tag on.
    pub(super) fn take(&mut self, tag: &Tag) -> Taken {
        let pushed = match self.demuxer.demux(&kept(tag)) {
            Ok(Demuxed::Packet(packet)) => {
                self.in_vain = None;
                self.ingest.push(packet)
            }
            Ok(Demuxed::Metadata(metadata)) => self.ingest.metadata(metadata),
            Ok(Demuxed::Nothing) => {
                self.promise(tag.kind);
                Ok(())
            }
            Err(error) => return self.leave_out(tag.kind, in_words(tag.kind, &error)),
        };
        match (pushed, self.demuxer.left_out()) {
            (Ok(()), Some(other)) => self.leave_out(tag.kind, other.to_string()),
            (Ok(()), None) => Taken::Fine,
            (Err(PushError::Replaced), _) => Taken::Replaced,
            (Err(error), _) => Taken::Refused(error.to_string()),
        }
    }

    /// A sequence header announces a track, whatever the metadata says.
    fn promise(&self, kind: TagKind) {
        if kind == TagKind::Video && self.demuxer.video_config().is_some() {
            self.ingest.promise(Kind::Video);
        }
        if kind == TagKind::Audio && self.demuxer.audio_config().is_some() {
            self.ingest.promise(Kind::Audio);
        }
    }

    /// Once for each kind of tag and cause.
    fn leave_out(&mut self, kind: TagKind, what: String) -> Taken {
        let thing = (kind, what);
        if self.left_out.len() >= MAX_LEFT_OUT || self.left_out.contains(&thing) {
            return Taken::Fine;
        }
        self.ingest.leave_out(&thing.1);
        let what = thing.1.clone();
        self.left_out.push(thing);
        Taken::LeftOut(what)
    }

    /// Counts incoming bytes, understood or not.
    pub(super) const fn count(&mut self, bytes: usize) {
        if let Some(in_vain) = &mut self.in_vain {
            *in_vain = in_vain.saturating_add(bytes);
        }
    }

    /// When to give up, if something comes that we never understand.
    pub(super) fn useless_at(&self, timeout: Duration) -> Option<Instant> {
        let is_much = self.in_vain.is_some_and(|bytes| bytes > MUCH);
        is_much.then(|| self.began + timeout)
    }

    /// Why it is given up, for the publisher to show.
    pub(super) fn useless(&self) -> String {
        let all: Vec<_> = self
            .left_out
            .iter()
            .map(|(_, what)| what.as_str())
            .collect();
        match all.is_empty() {
            true => "what is sent is not FLV, which RTMP carries; FFmpeg needs -f flv".to_owned(),
            false => format!("nothing of the stream can be used: {}", all.join("; ")),
        }
    }

    /// The stream's end that was held.
    pub(super) fn into_ingest(self) -> Ingest {
        self.ingest
    }

    pub(super) const fn ingest(&self) -> &Ingest {
        &self.ingest
    }
}

/// What is left out, and why.
fn in_words(kind: TagKind, error: &Error) -> String {
    match (error, kind) {
        (Error::Unsupported { what }, _) => what.to_string(),
        (_, TagKind::Video) => format!("video: {error}"),
        (_, TagKind::Audio) => format!("audio: {error}"),
        (_, TagKind::Script) => format!("data: {error}"),
    }
}
