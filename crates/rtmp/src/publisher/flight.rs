//! What we say, and in which order.

use onair_flv::amf0::Value;

use super::{Config, Flight, Publisher, State};
use crate::Command;

/// The message stream the first flight publishes on before the server has named one: the first
/// `createStream` of a connection yields 1 on every server known.
pub(super) const ASSUMED_STREAM: u32 = 1;

/// Transaction ids: each command is sent once, so each has its own.
pub(super) const CONNECT: f64 = 1.0;
pub(super) const RELEASE_STREAM: f64 = 2.0;
pub(super) const FC_PUBLISH: f64 = 3.0;
pub(super) const CREATE_STREAM: f64 = 4.0;
pub(super) const PUBLISH: f64 = 5.0;
const FC_UNPUBLISH: f64 = 6.0;
const DELETE_STREAM: f64 = 7.0;
const CLOSE_STREAM: f64 = 8.0;
const CHECK_BANDWIDTH: f64 = 9.0;

impl Publisher {
    pub(super) const fn is_first_flight(&self) -> bool {
        matches!(self.config.flight, Flight::First)
    }

    /// After the handshake's bytes, or with them: the chunk size comes before anything long.
    pub(super) fn say_connect(&mut self) {
        self.wire.set_chunk_size(self.config.chunk_size);
        let command = Command::new("connect", CONNECT).object(connect_object(&self.config));
        self.wire.send_command(0, &command);
    }

    /// Nobody waits for the first two: most servers never answer them.
    pub(super) fn say_create_stream(&mut self) {
        for (name, transaction) in [("releaseStream", RELEASE_STREAM), ("FCPublish", FC_PUBLISH)] {
            self.say_about_key(name, transaction);
        }
        self.wire
            .send_command(0, &Command::new("createStream", CREATE_STREAM));
    }

    pub(super) fn say_publish(&mut self, stream: u32) {
        let key = self.config.url.key().expose();
        let command = Command::new("publish", PUBLISH).text(key).text("live");
        self.wire.send_command(stream, &command);
    }

    /// Takes the stream down, if there may be one.
    pub(super) fn say_farewell(&mut self) {
        let stream = match self.state {
            State::Publish { stream } | State::Live { stream } => stream,
            _ if self.is_first_flight() => ASSUMED_STREAM,
            _ => return self.finish(),
        };
        self.say_about_key("FCUnpublish", FC_UNPUBLISH);
        let delete = Command::new("deleteStream", DELETE_STREAM);
        self.wire
            .send_command(0, &delete.argument(Value::Number(f64::from(stream))));
        self.wire
            .send_command(stream, &Command::new("closeStream", CLOSE_STREAM));
        self.set_state(State::Farewell);
    }

    /// Asks for Flash Media Server's bandwidth check: some servers go on only then. Once is enough.
    pub(super) fn say_check_bandwidth(&mut self) {
        if !std::mem::replace(&mut self.has_checked_bandwidth, true) {
            self.wire
                .send_command(0, &Command::new("_checkbw", CHECK_BANDWIDTH));
        }
    }

    fn say_about_key(&mut self, name: &str, transaction: f64) {
        let key = self.config.url.key().expose();
        self.wire
            .send_command(0, &Command::new(name, transaction).text(key));
    }
}

/// The command object of `connect` (RTMP 1.0 section 7.2.1.1), in the order and with the values
/// every platform knows from OBS.
fn connect_object(config: &Config) -> Value {
    let app = with_query(config.url.app(), config.round.query());
    let tc_url = with_query(&config.url.tc_url(), config.round.query());
    let mut pairs = vec![
        ("app", Value::String(app)),
        ("type", Value::String("nonprivate".to_owned())),
        ("flashVer", Value::String(config.flash_version.clone())),
        ("swfUrl", Value::String(tc_url.clone())),
        ("tcUrl", Value::String(tc_url)),
        ("objectEncoding", Value::Number(0.0)),
    ];
    if let Some(codec) = config.declared_codec() {
        let name = codec.to_string();
        let map = Value::object([(name.clone(), Value::Number(CAN_ENCODE))]);
        pairs.push(("fourCcList", Value::StrictArray(vec![name.into()])));
        pairs.push(("videoFourCcInfoMap", map));
    }
    if config.reconnect_requests {
        pairs.push(("capsEx", Value::Number(CAPS_RECONNECT)));
    }
    Value::Object(
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn with_query(base: &str, query: Option<&str>) -> String {
    match query {
        None => base.to_owned(),
        Some(query) if base.contains('?') => format!("{base}&{query}"),
        Some(query) => format!("{base}?{query}"),
    }
}

/// E-RTMP v2, `FourCcInfoMask`.
const CAN_ENCODE: f64 = 2.0;

/// E-RTMP v2, `capsEx`: we understand requests to reconnect.
const CAPS_RECONNECT: f64 = 1.0;
