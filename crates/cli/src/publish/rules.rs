//! When an option of `onair publish` has no effect, and why.

use crate::given::Rule;

/// The facts about a broadcast that decide whether an option has an effect.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an answer of its own"
)]
pub(crate) struct Show {
    pub(crate) source: Source,
    pub(crate) is_stdin: bool,
    pub(crate) has_audio: bool,
    /// At least one destination is `rtmps`.
    pub(crate) is_secure: bool,
    pub(crate) is_insecure: bool,
    pub(crate) has_user: bool,
    pub(crate) tries_once: bool,
    pub(crate) is_hurried: bool,
    pub(crate) adapts: bool,
}

/// How frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    TestCard,
    Device,
    /// Raw, from a file or a pipe.
    Raw,
    /// Already encoded.
    Compressed,
}

pub(crate) const RULES: &[Rule<Show>] = &[
    ("format", |show| {
        (!show.is_stdin).then_some("it says what arrives on stdin, with --from -")
    }),
    ("loop", |show| match show.source {
        Source::TestCard => Some("the test card never ends"),
        Source::Device => Some("a camera never ends"),
        Source::Compressed | Source::Raw if show.is_stdin => Some("stdin cannot be read twice"),
        Source::Raw => Some("raw pictures are read once"),
        Source::Compressed => None,
    }),
    ("pace", |show| {
        let is_live = show.source == Source::Device && show.is_hurried;
        is_live.then_some("a camera's pictures come when they come")
    }),
    ("size", |show| match show.source {
        Source::Raw => Some("raw pictures have their own size"),
        _ => encoded(show),
    }),
    ("fps", |show| match show.source {
        Source::Raw => Some("raw pictures have their own rate"),
        _ => encoded(show),
    }),
    ("codec", encoded),
    ("bitrate", encoded),
    ("min-bitrate", |show| match show.adapts {
        false => Some("--no-adapt keeps to --bitrate"),
        true => adapted(show),
    }),
    ("no-adapt", adapted),
    ("size-change", |show| match show.adapts {
        false => Some("--no-adapt keeps the size"),
        true => adapted(show),
    }),
    ("keyframe", encoded),
    ("encoder", encoded),
    ("audio-bitrate", |show| match show.has_audio {
        false => Some("there is no audio"),
        true => encoded(show),
    }),
    ("ca", |show| match show.is_insecure {
        true => Some("--insecure accepts any certificate"),
        false => certified(show),
    }),
    ("insecure", certified),
    ("password-file", |show| {
        (!show.has_user).then_some("a password goes with a name: --user")
    }),
    ("retries", |show| {
        show.tries_once
            .then_some("--no-reconnect gives up at the first failure")
    }),
];

fn encoded(show: &Show) -> Option<&'static str> {
    let is_compressed = show.source == Source::Compressed;
    is_compressed.then_some("this source is sent as it is, without encoding")
}

fn adapted(show: &Show) -> Option<&'static str> {
    let is_hurried = show
        .is_hurried
        .then_some("nothing is too much for a line at --pace max");
    encoded(show).or(is_hurried)
}

fn certified(show: &Show) -> Option<&'static str> {
    (!show.is_secure).then_some("rtmp:// has no certificates, rtmps:// has")
}
