use bytes::Bytes;

use crate::{Error, Message, MessageKind};

/// A protocol control message (Adobe RTMP 1.0, section 5.4) or a user control message (6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Control {
    /// The sender's chunks are this large from here on.
    SetChunkSize(u32),
    /// The message half sent on this chunk stream will not be finished.
    Abort(u32),
    /// How many bytes have arrived, modulo 2^32.
    Acknowledgement(u32),
    /// A stream event or a ping.
    UserControl(UserControl),
    /// The receiver has to acknowledge every so many bytes.
    WindowAckSize(u32),
    /// The receiver may leave at most so many bytes unacknowledged.
    PeerBandwidth {
        /// The window, in bytes.
        size: u32,
        /// How strictly it is meant.
        limit: LimitType,
    },
}

/// How strictly a peer bandwidth is meant (Adobe RTMP 1.0, section 5.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitType {
    /// 0: exactly this window.
    Hard,
    /// 1: this window or the one in force, whichever is smaller.
    Soft,
    /// 2: hard if the last one was hard, else ignored.
    Dynamic,
    /// Anything else.
    Other(u8),
}

/// A user control message (Adobe RTMP 1.0, section 7.1.7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserControl {
    /// 0: the stream can be used.
    StreamBegin(u32),
    /// 1: playback of the stream is over.
    StreamEof(u32),
    /// 2: the stream has no more data for now.
    StreamDry(u32),
    /// 3: how much the player buffers.
    SetBufferLength {
        /// The message stream.
        stream: u32,
        /// The buffer's length in milliseconds.
        milliseconds: u32,
    },
    /// 4: the stream is a recording.
    StreamIsRecorded(u32),
    /// 6: asks for a [`Self::PingResponse`] with the same number.
    PingRequest(u32),
    /// 7: answers a [`Self::PingRequest`].
    PingResponse(u32),
    /// Any other event: to be skipped.
    Other {
        /// The event type.
        event: u16,
        /// What came with it.
        data: Bytes,
    },
}

impl Control {
    /// Reads a control message; none if `message` is of another kind.
    pub fn parse(message: &Message) -> Result<Option<Self>, Error> {
        let body = &message.payload;
        Ok(Some(match message.kind {
            MessageKind::SetChunkSize => Self::SetChunkSize(number(body, 0)?),
            MessageKind::Abort => Self::Abort(number(body, 0)?),
            MessageKind::Acknowledgement => Self::Acknowledgement(number(body, 0)?),
            MessageKind::UserControl => Self::UserControl(UserControl::parse(body)?),
            MessageKind::WindowAckSize => Self::WindowAckSize(number(body, 0)?),
            MessageKind::PeerBandwidth => Self::PeerBandwidth {
                size: number(body, 0)?,
                // Some servers leave the limit type out.
                limit: body.get(4).map_or(LimitType::Dynamic, |id| (*id).into()),
            },
            _ => return Ok(None),
        }))
    }

    /// The message type that carries it.
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::SetChunkSize(_) => MessageKind::SetChunkSize,
            Self::Abort(_) => MessageKind::Abort,
            Self::Acknowledgement(_) => MessageKind::Acknowledgement,
            Self::UserControl(_) => MessageKind::UserControl,
            Self::WindowAckSize(_) => MessageKind::WindowAckSize,
            Self::PeerBandwidth { .. } => MessageKind::PeerBandwidth,
        }
    }

    /// Appends the message's body.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::SetChunkSize(n)
            | Self::Abort(n)
            | Self::Acknowledgement(n)
            | Self::WindowAckSize(n) => out.extend(n.to_be_bytes()),
            Self::UserControl(event) => event.write(out),
            Self::PeerBandwidth { size, limit } => {
                out.extend(size.to_be_bytes());
                out.push(limit.id());
            }
        }
    }
}

impl LimitType {
    /// The limit type's number on the wire.
    pub const fn id(self) -> u8 {
        match self {
            Self::Hard => 0,
            Self::Soft => 1,
            Self::Dynamic => 2,
            Self::Other(id) => id,
        }
    }
}

impl From<u8> for LimitType {
    fn from(id: u8) -> Self {
        match id {
            0 => Self::Hard,
            1 => Self::Soft,
            2 => Self::Dynamic,
            id => Self::Other(id),
        }
    }
}

impl UserControl {
    fn parse(body: &Bytes) -> Result<Self, Error> {
        let Some(&[high, low]) = body.first_chunk::<2>() else {
            return Err(Error::invalid("user control: no event type", 0));
        };
        Ok(match u16::from_be_bytes([high, low]) {
            0 => Self::StreamBegin(number(body, 2)?),
            1 => Self::StreamEof(number(body, 2)?),
            2 => Self::StreamDry(number(body, 2)?),
            3 => Self::SetBufferLength {
                stream: number(body, 2)?,
                milliseconds: number(body, 6)?,
            },
            4 => Self::StreamIsRecorded(number(body, 2)?),
            6 => Self::PingRequest(number(body, 2)?),
            7 => Self::PingResponse(number(body, 2)?),
            event => Self::Other {
                event,
                data: body.slice(2..),
            },
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (event, number) = match self {
            Self::StreamBegin(stream) => (0, stream),
            Self::StreamEof(stream) => (1, stream),
            Self::StreamDry(stream) => (2, stream),
            Self::SetBufferLength { stream, .. } => (3, stream),
            Self::StreamIsRecorded(stream) => (4, stream),
            Self::PingRequest(time) => (6, time),
            Self::PingResponse(time) => (7, time),
            Self::Other { event, data } => {
                out.extend(event.to_be_bytes());
                return out.extend(data);
            }
        };
        out.extend(u16::to_be_bytes(event));
        out.extend(number.to_be_bytes());
        if let Self::SetBufferLength { milliseconds, .. } = self {
            out.extend(milliseconds.to_be_bytes());
        }
    }
}

fn number(body: &[u8], at: usize) -> Result<u32, Error> {
    body.get(at..)
        .and_then(|rest| rest.first_chunk())
        .map(|bytes| u32::from_be_bytes(*bytes))
        .ok_or_else(|| Error::invalid("control message: cut short", at))
}
