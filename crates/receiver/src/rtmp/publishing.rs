use bytes::Bytes;
use onair_flv::{Demuxed, Demuxer, Tag, TagKind};
use onair_media::Kind;
use onair_rtmp::server::StreamId;

use crate::Ingest;

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
}

/// Payloads smaller than this are copied out of what was read, so that keeping one keeps no more.
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
        let is_ours = match self.demuxer.demux(tag) {
            Ok(Demuxed::Packet(mut packet)) => {
                if packet.payload.len() < BY_REFERENCE {
                    packet.payload = Bytes::copy_from_slice(&packet.payload);
                }
                self.ingest.push(packet)
            }
            Ok(Demuxed::Metadata(metadata)) => self.ingest.metadata(metadata),
            Ok(Demuxed::Nothing) => {
                self.promise(tag.kind);
                true
            }
            Err(error) => return self.complain(error.to_string()),
        };
        if is_ours {
            Taken::Fine
        } else {
            Taken::Replaced
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
