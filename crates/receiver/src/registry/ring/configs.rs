use std::collections::VecDeque;
use std::sync::Arc;

use onair_media::{Config, Kind};

/// The decoder configurations that a ring's packets share: each counts once, as long as a packet of
/// its run is held.
#[derive(Debug, Default)]
pub(super) struct Configs {
    video: VecDeque<Run>,
    audio: VecDeque<Run>,
}

/// Consecutive packets with one configuration.
#[derive(Debug)]
struct Run {
    config: Config,
    packets: usize,
}

impl Configs {
    /// Notes a packet's configuration; gives the bytes that are newly held.
    pub(super) fn add(&mut self, config: &Config) -> usize {
        let runs = self.runs(config.kind());
        match runs.back_mut() {
            Some(run) if is_one(&run.config, config) => {
                run.packets += 1;
                0
            }
            _ => {
                let config = config.clone();
                let weight = weight(&config);
                runs.push_back(Run { config, packets: 1 });
                weight
            }
        }
    }

    /// Notes that the oldest packet of a kind is gone; gives the bytes that went with it.
    pub(super) fn remove(&mut self, kind: Kind) -> usize {
        let runs = self.runs(kind);
        let Some(run) = runs.front_mut() else {
            return 0;
        };
        run.packets -= 1;
        if run.packets > 0 {
            return 0;
        }
        runs.pop_front().map_or(0, |run| weight(&run.config))
    }

    const fn runs(&mut self, kind: Kind) -> &mut VecDeque<Run> {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}

/// Whether they are one allocation, not only equal.
fn is_one(a: &Config, b: &Config) -> bool {
    match (a, b) {
        (Config::Video(a), Config::Video(b)) => Arc::ptr_eq(a, b),
        (Config::Audio(a), Config::Audio(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

fn weight(config: &Config) -> usize {
    OVERHEAD + record(config)
}

/// The size of a decoder configuration record.
pub(in crate::registry) fn record(config: &Config) -> usize {
    match config {
        Config::Video(config) => config.decoder_config.len(),
        Config::Audio(config) => config.decoder_config.len(),
    }
}

/// What a configuration costs besides its record.
const OVERHEAD: usize = 256;
