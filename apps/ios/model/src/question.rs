use crate::{Address, Id};

/// A question or message in front of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// End the show?
    End,
    /// There is no destination: how to add one?
    Nowhere,
    /// A link brought this one: add it?
    Add { name: String, address: Box<Address> },
    /// Delete this one?
    Delete(Id),
    /// No question but a message.
    Told { title: String, text: String },
}

impl Question {
    /// A message that must not be missed.
    pub(crate) fn told(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Told {
            title: title.into(),
            text: text.into(),
        }
    }
}
