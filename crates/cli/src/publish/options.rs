//! What `onair publish` takes.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use onair::media::{Bitrate, FrameRate, Size};
use onair::{demux, recording_extensions};

use crate::json::StatsFormat;
use crate::pipe::{StdinFormat, parse_format};
use crate::text::one_of;
use crate::values::{
    self, parse_address, parse_audio_bitrate, parse_duration, parse_fps, parse_keyframe,
    parse_size, parse_video_bitrate,
};

/// Go live: send a camera, a test card, a file or a pipe to one or more RTMP servers
///
/// A file's own H.264 and AAC are sent untouched, in real time; a test card, a
/// camera or raw pictures are encoded. When the connection is lost, onair connects again
/// and the broadcast goes on where it is, until its source ends, --duration is
/// over or Ctrl-C is pressed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = AFTER_HELP)]
pub(crate) struct Publish {
    /// Where to, rtmp://HOST/APP/KEY or rtmps://; repeat it for several servers
    ///
    /// A port goes behind HOST (1935 and 443 are the usual ones). What follows the
    /// last / is the stream key, unless --key gives it apart.
    /// A key in ONAIR_URL, which holds one URL, stays out of the shell's history and the process list.
    /// The key is never printed or logged.
    #[arg(
        long,
        value_name = "URL",
        env = "ONAIR_URL",
        hide_env_values = true,
        required = true
    )]
    pub(crate) to: Vec<String>,
    /// A second address for the --to before it, taken while that one fails
    ///
    /// Such as YouTube's rtmps://b.rtmps.youtube.com/live2?backup=1/KEY. It is taken when the server cannot be
    /// reached, refuses, takes nothing any more, or drops the stream and is not back at once; and left, without
    /// a break, when the first has answered for a while. Behind a single --to the order does not matter, and
    /// --key is for both.
    #[arg(long, value_name = "URL", env = "ONAIR_BACKUP", hide_env_values = true)]
    pub(crate) backup: Vec<String>,
    /// The stream key, where the service gives it apart from the URL
    ///
    /// Then all of the URL's path is the application, slashes included.
    #[arg(
        long,
        env = "ONAIR_KEY",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub(crate) key: Option<String>,

    #[arg(long, value_name = "SOURCE", default_value = "testcard", help_heading = SOURCE,
        help = from(), long_help = format!("{}\n\n{DEVICES}", from()))]
    pub(crate) from: OsString,
    /// What arrives on stdin, with --from -
    #[arg(long, value_parser = parse_format(), help_heading = SOURCE)]
    pub(crate) format: Option<StdinFormat>,
    /// Sound: mic, tone, silence, file (the file's own) or none
    ///
    /// mic:ID chooses among what `onair devices` lists. Default: the file's own for a file, a tone for the test card, the microphone for a
    /// camera, silence for a screen and for raw pictures (most services want
    /// sound).
    #[arg(long, value_name = "SOUND", help_heading = SOURCE)]
    pub(crate) audio: Option<String>,
    /// Begin the file again when it ends; the timeline goes on without a jump
    #[arg(long = "loop", help_heading = SOURCE)]
    pub(crate) repeat: bool,
    /// Stop after this long, e.g. 10s, 1m30s, 2h
    #[arg(long, value_parser = parse_duration, help_heading = SOURCE)]
    pub(crate) duration: Option<Duration>,
    /// realtime: as fast as it is watched; max: as fast as the line takes it
    #[arg(long, value_enum, default_value = "realtime", help_heading = SOURCE)]
    pub(crate) pace: Pace,
    #[arg(long, value_name = "FILE", help_heading = SOURCE, help = record())]
    pub(crate) record: Option<PathBuf>,
    /// Also write what was seen and decided to a new FILE, for onair replay: no media, no secrets
    #[arg(long, value_name = "FILE", help_heading = CONNECTION)]
    pub(crate) trace: Option<PathBuf>,

    /// Picture size of the test card or the camera [default: 1280x720]
    #[arg(long, value_parser = parse_size, help_heading = ENCODING)]
    pub(crate) size: Option<Size>,
    /// Pictures per second of the test card or the camera [default: 30]
    #[arg(long, value_parser = parse_fps, help_heading = ENCODING)]
    pub(crate) fps: Option<FrameRate>,
    /// What pictures are encoded to; not every server takes hevc
    #[arg(long, value_enum, help_heading = ENCODING)]
    pub(crate) codec: Option<Codec>,
    /// Video bitrate, e.g. 2500k or 2.5M, at the most [default: by size and rate]
    #[arg(long, value_name = "RATE", value_parser = parse_video_bitrate, help_heading = ENCODING)]
    pub(crate) bitrate: Option<Bitrate>,
    /// The least bitrate that a weak line may bring video down to [default: by size, 150k for 720p]
    ///
    /// The bitrate follows the line: it falls at once to what the line carries, and rises again with it, up to
    /// --bitrate. Several servers get the same pictures, which take what the weakest line carries.
    #[arg(long, value_name = "RATE", value_parser = parse_video_bitrate, help_heading = ENCODING)]
    pub(crate) min_bitrate: Option<Bitrate>,
    /// Keep to --bitrate: what is too much for a line is dropped
    #[arg(long, help_heading = ENCODING)]
    pub(crate) no_adapt: bool,
    /// On a weak line, encode smaller pictures; where not, fewer of them [default: auto, which is yes
    /// but for services not known to take it]
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_default_value = true, help_heading = ENCODING)]
    pub(crate) size_change: SizeChange,
    /// Audio bitrate [default: 128k]
    #[arg(long, value_name = "RATE", value_parser = parse_audio_bitrate, help_heading = ENCODING)]
    pub(crate) audio_bitrate: Option<Bitrate>,
    /// Time between keyframes; services ask for 2 s, none for more than 4 s [default: 2s]
    #[arg(long, value_name = "DURATION", value_parser = parse_keyframe, help_heading = ENCODING)]
    pub(crate) keyframe: Option<Duration>,
    /// Video encoder by name, see `onair devices` [default: auto]
    #[arg(long, value_name = "NAME", help_heading = ENCODING)]
    pub(crate) encoder: Option<String>,

    /// User name, where the server asks for one besides the key
    #[arg(long, help_heading = CONNECTION)]
    pub(crate) user: Option<String>,
    /// File whose first line is the password; or set ONAIR_PASSWORD
    #[arg(long, value_name = "FILE", help_heading = CONNECTION)]
    pub(crate) password_file: Option<PathBuf>,
    /// PEM file of certificates to trust for rtmps besides the system's
    #[arg(long, value_name = "FILE", help_heading = CONNECTION)]
    pub(crate) ca: Option<PathBuf>,
    /// Accept any certificate for rtmps (anybody in between can read the key)
    #[arg(long, help_heading = CONNECTION)]
    pub(crate) insecure: bool,
    /// Give a server up when its connection is lost or cannot be had, instead of trying again;
    /// with the last of them the broadcast ends, and its recording
    #[arg(long, help_heading = CONNECTION)]
    pub(crate) no_reconnect: bool,
    /// How many attempts in a row may fail [default: 100]
    #[arg(long, value_name = "N", help_heading = CONNECTION)]
    pub(crate) retries: Option<u32>,
    /// Wait for each of the server's answers instead of sending ahead
    ///
    /// By default everything up to the first pictures goes out at once, which
    /// saves four round trips; a server that objects is asked again the
    /// patient way by itself.
    #[arg(long, help_heading = CONNECTION)]
    pub(crate) patient: bool,

    /// text: talk on stderr; json: one object a line on stdout, the last a report; none: no numbers
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) stats: StatsFormat,
    /// Serve a dashboard here: picture, numbers and the last ten minutes; bitrate, mute and end
    ///
    /// Without an address, at port 8080 of this machine alone, or another one if that is taken. At any other
    /// address, such as 0.0.0.0:8080 for a phone, it takes the link that is printed at the start; that goes
    /// over the network as it is, so let the network be one to trust.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:8080",
        value_parser = parse_address::<{ values::WEB }>)]
    pub(crate) web: Option<SocketAddr>,
}

/// How pictures are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Codec {
    /// H.264 (the default)
    H264,
    /// HEVC, over Enhanced RTMP
    Hevc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SizeChange {
    Auto,
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Pace {
    Realtime,
    Max,
}

fn from() -> String {
    let extensions = demux::extensions().join(" ");
    format!("What to send: testcard, camera, screen, FILE ({extensions} .y4m) or - for stdin")
}

const DEVICES: &str = "\
camera:ID and screen:ID choose among what `onair devices` lists, by id or by name. Where it lists none, this version \
has no camera or screen of its own.";

fn record() -> String {
    let files = recording_extensions().into_iter();
    let files = one_of(files.map(|extension| format!("FILE{extension}")));
    format!("Also write all of it to a new {files}, whatever the line loses")
}

const SOURCE: &str = "Source";
const ENCODING: &str = "Encoding";
const CONNECTION: &str = "Connection";

const EXAMPLES: &str = "\
Examples:
  onair publish --to rtmp://localhost/live/KEY
  onair publish --to rtmps://a.rtmps.youtube.com/live2 --key KEY --from show.mp4

More, and the addresses of the usual services: onair publish --help";

const AFTER_HELP: &str = "\
Examples:
  A test card with a tone, until Ctrl-C:
    onair publish --to rtmp://localhost/live/KEY
  A file, again and again, to two services at once:
    onair publish --from show.mp4 --loop --to rtmps://ONE/app/KEY --to rtmps://TWO/app/KEY
  Whatever FFmpeg reads or makes:
    ffmpeg -loglevel error -i INPUT -c:v libx264 -pix_fmt yuv420p -c:a aac -f flv - |
      onair publish --from - --format flv --to URL
  To one server, and to another while that one fails:
    onair publish --to rtmps://ONE/app/KEY --backup rtmps://OTHER/app/KEY
  With a dashboard to open in a browser:
    onair publish --to rtmp://localhost/live/KEY --web
  A Mac's camera and microphone:
    onair publish --from camera --to rtmps://HOST/app/KEY
  Raw pictures, encoded here:
    ffmpeg -loglevel error -i INPUT -pix_fmt yuv420p -f yuv4mpegpipe - |
      onair publish --from - --format y4m --to URL
  For a script: the key out of sight, the numbers to a file:
    ONAIR_URL=rtmps://HOST/app/KEY onair publish --from show.mp4 --stats json > stats.jsonl

Where the key goes (take it from the service's own page, and keep it secret):
  YouTube     rtmps://a.rtmps.youtube.com/live2/KEY
    --backup  'rtmps://b.rtmps.youtube.com/live2?backup=1/KEY'
  Twitch      rtmps://ingest.global-contribute.live-video.net/app/KEY
  Facebook    rtmps://live-api-s.facebook.com/rtmp/KEY
  Kick, IVS   rtmps://ID.global-contribute.live-video.net/app/KEY   (often shown without /app)
  Cloudflare  rtmps://live.cloudflare.com/live/KEY
  Mux         rtmps://global-live.mux.com/app/KEY
  OBS-style pages give a server and a key: --to SERVER --key KEY

Exit status: 0 ended as asked, 1 the broadcast or a recording failed, a server was given up or
stdout could not be written, 2 usage error.";
