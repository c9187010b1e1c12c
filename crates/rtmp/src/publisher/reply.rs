//! What the server says, and where it leads.

use super::flight::{ASSUMED_STREAM, CONNECT, CREATE_STREAM, FC_PUBLISH, RELEASE_STREAM};
use super::verdict::{self, Setback};
use super::{Event, Publisher, State, Step};
use crate::codecs;
use crate::command::stream_id;
use crate::status::{Meaning, Status};
use crate::wire::Heard;
use crate::{Command, Error};

impl Publisher {
    pub(super) fn handle_heard(&mut self, heard: Heard) -> Result<(), Setback> {
        match heard {
            Heard::Command(_, command) => self.handle_command(&command)?,
            Heard::Acknowledged(bytes) => self.events.push_back(Event::Acknowledged { bytes }),
            // Nothing plays here.
            Heard::Media(_) => {}
        }
        Ok(())
    }

    fn handle_command(&mut self, command: &Command) -> Result<(), Setback> {
        tracing::trace!(name = command.name, "the server says");
        match command.name.as_str() {
            "_result" => self.handle_result(command),
            "_error" => self.handle_error(command),
            "onStatus" => self.handle_status(Status::parse(command.info())),
            "close" => self.handle_end(),
            "onBWDone" => {
                self.say_check_bandwidth();
                Ok(())
            }
            // onFCPublish, and whatever servers invent.
            _ => Ok(()),
        }
    }

    fn handle_result(&mut self, command: &Command) -> Result<(), Setback> {
        match self.state {
            State::Connect if command.transaction == CONNECT => self.handle_connected(command),
            State::CreateStream if command.transaction == CREATE_STREAM => {
                self.handle_created(command)
            }
            _ => Ok(()),
        }
    }

    fn handle_connected(&mut self, command: &Command) -> Result<(), Setback> {
        let status = Status::parse(command.info());
        if matches!(status.meaning(), Meaning::Refused | Meaning::Failed) {
            return Err(status.into());
        }
        self.check_codec(command)?;
        let server = command
            .object
            .get("fmsVer")
            .and_then(|version| version.as_str());
        self.events.push_back(Event::Connected {
            server: server.map(|server| self.fit(server)),
        });
        if !self.is_first_flight() {
            self.say_create_stream();
        }
        self.set_state(State::CreateStream);
        Ok(())
    }

    /// Most servers do not list the codecs they take.
    fn check_codec(&self, command: &Command) -> Result<(), Setback> {
        let Some(codec) = self.config.declared_codec() else {
            return Ok(());
        };
        let said = [&command.object, command.info()];
        let taken: Vec<_> = said.into_iter().flat_map(codecs::declared).collect();
        if codecs::takes(&taken, codec) {
            return Ok(());
        }
        let takes = self.fit(&taken.join(", "));
        Err(Error::CodecRefused { codec, takes }.into())
    }

    fn handle_created(&mut self, command: &Command) -> Result<(), Setback> {
        let number = command.arguments.first().and_then(|value| value.as_f64());
        let stream = number
            .and_then(stream_id)
            .ok_or_else(|| Error::PeerMisbehaved {
                what: "createStream's answer names no stream",
                at: self.wire.received(),
            })?;
        if !self.is_first_flight() {
            self.say_publish(stream);
        } else if stream != ASSUMED_STREAM {
            return Err(Setback::OtherStream(stream));
        }
        self.set_state(State::Publish { stream });
        Ok(())
    }

    /// An answer to `releaseStream`, `FCPublish` or `_checkbw` is nothing to worry about: most
    /// servers do not know them.
    fn handle_error(&mut self, command: &Command) -> Result<(), Setback> {
        let status = Status::parse(command.info());
        let transaction = command.transaction;
        let is_ours = match self.state {
            State::Connect => transaction != RELEASE_STREAM && transaction != FC_PUBLISH,
            State::CreateStream => transaction == CREATE_STREAM,
            State::Publish { .. } => transaction == super::flight::PUBLISH || transaction == 0.0,
            _ => false,
        };
        if is_ours || status.meaning() == Meaning::Refused {
            return Err(status.into());
        }
        self.report(&status);
        Ok(())
    }

    fn handle_status(&mut self, status: Status) -> Result<(), Setback> {
        match status.meaning() {
            Meaning::Refused | Meaning::Failed => return Err(status.into()),
            _ if self.step() == Step::Farewell => self.handle_last_words(&status),
            Meaning::Started => self.handle_started(status),
            Meaning::Complaint if self.step() == Step::Publish => {
                return Err(status.into());
            }
            Meaning::Reconnect => self.handle_reconnect(&status),
            Meaning::Complaint | Meaning::Neutral => self.report(&status),
        }
        Ok(())
    }

    fn handle_started(&mut self, status: Status) {
        match self.state {
            State::Publish { stream } => {
                self.set_state(State::Live { stream });
                self.events.push_back(Event::Publishing);
            }
            _ => self.report(&status),
        }
    }

    fn handle_last_words(&mut self, status: &Status) {
        if status.code == "NetStream.Unpublish.Success" {
            self.finish();
        }
    }

    fn handle_reconnect(&mut self, status: &Status) {
        let target = status.tc_url.as_deref();
        let url = target.and_then(|target| verdict::resolve(&self.config.url, target));
        self.events.push_back(Event::ReconnectRequested {
            url,
            description: self.fit(&status.description),
        });
    }

    fn report(&mut self, status: &Status) {
        let event = Event::Status {
            level: self.fit(&status.level),
            code: self.fit(&status.code),
            description: self.fit(&status.description),
        };
        self.events.push_back(event);
    }

    /// The server's words, made fit to be shown.
    fn fit(&self, words: &str) -> String {
        self.config.secrets().hide(words)
    }
}
