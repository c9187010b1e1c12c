//! The onair command line: one file per verb, glue only.
//!
//! stdout is data, stderr is talk. Exit status 0: ended as asked; 1: the
//! broadcast (or the file looked at) failed; 2: what was asked for cannot be.
#![forbid(unsafe_code)]

mod args;
mod board;
mod demo;
mod devices;
mod explain;
mod failure;
mod given;
mod inspect;
mod interrupt;
mod json;
mod log;
mod outlet;
mod parse;
mod pipe;
mod progress;
mod publish;
mod receive;
mod rules;
mod text;
mod values;

use std::process::ExitCode;

use crate::args::{Args, Verb};
use crate::failure::Failure;
use crate::given::Given;

fn main() -> ExitCode {
    let result = parse::parse().and_then(|(args, given)| {
        if args.talk.quiet {
            outlet::be_quiet();
        }
        log::init(args.talk);
        run(args, &given)
    });
    let status = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            outlet::insist(format_args!("onair: {failure}"));
            failure.status()
        }
    };
    outlet::finish();
    status
}

fn run(args: Args, given: &Given) -> Result<(), Failure> {
    match args.verb {
        Some(Verb::Publish(opts)) => publish::run(&opts, given, args.talk),
        Some(Verb::Receive(opts)) => receive::run(&opts, given),
        Some(Verb::Devices(opts)) => devices::run(&opts),
        Some(Verb::Inspect(opts)) => {
            given.refuse_without_effect(rules::INSPECT, &opts)?;
            inspect::run(&opts)
        }
        Some(Verb::Demo(opts)) => demo::run(&opts, args.talk),
        None => demo::run(&demo::Demo::by_default(), args.talk),
    }
}
