use std::fmt;

use bytes::Bytes;
use onair_flv::amf0::{self, Value};

use crate::Error;

/// A command message (RTMP 1.0 section 7.2): a name, a transaction, a command object and arguments.
#[derive(Clone, PartialEq)]
pub struct Command {
    /// What to do, or `_result`, `_error`, `onStatus` for an answer.
    pub name: String,
    /// Pairs an answer with its command; 0 where no answer is expected.
    pub transaction: f64,
    /// The command object, [`Value::Null`] where there is none.
    pub object: Value,
    /// What follows the command object.
    pub arguments: Vec<Value>,
}

impl fmt::Debug for Command {
    /// Without its values: they may hold a stream key, or tokens in the query of a `connect`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.object.properties().iter().map(|(name, _)| name);
        f.debug_struct("Command")
            .field("name", &self.name)
            .field("transaction", &self.transaction)
            .field("properties", &names.collect::<Vec<_>>())
            .field("arguments", &self.arguments.len())
            .finish()
    }
}

impl Command {
    /// A command without an object.
    pub fn new(name: &str, transaction: f64) -> Self {
        Self {
            name: name.to_owned(),
            transaction,
            object: Value::Null,
            arguments: Vec::new(),
        }
    }

    /// With a command object.
    #[must_use]
    pub fn object(mut self, object: Value) -> Self {
        self.object = object;
        self
    }

    /// With one more argument.
    #[must_use]
    pub fn argument(mut self, argument: Value) -> Self {
        self.arguments.push(argument);
        self
    }

    /// With one more argument, a string.
    #[must_use]
    pub fn text(self, argument: &str) -> Self {
        self.argument(Value::String(argument.to_owned()))
    }

    /// Reads the payload of an AMF0 command message.
    ///
    /// Servers leave values out, and some add types that AMF0 does not have: what is missing after
    /// the name is null or 0, and nothing is read after the first unreadable argument.
    ///
    /// # Errors
    ///
    /// When the payload does not begin with a string, or is longer than any command.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        if payload.len() > MAX_LENGTH {
            return Err(Error::invalid("command: too long", MAX_LENGTH));
        }
        let mut values = values(payload);
        let Some(Value::String(name)) = values.next() else {
            return Err(Error::invalid("command: no name", 0));
        };
        Ok(Self {
            name,
            transaction: values
                .next()
                .and_then(|value| value.as_f64())
                .unwrap_or_default(),
            object: values.next().unwrap_or(Value::Null),
            arguments: values.take(MAX_ARGUMENTS).collect(),
        })
    }

    /// The payload of the AMF0 command message.
    pub fn write(&self) -> Bytes {
        let mut out = Vec::new();
        Value::String(self.name.clone()).write(&mut out);
        Value::Number(self.transaction).write(&mut out);
        self.object.write(&mut out);
        for argument in &self.arguments {
            argument.write(&mut out);
        }
        out.into()
    }

    /// The information object of an answer: the first argument, or the command object of servers
    /// that forget the null before it.
    pub(crate) fn info(&self) -> &Value {
        self.arguments.first().unwrap_or(&self.object)
    }
}

/// The values up to the end, or to the first that cannot be read.
fn values(mut rest: &[u8]) -> impl Iterator<Item = Value> {
    std::iter::from_fn(move || {
        let (value, used) = amf0::read(rest).ok()?;
        rest = &rest[used..];
        Some(value)
    })
}

/// A message stream's id as commands carry it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked, and a fraction means nothing"
)]
pub(crate) fn stream_id(number: f64) -> Option<u32> {
    (0.0..=f64::from(u32::MAX))
        .contains(&number)
        .then_some(number as u32)
}

/// A `connect` with every codec listed is a few hundred bytes; keys and tokens a few thousand.
const MAX_LENGTH: usize = 64 * 1024;

/// More than any command has.
const MAX_ARGUMENTS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_reads_as_it_was_written() {
        let command = Command::new("publish", 5.0).text("key").text("live");
        assert_eq!(Command::parse(&command.write()), Ok(command));
        let connect = Command::new("connect", 1.0).object(Value::object(
            [("app", "live")].map(|(name, value)| (name, Value::from(value))),
        ));
        assert_eq!(Command::parse(&connect.write()), Ok(connect));
    }

    #[test]
    fn what_is_missing_is_null() {
        let parsed = Command::parse(b"\x02\0\x05close");
        assert_eq!(parsed, Ok(Command::new("close", 0.0)));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let mut payload = Command::new("onStatus", 0.0).text("fine").write().to_vec();
        payload.extend(b"\x11\x0A\x0B\x01 AMF3");
        let expected = Command::new("onStatus", 0.0).text("fine");
        assert_eq!(Command::parse(&payload), Ok(expected));
    }

    #[test]
    fn a_command_has_a_name_and_a_length() {
        for payload in [&b""[..], b"\0\0\0\0\0\0\0\0\0", b"\x02\0\x09close"] {
            let parsed = Command::parse(payload);
            assert_eq!(parsed, Err(Error::invalid("command: no name", 0)));
        }
        let long = Command::new("publish", 0.0).text(&"x".repeat(70_000));
        assert!(Command::parse(&long.write()).is_err());
    }

    #[test]
    fn a_command_printed_shows_no_key() {
        let app = Value::object([("app", Value::from("live?token=secret"))]);
        let publish = Command::new("publish", 5.0).object(app).text("secret");
        let shown = format!("{publish:?}");
        assert!(
            shown.contains("publish") && shown.contains("app") && !shown.contains("secret"),
            "{shown}"
        );
    }

    #[test]
    fn stream_ids_are_checked() {
        assert_eq!(stream_id(1.0), Some(1));
        assert_eq!(stream_id(4_294_967_295.0), Some(u32::MAX));
        for number in [-1.0, 4_294_967_296.0, f64::NAN, f64::INFINITY] {
            assert_eq!(stream_id(number), None, "{number}");
        }
    }
}
