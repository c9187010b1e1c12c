//! The options of `onair inspect`, and when they have no effect.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use onair::demux::{self, Format};

use crate::given::Rule;
use crate::pipe::parse_container;
use crate::values::parse_duration;

/// Say what is in a media file: tracks, GOPs, bitrates, timing faults
///
/// Reads all of it, and says what a live service would object to.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Inspect {
    #[arg(value_name = "FILE|URL", help = input())]
    pub(crate) input: PathBuf,
    /// How long a live stream is watched [default: 5s]
    #[arg(long, value_parser = parse_duration)]
    pub(crate) duration: Option<Duration>,
    /// A PEM file of certificates to trust besides the system's, for rtmps://
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// Accept any certificate of an rtmps:// server
    #[arg(long)]
    pub(crate) insecure: bool,
    /// What arrives on stdin
    #[arg(long, value_parser = parse_container())]
    pub(crate) format: Option<Format>,
    /// One JSON object on stdout
    #[arg(long)]
    pub(crate) json: bool,
    /// The stream's first bytes instead, each with what it means
    ///
    /// Shows the start of the FLV stream that RTMP carries: metadata, what the
    /// decoders are set up with (avcC, AudioSpecificConfig), and on to the first
    /// keyframe and the first frame of sound; or N tags. Of a file of another
    /// kind it shows what onair would send.
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, conflicts_with = "json",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) bytes: Option<Option<u32>>,
}

impl Inspect {
    /// The URL of the stream, if one is inspected.
    pub(crate) fn url(&self) -> Option<&str> {
        self.input.to_str().filter(|text| text.contains("://"))
    }
}

fn input() -> String {
    format!(
        "A file ({}), - for stdin, or rtmp://HOST/APP/NAME (or rtmps) for a live stream",
        demux::extensions().join(" ")
    )
}

const EXAMPLES: &str = "\
Examples:
  onair inspect show.mp4
  onair inspect show.mp4 --bytes | less
  onair inspect rtmp://localhost/live/cam --duration 10s
  ffmpeg -i INPUT -c copy -f mpegts - | onair inspect - --format ts --json";

/// When an option has no effect, and why.
pub(crate) const RULES: &[Rule<Inspect>] = &[
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
