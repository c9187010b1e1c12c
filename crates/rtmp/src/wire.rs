//! What the machines share once the handshake is done: chunks in and out, and the protocol control
//! messages nobody above needs to see.

use bytes::Bytes;
use onair_flv::{Tag, TagKind};

use crate::chunk::{self, Header, Limits, StreamId};
use crate::{
    Acknowledged, Aggregate, Command, Control, Error, Message, MessageKind, Slices, UserControl,
    Window,
};

/// How often to acknowledge when the peer does not say: librtmp's figure.
const DEFAULT_WINDOW: u32 = 2_500_000;

/// How many bytes of answers may wait to be taken: hundreds of answers, where a dozen is usual.
const MAX_ANSWERS: usize = 32 * 1024;

/// One end of a connection after the handshake.
#[derive(Debug)]
pub(crate) struct Wire {
    reader: chunk::Reader,
    writer: chunk::Writer,
    out: Slices,
    aggregate: Option<Aggregate>,
    window: Window,
    /// The window we announced to the peer.
    announced: u32,
    sent: Acknowledged,
    /// How many bytes of `out` answer the peer.
    answers: usize,
    fault: Option<Error>,
}

/// What a machine hears from its peer.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A command, and the message stream it is about.
    Command(u32, Command),
    /// Audio, video or data on a message stream.
    Media(Message),
    /// The peer has received so many of our bytes.
    Acknowledged(u64),
}

impl Wire {
    pub(crate) fn new(limits: Limits) -> Self {
        let mut window = Window::new();
        window.set_size(DEFAULT_WINDOW / 2);
        Self {
            reader: chunk::Reader::new(limits),
            writer: chunk::Writer::new(),
            out: Slices::new(),
            aggregate: None,
            window,
            announced: 0,
            sent: Acknowledged::new(),
            answers: 0,
            fault: None,
        }
    }

    /// Bytes for the peer, if there are any.
    pub(crate) fn take(&mut self) -> Option<Slices> {
        if self.out.is_empty() {
            return None;
        }
        self.sent.send(self.out.len());
        self.answers = 0;
        Some(std::mem::take(&mut self.out))
    }

    /// How many bytes for the peer nobody has taken yet.
    pub(crate) const fn waiting(&self) -> usize {
        self.out.len()
    }

    /// Drops what is not sent: the peer is gone.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
    }

    /// Sends bytes that are not chunks: the handshake.
    pub(crate) fn send_raw(&mut self, bytes: Bytes) {
        self.out.push(bytes);
    }

    /// How many bytes of unfinished messages there are.
    pub(crate) const fn buffered(&self) -> usize {
        self.reader.buffered()
    }

    /// Counts and buffers bytes from the peer; acknowledges when it is time.
    pub(crate) fn feed(&mut self, data: &[u8]) {
        self.reader.feed(data);
        if let Some(sequence) = self.window.receive(data.len()) {
            self.answer_control(&Control::Acknowledgement(sequence));
        }
    }

    /// The next thing the peer said that is not about the wire itself.
    pub(crate) fn next(&mut self) -> Result<Option<Heard>, Error> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        while let Some(message) = self.next_message()? {
            if let Some(heard) = self.hear(message) {
                return Ok(Some(heard));
            }
        }
        Ok(None)
    }

    fn next_message(&mut self) -> Result<Option<Message>, Error> {
        if let Some(inner) = self.aggregate.as_mut().and_then(Iterator::next) {
            return inner.map(Some);
        }
        self.aggregate = None;
        self.reader.next()
    }

    /// What is malformed above the chunks is skipped like what is unknown: it harms nothing else,
    /// and a broadcast is worth more than a grammar.
    fn hear(&mut self, message: Message) -> Option<Heard> {
        match message.kind {
            MessageKind::CommandAmf0 => match Command::parse(&message.payload) {
                Ok(command) => Some(Heard::Command(message.stream_id, command)),
                Err(_) => skip(&message),
            },
            MessageKind::Audio | MessageKind::Video | MessageKind::DataAmf0 => {
                Some(Heard::Media(message))
            }
            MessageKind::Aggregate if self.aggregate.is_none() => {
                self.aggregate = Some(message.aggregate());
                None
            }
            _ => match Control::parse(&message) {
                Ok(Some(control)) => self.handle_control(&control),
                Ok(None) | Err(_) => skip(&message),
            },
        }
    }

    fn handle_control(&mut self, control: &Control) -> Option<Heard> {
        match *control {
            Control::WindowAckSize(size) => self.window.set_size(size.div_ceil(2)),
            Control::PeerBandwidth { size, .. } => self.announce_window(size),
            Control::UserControl(UserControl::PingRequest(number)) => {
                let pong = UserControl::PingResponse(number);
                self.answer_control(&Control::UserControl(pong));
            }
            Control::Acknowledgement(sequence) => {
                return self.sent.receive(sequence).map(Heard::Acknowledged);
            }
            _ => {}
        }
        None
    }

    /// Answers a peer bandwidth, unless it is what we announced already.
    fn announce_window(&mut self, size: u32) {
        if std::mem::replace(&mut self.announced, size) != size {
            self.answer_control(&Control::WindowAckSize(size));
        }
    }

    /// Answers with a control message, unless too many answers wait already: the next one says as
    /// much.
    fn answer_control(&mut self, control: &Control) {
        if self.answers < MAX_ANSWERS {
            let before = self.out.len();
            self.send_control(control);
            self.answers += self.out.len() - before;
        }
    }

    /// Answers the peer. One that keeps asking and takes no answer exceeds the limit.
    pub(crate) fn answer(&mut self, stream: u32, command: &Command) {
        if self.answers >= MAX_ANSWERS {
            return self.note(Err(Error::LimitExceeded {
                what: "bytes of answers to one read",
                limit: MAX_ANSWERS,
                at: self.received(),
            }));
        }
        let before = self.out.len();
        self.send_command(stream, command);
        self.answers += self.out.len() - before;
    }

    /// Sends a protocol control or user control message.
    pub(crate) fn send_control(&mut self, control: &Control) {
        let result = self.writer.write_control(control, &mut self.out);
        self.note(result);
    }

    /// Cuts what follows into chunks of `size` bytes.
    pub(crate) fn set_chunk_size(&mut self, size: u32) {
        self.send_control(&Control::SetChunkSize(size.clamp(128, 65536)));
    }

    /// Sends a command on the connection (stream 0) or on a message stream.
    pub(crate) fn send_command(&mut self, stream: u32, command: &Command) {
        let result = self.writer.write_command(stream, command, &mut self.out);
        self.note(result);
    }

    /// Sends a tag on a message stream, `prefix` before its body.
    pub(crate) fn send_tag(&mut self, stream: u32, prefix: &[u8], tag: &Tag) -> Result<(), Error> {
        let (chunk_stream, kind) = match tag.kind {
            TagKind::Audio => (StreamId::AUDIO, MessageKind::Audio),
            TagKind::Video => (StreamId::VIDEO, MessageKind::Video),
            TagKind::Script => (StreamId::DATA, MessageKind::DataAmf0),
        };
        let header = Header {
            chunk_stream,
            stream_id: stream,
            kind,
            timestamp: tag.timestamp,
        };
        if prefix.is_empty() {
            return self
                .writer
                .write(&header, &tag.head, &tag.payload, &mut self.out);
        }
        let head = [prefix, &tag.head].concat();
        self.writer
            .write(&header, &head, &tag.payload, &mut self.out)
    }

    /// How many bytes arrived after the handshake.
    pub(crate) const fn received(&self) -> u64 {
        self.window.bytes()
    }

    /// Keeps the first error in sending, for [`Self::next`] to return.
    fn note(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.fault.get_or_insert(error);
        }
    }
}

/// Servers add messages of their own: what is not understood changes nothing.
fn skip(message: &Message) -> Option<Heard> {
    tracing::trace!(?message, "skipped");
    None
}
