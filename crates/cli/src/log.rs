//! What is logged, and how much of it.

use std::env;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::args::Talk;
use crate::outlet::{self, say};

/// Logs to stderr: as RUST_LOG says (`debug`, or `onair_rtmp=trace,info`), else as often as -v
/// was given. With -q there are errors only.
pub(crate) fn init(talk: Talk) {
    let targets = match env::var("RUST_LOG") {
        Ok(wanted) if !wanted.is_empty() && !talk.quiet => wanted.parse().unwrap_or_else(|error| {
            say(format_args!(
                "RUST_LOG is not understood ({error}): taking -v's level"
            ));
            by_default(talk.level())
        }),
        _ => by_default(talk.level()),
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
