//! What a client asks, and what it is told (RTMP 1.0 section 7.2).

use std::sync::Arc;

use onair_flv::amf0::Value;

use super::streams::{Activity, Pending, Request};
use super::{Event, Greeted, Server, State, StreamId};
use crate::{Command, Control, LimitType, Secret, UserControl, codecs};

impl Server {
    /// Commands out of order, and those of other products, change nothing.
    pub(super) fn handle_command(&mut self, stream: StreamId, command: &Command) {
        tracing::trace!(name = command.name, "the client says");
        match (&self.state, command.name.as_str()) {
            (State::Greeting, "connect") => self.handle_connect(command),
            (State::Open(_), name) => self.handle_request(stream, name, command),
            _ => {}
        }
    }

    fn handle_request(&mut self, stream: StreamId, name: &str, command: &Command) {
        match name {
            "createStream" => self.handle_create(command),
            "releaseStream" => self.say_result(command, Value::Undefined),
            "FCPublish" => self.handle_announcement(command),
            // FFmpeg closes right after it, and an answer would turn that into a reset.
            "FCUnpublish" => self.is_unpublishing = true,
            "_checkbw" | "getStreamLength" => self.say_result(command, Value::Number(0.0)),
            "publish" => self.handle_publish(stream, command),
            "play" => self.handle_play(stream, command),
            "closeStream" => {
                let ended = self.streams.close(stream);
                self.handle_ended(stream, ended);
            }
            "deleteStream" => self.handle_delete(command),
            _ => {}
        }
    }

    fn handle_connect(&mut self, command: &Command) {
        let text = |name| text(command.object.get(name));
        let greeted = Greeted {
            app: text("app").trim_end_matches('/').into(),
            tc_url: text("tcUrl").into(),
            codecs: codecs::declared(&command.object)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        };
        self.say_welcome(command);
        self.events.push_back(Event::Connected {
            app: greeted.app.clone(),
            tc_url: greeted.tc_url.clone(),
            flash_version: text("flashVer"),
        });
        self.set_state(State::Open(greeted));
    }

    fn say_welcome(&mut self, command: &Command) {
        let window = self.config.window;
        self.wire.send_control(&Control::WindowAckSize(window));
        let limit = LimitType::Dynamic;
        self.wire.send_control(&Control::PeerBandwidth {
            size: window,
            limit,
        });
        self.wire.set_chunk_size(self.config.chunk_size);
        let mut server = vec![
            ("fmsVer", Value::from("FMS/3,0,1,123")),
            ("capabilities", Value::from(31.0)),
        ];
        // Other clients get the answer they have known for twenty years.
        if codecs::is_enhanced(&command.object) {
            server.extend(codecs::taken());
        }
        let info = Value::object([
            ("level", Value::from("status")),
            ("code", Value::from("NetConnection.Connect.Success")),
            ("description", Value::from("Connection succeeded.")),
            ("objectEncoding", Value::from(0.0)),
        ]);
        let result = Command::new("_result", command.transaction);
        self.wire
            .send_command(0, &result.object(Value::object(server)).argument(info));
    }

    fn handle_create(&mut self, command: &Command) {
        match self.streams.create() {
            Some(stream) => self.say_result(command, Value::from(f64::from(stream.value()))),
            None => {
                let error = Command::new("_error", command.transaction);
                let info = info("error", "NetConnection.Call.Failed", "Too many streams.");
                self.wire.answer(0, &error.argument(info));
            }
        }
    }

    /// Some encoders wait for an answer with a name of its own.
    fn handle_announcement(&mut self, command: &Command) {
        self.say_result(command, Value::Undefined);
        let info = info("status", "NetStream.Publish.Start", "");
        let announced = Command::new("onFCPublish", 0.0).argument(info);
        self.wire.answer(0, &announced);
    }

    fn handle_publish(&mut self, stream: StreamId, command: &Command) {
        let key = text(command.arguments.first());
        let request = Request::Publish(Pending::default());
        if !self.streams.ask(stream, request) {
            let code = "NetStream.Publish.Failed";
            return self.say_status(stream, "error", code, "No such stream, or it is busy.");
        }
        let (app, tc_url) = self.greeted();
        self.rest();
        self.is_unpublishing = false;
        self.events.push_back(Event::Publish {
            stream,
            app,
            key: Secret::new(key),
            tc_url,
        });
    }

    fn handle_play(&mut self, stream: StreamId, command: &Command) {
        let key = text(command.arguments.first());
        if !self.streams.ask(stream, Request::Play) {
            let code = "NetStream.Play.Failed";
            return self.say_status(stream, "error", code, "No such stream, or it is busy.");
        }
        let (app, tc_url) = self.greeted();
        self.rest();
        self.events.push_back(Event::Play {
            stream,
            app,
            key: Secret::new(key),
            tc_url,
        });
    }

    pub(super) fn start_publish(&mut self, stream: StreamId, pending: Pending) {
        self.say_stream_begins(stream);
        let code = "NetStream.Publish.Start";
        self.say_status(stream, "status", code, "Publishing.");
        for message in pending.messages {
            self.take_media(message);
        }
    }

    pub(super) fn start_play(&mut self, stream: StreamId) {
        self.say_stream_begins(stream);
        self.say_status(stream, "status", "NetStream.Play.Reset", "Resetting.");
        self.say_status(stream, "status", "NetStream.Play.Start", "Playing.");
    }

    fn handle_delete(&mut self, command: &Command) {
        let number = command.arguments.first().and_then(Value::as_f64);
        let Some(stream) = number.and_then(StreamId::from_number) else {
            return;
        };
        let ended = self.streams.delete(stream);
        self.handle_ended(stream, ended);
    }

    fn handle_ended(&mut self, stream: StreamId, ended: Option<Activity>) {
        match ended {
            None => return,
            Some(Activity::Publishing) => {
                let code = "NetStream.Unpublish.Success";
                self.say_status(stream, "status", code, "Unpublished.");
            }
            Some(Activity::Playing) => {
                self.say_status(stream, "status", "NetStream.Play.Stop", "Stopped.");
            }
        }
        self.events.push_back(Event::Ended { stream });
    }

    pub(super) fn say_status(&mut self, stream: StreamId, level: &str, code: &str, text: &str) {
        let command = Command::new("onStatus", 0.0).argument(info(level, code, text));
        self.wire.answer(stream.value(), &command);
    }

    fn say_result(&mut self, command: &Command, value: Value) {
        let result = Command::new("_result", command.transaction).argument(value);
        self.wire.answer(0, &result);
    }

    fn say_stream_begins(&mut self, stream: StreamId) {
        let event = UserControl::StreamBegin(stream.value());
        self.wire.send_control(&Control::UserControl(event));
    }

    fn greeted(&self) -> (Arc<str>, Arc<str>) {
        match &self.state {
            State::Open(greeted) => (greeted.app.clone(), greeted.tc_url.clone()),
            _ => ("".into(), "".into()),
        }
    }
}

fn info(level: &str, code: &str, description: &str) -> Value {
    Value::object([
        ("level", Value::from(level)),
        ("code", Value::from(code)),
        ("description", Value::from(description)),
    ])
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}
