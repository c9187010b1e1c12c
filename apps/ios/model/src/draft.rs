use onair::{AddressError, Secret};

use crate::link::{self, Found};
use crate::{Address, Destination, Id};

/// A destination being typed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// The destination being edited; `None` for a new one.
    pub(crate) id: Option<Id>,
    pub(crate) name: String,
    pub(crate) server: Secret,
    /// As typed; empty as long as the saved one stays.
    pub(crate) key: Secret,
    pub(crate) kept_key: Option<Secret>,
    pub(crate) is_active: bool,
    /// Why it could not be saved.
    pub(crate) trouble: Option<String>,
}

impl Draft {
    /// A new destination, with what is known of it.
    pub(crate) fn new(found: Found) -> Self {
        let mut draft = Self {
            id: None,
            name: String::new(),
            server: Secret::default(),
            key: Secret::default(),
            kept_key: None,
            is_active: true,
            trouble: None,
        };
        draft.fill(found);
        draft
    }

    /// A destination in the list.
    pub(crate) fn of(destination: &Destination) -> Self {
        // Hidden parts would be taken literally.
        let is_whole = !destination.shown.contains("***");
        let shown = || Secret::from(if is_whole { &destination.shown } else { "" });
        let address = destination.address.as_ref();
        Self {
            id: Some(destination.id),
            name: destination.name.clone(),
            server: address.map_or_else(shown, |address| address.server().clone()),
            key: Secret::default(),
            kept_key: (address.map(|address| address.key().clone()))
                .filter(|key| !key.expose().is_empty()),
            is_active: destination.is_active,
            trouble: None,
        }
    }

    /// Takes over what was found.
    pub(crate) fn fill(&mut self, found: Found) {
        if let Some(name) = found.name {
            self.name = name;
        }
        if let Some(server) = found.server {
            self.server = server;
        }
        if let Some(key) = found.key {
            self.key = key;
        }
    }

    /// Takes a server as typed or pasted, which may be a link, or a server and a key.
    pub(crate) fn type_server(&mut self, text: Secret) {
        match link::parse(text.expose()) {
            Ok(found) if found.server.is_some() && !is_one_url(text.expose()) => self.fill(found),
            _ => self.server = text,
        }
    }

    /// The server and the key, if they fit together.
    pub(crate) fn address(&self) -> Result<Address, AddressError> {
        let server = self.server.expose();
        match (self.key.expose().trim(), &self.kept_key) {
            ("", Some(kept)) => Address::new(server, kept.expose()),
            ("", None) => Address::parse(server),
            (key, _) => Address::new(server, key),
        }
    }
}

/// A server alone stays as typed: its last part may belong to the app rather than be a key.
fn is_one_url(text: &str) -> bool {
    let is_ours = text
        .trim()
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case("onair:"));
    !is_ours && text.split_whitespace().count() < 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_pasted_as_the_server_fills_both_fields() {
        let mut draft = Draft::new(Found::default());
        draft.type_server("rtmp://live.example/app k-1".into());
        assert_eq!(draft.server.expose(), "rtmp://live.example/app");
        assert_eq!(draft.key.expose(), "k-1");
    }

    #[test]
    fn a_server_that_lost_its_secret_is_asked_for_again() {
        let mut destination = Destination {
            id: Id(1),
            name: String::new(),
            shown: "rtmp://live.example/app?***".to_owned(),
            is_active: true,
            address: None,
        };
        assert_eq!(Draft::of(&destination).server.expose(), "");
        destination.shown = "rtmp://live.example/app".to_owned();
        assert_eq!(
            Draft::of(&destination).server.expose(),
            "rtmp://live.example/app"
        );
    }

    #[test]
    fn a_server_with_an_instance_is_not_cut_before_the_key_is_typed() {
        let mut draft = Draft::new(Found::default());
        draft.type_server("rtmp://live.example/app/instance".into());
        draft.key = "k-1".into();
        let address = draft.address().unwrap();
        assert_eq!(address.shown(), "rtmp://live.example/app/instance");
    }

    #[test]
    fn a_server_whose_query_stands_for_the_key_can_be_edited_and_saved() {
        let address = Address::parse("rtmp://live.example/stream?user=a&pass=b").unwrap();
        let kept = Draft::of(&Destination {
            id: Id(1),
            name: "renamed".to_owned(),
            shown: address.shown(),
            is_active: true,
            address: Some(address.clone()),
        });
        assert_eq!(kept.kept_key, None, "no key is said to be saved");
        assert_eq!(kept.address(), Ok(address));
    }

    #[test]
    fn a_key_may_stand_at_the_end_of_the_server() {
        let mut draft = Draft::new(Found::default());
        draft.type_server("rtmp://live.example/app/k-1".into());
        assert_eq!(draft.address().unwrap().key().expose(), "k-1");
    }
}
