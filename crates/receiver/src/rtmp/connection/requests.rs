//! What clients ask for, and whether they get it.

use std::time::Instant;

use onair_rtmp::server::StreamId;
use onair_rtmp::{Secret, Target};

use super::super::playing::Playing;
use super::super::publishing::Publishing;
use super::{Connection, ConnectionEnd, Role};
use crate::guesses::ANSWER_DELAY;
use crate::permits::Grant;
use crate::{Event, KeyError, Origin, PublisherKind, StreamName};

/// Why a request is denied, in words.
struct Denial {
    words: String,
    /// Whether the answer is delayed.
    is_late: bool,
}

impl<E: std::error::Error> From<E> for Denial {
    fn from(error: E) -> Self {
        Self {
            words: error.to_string(),
            is_late: false,
        }
    }
}

/// Why a second request is refused.
const ONE_REQUEST: &str = "one stream for each connection";

/// A refusal still to be said.
pub(super) struct Refusal {
    pub(super) at: Instant,
    pub(super) stream: StreamId,
    pub(super) code: &'static str,
    pub(super) words: String,
}

impl Connection {
    pub(super) fn handle_publish(
        &mut self,
        stream: StreamId,
        app: &str,
        key: &Secret,
        now: Instant,
    ) {
        const DENIED: &str = "NetStream.Publish.Denied";
        if self.is_answered() {
            return self.pump.machine.refuse(stream, DENIED, ONE_REQUEST);
        }
        if !matches!(self.role, Role::Guest) {
            return self.refuse(stream, DENIED, ONE_REQUEST);
        }
        let context = self.context.clone();
        let name = match self.name_to_publish(app, key, now) {
            Ok(name) => name,
            Err(denial) => return self.deny(stream, DENIED, denial, now),
        };
        let origin = Origin::new(self.peer.to_string(), PublisherKind::Rtmp, &self.software);
        match context.registry.publish(name.clone(), origin.clone()) {
            Ok(ingest) => {
                self.timing.media = now;
                self.role = Role::Publisher(Box::new(Publishing::new(stream, ingest, now)));
                self.grant(stream);
                context.events.tell(Event::Published { name, origin });
            }
            Err(error) => self.refuse(stream, "NetStream.Publish.BadName", &error.to_string()),
        }
    }

    fn name_to_publish(&self, app: &str, key: &Secret, now: Instant) -> Result<StreamName, Denial> {
        let context = &self.context;
        self.check_guesses(context.keys.are_required(), now)?;
        let name = context.keys.admit(app, key);
        let name = name.map_err(|error| self.note_guess(error, (app, key), now))?;
        let granted = self.permit.grant(Grant::Publish);
        granted.map(|()| name).map_err(Denial::from)
    }

    /// Whether this address may try a key now.
    fn check_guesses(&self, is_needed: bool, now: Instant) -> Result<(), Denial> {
        if !is_needed {
            return Ok(());
        }
        let checked = self.context.guesses.check(self.peer.ip(), now);
        checked.map_err(|wait| Denial {
            words: wait.to_string(),
            is_late: true,
        })
    }

    /// Notes a wrong key, which may be in either of the two.
    fn note_guess(&self, error: KeyError, (app, key): (&str, &Secret), now: Instant) -> Denial {
        if error == KeyError::Unknown {
            let said = [app, key.expose()].join("/");
            self.context.guesses.wrong(self.peer.ip(), &said, now);
        }
        error.into()
    }

    /// Whether this client may watch at all.
    fn check_play(&self, app: &str, key: &Secret, now: Instant) -> Result<(), Denial> {
        let keys = &self.context.keys;
        self.check_guesses(keys.are_required_to_play(), now)?;
        let allowed = keys.check_play(app, key);
        allowed.map_err(|error| self.note_guess(error, (app, key), now))?;
        self.permit.grant(Grant::Watch).map_err(Denial::from)
    }

    pub(super) fn handle_play(&mut self, stream: StreamId, app: &str, key: &Secret, now: Instant) {
        const FAILED: &str = "NetStream.Play.Failed";
        if self.is_answered() {
            return self.pump.machine.refuse(stream, FAILED, ONE_REQUEST);
        }
        if !matches!(self.role, Role::Guest) {
            return self.refuse(stream, FAILED, ONE_REQUEST);
        }
        if let Err(denial) = self.check_play(app, key, now) {
            return self.deny(stream, FAILED, denial, now);
        }
        let context = self.context.clone();
        let target = Target::new(app, key.expose());
        let name = StreamName::new(target.app(), target.name());
        let viewer = name.and_then(|name| context.registry.subscribe(&name));
        let Some(viewer) = viewer else {
            let words = "nobody publishes a stream of this name";
            return self.refuse(stream, "NetStream.Play.StreamNotFound", words);
        };
        let codec = viewer.video().map(|video| video.codec);
        if let Some(words) = codec.and_then(|codec| self.pump.machine.refusal_of(codec)) {
            return self.refuse(stream, FAILED, &words);
        }
        context.events.tell(Event::Playing {
            name: viewer.name().clone(),
            peer: self.peer.to_string(),
        });
        self.role = Role::Player(Box::new(Playing::new(stream, viewer)));
        self.grant(stream);
    }

    fn grant(&mut self, stream: StreamId) {
        self.unasked.0 = 0;
        self.pump.machine.accept(stream);
    }

    fn deny(&mut self, stream: StreamId, code: &'static str, denial: Denial, now: Instant) {
        if !denial.is_late {
            return self.refuse(stream, code, &denial.words);
        }
        self.refusal = Some(Refusal {
            at: now + ANSWER_DELAY,
            stream,
            code,
            words: denial.words,
        });
    }

    /// Refuses, and ends the connection: nobody tries several keys on one.
    pub(super) fn refuse(&mut self, stream: StreamId, code: &str, words: &str) {
        self.pump.machine.refuse(stream, code, words);
        self.context.events.tell_refused(self.peer, words);
        self.end(ConnectionEnd::Orderly);
    }
}
