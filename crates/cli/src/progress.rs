//! What people see while a broadcast runs, and what programs read.

mod events;
mod feed;
mod json;
mod rows;
mod summary;

use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::time::Instant;

use onair::{EncoderReport, Event, Report, Stats};
use onair_receiver::Dashboard;

use self::feed::Feed;
use self::rows::{Before, Numbers};
use crate::board::columns;
use crate::failure::Failure;
use crate::json::{Json, StatsFormat};
use crate::log::LogOptions;
use crate::outlet::{say, show};

/// How often numbers are printed without a terminal, in seconds.
const PLAIN_EVERY: u64 = 10;

/// Says on stderr what happens, on a terminal above rows that keep changing, and writes the numbers
/// to stdout for programs.
#[derive(Debug)]
pub(crate) struct Progress {
    told: Told,
    on_terminal: bool,
    seconds: u64,
    before: Before,
    was_live: HashSet<usize>,
    /// What has stopped coming from the source, if there is no terminal.
    stall: Option<String>,
    given_up: HashSet<usize>,
    is_recording: bool,
    json: Option<Json>,
    feed: Option<Feed>,
}

/// What to tell, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) destinations: usize,
    /// What users call the source.
    pub(crate) source: &'static str,
    pub(crate) is_recorded: bool,
    /// The broadcast ends with its last server, even if it is recorded.
    pub(crate) ends_with_servers: bool,
    pub(crate) stats: StatsFormat,
    pub(crate) log: LogOptions,
}

impl Progress {
    pub(crate) fn new(told: Told) -> Self {
        let is_json = told.stats == StatsFormat::Json;
        Self {
            told,
            on_terminal: io::stderr().is_terminal(),
            seconds: 0,
            before: Before::default(),
            was_live: HashSet::new(),
            stall: None,
            given_up: HashSet::new(),
            is_recording: told.is_recorded,
            json: is_json.then(Json::new),
            feed: None,
        }
    }

    /// Tells a dashboard as well.
    pub(crate) fn show_on(&mut self, dashboard: Dashboard) {
        self.feed = Some(Feed::new(dashboard));
    }

    pub(crate) fn event(&mut self, event: &Event) {
        match event {
            Event::Live { destination, .. } => {
                self.was_live.insert(*destination);
            }
            Event::DestinationEnded {
                destination,
                failure: Some(_),
                ..
            } => {
                self.given_up.insert(*destination);
            }
            Event::RecordingFailed { .. } => self.is_recording = false,
            Event::Connecting { .. }
            | Event::Refused { .. }
            | Event::Reconnecting { .. }
            | Event::Congested { .. }
            | Event::BitrateLimited { .. }
            | Event::BitrateRestored { .. }
            | Event::Dropped { .. }
            | Event::ReconnectRequested { .. }
            | Event::HandedOver { .. }
            | Event::EncoderLost { .. }
            | Event::EncoderBack
            | Event::PictureChanged { .. }
            | Event::AudioChanged { .. }
            | Event::Warning { .. }
            | Event::DestinationEnded { failure: None, .. }
            | Event::Ended(_) => {}
        }
        if let Some(message) = self.describe(event) {
            if let Some(feed) = &self.feed {
                feed.event(event, &message);
            }
            say(message);
        }
    }

    /// Whether there is nothing left for the broadcast to go on for.
    pub(crate) fn is_over(&self) -> bool {
        self.told.ends_with_servers && self.is_without_servers()
    }

    fn is_without_servers(&self) -> bool {
        self.given_up.len() == self.told.destinations
    }

    /// Whether anybody is told the numbers as they change.
    pub(crate) const fn ticks(&self) -> bool {
        !matches!(self.told.stats, StatsFormat::None) || self.feed.is_some()
    }

    /// Tells the numbers; call it once a second.
    pub(crate) fn tick(&mut self, stats: &Stats) {
        self.seconds += 1;
        if let Some(json) = &self.json {
            json.write(&json::Stats::from(stats));
        }
        if let Some(feed) = &mut self.feed {
            feed.stats(stats);
        }
        let now = Instant::now();
        if self.told.stats == StatsFormat::Text {
            self.text_tick(stats, now);
        }
        self.before.note(stats, now);
    }

    /// Tells the report.
    ///
    /// # Errors
    ///
    /// When the numbers could not be written all along.
    pub(crate) fn report(&self, report: &Report) -> Result<(), Failure> {
        show(Vec::new());
        if let Some(feed) = &self.feed {
            feed.report(report);
        }
        if self.told.stats == StatsFormat::Text {
            say(summary::of(report).trim_end());
        }
        let Some(json) = &self.json else {
            return Ok(());
        };
        json.write(&json::Report::from(report));
        json.finish()
    }

    fn text_tick(&mut self, stats: &Stats, now: Instant) {
        let numbers = Numbers {
            stats,
            before: &self.before,
            now,
            source: self.told.source,
            is_verbose: self.told.log.is_verbose(),
        };
        if self.on_terminal {
            show(numbers.rows(columns()));
            return;
        }
        let stall = numbers.stall();
        if self.seconds.is_multiple_of(PLAIN_EVERY) {
            numbers.rows(usize::MAX).into_iter().for_each(say);
        } else if let Some(words) = stall.as_ref().filter(|_| stall != self.stall) {
            say(words);
        }
        self.stall = stall;
    }
}

/// Frames that came too fast for the encoder.
fn skipped(encoder: &EncoderReport) -> u64 {
    encoder.video.as_ref().map_or(0, |video| video.dropped)
}

/// Of a recorded broadcast to so many destinations.
#[cfg(test)]
pub(crate) fn recorded(destinations: usize) -> Progress {
    Progress::new(Told {
        destinations,
        source: "the test card",
        is_recorded: true,
        ends_with_servers: false,
        stats: StatsFormat::Text,
        log: LogOptions::default(),
    })
}

#[cfg(test)]
pub(crate) fn report_in_json(report: &Report) -> impl serde::Serialize {
    json::Report::from(report)
}
