use bytes::Bytes;
use onair_flv::{Tag, TagKind};

use super::streams::Reception;
use super::{Event, Server, StreamId};
use crate::{Error, Message, MessageKind};

impl Server {
    pub(super) fn handle_media(&mut self, message: Message) -> Result<(), Error> {
        if let Reception::Take(message) = self.streams.receive(message)? {
            self.take_media(message);
        }
        Ok(())
    }

    /// Makes an event of a message of an accepted publish.
    pub(super) fn take_media(&mut self, message: Message) {
        let stream = StreamId(message.stream_id);
        let Message {
            timestamp, payload, ..
        } = message;
        let kind = match message.kind {
            MessageKind::Audio => TagKind::Audio,
            MessageKind::Video => TagKind::Video,
            _ => {
                let payload = strip_set_data_frame(payload);
                let tag = Tag::from_body(TagKind::Script, timestamp, payload);
                return self.events.push_back(Event::Metadata { stream, tag });
            }
        };
        let tag = Tag::from_body(kind, timestamp, payload);
        self.events.push_back(Event::Media { stream, tag });
    }
}

/// `"@setDataFrame"` as an AMF0 string.
const SET_DATA_FRAME: &[u8] = b"\x02\x00\x0D@setDataFrame";

/// The payload without the `@setDataFrame` in front, if there is one.
fn strip_set_data_frame(payload: Bytes) -> Bytes {
    if payload.starts_with(SET_DATA_FRAME) {
        payload.slice(SET_DATA_FRAME.len()..)
    } else {
        payload
    }
}
