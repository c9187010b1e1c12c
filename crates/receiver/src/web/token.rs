use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::{Error, private_file};

/// The secret that lets a browser go live: 128 random bits in the printed link.
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

    /// A given one, for a link that should outlive the process; `None` if it is shorter than 16
    /// characters, or has one that a link cannot hold.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let fits = (16..=128).contains(&text.len()) && text.bytes().all(is_plain);
        fits.then_some(Self(text))
    }

    /// The one in a file, so that a link survives a restart; made, with the file, if there is none.
    ///
    /// Only its owner can read the file, which holds the token on one line. If it is removed, the
    /// next start makes a new token and every older link invalid.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or made, others may read it, or it holds no token.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Token {
            path: path.to_owned(),
            reason,
        };
        let made = || match Self::random() {
            Ok(token) => Ok(format!("{}\n", token.expose())),
            Err(error) => Err(error.to_string()),
        };
        let text = private_file::read_or_create(path, made).map_err(refuse)?;
        Self::new(text.trim()).ok_or_else(|| {
            let expected = "16 to 128 of A-Z a-z 0-9 - . _ ~ on one line";
            refuse(format!("it holds no token, which is {expected}"))
        })
    }

    /// Where the token is kept by default: in the user's state directory, which is
    /// `$XDG_STATE_HOME/onair` or `~/.local/state/onair`, and elsewhere in that of local data.
    pub fn default_file() -> Option<PathBuf> {
        let dir = dirs::state_dir().or_else(dirs::data_local_dir)?;
        Some(dir.join("onair").join("token"))
    }

    /// The token itself, for the link.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `claimed` is this token; the time it takes does not tell where they differ.
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
    fn a_token_in_a_file_survives_a_restart_and_is_its_owners_alone() {
        let dir = std::env::temp_dir().join(format!("onair-token-{}", std::process::id()));
        let path = dir.join("state").join("token");
        let _ = std::fs::remove_dir_all(&dir);
        let made = Token::open(&path).unwrap();
        assert!(Token::open(&path).unwrap().matches(made.expose()));
        std::fs::write(&path, "mine-and-long-enough\n").unwrap();
        assert!(Token::open(&path).unwrap().matches("mine-and-long-enough"));
        std::fs::write(&path, "short\n").unwrap();
        let refused = Token::open(&path).unwrap_err().to_string();
        assert!(refused.contains("token") && refused.contains("no token"));
        assert!(!refused.contains("short"), "{refused}");
        std::fs::remove_file(&path).unwrap();
        assert!(!Token::open(&path).unwrap().matches(made.expose()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
            let refused = Token::open(&path).unwrap_err().to_string();
            assert!(refused.contains("mode 640") && refused.contains("chmod 600"));
        }
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_given_token_is_long_and_plain() {
        assert!(Token::new("0123456789abcdef").is_some());
        for text in ["", "short", "0123456789 abcdef", "0123456789abcde#"] {
            assert!(Token::new(text).is_none(), "{text}");
        }
    }
}
