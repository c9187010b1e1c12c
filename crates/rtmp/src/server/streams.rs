use std::collections::BTreeMap;

use super::StreamId;
use crate::{Error, Message};

/// The message streams of one connection.
///
/// ```text
///             publish ──► Asked(Publish) ── accept ──► Publishing ──┐
///     Idle ──┤                  └── refuse ──► Idle                 ├── deleteStream ──► gone
///             play ─────► Asked(Play) ───── accept ──► Playing ─────┘   closeStream ──► Idle
/// ```
#[derive(Debug)]
pub(super) struct Streams {
    all: BTreeMap<StreamId, Role>,
    /// The number of the stream created last.
    last: u32,
    pending_limit: usize,
}

#[derive(Debug)]
enum Role {
    Idle,
    Asked(Request),
    Publishing,
    Playing,
}

/// What a client asked for.
#[derive(Debug)]
pub(super) enum Request {
    /// To publish; media that came before the answer waits here.
    Publish(Pending),
    /// To play.
    Play,
}

/// Media that came before the answer.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) messages: Vec<Message>,
    held: usize,
}

impl Pending {
    fn push(&mut self, message: Message, limit: usize) -> Result<(), Error> {
        self.held += message.payload.len() + OVERHEAD;
        if self.held > limit {
            let what = "bytes of media before the publish is accepted";
            return Err(Error::LimitExceeded { what, limit, at: 0 });
        }
        self.messages.push(message);
        Ok(())
    }
}

/// What to do with media that arrived.
pub(super) enum Reception {
    /// It belongs to an accepted publish.
    Take(Message),
    /// It waits for an answer, or nobody wants it.
    Done,
}

impl Streams {
    pub(super) const fn new(pending_limit: usize) -> Self {
        Self {
            all: BTreeMap::new(),
            last: 0,
            pending_limit,
        }
    }

    /// A new stream, unless there are too many.
    pub(super) fn create(&mut self) -> Option<StreamId> {
        if self.all.len() >= MAX_STREAMS {
            return None;
        }
        self.last = self.last.wrapping_add(1);
        let stream = StreamId(self.last);
        self.all.insert(stream, Role::Idle);
        Some(stream)
    }

    /// Notes a request; false if the stream does not exist or is busy.
    pub(super) fn ask(&mut self, stream: StreamId, request: Request) -> bool {
        match self.all.get_mut(&stream) {
            Some(role @ Role::Idle) => {
                *role = Role::Asked(request);
                true
            }
            _ => false,
        }
    }

    pub(super) fn accept(&mut self, stream: StreamId) -> Option<Request> {
        let role = self.all.get_mut(&stream)?;
        let accepted = match role {
            Role::Asked(Request::Publish(_)) => Role::Publishing,
            Role::Asked(Request::Play) => Role::Playing,
            _ => return None,
        };
        match std::mem::replace(role, accepted) {
            Role::Asked(request) => Some(request),
            _ => None,
        }
    }

    pub(super) fn refuse(&mut self, stream: StreamId) -> bool {
        match self.all.get_mut(&stream) {
            Some(role @ (Role::Asked(_) | Role::Publishing)) => {
                *role = Role::Idle;
                true
            }
            _ => false,
        }
    }

    /// Sorts media by what its stream is doing.
    pub(super) fn receive(&mut self, message: Message) -> Result<Reception, Error> {
        let limit = self.pending_limit;
        match self.all.get_mut(&StreamId(message.stream_id)) {
            Some(Role::Publishing) => return Ok(Reception::Take(message)),
            Some(Role::Asked(Request::Publish(pending))) => {
                pending.push(message, limit)?;
            }
            _ => tracing::trace!(?message, "nobody publishes there"),
        }
        Ok(Reception::Done)
    }

    pub(super) fn is_publishing(&self, stream: StreamId) -> bool {
        matches!(self.all.get(&stream), Some(Role::Publishing))
    }

    pub(super) fn is_playing(&self, stream: StreamId) -> bool {
        matches!(self.all.get(&stream), Some(Role::Playing))
    }

    pub(super) fn players(&self) -> Vec<StreamId> {
        let playing = self
            .all
            .iter()
            .filter(|(_, role)| matches!(role, Role::Playing));
        playing.map(|(stream, _)| *stream).collect()
    }

    /// Ends what the stream does (`closeStream`); gives what that was.
    pub(super) fn close(&mut self, stream: StreamId) -> Option<Activity> {
        let role = self.all.get_mut(&stream)?;
        Activity::of(&std::mem::replace(role, Role::Idle))
    }

    /// Forgets the stream (`deleteStream`).
    pub(super) fn delete(&mut self, stream: StreamId) -> Option<Activity> {
        Activity::of(&self.all.remove(&stream)?)
    }

    /// Forgets all streams; gives those that were busy.
    pub(super) fn end_all(&mut self) -> Vec<StreamId> {
        let all = std::mem::take(&mut self.all);
        let busy = all
            .into_iter()
            .filter(|(_, role)| Activity::of(role).is_some());
        busy.map(|(stream, _)| stream).collect()
    }
}

/// What a stream was doing when it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Publishing,
    Playing,
}

impl Activity {
    const fn of(role: &Role) -> Option<Self> {
        match role {
            Role::Idle => None,
            Role::Publishing | Role::Asked(Request::Publish(_)) => Some(Self::Publishing),
            Role::Playing | Role::Asked(Request::Play) => Some(Self::Playing),
        }
    }
}

/// No client needs more at a time.
const MAX_STREAMS: usize = 16;

/// What a message costs besides its payload, so that empty ones count too.
const OVERHEAD: usize = size_of::<Message>();
