//! The options of `onair doctor`, and when they have no effect.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use onair::media::{Bitrate, FrameRate, Size};

use crate::given::Rule;
use crate::values::{parse_duration, parse_fps, parse_keyframe, parse_size, parse_video_bitrate};

/// Say whether a broadcast would work, and if not, why not and what to do
///
/// Takes each step on the way by itself, times it, and stops at the first that fails:
/// the address, the service's rules, the name, a connection, TLS, the handshake,
/// connect, a login, publish, three seconds of a test card, and what the line carries.
/// The server sees one short broadcast. Some services show it, or tell followers of it
/// (YouTube and others where a stream starts by itself): --no-publish stops before that.
/// A broadcast that is running with the same key is not taken over by onair: if the
/// server says that the key is in use, that is all that happens. What a server does
/// that takes over by itself is its own affair.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Doctor {
    /// What publish would have behind --to: rtmp://HOST/APP/KEY or rtmps://
    #[arg(value_name = "URL", env = "ONAIR_URL", hide_env_values = true)]
    pub(crate) url: String,
    /// The stream key, where the service gives it apart from the URL
    #[arg(
        long,
        env = "ONAIR_KEY",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub(crate) key: Option<String>,
    /// Stop before the stream is published: nobody sees anything
    #[arg(long)]
    pub(crate) no_publish: bool,
    /// How long to publish [default: 3s]
    #[arg(long, value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// The video bitrate that the broadcast is to have [default: 4M]
    #[arg(long, value_name = "RATE", value_parser = parse_video_bitrate)]
    pub(crate) bitrate: Option<Bitrate>,
    /// The picture size that it is to have [default: 1280x720]
    #[arg(long, value_parser = parse_size)]
    pub(crate) size: Option<Size>,
    /// The pictures per second that it is to have [default: 30]
    #[arg(long, value_parser = parse_fps)]
    pub(crate) fps: Option<FrameRate>,
    /// The time between keyframes that it is to have [default: 2s]
    #[arg(long, value_name = "DURATION", value_parser = parse_keyframe)]
    pub(crate) keyframe: Option<Duration>,
    /// User name, where the server asks for one besides the key
    #[arg(long)]
    pub(crate) user: Option<String>,
    /// File whose first line is the password; or set ONAIR_PASSWORD
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// PEM file of certificates to trust for rtmps besides the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Accept any certificate for rtmps (anybody in between can read the key)
    #[arg(long)]
    pub(crate) insecure: bool,
    /// One JSON object on stdout, at the end
    #[arg(long)]
    pub(crate) json: bool,
}

impl Doctor {
    /// Whether a certificate may be looked at.
    fn is_secure(&self) -> bool {
        self.url
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("rtmps:")
    }
}

/// The options that may have no effect, and when.
pub(crate) const RULES: &[Rule<Doctor>] = &[
    ("duration", |opts| {
        opts.no_publish.then_some("--no-publish publishes nothing")
    }),
    ("ca", |opts| match opts.insecure {
        true => Some("--insecure accepts any certificate"),
        false => certified(opts),
    }),
    ("insecure", certified),
    ("password-file", |opts| {
        opts.user
            .is_none()
            .then_some("a password goes with a name: --user")
    }),
];

fn certified(opts: &Doctor) -> Option<&'static str> {
    (!opts.is_secure()).then_some("rtmp:// has no certificates, rtmps:// has")
}

const EXAMPLES: &str = "\
Examples:
  onair doctor rtmp://localhost/live/KEY
  onair doctor rtmps://a.rtmps.youtube.com/live2 --key KEY --bitrate 6M
  onair doctor --no-publish --json rtmps://HOST/app/KEY

Exit status: 0 a broadcast would work (with --no-publish: as far as that was looked at), 1 it
would not, 2 usage error.";
