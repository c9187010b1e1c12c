//! What clients ask for, and whether they get it.

use std::time::Instant;

use onair_rtmp::server::StreamId;
use onair_rtmp::{Secret, Target};

use super::connection::{Connection, Ending, Role};
use super::playing::Playing;
use super::publishing::Publishing;
use crate::{Event, Origin, PublisherKind, StreamName};

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
        let context = self.context();
        let name = match context.keys.admit(app, key) {
            Ok(name) => name,
            Err(error) => return self.refuse(stream, DENIED, &error.to_string()),
        };
        let origin = Origin::new(&self.peer, PublisherKind::Rtmp, &self.software);
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

    pub(super) fn handle_play(&mut self, stream: StreamId, app: &str, key: &Secret) {
        if !matches!(self.role, Role::Guest) {
            let words = "one stream for each connection";
            return self.refuse(stream, "NetStream.Play.Failed", words);
        }
        let context = self.context();
        let target = Target::new(app, key.expose());
        let name = StreamName::new(target.app(), target.name());
        let viewer = name.and_then(|name| context.hub.subscribe(&name));
        let Some(viewer) = viewer else {
            let words = "nobody publishes a stream of this name";
            return self.refuse(stream, "NetStream.Play.StreamNotFound", words);
        };
        context.events.tell(Event::Playing {
            name: viewer.name().clone(),
            peer: self.peer.clone(),
        });
        self.role = Role::Player(Box::new(Playing::new(stream, viewer)));
        self.grant(stream);
    }

    fn grant(&mut self, stream: StreamId) {
        self.unasked.0 = 0;
        self.ticket.grant();
        self.server.accept(stream);
    }

    /// Says no, and that is the end: nobody tries keys on one connection.
    fn refuse(&mut self, stream: StreamId, code: &str, words: &str) {
        self.server.refuse(stream, code, words);
        self.context().events.tell(Event::Refused {
            peer: self.peer.clone(),
            why: words.to_owned(),
        });
        self.end(Ending::Orderly);
    }
}
