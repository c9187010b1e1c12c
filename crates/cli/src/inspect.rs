//! `onair inspect`: the contents of a media file or a live stream.

mod bytes;
mod options;

pub(crate) use self::options::{Inspect, RULES};

use std::io;
use std::path::Path;
use std::time::Duration;

use onair::demux::{self, Format, Opened, PacketSource, Survey};
use onair::rtmp::{self, Url};
use onair::{Playback, Tls};

use crate::explain::with_cure;
use crate::failure::Failure;
use crate::given::Given;
use crate::interrupt::{self, Interrupt};
use crate::json::escaped;
use crate::outlet;
use crate::pipe::{self, StdinFormat};
use crate::publish::is_raw;
use crate::text::one_of;

pub(crate) fn run(opts: &Inspect, given: &Given) -> Result<(), Failure> {
    given.refuse_without_effect(RULES, opts)?;
    let interrupt = Interrupt::listen()?;
    interrupt.stops(|| interrupt::end("onair: stopped before all of it was read", 1));
    if let Some(most) = opts.bytes {
        return bytes::run(opts, most);
    }
    let mut opened = open(opts)?;
    let mut survey = Survey::of_opened(&opened);
    let ended = survey_all(opened.media.as_mut(), &mut survey);
    survey.close(opened.media.as_ref());
    let report = survey.report();
    let text = if opts.json {
        escaped(&report.to_json())
    } else {
        report.to_string()
    };
    outlet::print(&format!("{}\n", text.trim_end()))?;
    ended.map_err(|error| about_media(opts, &error))
}

fn survey_all(input: &mut dyn PacketSource, survey: &mut Survey) -> Result<(), demux::Error> {
    loop {
        match input.next_packet() {
            Ok(Some(packet)) => survey.push(&packet),
            Ok(None) => return Ok(()),
            Err(error) => {
                survey.fail(&error);
                return Err(error);
            }
        }
    }
}

/// Media that cannot be sent can be inspected all the same.
fn open(opts: &Inspect) -> Result<Opened, Failure> {
    if opts.input == Path::new("-") {
        return open_stdin(opts.format);
    }
    if let Some(url) = opts.url() {
        let stream = watch(opts, url)?;
        let opened = demux::read_lenient(Box::new(stream), Format::Flv);
        return opened.map_err(|error| about_media(opts, &error));
    }
    demux::open_lenient(&opts.input).map_err(|error| match error {
        demux::Error::Io { .. } => Failure::usage(about(opts, &error)),
        demux::Error::Unrecognized { .. } if is_raw(&opts.input) => about(opts, &RAW),
        _ => about(opts, &error),
    })
}

const RAW: &str = "raw pictures (Y4M) have no tracks to inspect; onair publish --from takes \
                   them, and encodes them";

/// A live stream, watched for a while.
fn watch(opts: &Inspect, url: &str) -> Result<Playback, Failure> {
    let parsed: Url = url
        .parse()
        .map_err(|error: rtmp::Error| Failure::usage(error))?;
    let tls = Tls {
        ca: opts.ca.clone(),
        insecure: opts.insecure,
    };
    let length = opts.duration.unwrap_or(WATCHED);
    Playback::open(&parsed, &tls, length).map_err(|error| match error {
        onair::Error::Unplayable(failure) => about(opts, &with_cure(&failure, failure.fault)),
        error => about(opts, &error),
    })
}

/// Why nothing, or no more, can be read; for a stream, also what to do about it.
fn about_media(opts: &Inspect, error: &demux::Error) -> Failure {
    match error {
        demux::Error::Io { source, .. } if opts.url().is_some() => about(opts, &unread(source)),
        demux::Error::NoTracks { .. } if opts.url().is_some() => about(opts, &NO_CONFIG),
        _ => about(opts, error),
    }
}

/// Why no more can be read, in words.
fn unread(error: &io::Error) -> String {
    let failure = error.get_ref().and_then(|inner| inner.downcast_ref());
    failure.map_or_else(
        || error.to_string(),
        |failure: &onair::Failure| with_cure(failure, failure.fault),
    )
}

const NO_CONFIG: &str = "pictures or sound came, but nothing of what a decoder needs before them: \
                         the server does not repeat the sequence headers to who joins late\n  \
                         Look while the stream begins, or at a server that does.";

/// A failure with the name of the input: an address without its key.
fn about(opts: &Inspect, error: &dyn std::fmt::Display) -> Failure {
    let url = opts.url().and_then(|url| url.parse::<Url>().ok());
    let name = url.map_or_else(|| opts.input.display().to_string(), |url| url.to_string());
    Failure::failed(format_args!("{name}: {error}"))
}

/// How long a live stream is watched: longer than two GOPs of most streams.
const WATCHED: Duration = Duration::from_secs(5);

fn open_stdin(format: Option<Format>) -> Result<Opened, Failure> {
    let format = format.ok_or_else(|| {
        let names = one_of(Format::ALL.iter().map(|format| format.name()));
        Failure::usage(format_args!("say what arrives on stdin: --format {names}"))
    })?;
    let stdin = pipe::begun(io::stdin(), StdinFormat::Packets(format))?;
    demux::read_lenient(stdin, format)
        .map_err(|error| Failure::failed(format_args!("stdin: {error}")))
}
