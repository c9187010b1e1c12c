use std::borrow::Cow;

use bytes::Bytes;
use onair_flv::{Demuxed, Demuxer, Tag, TagKind};
use onair_media::Kind;
use onair_rtmp::server::StreamId;

use crate::{Ingest, PushError};

/// A connection that publishes.
#[derive(Debug)]
pub(super) struct Publishing {
    pub(super) stream: StreamId,
    ingest: Ingest,
    demuxer: Demuxer,
    has_complained: bool,
}

/// What became of a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is in the stream, or had nothing for it.
    Fine,
    /// It cannot be understood, and it is the first of which that has to be said.
    Odd(String),
    /// Another publisher has taken over.
    Replaced,
    /// It is more than is taken: that is the end.
    Refused(String),
}

/// A tag whose payload keeps nothing else alive: a small one is copied out of what was read.
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
    pub(super) fn new(stream: StreamId, ingest: Ingest) -> Self {
        Self {
            stream,
            ingest,
            demuxer: Demuxer::new(),
            has_complained: false,
        }
    }

    /// Passes a tag on.
    pub(super) fn take(&mut self, tag: &Tag) -> Taken {
        let pushed = match self.demuxer.demux(&kept(tag)) {
            Ok(Demuxed::Packet(packet)) => self.ingest.push(packet),
            Ok(Demuxed::Metadata(metadata)) => self.ingest.metadata(metadata),
            Ok(Demuxed::Nothing) => {
                self.promise(tag.kind);
                Ok(())
            }
            Err(error) => return self.complain(error.to_string()),
        };
        match (pushed, self.demuxer.left_out()) {
            (Ok(()), Some(other)) => self.complain(other.to_string()),
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

    fn complain(&mut self, words: String) -> Taken {
        if std::mem::replace(&mut self.has_complained, true) {
            return Taken::Fine;
        }
        Taken::Odd(words)
    }

    /// The stream's end that was held.
    pub(super) fn into_ingest(self) -> Ingest {
        self.ingest
    }

    pub(super) const fn ingest(&self) -> &Ingest {
        &self.ingest
    }
}
