//! What a dashboard is told: JSON objects told apart by `"type"`.
//!
//! | type | when | fields |
//! |---|---|---|
//! | `stats` | every second | those of docs/json/publish.schema.json; `gaps` are empty, for each was an event |
//! | `event` | as it happens | `at_s` (since the beginning), `kind`, `destination` if it is about one, `words` for people, `gap_s` (how long nothing was seen, until then) |
//! | `report` | last | those of the report in docs/json/publish.schema.json |

use std::time::{Duration, Instant};

use onair::{Event, Report, Stats};
use onair_receiver::Dashboard;
use serde::Serialize;

use super::events::destination;
use super::json;
use crate::json::Timed;

/// Tells a dashboard.
#[derive(Debug)]
pub(super) struct Feed {
    dashboard: Dashboard,
    began: Instant,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum News<'a> {
    Stats(Timed<'a, json::Stats<'a>>),
    Event {
        at_s: f64,
        kind: Kind,
        #[serde(skip_serializing_if = "Option::is_none")]
        destination: Option<usize>,
        words: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        gap_s: Option<f64>,
    },
    Report(Timed<'a, json::Report<'a>>),
}

/// What an event is about, for a mark in a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// On air, or again.
    Live,
    /// Not on air, or no longer.
    Off,
    /// Something was not seen.
    Gap,
    /// The line carries more or less.
    Rate,
    /// Another connection takes over.
    Handover,
    /// Something to know.
    Note,
}

impl Feed {
    pub(super) fn new(dashboard: Dashboard) -> Self {
        Self {
            dashboard,
            began: Instant::now(),
        }
    }

    pub(super) fn stats(&mut self, stats: &Stats) {
        let now = Instant::now();
        self.began = now.checked_sub(stats.elapsed).unwrap_or(now);
        let numbers = json::Stats::from(stats).without_gaps();
        self.tell(&News::Stats(Timed::now(&numbers)));
    }

    pub(super) fn event(&self, event: &Event, words: &str) {
        self.tell(&News::Event {
            at_s: self.began.elapsed().as_secs_f64(),
            kind: Kind::of(event),
            destination: destination(event),
            words,
            gap_s: gap(event).map(|gap| gap.as_secs_f64()),
        });
    }

    /// Tells the report, which is the last.
    pub(super) fn report(&self, report: &Report) {
        let numbers = json::Report::from(report);
        let news = News::Report(Timed::now(&numbers));
        self.dashboard
            .end(serde_json::to_string(&news).unwrap_or_default());
    }

    fn tell(&self, news: &News<'_>) {
        if let Ok(news) = serde_json::to_string(news) {
            self.dashboard.tell(news);
        }
    }
}

fn gap(event: &Event) -> Option<Duration> {
    match event {
        Event::Dropped { gap, .. } => Some(gap.to.since(gap.from)),
        _ => None,
    }
}

impl Kind {
    const fn of(event: &Event) -> Self {
        match event {
            Event::Live { .. } => Self::Live,
            Event::Refused { .. } | Event::Reconnecting { .. } | Event::DestinationEnded { .. } => {
                Self::Off
            }
            Event::Dropped { .. } => Self::Gap,
            Event::Congested { .. }
            | Event::BitrateLimited { .. }
            | Event::BitrateRestored { .. }
            | Event::PictureChanged { .. }
            | Event::AudioChanged { .. } => Self::Rate,
            Event::ReconnectRequested { .. } | Event::HandedOver { .. } => Self::Handover,
            Event::Connecting { .. }
            | Event::EncoderLost { .. }
            | Event::EncoderBack
            | Event::Warning { .. }
            | Event::RecordingFailed { .. }
            | Event::Ended(_) => Self::Note,
        }
    }
}

#[cfg(test)]
mod tests {
    use onair::media::{Bitrate, Timestamp};
    use onair::{Gap, Outcome};
    use serde_json::Value;

    use super::*;

    fn told(dashboard: &Dashboard) -> Vec<Value> {
        let replay: Value = serde_json::from_str(&dashboard.replay()).expect("JSON");
        replay["messages"].as_array().expect("messages").clone()
    }

    #[test]
    fn a_dashboard_is_told_of_events_and_at_last_the_report() {
        let (dashboard, orders) = Dashboard::new("{}".to_owned());
        let feed = Feed::new(dashboard.clone());
        let [from, to] = [1000, 3500].map(Timestamp::from_millis);
        let dropped = Event::Dropped {
            destination: 1,
            frames: 3,
            gap: Gap { from, to },
        };
        feed.event(&dropped, "3 pictures \u{202e}dropped");
        let limited = Event::BitrateRestored {
            destination: 0,
            bitrate: Bitrate::kbps(2500),
        };
        feed.event(&limited, "enough again");
        feed.report(&Report {
            reason: "stopped".to_owned(),
            outcome: Outcome::Stopped,
            duration: Duration::from_secs(1),
            destinations: Vec::new(),
            encoder: onair::EncoderReport::default(),
            capture: None,
            damage: None,
            recording: None,
            ok: true,
        });
        let told = told(&dashboard);
        let kinds: Vec<_> = told.iter().map(|news| &news["type"]).collect();
        assert_eq!(kinds, ["event", "event", "report"]);
        assert_eq!(
            (&told[0]["kind"], &told[0]["gap_s"]),
            (&"gap".into(), &2.5.into())
        );
        assert_eq!(told[0]["destination"], 1);
        assert_eq!(
            (&told[1]["kind"], &told[1]["gap_s"]),
            (&"rate".into(), &Value::Null)
        );
        assert_eq!(
            (&told[2]["report"], &told[2]["ok"]),
            (&true.into(), &true.into())
        );
        let next = orders.next_within(Duration::ZERO);
        assert_eq!(next, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
    }
}
