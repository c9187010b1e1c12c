//! When an option has no effect, and why: one table a verb.

use crate::args::Inspect;
use crate::given::Rule;
use crate::receive::Receive;

/// What of a broadcast decides whether an option has an effect.
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
}

/// How pictures come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    TestCard,
    Device,
    /// Pictures to be encoded, out of a file or a pipe.
    Raw,
    /// Encoded already.
    Compressed,
}

pub(crate) const PUBLISH: &[Rule<Show>] = &[
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

pub(crate) const RECEIVE: &[Rule<Receive>] = &[
    ("host", |opts| match opts.is_certified() {
        _ if opts.web.is_none() => Some(NO_PAGES),
        true => Some("over https the certificate says which names are meant"),
        false => None,
    }),
    ("token", |opts| opts.web.is_none().then_some(NO_PAGES)),
    ("keep-free", |opts| {
        let words = "nothing is recorded: --record names a directory";
        opts.record.is_none().then_some(words)
    }),
    ("tls", unserved),
    ("tls-cert", unserved),
    ("tls-key", unserved),
];

pub(crate) const INSPECT: &[Rule<Inspect>] = &[
    ("format", |opts| {
        let is_stdin = opts.input.as_os_str() == "-";
        (!is_stdin).then_some("it says what arrives on stdin: onair inspect - --format ts")
    }),
    ("duration", |opts| {
        let words = "a file is read to its end: it is for a live stream, rtmp://…";
        opts.url().is_none().then_some(words)
    }),
    ("ca", inspected_securely),
    ("insecure", inspected_securely),
];

fn inspected_securely(opts: &Inspect) -> Option<&'static str> {
    let is_secure = opts.url().is_some_and(|url| url.starts_with("rtmps:"));
    (!is_secure).then_some("only a stream over rtmps:// has certificates")
}

const NO_PAGES: &str = "there are no pages: --web serves them";

fn encoded(show: &Show) -> Option<&'static str> {
    let is_compressed = show.source == Source::Compressed;
    is_compressed.then_some("this source is sent as it is, without encoding")
}

fn certified(show: &Show) -> Option<&'static str> {
    (!show.is_secure).then_some("rtmp:// has no certificates, rtmps:// has")
}

fn unserved(opts: &Receive) -> Option<&'static str> {
    let is_served = opts.web.is_some() || !opts.listen_tls.is_empty();
    (!is_served).then_some("nothing is served with a certificate: add --web or --listen-tls")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Args;

    /// Options that always have an effect, or say themselves why they cannot have one.
    const ALWAYS: &[(&str, &[&str])] = &[
        (
            "publish",
            &[
                "to",
                "key",
                "from",
                "audio",
                "duration",
                "record",
                "user",
                "no-reconnect",
                "patient",
                "stats",
            ],
        ),
        (
            "receive",
            &[
                "listen",
                "listen-tls",
                "web",
                "key",
                "takeover",
                "max-connections",
                "play-key",
                "record",
                "relay",
                "stats",
            ],
        ),
        (
            "demo",
            &[
                "web", "size", "fps", "bitrate", "duration", "no-open", "tls", "token", "stats",
            ],
        ),
        ("devices", &["json"]),
        ("inspect", &["json", "bytes"]),
    ];

    fn names<T>(rules: &[Rule<T>]) -> Vec<&'static str> {
        rules.iter().map(|(name, _)| *name).collect()
    }

    /// Whoever adds an option decides here when it has no effect.
    #[test]
    fn every_option_of_every_verb_has_a_rule_or_always_an_effect() {
        for (verb, always) in ALWAYS {
            let mut known = match *verb {
                "publish" => names(PUBLISH),
                "receive" => names(RECEIVE),
                "inspect" => names(INSPECT),
                _ => Vec::new(),
            };
            known.extend(*always);
            let command = Args::command();
            let command = command.find_subcommand(verb).expect("a verb");
            let mut options: Vec<_> = command
                .get_arguments()
                .filter_map(|arg| arg.get_long())
                .collect();
            known.sort_unstable();
            options.sort_unstable();
            assert_eq!(known, options, "{verb}");
        }
        let verbs = Args::command().get_subcommands().count();
        assert_eq!(verbs, ALWAYS.len());
    }
}
