use std::borrow::Cow;
use std::fmt;

use crate::url::percent_decode;

/// The stream that `connect` and `publish` (or `play`) name between them.
///
/// Encoders cut one URL into app and key in different places, put the secret into the query of
/// either, or leave the key empty. `docs/rtmp-urls.md` lists the forms and who sends them.
///
/// ```
/// use onair_rtmp::Target;
///
/// // OBS with `rtmp://host/live/cam?key=sesame` as its server and no key, FFmpeg, and Larix.
/// for (app, key) in [("live/cam?key=sesame", ""), ("live", "cam?key=sesame"), ("live?key=sesame", "cam")] {
///     let target = Target::new(app, key);
///     assert_eq!((target.app(), target.name()), ("live", "cam"));
///     assert!(target.secrets().any(|secret| secret == "sesame"));
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    app: &'a str,
    name: &'a str,
    /// The name, with the query behind it.
    whole: &'a str,
    /// The key's query before the app's.
    queries: [&'a str; 2],
}

impl<'a> Target<'a> {
    /// What `app`, as in `connect`, and `key`, as in `publish` or `play`, mean together.
    pub fn new(app: &'a str, key: &'a str) -> Self {
        let (path, app_query) = cut(app);
        let (name, key_query) = cut(key);
        let queries = [key_query, app_query];
        if !name.is_empty() {
            return Self {
                app: path,
                name,
                whole: key,
                queries,
            };
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let from = path.len() - name.len();
        Self {
            app: folder.trim_end_matches('/'),
            name,
            whole: &app.trim_start_matches('/')[from..],
            queries,
        }
    }

    /// The application, without its query and the slashes around it.
    pub const fn app(&self) -> &'a str {
        self.app
    }

    /// The stream's name without its query: the key's, or else the app's last.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// What may be the whole of a stream key: the name with its query, and without.
    pub fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        [self.whole, self.name].into_iter()
    }

    /// What may be the secret that goes with the name: the value of `key` or `pass` in a query,
    /// percent-decoded and as it is. An `&` ends the value, or belongs to it: both are tried.
    pub fn secrets(&self) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        let values = self.queries.into_iter().flat_map(values);
        values.flat_map(|value| {
            let decoded = percent_decode(value).filter(|decoded| decoded != value);
            [Some(Cow::Borrowed(value)), decoded.map(Cow::Owned)]
                .into_iter()
                .flatten()
        })
    }
}

impl fmt::Debug for Target<'_> {
    /// The name may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

/// What comes before the first `?`, without slashes around it, and what comes after.
fn cut(text: &str) -> (&str, &str) {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    (path.trim_matches('/'), query)
}

/// What the value of the query's secret may be: up to the next `&`, up to the next pair, or all.
fn values(query: &str) -> impl Iterator<Item = &str> {
    let rest = SECRETS.iter().find_map(|name| after(query, name));
    let found = rest.map(|rest| {
        let end = |is_end: fn(&str) -> bool| {
            let mut ands = rest.match_indices('&').map(|(at, _)| at);
            let end = ands.find(|at| is_end(&rest[at + 1..]));
            &rest[..end.unwrap_or(rest.len())]
        };
        let is_pair = |next: &str| {
            next.split('&')
                .next()
                .is_some_and(|pair| pair.contains('='))
        };
        [end(|_| true), end(is_pair), rest]
    });
    found.into_iter().flatten()
}

/// What follows `name`, if a pair begins with it.
fn after<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut found = query.match_indices(name).map(|(at, _)| at);
    let at = found.find(|at| *at == 0 || query.as_bytes()[at - 1] == b'&')?;
    Some(&query[at + name.len()..])
}

/// What queries call a secret: ours, and MediaMTX's.
const SECRETS: [&str; 2] = ["key=", "pass="];
