//! What clients ask for, and whether they get it.

use std::time::Instant;

use onair_flv::FourCc;
use onair_rtmp::server::StreamId;
use onair_rtmp::{Secret, Target};

use super::connection::{Connection, Ending, Role};
use super::playing::Playing;
use super::publishing::Publishing;
use crate::permits::Grant;
use crate::{Event, KeyError, Origin, PublisherKind, StreamName};

impl Connection {
    pub(super) fn handle_publish(
        &mut self,
        stream: StreamId,
        app: &str,
        key: &Secret,
        now: Instant,
    ) {
        const DENIED: &str = "NetStream.Publish.Denied";
        if !matches!(self.role, Role::Guest) {
            return self.refuse(stream, DENIED, "one stream for each connection");
        }
        let context = self.context.clone();
        let name = match self.name_to_publish(app, key, now) {
            Ok(name) => name,
            Err(words) => return self.refuse(stream, DENIED, &words),
        };
        let origin = Origin::new(self.peer.to_string(), PublisherKind::Rtmp, &self.software);
        match context.hub.publish(name.clone(), origin.clone()) {
            Ok(ingest) => {
                self.timing.media = now;
                self.role = Role::Publisher(Box::new(Publishing::new(stream, ingest)));
                self.grant(stream);
                context.events.tell(Event::Published { name, origin });
            }
            Err(error) => self.refuse(stream, "NetStream.Publish.BadName", &error.to_string()),
        }
    }

    fn name_to_publish(&self, app: &str, key: &Secret, now: Instant) -> Result<StreamName, String> {
        let context = &self.context;
        self.check_guesses(context.keys.are_required(), now)?;
        let name = context.keys.admit(app, key);
        let name = name.map_err(|error| self.note_guess(error, (app, key), now))?;
        let granted = self.permit.grant(Grant::Publish);
        granted.map(|()| name).map_err(|full| full.to_string())
    }

    /// Whether keys from this address are looked at.
    fn check_guesses(&self, is_needed: bool, now: Instant) -> Result<(), String> {
        if !is_needed {
            return Ok(());
        }
        let checked = self.context.guesses.check(self.peer.ip(), now);
        checked.map_err(|wait| wait.to_string())
    }

    /// Notes a key that is none, which may stand in either of the two.
    fn note_guess(&self, error: KeyError, (app, key): (&str, &Secret), now: Instant) -> String {
        if error == KeyError::Unknown {
            let said = [app, key.expose()].join("/");
            self.context.guesses.wrong(self.peer.ip(), &said, now);
        }
        error.to_string()
    }

    /// Whether this client may watch at all.
    fn check_play(&self, app: &str, key: &Secret, now: Instant) -> Result<(), String> {
        let keys = &self.context.keys;
        self.check_guesses(keys.are_required_to_play(), now)?;
        let allowed = keys.check_play(app, key);
        allowed.map_err(|error| self.note_guess(error, (app, key), now))?;
        self.permit
            .grant(Grant::Watch)
            .map_err(|full| full.to_string())
    }

    pub(super) fn handle_play(&mut self, stream: StreamId, app: &str, key: &Secret, now: Instant) {
        if !matches!(self.role, Role::Guest) {
            let words = "one stream for each connection";
            return self.refuse(stream, "NetStream.Play.Failed", words);
        }
        if let Err(words) = self.check_play(app, key, now) {
            return self.refuse(stream, "NetStream.Play.Failed", &words);
        }
        let context = self.context.clone();
        let target = Target::new(app, key.expose());
        let name = StreamName::new(target.app(), target.name());
        let viewer = name.and_then(|name| context.hub.subscribe(&name));
        let Some(viewer) = viewer else {
            let words = "nobody publishes a stream of this name";
            return self.refuse(stream, "NetStream.Play.StreamNotFound", words);
        };
        let codec = viewer.video().and_then(|video| FourCc::of(video.codec));
        if let Some(words) = codec.and_then(|codec| self.server.refusal_of(codec)) {
            return self.refuse(stream, "NetStream.Play.Failed", &words);
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
        self.server.accept(stream);
    }

    /// Says no, and that is the end: nobody tries keys on one connection.
    fn refuse(&mut self, stream: StreamId, code: &str, words: &str) {
        self.server.refuse(stream, code, words);
        self.context.events.tell_refused(self.peer, words);
        self.end(Ending::Orderly);
    }
}
