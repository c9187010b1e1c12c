use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// What lets a browser go live: 128 random bits in the printed link.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new one, from the system's randomness.
    ///
    /// # Errors
    ///
    /// When the system has none to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A given one, for a link that should outlive the process; `None` below 16 characters, or
    /// with one a link cannot hold.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let fits = (16..=128).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then_some(Self(text))
    }

    /// The token itself, for the link.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `claimed` is this token; how long it takes says nothing about where they differ.
    pub fn matches(&self, claimed: &str) -> bool {
        self.0.as_bytes().ct_eq(claimed.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_token_matches_itself_alone_and_does_not_show() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert!(one.matches(one.expose()));
        assert!(!one.matches(other.expose()) && !one.matches("") && one.expose().len() == 22);
        assert!(!one.matches(&one.expose()[..21]));
        assert_eq!(format!("{one:?}"), "***");
    }

    #[test]
    fn a_given_token_is_long_and_plain() {
        assert!(Token::new("0123456789abcdef").is_some());
        for text in ["", "short", "0123456789 abcdef", "0123456789abcde#"] {
            assert!(Token::new(text).is_none(), "{text}");
        }
    }
}
