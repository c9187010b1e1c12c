use std::fmt;
use std::sync::Arc;

use onair_media::text::is_printable;
use serde::Serialize;

/// The name a stream is published and played by: `app/name`. Never a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// The name under which `app` carries `name`, without query strings; `None` if nothing is left
    /// of `name`, or it has something that no name should have.
    pub fn new(app: &str, name: &str) -> Option<Self> {
        let bare = |text: &str| text.split('?').next().unwrap_or_default().to_owned();
        let (app, name) = (bare(app), bare(name));
        let (app, name) = (app.trim_matches('/'), name.trim_matches('/'));
        let whole = [app, name].join("/");
        let is_there = !name.is_empty();
        is_there.then(|| Self::whole(whole.trim_start_matches('/')))?
    }

    fn whole(text: &str) -> Option<Self> {
        let is_fine = !text.is_empty() && text.len() <= MAX_LENGTH && !text.contains(is_odd);
        is_fine.then(|| Self(text.into()))
    }

    /// The name in an address's path, as in `/watch/app/name`.
    pub fn from_path(path: &str) -> Option<Self> {
        // All of it is the name, slashes included.
        let path = path.split('?').next().unwrap_or_default();
        Self::whole(path.trim_matches('/'))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_odd(c: char) -> bool {
    !is_printable(c) || c == '\\' || c == '"'
}

/// The longest that is also a file's name.
const MAX_LENGTH: usize = 200;

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_app_and_key_without_query_strings() {
        let name = |app, key| StreamName::new(app, key).map(|name| name.to_string());
        assert_eq!(name("live", "cam").as_deref(), Some("live/cam"));
        assert_eq!(name("live/", "cam?user=a").as_deref(), Some("live/cam"));
        assert_eq!(name("live?x=/y", "a/b").as_deref(), Some("live/a/b"));
        assert_eq!(name("", "cam").as_deref(), Some("cam"));
    }

    #[test]
    fn a_name_that_is_empty_long_or_hides_something_is_none() {
        for key in [
            "",
            "?x",
            "/",
            "a\nb",
            "a\u{1b}[2J",
            "a\\b",
            "a\u{202e}b",
            "a\u{200b}",
        ] {
            assert_eq!(StreamName::new("live", key), None, "{key:?}");
        }
        assert_eq!(StreamName::new("live", &"x".repeat(300)), None);
    }

    #[test]
    fn a_path_gives_the_name_back() {
        let name = StreamName::new("live/inner", "cam").unwrap();
        assert_eq!(StreamName::from_path("/live/inner/cam"), Some(name));
        let name = StreamName::new("live", "a//b").unwrap();
        assert_eq!(StreamName::from_path("/live/a//b"), Some(name));
        assert_eq!(StreamName::from_path("//"), None);
    }
}
