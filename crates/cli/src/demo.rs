//! `onair demo`: everything on one machine, shown in a browser.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Parser;
use onair::av::capture::{TestCard, Tone};
use onair::av::encode::VideoSettings;
use onair::media::{Bitrate, FrameRate, Size};
use onair::{Address, Broadcast, Builder, Destination};
use onair_receiver::{Error, Receiver, Token};

use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json::StatsFormat;
use crate::log::LogOptions;
use crate::progress::Told;
use crate::publish;
use crate::receive::pages::{self, Served};
use crate::values::{
    self, parse_address, parse_duration, parse_fps, parse_size, parse_video_bitrate,
};

/// See it work: a test card with a tone, published to a receiver in this program, shown in a browser
///
/// Nothing leaves this machine. The numbers in the picture say when it was drawn,
/// so the page can say how far behind live it is; flash and beep coincide.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Demo {
    /// Where to serve the page; another port is picked when this one is taken
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address::<{ values::WEB }>, default_value = "127.0.0.1:8080")]
    web: SocketAddr,
    /// Serve https, by a certificate authority made for this machine once: a phone goes live by it
    #[arg(long)]
    tls: bool,
    /// Where the go-live link's secret is kept, so that the link survives a restart
    /// [default: in the user's state folder]
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// Picture size
    #[arg(long, value_parser = parse_size, default_value = "1280x720")]
    size: Size,
    /// Pictures per second
    #[arg(long, value_parser = parse_fps, default_value = "30")]
    fps: FrameRate,
    /// Video bitrate [default: by size and rate]
    #[arg(long, value_name = "RATE", value_parser = parse_video_bitrate)]
    bitrate: Option<Bitrate>,
    /// Stop after this long, e.g. 10s, 1m30s, 2h
    #[arg(long, value_parser = parse_duration)]
    duration: Option<Duration>,
    /// Do not open the page in this desktop's browser
    #[arg(long)]
    no_open: bool,
    /// text: talk on stderr; json: one object a line on stdout, the last a report; none: no numbers
    #[arg(long, value_enum, default_value = "text")]
    stats: StatsFormat,
}

const EXAMPLES: &str = "\
Examples:
  onair                                   the same as onair demo
  onair demo --size 1920x1080 --fps 60
  onair demo --web 0.0.0.0:8080           for a phone on the same network to watch
  onair demo --web 0.0.0.0:8443 --tls     for a phone to go live too: scan the code";

impl Demo {
    const fn served(&self) -> Served {
        if self.tls {
            Served::ByOwnAuthority
        } else {
            Served::Plainly
        }
    }

    /// What `onair` alone does.
    pub(crate) fn by_default() -> Self {
        Alone::parse_from(["onair"]).demo
    }
}

/// The options by themselves.
#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    demo: Demo,
}

/// The default port of RTMP players.
const RTMP: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1935);

pub(crate) fn run(opts: &Demo, log: LogOptions) -> Result<(), Failure> {
    let token = pages::token(opts.token.as_deref())?;
    let receiver = listen(opts, &token)?;
    let url = url(&receiver)?;
    pages::greet(&receiver, opts.served(), &token);
    if !opts.no_open {
        open_page(&receiver, opts.served());
    }
    let told = Told {
        destinations: 1,
        source: "the test card",
        is_recorded: false,
        ends_with_servers: false,
        stats: opts.stats,
        log,
    };
    publish::on_air(broadcast(opts, url), told, &Interrupt::listen()?, None)
}

/// Starts a receiver; if an address is taken, a free port is used.
fn listen(opts: &Demo, token: &Token) -> Result<Receiver, Failure> {
    let (mut rtmp, mut web) = (RTMP, opts.web);
    loop {
        let builder = Receiver::builder().listen(rtmp).token(token.clone());
        let builder = match opts.tls {
            true => pages::certify(builder)?.web_tls(web),
            false => builder.web(web),
        };
        match builder.start() {
            Err(Error::Listen { address, .. }) if address.port() != 0 => {
                let taken = if address == web { &mut web } else { &mut rtmp };
                taken.set_port(0);
            }
            started => return started.map_err(Failure::usage),
        }
    }
}

fn url(receiver: &Receiver) -> Result<Address, Failure> {
    let address = receiver.rtmp_addresses().first();
    let address = address.ok_or_else(|| Failure::failed("the receiver listens nowhere"))?;
    format!("rtmp://{address}/live/demo")
        .parse()
        .map_err(Failure::failed)
}

fn broadcast(opts: &Demo, url: Address) -> Builder {
    let mut settings = VideoSettings::new(opts.size, opts.fps);
    if let Some(bitrate) = opts.bitrate {
        settings.bitrate = bitrate;
    }
    let builder = Broadcast::builder()
        .video(TestCard::new(opts.size, opts.fps))
        .audio(Tone::new(48_000, 2))
        .video_settings(settings)
        .to(Destination::new(url));
    match opts.duration {
        Some(duration) => builder.duration(duration),
        None => builder,
    }
}

/// Shows the page if there is a desktop. If that fails, the address has been printed.
fn open_page(receiver: &Receiver, served: Served) {
    let Some(address) = receiver.web_addresses().first() else {
        return;
    };
    if let Some(program) = opener() {
        let page = format!("{}://{}/", served.scheme(), pages::shown(*address));
        let quiet = Command::new(program)
            .arg(page)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if let Err(error) = quiet {
            tracing::info!(%error, "cannot open the page");
        }
    }
}

/// The program that opens an address, if somebody sits at this machine.
fn opener() -> Option<&'static str> {
    if cfg!(target_os = "macos") {
        return Some("open");
    }
    let has_desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    (cfg!(target_os = "linux") && has_desktop).then_some("xdg-open")
}
