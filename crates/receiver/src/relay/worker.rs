use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use onair::{Broadcast, Destination, Stopper};

use super::hold::{HoldEvent, HoldSettings};
use super::source::{News, Source};
use super::{RelayFailure, RelayInfo, RelayState};
use crate::event::WeakEvents;
use crate::{Event, StreamName, Viewer};

/// What a relay's thread shares with those that watch over it.
#[derive(Debug)]
pub(super) struct Worker {
    destination: Destination,
    hold: Option<HoldSettings>,
    events: WeakEvents,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The stream that is relayed now.
    name: StreamName,
    is_over: crate::registry::IsOver,
    /// The next stream for the same target.
    next: Option<Viewer>,
    stopper: Option<Stopper>,
    /// Since when only the rest of an ended stream is on its way.
    finishing: Option<Instant>,
    is_stopping: bool,
    is_done: bool,
    stands: RelayState,
}

/// How long the rest of an ended stream may take.
const REST: Duration = Duration::from_secs(30);

/// Reported when a stream does not wait for that.
const CUT: &str = "the next stream begins: what has not gone out in half a second is cut off";

/// A worker's answer to one more stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// It follows as soon as the present one has ended.
    Taken,
    /// The target is taken by another stream, which is live.
    Busy(StreamName),
    /// The relay is at its end: begin another.
    Done,
}

impl Worker {
    pub(super) fn new(
        viewer: &Viewer,
        (destination, hold): (Destination, Option<HoldSettings>),
        events: WeakEvents,
    ) -> Arc<Self> {
        let state = State {
            name: viewer.name().clone(),
            is_over: viewer.is_over(),
            next: None,
            stopper: None,
            finishing: None,
            is_stopping: false,
            is_done: false,
            stands: RelayState::Connecting,
        };
        Arc::new(Self {
            destination,
            hold,
            events,
            state: Mutex::new(state),
        })
    }

    /// Relays one stream after the other until nothing follows, on the calling thread.
    pub(super) fn run(&self, mut viewer: Viewer) {
        loop {
            self.relay(viewer);
            match self.turn() {
                Some(next) => viewer = next,
                None => return,
            }
        }
    }

    /// Offers a new stream. The rest of the one before it may go out for as long as a broadcast
    /// takes to stop; then it is cut off, since viewers should see what is live.
    pub(super) fn offer(&self, viewer: Viewer) -> Offer {
        let mut state = self.state();
        if state.is_done || state.is_stopping {
            return Offer::Done;
        }
        if !state.is_over.get() {
            return Offer::Busy(state.name.clone());
        }
        let is_first = state.next.replace(viewer).is_none();
        if let Some(stopper) = state.stopper.as_ref().filter(|_| is_first) {
            self.tell(&state.name, CUT.to_owned());
            stopper.stop();
        }
        Offer::Taken
    }

    /// Ends it within a second, whatever its server does.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        (state.is_stopping, state.next) = (true, None);
        if let Some(stopper) = &state.stopper {
            stopper.stop();
        }
    }

    /// Ends it if its stream ended [`REST`] ago and the rest is not out yet.
    pub(super) fn look(&self, now: Instant) {
        let is_finishing = self.is_finishing();
        let mut state = self.state();
        let since = match is_finishing {
            true => *state.finishing.get_or_insert(now),
            false => return state.finishing = None,
        };
        drop(state);
        if now.saturating_duration_since(since) >= REST {
            self.stop();
        }
    }

    /// Whether its stream has ended, and only the rest is on its way.
    pub(super) fn is_finishing(&self) -> bool {
        let state = self.state();
        state.is_over.get() && state.next.is_none()
    }

    pub(super) fn is_done(&self) -> bool {
        self.state().is_done
    }

    pub(super) fn info(&self) -> RelayInfo {
        let state = self.state();
        RelayInfo {
            name: state.name.clone(),
            url: self.destination.address.to_string(),
            state: state.stands.clone(),
        }
    }

    /// The next stream; `None` is the end.
    fn turn(&self) -> Option<Viewer> {
        let mut state = self.state();
        state.stopper = None;
        let next = state.next.take().filter(|_| !state.is_stopping);
        match &next {
            Some(viewer) => {
                state.name = viewer.name().clone();
                state.is_over = viewer.is_over();
                state.stands = RelayState::Connecting;
            }
            None => state.is_done = true,
        }
        next
    }

    fn relay(&self, viewer: Viewer) {
        let name = viewer.name().clone();
        let (events, url) = (self.events.clone(), self.destination.address.to_string());
        let limit = self.hold.as_ref().map_or(Duration::ZERO, |hold| hold.limit);
        let tell = {
            let name = name.clone();
            move |news| events.tell(told(&name, &url, (news, limit)))
        };
        let Some(source) = Source::open(viewer, self.hold.as_ref(), Box::new(tell)) else {
            return;
        };
        let broadcast = Broadcast::builder()
            .described(source.said().clone())
            .live_media(Box::new(source))
            .to(self.destination.clone())
            .start();
        match broadcast {
            Ok(broadcast) => {
                self.begun(&broadcast);
                self.follow(&name, &broadcast);
            }
            Err(error) => self.give_up(&name, RelayFailure::NotStarted(error.to_string())),
        }
    }

    /// From now on it can be stopped, and is if that was asked for before.
    fn begun(&self, broadcast: &Broadcast) {
        let mut state = self.state();
        if state.is_stopping || state.next.is_some() {
            broadcast.stop();
        }
        state.stopper = Some(broadcast.stopper());
    }

    fn follow(&self, name: &StreamName, broadcast: &Broadcast) {
        let mut was_live = false;
        while let Some(event) = broadcast.next_event() {
            if let onair::Event::DestinationEnded {
                failure: Some(failure),
                ..
            } = event
            {
                self.give_up(name, failure.into());
                continue;
            }
            if let Some(stands) = RelayState::of(&event) {
                self.state().stands = stands;
            }
            let is_cut = self.state().next.is_some();
            was_live |= matches!(event, onair::Event::Live { .. });
            if let Some(words) = in_words(&event, was_live, is_cut) {
                self.tell(name, words);
            }
        }
    }

    fn give_up(&self, name: &StreamName, failure: RelayFailure) {
        self.state().stands = RelayState::Failed(failure.clone());
        self.events.tell(Event::RelayFailed {
            name: name.clone(),
            url: self.destination.address.to_string(),
            failure,
        });
    }

    fn tell(&self, name: &StreamName, message: String) {
        let url = self.destination.address.to_string();
        self.events.tell(relay_event(name, &url, message));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn relay_event(name: &StreamName, url: &str, message: String) -> Event {
    Event::Relay {
        name: name.clone(),
        url: url.to_owned(),
        message,
    }
}

/// The event for a stream's news, with how long it is held.
fn told(name: &StreamName, url: &str, (news, limit): (News, Duration)) -> Event {
    let (name, url) = (name.clone(), url.to_owned());
    match news {
        News::Words(message) | News::Hold(HoldEvent::Lacking(message)) => {
            Event::Relay { name, url, message }
        }
        News::Hold(HoldEvent::Held { is_gone }) => Event::RelayHeld {
            name,
            url,
            is_gone,
            limit,
        },
        News::Hold(HoldEvent::Back { after }) => Event::RelayBack { name, url, after },
        News::NotBack(after) => Event::RelayNotBack { name, url, after },
    }
}

impl RelayState {
    /// A relay's state after an event that is no failure.
    fn of(event: &onair::Event) -> Option<Self> {
        use onair::Event as E;
        Some(match event {
            E::Connecting { .. } => Self::Connecting,
            E::Live { .. } => Self::Live,
            E::Reconnecting { .. } => Self::Reconnecting,
            E::DestinationEnded { .. } => Self::Ended,
            E::Refused { .. }
            | E::Congested { .. }
            | E::BitrateLimited { .. }
            | E::BitrateRestored { .. }
            | E::Dropped { .. }
            | E::ReconnectRequested { .. }
            | E::HandedOver { .. }
            | E::EncoderLost { .. }
            | E::EncoderBack
            | E::PictureChanged { .. }
            | E::AudioChanged { .. }
            | E::Warning { .. }
            | E::RecordingFailed { .. }
            | E::Ended(_) => return None,
        })
    }
}

/// What a person wants to know of a broadcast, which the next may be cutting off.
fn in_words(event: &onair::Event, was_live: bool, is_cut: bool) -> Option<String> {
    use onair::Event as E;
    Some(match event {
        E::Live { after, .. } => format!("on air after {} ms", after.as_millis()),
        E::Reconnecting { failure, delay, .. } => {
            let state = if was_live { "lost" } else { "not on air" };
            format!("{state}: {failure}; trying again in {}", seconds(*delay))
        }
        E::Dropped { frames, gap, .. } => format!(
            "{frames} pictures, {}, did not get through: {}",
            seconds(gap.to.since(gap.from)),
            match is_cut {
                true => "the next stream began before they were sent",
                false => "the line to it was too slow or down",
            }
        ),
        E::HandedOver { why, .. } => format!("another connection took over: {why}"),
        E::Warning { message, .. } => message.clone(),
        E::DestinationEnded { .. } => "ended".to_owned(),
        E::Connecting { .. }
        | E::Refused { .. }
        | E::Congested { .. }
        | E::BitrateLimited { .. }
        | E::BitrateRestored { .. }
        | E::ReconnectRequested { .. }
        | E::EncoderLost { .. }
        | E::EncoderBack
        | E::PictureChanged { .. }
        | E::AudioChanged { .. }
        | E::RecordingFailed { .. }
        | E::Ended(_) => return None,
    })
}

fn seconds(delay: Duration) -> String {
    format!("{:.1} s", delay.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use onair_media::Timestamp;

    use super::*;

    #[test]
    fn what_the_next_stream_cuts_off_is_not_blamed_on_the_line() {
        let gap = onair::Gap {
            from: Timestamp::from_millis(1000),
            to: Timestamp::from_millis(2500),
        };
        let event = onair::Event::Dropped {
            destination: 0,
            frames: 45,
            gap,
        };
        let words = |is_cut| in_words(&event, true, is_cut).unwrap();
        let slow = "45 pictures, 1.5 s, did not get through: the line to it was too slow or down";
        assert_eq!(words(false), slow);
        assert!(words(true).contains("the next stream"), "{}", words(true));
    }

    #[test]
    fn only_what_was_on_air_is_lost() {
        let (stage, fault) = (onair::FailureStage::Connect, onair::Fault::NobodyListens);
        let event = onair::Event::Reconnecting {
            destination: 0,
            failure: onair::Failure::new(stage, fault, "nobody listens"),
            at: Timestamp::ZERO,
            attempt: 1,
            delay: Duration::from_millis(200),
        };
        let words = |was_live| in_words(&event, was_live, false).unwrap();
        assert_eq!(words(true), "lost: nobody listens; trying again in 0.2 s");
        assert!(words(false).starts_with("not on air: "), "{}", words(false));
    }
}
