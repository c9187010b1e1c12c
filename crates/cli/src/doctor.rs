//! `onair doctor`: whether a broadcast would work, and if not, why not.
//!
//! `examine` takes the steps over a `World` that can be replaced; what they mean (`address`,
//! `certificate`, `diagnosis`, `speech`, `uplink`) is pure.

mod address;
mod cause;
mod certificate;
mod diagnosis;
mod dialogue;
mod examine;
mod identify;
mod media;
mod options;
mod report;
mod route;
mod service;
mod session;
mod speech;
#[cfg(test)]
mod tests;
mod uplink;
mod world;

use std::time::Duration;

use onair::Tls;
use onair::media::{Bitrate, FrameRate, Size};

use self::examine::{Question, examine};
use self::media::Wanted;
pub(crate) use self::options::{Doctor, RULES};
use self::report::Check;
use self::world::Network;
use crate::failure::Failure;
use crate::given::Given;
use crate::interrupt::{self, Interrupt};
use crate::json::escaped;
use crate::outlet;
use crate::publish::credentials;

pub(crate) fn run(opts: &Doctor, given: &Given) -> Result<(), Failure> {
    given.refuse_without_effect(RULES, opts)?;
    let credentials = credentials(opts.user.as_deref(), opts.password_file.as_deref())?;
    let tls = Tls {
        ca: opts.ca.clone(),
        insecure: opts.insecure,
    };
    onair::probe::check(&tls).map_err(Failure::usage)?;
    let interrupt = Interrupt::listen()?;
    interrupt.stops(|| interrupt::end("onair: stopped before all was looked at", 1));
    let wanted = wanted(opts);
    let network = Network::new(tls, wanted.in_all().as_bps() / 2 * 3);
    let question = Question {
        url: &opts.url,
        key: opts.key.as_deref(),
        credentials,
        wanted,
        lasts: opts.duration.unwrap_or(LASTS),
        publishes: !opts.no_publish,
    };
    let mut written = Ok(true);
    let report = examine(&question, &network, &mut |check: &Check| {
        if !opts.json && matches!(written, Ok(true)) {
            written = outlet::print(&outlet::shown(&format!("{check}\n")));
        }
    });
    written?;
    let last = match opts.json {
        true => escaped(&format!("{}\n", report.to_json())),
        false => outlet::shown(&format!("{}\n", report.verdict())),
    };
    outlet::print(&last)?;
    match report.is_well() {
        true => Ok(()),
        false => Err(Failure::Told),
    }
}

fn wanted(opts: &Doctor) -> Wanted {
    Wanted {
        size: opts.size.unwrap_or(Size::new(1280, 720)),
        frame_rate: opts.fps.or(FrameRate::new(30, 1)).expect("30/1 is a rate"),
        bitrate: opts.bitrate.unwrap_or(Bitrate::kbps(4000)),
        keyframe: opts.keyframe.unwrap_or(Duration::from_secs(2)),
    }
}

/// How long to publish.
const LASTS: Duration = Duration::from_secs(3);
