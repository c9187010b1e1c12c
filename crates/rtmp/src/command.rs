use bytes::Bytes;
use onair_flv::amf0::{self, Value};

use crate::Error;

/// A command message (RTMP 1.0 section 7.2): a name, a transaction, a command object and arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// What to do, or `_result`, `_error`, `onStatus` for an answer.
    pub name: String,
    /// Pairs an answer with its question; 0 where none is expected.
    pub transaction: f64,
    /// The command object, [`Value::Null`] where there is none.
    pub object: Value,
    /// What follows the command object.
    pub arguments: Vec<Value>,
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

    /// Reads the payload of an AMF0 command message. What is missing after the name is null or 0,
    /// since servers leave things out.
    ///
    /// # Errors
    ///
    /// When the payload is not AMF0, or does not begin with a string.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let values = amf0::read_all(payload);
        let mut values = values
            .map_err(|_| Error::invalid("command: not AMF0", 0))?
            .into_iter();
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
            arguments: values.collect(),
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
