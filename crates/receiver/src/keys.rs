use onair_rtmp::{Secret, Target};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use crate::StreamName;

/// Who may publish, and who may watch.
///
/// Without any key, everybody may, and the key in a publisher's URL is the stream's name. With
/// keys, a publisher gives one of them, and the stream is shown and played under the key's name:
///
/// * `rtmp://host/app/SECRET`, as encoders do it, or
/// * `rtmp://host/app/NAME?key=SECRET`, and the other forms that [`Target`] reads.
///
/// With a key to play, viewers give it as well: `rtmp://host/app/NAME?key=SECRET`.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    all: Vec<Key>,
    play: Option<Padded>,
}

#[derive(Clone, Debug)]
struct Key {
    secret: Padded,
    name: String,
}

/// Why somebody may not publish or play, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is no such key.
    #[error("this stream key is not known here")]
    Unknown,
    /// The name made from the key is empty, or has odd characters.
    #[error("this stream name cannot be used")]
    Name,
    /// A key that nobody could use.
    #[error("a stream key has 1 to {MAX_LENGTH} bytes")]
    Length,
    /// A key that is there already: each names one stream.
    #[error("two streams cannot have the same key: it says which of them is meant")]
    Twice,
}

/// The longest key.
const MAX_LENGTH: usize = 254;

impl Keys {
    /// No keys: everybody may publish.
    pub const fn none() -> Self {
        Self {
            all: Vec::new(),
            play: None,
        }
    }

    /// Adds a key, for the stream `name`.
    ///
    /// # Errors
    ///
    /// When the key is empty, too long or there already, or the name cannot be used.
    pub fn add(&mut self, name: &str, secret: &Secret) -> Result<(), KeyError> {
        StreamName::new("app", name).ok_or(KeyError::Name)?;
        if self.find(secret.expose()).is_some() {
            return Err(KeyError::Twice);
        }
        let secret = Padded::new(secret.expose().as_bytes()).ok_or(KeyError::Length)?;
        let name = name.to_owned();
        self.all.push(Key { secret, name });
        Ok(())
    }

    /// Whether there are any.
    pub const fn are_required(&self) -> bool {
        !self.all.is_empty()
    }

    /// Lets only those watch who give this key.
    ///
    /// # Errors
    ///
    /// When the key is empty or too long.
    pub fn require_to_play(&mut self, secret: &Secret) -> Result<(), KeyError> {
        let bytes = Some(secret.expose().as_bytes()).filter(|bytes| !bytes.is_empty());
        self.play = Some(bytes.and_then(Padded::new).ok_or(KeyError::Length)?);
        Ok(())
    }

    /// Whether watching needs a key.
    pub const fn are_required_to_play(&self) -> bool {
        self.play.is_some()
    }

    /// Whether a player that asks for this may have it.
    pub(crate) fn check_play(&self, app: &str, key: &Secret) -> Result<(), KeyError> {
        let is_right = |secret: &str| self.check_play_key(secret).is_ok();
        let mut given = Target::new(app, key.expose()).secrets();
        let is_allowed = self.play.is_none() || given.any(|secret| is_right(&secret));
        is_allowed.then_some(()).ok_or(KeyError::Unknown)
    }

    /// Whether this is the key to watch, if one is needed.
    pub(crate) fn check_play_key(&self, given: &str) -> Result<(), KeyError> {
        let Some(needed) = &self.play else {
            return Ok(());
        };
        let given = Padded::new(given.as_bytes()).ok_or(KeyError::Unknown)?;
        let is_right = bool::from(given.0.ct_eq(&needed.0));
        is_right.then_some(()).ok_or(KeyError::Unknown)
    }

    /// The stream that a publisher with `key` may publish.
    ///
    /// # Errors
    ///
    /// When the key is unknown, or makes no name.
    pub fn admit(&self, app: &str, key: &Secret) -> Result<StreamName, KeyError> {
        let target = Target::new(app, key.expose());
        if self.all.is_empty() {
            return StreamName::new(target.app(), target.name()).ok_or(KeyError::Name);
        }
        let is_named = |found: &&Key| found.name == target.name();
        let named = target
            .secrets()
            .find_map(|secret| self.find(&secret).filter(is_named));
        let found = named.or_else(|| target.keys().find_map(|key| self.find(key)));
        let found = found.ok_or(KeyError::Unknown)?;
        StreamName::new(target.app(), &found.name).ok_or(KeyError::Name)
    }

    /// Takes equally long for every key, however much of it is right.
    fn find(&self, secret: &str) -> Option<&Key> {
        let given = Padded::new(secret.as_bytes())?;
        let mut index = u32::MAX;
        for (number, key) in (0..).zip(&self.all) {
            index.conditional_assign(&number, given.0.ct_eq(&key.secret.0));
        }
        self.all.get(usize::try_from(index).ok()?)
    }
}

/// A key padded, so that its length gives nothing away.
#[derive(Clone)]
struct Padded([u8; MAX_LENGTH + 2]);

impl Padded {
    fn new(bytes: &[u8]) -> Option<Self> {
        let length = u8::try_from(bytes.len()).ok()?;
        if bytes.is_empty() || bytes.len() > MAX_LENGTH {
            return None;
        }
        let mut padded = [0; MAX_LENGTH + 2];
        padded[0] = length;
        padded[1..=bytes.len()].copy_from_slice(bytes);
        Some(Self(padded))
    }
}

impl std::fmt::Debug for Padded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        let mut keys = Keys::none();
        keys.add("cam", &"sesame".into()).unwrap();
        keys.add("stage", &"open?me".into()).unwrap();
        keys
    }

    fn admitted(key: &str) -> Result<String, KeyError> {
        let name = keys().admit("live", &key.into())?;
        Ok(name.to_string())
    }

    #[test]
    fn without_keys_the_key_is_the_name() {
        let name = Keys::none().admit("live", &"cam?x=1".into());
        assert_eq!(name.unwrap().as_str(), "live/cam");
        let odd = Keys::none().admit("live", &"\n".into());
        assert_eq!(odd, Err(KeyError::Name));
    }

    #[test]
    fn a_key_stands_for_its_stream_however_it_is_given() {
        for key in [
            "sesame",
            "sesame?bandwidthtest=1",
            "cam?key=sesame",
            "cam?a=b&key=sesame",
            "cam?user=cam&pass=sesame",
            "cam?key=%73esame",
        ] {
            assert_eq!(admitted(key).as_deref(), Ok("live/cam"), "{key}");
        }
        assert_eq!(admitted("open?me").as_deref(), Ok("live/stage"));
    }

    /// `docs/rtmp-urls.md` lists more, and `rtmp` tests them all.
    #[test]
    fn a_key_is_found_wherever_encoders_put_it() {
        let mut keys = keys();
        keys.add("cam", &"se&same".into()).unwrap();
        for (app, key) in [
            ("live/cam?key=sesame", ""),
            ("live/cam?key=sesame", "?key=sesame"),
            ("live?key=sesame", "cam"),
            ("live/sesame", ""),
            ("live", "cam?key=se&same"),
            ("live", "se&same"),
            ("live", "sesame?cover=http://h/x.png?y=2"),
        ] {
            let name = keys.admit(app, &key.into()).map(|name| name.to_string());
            assert_eq!(name.as_deref(), Ok("live/cam"), "{app} {key}");
        }
        let name = keys.admit("cam?user=a&pass=sesame", &"".into());
        assert_eq!(name.map(|name| name.to_string()).as_deref(), Ok("cam"));
        let open = Keys::none().admit("mystream?user=a&pass=b", &"".into());
        assert_eq!(open.unwrap().as_str(), "mystream");
    }

    #[test]
    fn whatever_is_not_quite_a_key_is_unknown() {
        let long = "s".repeat(300);
        for key in [
            "",
            "sesam",
            "sesame\0",
            "Sesame",
            "cam",
            "stage?key=sesame",
            "cam?key=",
            &long,
        ] {
            assert_eq!(admitted(key), Err(KeyError::Unknown), "{key}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_is_not_added() {
        let mut keys = Keys::none();
        assert_eq!(keys.add("cam", &"".into()), Err(KeyError::Length));
        assert_eq!(
            keys.add("cam", &"x".repeat(255).as_str().into()),
            Err(KeyError::Length)
        );
        assert_eq!(keys.add("\n", &"x".into()), Err(KeyError::Name));
        assert!(!keys.are_required());
    }

    #[test]
    fn who_watches_needs_the_key_to_play_where_there_is_one() {
        let mut keys = keys();
        assert_eq!(keys.check_play("live", &"cam".into()), Ok(()));
        assert_eq!(keys.require_to_play(&"".into()), Err(KeyError::Length));
        keys.require_to_play(&"popcorn".into()).unwrap();
        assert_eq!(
            keys.check_play("live", &"cam?a=b&key=popcorn".into()),
            Ok(())
        );
        assert_eq!(keys.check_play("live?key=popcorn", &"cam".into()), Ok(()));
        for wrong in [
            "cam",
            "popcorn",
            "cam?key=",
            "cam?key=sesame",
            "cam?key=popcorn1",
        ] {
            assert_eq!(
                keys.check_play("live", &wrong.into()),
                Err(KeyError::Unknown),
                "{wrong}"
            );
        }
        assert!(!format!("{keys:?}").contains("popcorn"));
    }

    #[test]
    fn keys_are_never_shown() {
        let shown = format!("{:?}", keys());
        assert!(
            shown.contains("cam") && !shown.contains("sesame"),
            "{shown}"
        );
    }
}
