use std::fmt;

use bytes::Bytes;

/// What a message carries (Adobe RTMP 1.0, sections 5.4 and 7.1: the message type id).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// 1: the sender's new chunk size.
    SetChunkSize,
    /// 2: a partly sent message will not be finished.
    Abort,
    /// 3: how many bytes have arrived.
    Acknowledgement,
    /// 4: stream events and pings.
    UserControl,
    /// 5: how often the sender wants acknowledgements.
    WindowAckSize,
    /// 6: how much the other side may leave unacknowledged.
    PeerBandwidth,
    /// 8: an FLV audio body.
    Audio,
    /// 9: an FLV video body.
    Video,
    /// 15: data in AMF3.
    DataAmf3,
    /// 16: a shared object in AMF3.
    SharedObjectAmf3,
    /// 17: a command in AMF3.
    CommandAmf3,
    /// 18: data in AMF0, such as onMetaData.
    DataAmf0,
    /// 19: a shared object in AMF0.
    SharedObjectAmf0,
    /// 20: a command in AMF0.
    CommandAmf0,
    /// 22: several messages in one.
    Aggregate,
    /// Any other type id: to be skipped.
    Other(u8),
}

impl MessageKind {
    /// The message type id.
    pub const fn id(self) -> u8 {
        match self {
            Self::SetChunkSize => 1,
            Self::Abort => 2,
            Self::Acknowledgement => 3,
            Self::UserControl => 4,
            Self::WindowAckSize => 5,
            Self::PeerBandwidth => 6,
            Self::Audio => 8,
            Self::Video => 9,
            Self::DataAmf3 => 15,
            Self::SharedObjectAmf3 => 16,
            Self::CommandAmf3 => 17,
            Self::DataAmf0 => 18,
            Self::SharedObjectAmf0 => 19,
            Self::CommandAmf0 => 20,
            Self::Aggregate => 22,
            Self::Other(id) => id,
        }
    }
}

impl From<u8> for MessageKind {
    fn from(id: u8) -> Self {
        match id {
            1 => Self::SetChunkSize,
            2 => Self::Abort,
            3 => Self::Acknowledgement,
            4 => Self::UserControl,
            5 => Self::WindowAckSize,
            6 => Self::PeerBandwidth,
            8 => Self::Audio,
            9 => Self::Video,
            15 => Self::DataAmf3,
            16 => Self::SharedObjectAmf3,
            17 => Self::CommandAmf3,
            18 => Self::DataAmf0,
            19 => Self::SharedObjectAmf0,
            20 => Self::CommandAmf0,
            22 => Self::Aggregate,
            id => Self::Other(id),
        }
    }
}

/// One message, put together from its chunks.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The chunk stream that carried it.
    pub chunk_stream: u32,
    /// The message stream it belongs to; 0 is the connection itself.
    pub stream_id: u32,
    /// Milliseconds on the sender's clock, wrapping at 2^32.
    pub timestamp: u32,
    /// What the payload is.
    pub kind: MessageKind,
    /// The message's body.
    pub payload: Bytes,
}

impl fmt::Debug for Message {
    /// The payload shows as a length: it may hold a stream key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("chunk_stream", &self.chunk_stream)
            .field("stream_id", &self.stream_id)
            .field("timestamp", &self.timestamp)
            .field("kind", &self.kind)
            .field("len", &self.payload.len())
            .finish()
    }
}

impl Message {
    /// The messages inside an [`MessageKind::Aggregate`] message.
    pub fn aggregate(&self) -> Aggregate {
        Aggregate::new(self.clone())
    }
}

/// The messages inside an aggregate message (Adobe RTMP 1.0, section 7.1.6), in order.
///
/// Times are moved so that the first takes the aggregate's own; payloads are slices of its.
#[derive(Clone, Debug)]
pub struct Aggregate {
    whole: Message,
    at: usize,
    /// What to add to each inner timestamp; known after the first.
    shift: Option<u32>,
}

/// Type, length, timestamp, its extension, and stream id of an inner message: an FLV tag header.
const INNER_HEADER: usize = 11;
/// The FLV back pointer after each inner message.
const BACK_POINTER: usize = 4;

impl Aggregate {
    const fn new(whole: Message) -> Self {
        Self {
            whole,
            at: 0,
            shift: None,
        }
    }

    fn stop(&mut self, what: &'static str) -> crate::Error {
        let error = crate::Error::invalid(what, self.at);
        self.at = self.whole.payload.len();
        error
    }
}

impl Iterator for Aggregate {
    type Item = Result<Message, crate::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let payload = self.whole.payload.clone();
        let rest = payload.get(self.at..).filter(|rest| !rest.is_empty())?;
        let Some(header) = rest.first_chunk::<INNER_HEADER>() else {
            return Some(Err(self.stop("aggregate: an inner header is cut short")));
        };
        let [kind, l0, l1, l2, t0, t1, t2, t3, ..] = *header;
        let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
        let start = self.at + INNER_HEADER;
        if payload.len() - start < length {
            return Some(Err(self.stop("aggregate: an inner message is cut short")));
        }
        let time = u32::from_be_bytes([t3, t0, t1, t2]);
        let whole = self.whole.timestamp;
        let shift = *self.shift.get_or_insert_with(|| whole.wrapping_sub(time));
        // The last back pointer is missing from some senders' aggregates.
        self.at = payload.len().min(start + length + BACK_POINTER);
        Some(Ok(Message {
            timestamp: time.wrapping_add(shift),
            kind: kind.into(),
            payload: payload.slice(start..start + length),
            ..self.whole.clone()
        }))
    }
}
