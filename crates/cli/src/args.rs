//! The command line: each verb owns its options and does what it says.

use clap::{Parser, Subcommand};

use crate::demo::Demo;
use crate::devices::Devices;
use crate::doctor::Doctor;
use crate::failure::Failure;
use crate::given::Given;
use crate::inspect::Inspect;
use crate::log::LogOptions;
use crate::publish::Publish;
use crate::receive::Receive;
use crate::replay::Replay;
use crate::{demo, devices, doctor, inspect, publish, receive, replay};

/// Puts a camera, a test card, a file or a pipe on air over RTMP, and keeps it there.
#[derive(Debug, Parser)]
#[command(name = "onair", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    #[command(flatten)]
    pub(crate) log: LogOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(Demo),
    Publish(Box<Publish>),
    Receive(Box<Receive>),
    Devices(Devices),
    Doctor(Box<Doctor>),
    Inspect(Inspect),
    Replay(Replay),
}

impl Args {
    /// Does what was typed.
    pub(crate) fn run(self, given: &Given) -> Result<(), Failure> {
        match self.verb {
            Some(Verb::Publish(opts)) => publish::run(&opts, given, self.log),
            Some(Verb::Receive(opts)) => receive::run(&opts, given),
            Some(Verb::Devices(opts)) => devices::run(&opts),
            Some(Verb::Doctor(opts)) => doctor::run(&opts, given),
            Some(Verb::Inspect(opts)) => inspect::run(&opts, given),
            Some(Verb::Replay(opts)) => replay::run(&opts),
            Some(Verb::Demo(opts)) => demo::run(&opts, self.log),
            None => demo::run(&Demo::by_default(), self.log),
        }
    }
}

const AFTER_HELP: &str = "\
See it work, on this machine alone:
  onair                                              the same as onair demo
Go live with a test card:
  onair publish --to rtmp://localhost/live/KEY

See whether a broadcast would work, and if not, why not:
  onair doctor rtmp://localhost/live/KEY

See what a broadcast met and decided, and whether this version decides the same:
  onair publish --to rtmp://localhost/live/KEY --trace evening.trace
  onair replay evening.trace

`onair publish --help` has the addresses of the usual services.
Ctrl-C or SIGTERM ends everything properly; another, a second later, ends it at once (status 1).
RUST_LOG chooses what is logged, part by part: RUST_LOG=onair_rtmp=trace,info
Exit status: 0 ended as asked, 1 the broadcast or a recording failed, a server was given up or
stdout could not be written, 2 usage error.";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory;
    use onair::media::{Bitrate, FrameRate, Size};

    use super::*;
    use crate::given::Rule;

    #[test]
    fn the_definitions_hold_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn units_read_as_people_write_them() {
        let args = Args::try_parse_from(
            "onair publish --to u --size 640x360 --fps 29.97 --bitrate 2.5M --keyframe 1500ms"
                .split(' '),
        );
        let Some(Verb::Publish(opts)) = args.unwrap().verb else {
            unreachable!("asked for publish")
        };
        assert_eq!(opts.size, Some(Size::new(640, 360)));
        assert_eq!(opts.fps, FrameRate::new(30_000, 1001));
        assert_eq!(opts.bitrate, Some(Bitrate::kbps(2500)));
        assert_eq!(opts.keyframe, Some(Duration::from_millis(1500)));
    }

    /// Options that always have an effect, or explain themselves why they have none.
    const ALWAYS: &[(&str, &[&str])] = &[
        (
            "publish",
            &[
                "to",
                "backup",
                "key",
                "from",
                "audio",
                "duration",
                "record",
                "trace",
                "user",
                "no-reconnect",
                "patient",
                "stats",
                "web",
            ],
        ),
        (
            "receive",
            &[
                "listen",
                "listen-tls",
                "web",
                "key",
                "takeover",
                "max-connections",
                "play-key",
                "record",
                "relay",
                "stats",
            ],
        ),
        (
            "demo",
            &[
                "web", "size", "fps", "bitrate", "duration", "no-open", "tls", "token", "stats",
            ],
        ),
        ("devices", &["json"]),
        (
            "doctor",
            &[
                "key",
                "no-publish",
                "bitrate",
                "size",
                "fps",
                "keyframe",
                "user",
                "json",
            ],
        ),
        ("inspect", &["json", "bytes"]),
        ("replay", &["json"]),
    ];

    fn names<T>(rules: &[Rule<T>]) -> Vec<&'static str> {
        rules.iter().map(|(name, _)| *name).collect()
    }

    /// Whoever adds an option decides here when it has no effect.
    #[test]
    fn every_option_of_every_verb_has_a_rule_or_always_an_effect() {
        let command = Args::command();
        for verb in command.get_subcommands() {
            let name = verb.get_name();
            let mut known = match name {
                "publish" => names(publish::RULES),
                "receive" => names(receive::RULES),
                "inspect" => names(inspect::RULES),
                "doctor" => names(doctor::RULES),
                _ => Vec::new(),
            };
            let always = ALWAYS.iter().find(|(verb, _)| *verb == name);
            known.extend(always.expect(name).1);
            let mut options: Vec<_> = verb
                .get_arguments()
                .filter_map(|arg| arg.get_long())
                .collect();
            known.sort_unstable();
            options.sort_unstable();
            assert_eq!(known, options, "{name}");
        }
    }
}
