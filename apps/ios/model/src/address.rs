use std::fmt;

use onair::{AddressError, Secret};

/// A server and a stream key that fit together. The server may hold a user name and a password or a
/// signed query, so all of it is secret except [`shown`](Self::shown).
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    server: Secret,
    address: onair::Address,
}

impl Address {
    /// A server and a key that were given apart.
    ///
    /// # Errors
    ///
    /// When they cannot be published to; the error repeats neither.
    pub fn new(server: &str, key: &str) -> Result<Self, AddressError> {
        let server = server.trim();
        let address = onair::Address::join(server, key.trim())?;
        let server = Secret::from(server);
        Ok(Self { server, address })
    }

    /// A server with the key at its end: `rtmp://host/app/key`.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), and when there is no key.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let address: onair::Address = text.parse()?;
        let server = text.strip_suffix(address.key().expose()).unwrap_or(text);
        // One slash separated them; more belong to the application.
        let server = Secret::from(server.strip_suffix('/').unwrap_or(server));
        Ok(Self { server, address })
    }

    /// The address to publish to.
    pub fn address(&self) -> &onair::Address {
        &self.address
    }

    /// The server as it was given.
    pub fn server(&self) -> &Secret {
        &self.server
    }

    /// The stream key.
    pub fn key(&self) -> &Secret {
        self.address.key()
    }

    /// The server without anything secret, as in `rtmp://live.example/app`.
    pub fn shown(&self) -> String {
        let address = self.address.to_string();
        address.trim_end_matches("/***").to_owned()
    }

    /// The text for the Keychain, which [`read`](Self::read) understands.
    pub fn write(&self) -> Secret {
        Secret::from(format!("{}\n{}", self.server.expose(), self.key().expose()))
    }

    /// Reads what [`write`](Self::write) wrote; `None` if it is something else.
    pub fn read(text: &Secret) -> Option<Self> {
        let (server, key) = text.expose().split_once('\n')?;
        if key.is_empty() {
            return Self::parse(server).ok();
        }
        Self::new(server, key).ok()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_for_the_keychain_is_read_back_the_same() {
        let address = Address::new("rtmps://me:pw@live.example/app?sig=1", "k?b=2").unwrap();
        assert_eq!(Address::read(&address.write()), Some(address));
        let keyless = Address::parse("rtmp://live.example/stream?user=a&pass=b").unwrap();
        assert_eq!(Address::read(&keyless.write()), Some(keyless));
        assert_eq!(Address::read(&Secret::from("rubbish")), None);
    }

    #[test]
    fn nothing_secret_is_shown_or_printed() {
        let address = Address::new("rtmp://me:pw@live.example/app?sig=1", "hush").unwrap();
        assert_eq!(address.shown(), "rtmp://live.example/app?***");
        let printed = format!("{address:?}");
        for secret in ["pw", "sig", "hush"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn a_key_at_the_end_is_taken_off_the_server() {
        let address = Address::parse(" rtmp://live.example/app/a/key?x=/y ").unwrap();
        assert_eq!(address.server().expose(), "rtmp://live.example/app/a");
        assert_eq!(address.key().expose(), "key?x=/y");
        let again = Address::new(address.server().expose(), address.key().expose()).unwrap();
        assert_eq!(again, address);
    }
}
