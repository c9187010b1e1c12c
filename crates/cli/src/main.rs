//! The onair command line: one file per verb, glue only.
//!
//! stdout is data, stderr is for people. Exit status 0: ended as asked; 1: the
//! broadcast (or the file looked at) failed; 2: what was asked for cannot be.
#![forbid(unsafe_code)]

mod args;
mod board;
mod demo;
mod devices;
mod doctor;
mod explain;
mod failure;
#[cfg(test)]
mod fuzz;
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
mod replay;
mod text;
mod values;

use std::process::ExitCode;

use self::failure::Failure;

fn main() -> ExitCode {
    let result = parse::parse().and_then(|(args, given)| {
        if args.log.quiet {
            outlet::be_quiet();
        }
        log::init(args.log);
        args.run(&given)
    });
    let status = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if failure != Failure::Told {
                outlet::insist(format_args!("onair: {failure}"));
            }
            failure.status()
        }
    };
    outlet::finish();
    status
}
