use std::fmt;

use crate::Address;

/// Where a show can go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Does not change while it is in the list.
    pub id: Id,
    /// The user's name for it.
    pub name: String,
    /// The server as it may be shown, with nothing secret.
    pub shown: String,
    /// Whether the next show goes there.
    pub is_active: bool,
    /// The server and the key, once the Keychain gave them.
    pub address: Option<Address>,
}

/// Identifies a destination, and its secret in the Keychain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u32);

/// More than anybody sends to at once; bounds the size of a saved list.
pub(crate) const MAX_DESTINATIONS: usize = 50;

/// Longer names are cut.
const MAX_NAME: usize = 60;

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "destination-{}", self.0)
    }
}

impl Id {
    /// An id that none of `destinations` has.
    pub(crate) fn unused(destinations: &[Destination]) -> Self {
        let taken = |id: &u32| destinations.iter().any(|one| one.id.0 == *id);
        Self((1..).find(|id| !taken(id)).unwrap_or(u32::MAX))
    }
}

/// `name` in one line of a bearable length.
pub(crate) fn tidy(name: &str) -> String {
    let words: Vec<_> = name
        .split(|c: char| c.is_whitespace() || c.is_control())
        .collect();
    let name = words.into_iter().filter(|word| !word.is_empty());
    let name: String = name.collect::<Vec<_>>().join(" ");
    let name: String = name.chars().take(MAX_NAME).collect();
    // The cut may be after a space, which goes too: a tidy name stays as it is.
    name.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tidy_stays_as_it_is() {
        for length in 0..2 * MAX_NAME {
            let name = tidy(&format!(" {} and  more\n", "a".repeat(length)));
            assert!(name.chars().count() <= MAX_NAME, "{name}");
            assert_eq!(tidy(&name), name);
        }
    }
}
