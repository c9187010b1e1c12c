use std::time::Instant;

use onair::director::Notice;
use onair::studio::{News, Show};
use onair::{Destination, Event, Outcome, Report, Stats};

use crate::air::{Air, Asked};
use crate::device::Device;
use crate::question::Question;
use crate::screen::Phase;
use crate::{App, Effect, Haptic, compose, words};

/// Going live, ending, and the studio's events.
impl App {
    pub(crate) fn phase(&self) -> Phase {
        self.air.as_ref().map_or(Phase::Idle, Air::phase)
    }

    /// The red button: goes live, or ends; asks first if viewers would notice.
    pub(crate) fn tap_record(&mut self) {
        match self.phase() {
            Phase::Idle => self.go_live(),
            Phase::Connecting => self.end(),
            Phase::Live | Phase::Reconnecting => self.ask(Question::End),
            Phase::Ending => {}
        }
    }

    pub(crate) fn end(&mut self) {
        if let Some(air) = &mut self.air
            && !air.is_ending
        {
            air.is_ending = true;
            self.effect(Effect::End);
            self.effect(Effect::Haptic(Haptic::Tap));
        }
    }

    fn go_live(&mut self) {
        if self.device != Device::Ready {
            return;
        }
        let (names, to) = match self.chosen() {
            Ok(chosen) => chosen,
            Err(question) => return self.ask(question),
        };
        let mut to = to.into_iter();
        let Some(first) = to.next() else { return };
        let mut show = Show::to(first);
        show.destinations.extend(to);
        show.bitrate = self.settings.bitrate;
        show.record = self.settings.records.then(|| self.recordings.next());
        let asked = Asked {
            bitrate: self.settings.asked_bitrate(),
            frame_rate: f64::from(self.settings.frame_rate),
        };
        self.air = Some(Air::new(names, asked, show.record.clone()));
        self.pages.clear();
        self.effect(Effect::GoLive(Box::new(show)));
        self.effect(Effect::Haptic(Haptic::Tap));
    }

    /// The active destinations, with their names; or a question if that will not do.
    fn chosen(&self) -> Result<(Vec<String>, Vec<Destination>), Question> {
        let mut chosen = (Vec::new(), Vec::new());
        for one in self.destinations.iter().filter(|one| one.is_active) {
            let Some(address) = &one.address else {
                let text = words::key_missing(&one.name);
                return Err(Question::told(words::NOT_STARTED, text));
            };
            chosen.0.push(one.name.clone());
            chosen.1.push(Destination::from(address.address().clone()));
        }
        if !chosen.0.is_empty() {
            Ok(chosen)
        } else if self.destinations.is_empty() {
            Err(Question::Nowhere)
        } else {
            Err(Question::told(words::ALL_OFF_TITLE, words::ALL_OFF_TEXT))
        }
    }

    pub(crate) fn handle_news(&mut self, news: News, now: Instant) {
        match news {
            News::Broadcast(Event::Ended(report)) => self.ended(&report, now),
            News::Broadcast(event) => self.handle_event(&event, now),
            News::Notice(notice) => self.handle_notice(&notice, now),
            News::KeepAwake(is_awake) => self.is_awake = is_awake,
            News::NotStarted(why) => self.not_started(&why),
        }
    }

    pub(crate) fn handle_stats(&mut self, stats: &Stats, now: Instant) {
        if let Some(air) = &mut self.air {
            air.gauge.handle_stats(stats, now);
        }
    }

    pub(crate) fn recording_kept(&mut self, result: Result<(), String>, now: Instant) {
        match result {
            Ok(()) => self.tell(words::KEPT.to_owned(), now),
            Err(why) => {
                let text = format!("{why}. {}", words::NOT_KEPT_CURE);
                self.ask(Question::told(words::NOT_KEPT, text));
            }
        }
    }

    fn handle_event(&mut self, event: &Event, now: Instant) {
        if let Event::Warning { message, .. } = event {
            self.tell(message.clone(), now);
        }
        let before = self.phase();
        if let Some(air) = &mut self.air {
            air.handle_event(event, now);
        }
        if self.phase() == Phase::Live && before != Phase::Live {
            self.effect(Effect::Haptic(Haptic::Success));
            self.effect(Effect::Announce(words::ON_AIR.to_owned()));
        }
    }

    fn handle_notice(&mut self, notice: &Notice, now: Instant) {
        if let Some(text) = self.notices.handle_notice(notice) {
            self.tell(text, now);
        }
    }

    fn not_started(&mut self, why: &str) {
        self.leave_air();
        self.effect(Effect::Haptic(Haptic::Failure));
        self.ask(Question::told(words::NOT_STARTED, words::sentence(why)));
    }

    fn ended(&mut self, report: &Report, now: Instant) {
        let Some(air) = self.leave_air() else { return };
        if let Some(since) = air.live_since {
            let clock = compose::clock(now.saturating_duration_since(since));
            self.tell(words::ended(&clock), now);
        }
        if let Some(path) = air.recording {
            self.effect(Effect::KeepRecording(path));
        }
        if report.outcome == Outcome::Failed {
            self.effect(Effect::Haptic(Haptic::Failure));
            let failure = air.lines.iter().find_map(|line| line.failure.as_ref());
            let text = failure.map_or_else(|| words::sentence(&report.reason), words::with_cure);
            self.ask(Question::told(words::SHOW_FAILED, text));
        }
    }

    /// Off the air: the phone may be turned again, and any question about the show goes.
    fn leave_air(&mut self) -> Option<Air> {
        let air = self.air.take();
        self.question.take_if(|question| *question == Question::End);
        self.order_turn();
        air
    }
}
