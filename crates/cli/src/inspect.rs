//! `onair inspect`: what is in a media file.

mod bytes;

use std::io;
use std::path::Path;

use onair::demux::{self, Demux, Opened, Survey};

use crate::args::{Inspect, StdinFormat};
use crate::failure::Failure;
use crate::json::escaped;
use crate::outlet;

pub(crate) fn run(opts: &Inspect) -> Result<(), Failure> {
    if let Some(most) = opts.bytes {
        return bytes::run(opts, most);
    }
    let mut opened = open(&opts.input, opts.format)?;
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
    ended.map_err(|error| Failure::failed(format_args!("{}: {error}", opts.input.display())))
}

fn survey_all(input: &mut dyn Demux, survey: &mut Survey) -> Result<(), demux::Error> {
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

/// What cannot be sent is looked at all the same.
fn open(path: &Path, format: Option<StdinFormat>) -> Result<Opened, Failure> {
    if path == Path::new("-") {
        return open_stdin(format);
    }
    if path.to_str().is_some_and(|text| text.contains("://")) {
        return Err(Failure::usage(
            "inspect reads files; to look at a stream, record it first",
        ));
    }
    demux::open_lenient(path)
        .map_err(|error| Failure::failed(format_args!("{}: {error}", path.display())))
}

fn open_stdin(format: Option<StdinFormat>) -> Result<Opened, Failure> {
    let format = match format {
        Some(StdinFormat::Flv) => demux::Format::Flv,
        Some(StdinFormat::Ts) => demux::Format::Ts,
        Some(StdinFormat::Y4m) => {
            return Err(Failure::usage("y4m is raw: there is nothing to inspect"));
        }
        None => {
            return Err(Failure::usage(
                "say what arrives on stdin: --format flv or --format ts",
            ));
        }
    };
    demux::read_lenient(Box::new(io::stdin()), format)
        .map_err(|error| Failure::failed(format_args!("stdin: {error}")))
}
