//! What happens, and what it means. `wanted.rs` decides what follows.

use std::time::Instant;

use onair_av::Error;
use onair_av::device::{self, Interruption, Kind, Order};

use super::Command;
use super::{Director, Event, Ladder, Notice, Quality};

impl Director {
    /// Takes what happened.
    pub(super) fn take(&mut self, event: Event, now: Instant) {
        tracing::debug!(?event);
        match event {
            Event::Device(event) => self.device(event, now),
            Event::Foreground => self.foreground(now),
            Event::Background => self.background(now),
            Event::Network(path) => self.network.changed(path),
            Event::Order(order) => self.user_order(order, now),
            Event::Performed(order) => self.performed(&order, now),
            Event::Refused { order, error } => self.refused(&order, &error, now),
            Event::GoLive { quality, ladder } => self.go_live(quality, ladder, now),
            Event::End => self.end(now),
            Event::Mute(muted) => self.microphone.mute(muted, now),
            Event::EncoderLost => self.encoder_lost(now),
            Event::EncoderBack => self.encoder_back(),
        }
    }

    fn device(&mut self, event: device::Event, now: Instant) {
        use device::Event as Told;
        match event {
            Told::Started => self.session.started(now),
            Told::Stopped => self.stopped(now),
            Told::Permission { kind, granted } => self.permission(kind, granted, now),
            Told::CameraInterrupted(why) => self.camera_interrupted(why, now),
            Told::CameraInterruptionEnded => self.camera_is_back(now),
            Told::AudioInterrupted => self.microphone.interrupted(now),
            Told::AudioInterruptionEnded { should_resume } => {
                self.microphone.interruption_ended(should_resume, now);
            }
            Told::RouteChanged { input, lost } => self.route(input, lost),
            Told::ServicesLost => self.session.lost(now),
            Told::ServicesReset => self.services_reset(now),
            Told::Failed { what } => self.failed(what, now),
            Told::Thermal(thermal) => self.thermal.temperature(thermal, now),
            Told::Pressure(thermal) => self.thermal.pressure(thermal, now),
        }
    }

    fn foreground(&mut self, now: Instant) {
        if std::mem::replace(&mut self.stage.is_in_front, true) {
            return;
        }
        if std::mem::take(&mut self.slept) {
            self.network.awoke();
        }
        self.encoder.foreground(now);
        self.microphone.foreground(now);
        self.reset_backoff(now);
    }

    fn background(&mut self, now: Instant) {
        self.stage.is_in_front = false;
        self.camera.background();
        if self.stage.is_on_air && self.camera.interruption().is_some() {
            self.session.restart(now);
        }
    }

    /// The application or its user is back: what did not work before may work now.
    fn reset_backoff(&mut self, now: Instant) {
        if self.camera.reset_backoff() {
            self.session.restart(now);
        }
        self.session.reset_backoff(now);
        self.microphone.reset_backoff(now);
        if self.camera.interruption() == Some(Interruption::AudioInUse) {
            self.microphone.mark_stale(now);
        }
    }

    fn user_order(&mut self, order: Order, now: Instant) {
        match order {
            Order::Start => {
                self.stage.is_wanted = true;
                if self.session.is_dead() {
                    self.services_reset(now);
                }
                self.session.restart(now);
                self.reset_backoff(now);
            }
            Order::Stop => self.stage.is_wanted = false,
            Order::Rebuild => self.services_reset(now),
            Order::ActivateAudio => self.microphone.reset_backoff(now),
            Order::Rotation(turn) if self.stage.is_on_air => self.turn_after = Some(turn),
            Order::Rotation(turn) => self.turn = Some(turn),
            other => {
                // Another camera lies another way.
                self.turn_after
                    .take_if(|_| matches!(other, Order::Camera(_)));
                let order = self.thermal.user_order(other);
                self.out.order(order);
            }
        }
    }

    fn performed(&mut self, order: &Order, now: Instant) {
        match order {
            Order::Start => self.session.performed(now),
            Order::ActivateAudio if self.microphone.performed() => self.audio_is_back(now),
            _ => {}
        }
    }

    fn refused(&mut self, order: &Order, error: &Error, now: Instant) {
        let is_news = match order {
            Order::Start => self.session.failed(now),
            Order::Rebuild => self.session.rebuild_refused(now),
            Order::ActivateAudio => self.microphone.refused(now),
            Order::Video(held) => {
                self.camera.refused(*held);
                true
            }
            Order::Stop | Order::DeactivateAudio => false,
            _ => true,
        };
        // What is not allowed has a notice of its own.
        if is_news && !matches!(error, Error::NotAllowed(_)) {
            self.out.tell(Notice::Trouble(error.to_string()));
        }
    }

    /// What was interrupted for its audio may run again, reported or not.
    fn audio_is_back(&mut self, now: Instant) {
        if self.camera.interruption() == Some(Interruption::AudioInUse) {
            self.camera.recover();
        }
        self.session.resume(now);
    }

    fn go_live(&mut self, quality: Quality, ladder: Ladder, now: Instant) {
        if std::mem::replace(&mut self.stage.is_on_air, true) {
            return;
        }
        self.thermal.go_live(quality, ladder);
        self.camera.go_live();
        self.microphone.go_live();
        self.network.go_live();
        if let Some(why) = self.camera.interruption() {
            // A preview waits for its camera; a show goes on without.
            self.camera_interrupted(why, now);
        }
    }

    fn end(&mut self, now: Instant) {
        if !std::mem::take(&mut self.stage.is_on_air) {
            return;
        }
        self.thermal.end();
        self.encoder.recover();
        self.slept = false;
        if self.stage.is_in_front && self.camera.reset_backoff() {
            self.session.restart(now);
        }
    }

    fn encoder_lost(&mut self, now: Instant) {
        if self.stage.is_on_air {
            self.encoder.lost(now);
        }
    }

    fn encoder_back(&mut self) {
        if self.encoder.recover() && self.stage.is_on_air {
            self.out.push(Command::Keyframe);
        }
    }

    /// If it was not asked for and nothing interrupts it, it is an unexplained failure.
    fn stopped(&mut self, now: Instant) {
        if self.session.is_running() && self.camera.interruption().is_none() {
            self.session.failed(now);
        }
    }

    fn failed(&mut self, what: String, now: Instant) {
        if self.session.failed(now) {
            self.out.tell(Notice::Trouble(what));
        }
    }

    fn permission(&mut self, kind: Kind, granted: bool, now: Instant) {
        let is_new = match kind {
            Kind::Camera | Kind::Screen => self.camera.permission(granted),
            Kind::Microphone => self.microphone.permission(granted, now),
        };
        if is_new {
            self.session.restart(now);
        }
    }

    fn camera_interrupted(&mut self, why: Interruption, now: Instant) {
        if self.camera.interrupted(why, self.stage, now) {
            self.session.restart(now);
        }
    }

    fn camera_is_back(&mut self, now: Instant) {
        let before = self.camera.interruption();
        if !self.camera.recover() {
            return;
        }
        if before == Some(Interruption::AudioInUse) {
            self.microphone.renew(now);
        }
        self.session.restart(now);
    }

    fn services_reset(&mut self, now: Instant) {
        if self.session.reset(now) {
            self.microphone.reset(now);
        }
    }

    fn route(&mut self, input: Option<String>, lost: bool) {
        let repick = self.microphone.route(input, lost, &mut self.out);
        if repick && self.stage.should_run() && !self.session.is_dead() {
            self.out.order(Order::Microphone(None));
        }
    }
}
