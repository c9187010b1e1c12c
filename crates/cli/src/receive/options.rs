//! The options of `onair receive`, and when they have no effect.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::pages::Served;
use crate::given::Rule;
use crate::json::StatsFormat;
use crate::values::{self, parse_address, parse_bytes, parse_duration};

/// Receive streams: an RTMP server that plays, records, relays and shows them in a browser
///
/// Made for seeing one's own stream before an audience does, and for going live
/// from a phone. For an audience, publish to a server made for one: every viewer
/// here costs this machine the stream's bitrate.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Receive {
    /// Where to listen for RTMP; 0.0.0.0:1935 lets in other machines. The default is `[::1]:1935` too
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address::<{ values::RTMP }>, default_value = "127.0.0.1:1935")]
    pub(super) listen: Vec<SocketAddr>,
    /// Where to listen for RTMPS, with --tls or --tls-cert
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address::<{ values::RTMPS }>)]
    pub(super) listen_tls: Vec<SocketAddr>,
    /// Serve the pages here: watch at /, go live from a browser at /live
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8080",
        value_parser = parse_address::<{ values::WEB }>)]
    pub(super) web: Option<SocketAddr>,
    /// Where the go-live link's secret is kept, so that the link survives a restart
    ///
    /// Made when there is none. Default: in the user's state folder. Remove the file, and the
    /// next start makes a new link.
    #[arg(long, value_name = "FILE")]
    pub(super) token: Option<PathBuf>,
    /// Answer for this name too, without a certificate; repeat it for several
    ///
    /// Over http only addresses and this machine's own names are answered for, or any
    /// page on the internet whose name is made to lead here could watch. Needed where
    /// a proxy passes on its own name as Host.
    #[arg(long, value_name = "NAME")]
    pub(super) host: Vec<String>,

    /// Only who knows a key may publish; NAME is what the stream is played as
    ///
    /// Publish to rtmp://HOST/live/KEY or rtmp://HOST/live/NAME?key=KEY.
    /// Keys in `ONAIR_KEYS` stay out of the process list; there a comma separates them, and `\,`
    /// is a comma in a key.
    #[arg(
        long = "key",
        value_name = "NAME=KEY",
        env = "ONAIR_KEYS",
        hide_env_values = true,
        help_heading = ACCESS
    )]
    pub(super) keys: Vec<String>,
    /// Only who knows this key may watch, list the streams and read the metrics
    ///
    /// Play rtmp://HOST/live/NAME?key=KEY, or open the pages with #key=KEY behind their address.
    #[arg(
        long,
        value_name = "KEY",
        env = "ONAIR_PLAY_KEY",
        hide_env_values = true,
        help_heading = ACCESS
    )]
    pub(super) play_key: Option<String>,
    /// A second publisher of a name takes over from the first instead of being refused
    #[arg(long, help_heading = ACCESS)]
    pub(super) takeover: bool,
    /// The most RTMP connections at a time
    #[arg(long, value_name = "COUNT", default_value_t = 1024, help_heading = ACCESS,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) max_connections: u16,

    /// Record every stream into this directory, as fragmented MP4
    #[arg(long, value_name = "DIR", help_heading = ONWARD)]
    pub(super) record: Option<PathBuf>,
    /// End recordings while the disk has no more than this left: 500M, 2G; 0 fills it up
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = parse_bytes,
        default_value = "100M",
        help_heading = ONWARD
    )]
    pub(super) keep_free: u64,
    /// Publish every stream to this server too, untouched; repeat it for several servers
    ///
    /// A URL takes one stream at a time, for two would cut each other off. Put {app}
    /// and {stream} into it where there are several: rtmp://HOST/{app}/{stream}.
    /// A second stream is not relayed otherwise, and with several keys such a URL is refused.
    #[arg(
        long,
        value_name = "URL",
        env = "ONAIR_RELAY",
        hide_env_values = true,
        help_heading = ONWARD
    )]
    pub(super) relay: Vec<String>,
    /// Stay on air this long when a publisher drops out: last picture, slate, silence; 10m if not said
    ///
    /// That is when its connection breaks or nothing comes for 1.5 s. It may come back from anywhere
    /// under its name, and viewers see it from its next keyframe on; the servers relayed to notice
    /// nothing. A publisher that ends its stream (Stop in OBS, End on the page, Ctrl-C) ends the
    /// relay at once, as without this.
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        default_missing_value = "10m",
        value_parser = parse_duration,
        help_heading = ONWARD
    )]
    pub(super) hold: Option<Duration>,
    /// What viewers see after 3 s of the last picture: a PNG or JPEG, or none to keep that picture
    ///
    /// By default it says "back in a moment". A slate is encoded here and needs a new sequence
    /// header: none is for servers that take no second one. HEVC keeps the last picture.
    #[arg(long, value_name = "FILE", help_heading = ONWARD)]
    pub(super) slate: Option<PathBuf>,

    /// Make a certificate authority for this machine once, and serve https and rtmps by it
    #[arg(long, conflicts_with = "tls_cert", help_heading = TLS)]
    pub(super) tls: bool,
    /// The certificates to show (PEM, leaf first); SIGHUP has them read anew
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = TLS)]
    pub(super) tls_cert: Option<PathBuf>,
    /// Their private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = TLS)]
    pub(super) tls_key: Option<PathBuf>,

    /// text: talk on stderr; json: one object a line on stdout, the last a report; none: no numbers
    #[arg(long, value_enum, default_value = "text")]
    pub(super) stats: StatsFormat,
}

const ACCESS: &str = "Access";
const ONWARD: &str = "What becomes of the streams";
const TLS: &str = "Certificates";

impl Receive {
    pub(super) const fn served(&self) -> Served {
        match self.is_certified() {
            _ if self.tls => Served::ByOwnAuthority,
            true => Served::Certified,
            false => Served::Plainly,
        }
    }

    pub(super) const fn is_certified(&self) -> bool {
        self.tls || self.tls_cert.is_some()
    }
}

const EXAMPLES: &str = "\
Examples:
  onair receive --web                          then: onair publish --to rtmp://127.0.0.1/live/cam
  onair receive --listen 0.0.0.0:1935 --key cam=s3cret --record shows
  onair receive --web 0.0.0.0:8443 --tls --relay rtmp://a.rtmp.youtube.com/live2/KEY --hold";

/// When an option has no effect, and why.
pub(crate) const RULES: &[Rule<Receive>] = &[
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
    ("hold", |opts| {
        let words = "nothing is relayed: --relay says where to";
        opts.relay.is_empty().then_some(words)
    }),
    ("slate", |opts| {
        let words = "nothing is held on air: --hold does that";
        opts.hold.is_none().then_some(words)
    }),
    ("tls", unserved),
    ("tls-cert", unserved),
    ("tls-key", unserved),
];

const NO_PAGES: &str = "there are no pages: --web serves them";

fn unserved(opts: &Receive) -> Option<&'static str> {
    let is_served = opts.web.is_some() || !opts.listen_tls.is_empty();
    (!is_served).then_some("nothing is served with a certificate: add --web or --listen-tls")
}
