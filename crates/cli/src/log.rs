//! What is logged, and how much.

use std::env;

use clap::{ArgAction, Args};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::outlet::{self, say};

/// How much is said on stderr.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct LogOptions {
    /// Say more, with every number and the log; again (-vv, -vvv) for more of the log
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Say nothing but errors, and the link to go live
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

impl LogOptions {
    pub(crate) const fn level(self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) | (_, 0) => Level::ERROR,
            (_, 1) => Level::INFO,
            (_, 2) => Level::DEBUG,
            _ => Level::TRACE,
        }
    }

    pub(crate) const fn is_verbose(self) -> bool {
        self.verbose > 0
    }
}

/// Logs to stderr: as RUST_LOG says (`debug`, or `onair_rtmp=trace,info`), else by the number of
/// -v. With -q only errors.
pub(crate) fn init(options: LogOptions) {
    let targets = match env::var("RUST_LOG") {
        Ok(wanted) if !wanted.is_empty() && !options.quiet => {
            wanted.parse().unwrap_or_else(|error| {
                say(format_args!(
                    "RUST_LOG is not understood ({error}): taking -v's level"
                ));
                by_default(options.level())
            })
        }
        _ => by_default(options.level()),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(|| outlet::Log)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .init();
}

fn by_default(level: Level) -> Targets {
    Targets::new().with_default(level)
}
