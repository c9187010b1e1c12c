//! The onair command line: one file per verb, glue only.
//!
//! stdout is data, stderr is talk. Exit status 0: ended as asked; 1: the
//! broadcast (or the file looked at) failed; 2: what was asked for cannot be.
#![forbid(unsafe_code)]

mod args;
mod demo;
mod devices;
mod failure;
mod inspect;
mod interrupt;
mod progress;
mod publish;
mod receive;
mod text;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ContextValue;
use tracing::Level;

use crate::args::{Args, Verb};
use crate::failure::Failure;

fn main() -> ExitCode {
    let result = parse().and_then(|args| {
        log_to_stderr(args.talk.level());
        run(args)
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _gone = writeln!(io::stderr(), "onair: {failure}");
            failure.status()
        }
    }
}

/// Usage errors and --help end the program here, with 2 and 0.
fn parse() -> Result<Args, Failure> {
    Args::try_parse().or_else(|error| {
        let mut context = error.context();
        // It may hold a key, which clap would print.
        let is_address =
            |value: &ContextValue| matches!(value, ContextValue::String(s) if s.contains("://"));
        if context.any(|(_, value)| is_address(value)) {
            return Err(Failure::usage(
                "an address goes behind --to, as in: onair publish --to rtmp://HOST/APP/KEY",
            ));
        }
        error.exit()
    })
}

fn run(args: Args) -> Result<(), Failure> {
    match args.verb {
        Some(Verb::Publish(opts)) => publish::run(&opts, args.talk),
        Some(Verb::Receive(opts)) => receive::run(&opts, args.talk),
        Some(Verb::Devices(opts)) => devices::run(&opts),
        Some(Verb::Inspect(opts)) => inspect::run(&opts),
        Some(Verb::Demo(opts)) => demo::run(&opts, args.talk),
        None => demo::run(&demo::Demo::by_default(), args.talk),
    }
}

fn log_to_stderr(level: Level) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .without_time()
        .init();
}
