//! What a live show does when the phone has other plans. Pure: events and the time in,
//! commands out.
//!
//! The broadcast stays connected, whatever happens. Its sources stand in by themselves for
//! pictures and sound that do not come ([`onair_av::capture::live_frames`]); what is decided here
//! is how to get them back, what viewers see meanwhile, and what the user is told.
#![forbid(unsafe_code)]

mod backoff;
mod camera;
mod commands;
mod encoder;
mod event;
mod heat;
mod ladder;
mod microphone;
mod network;
mod session;
mod stage;
#[cfg(test)]
mod tests;

use std::time::Instant;

use onair_av::device::{self, Format, Interruption, Kind, Order, Rotation};
use onair_media::FrameRate;

pub use self::event::{Command, Event, Ladder, Notice, Path, Quality, Why};

use self::camera::Camera;
use self::commands::Commands;
use self::encoder::Encoder;
use self::heat::Heat;
use self::microphone::Microphone;
use self::network::Network;
use self::session::Session;
use self::stage::{Presence, Stage};

/// Decides what to do about interruption, route, heat, permission, encoder, network and the
/// application's place on the screen, for a show and for the preview before it.
///
/// One mutation ([`handle_event`](Self::handle_event), [`handle_timeout`](Self::handle_timeout)),
/// then [`poll_command`](Self::poll_command) until it answers `None`, then the next. What came of
/// each [`Command::Device`] is told with [`Event::Performed`] or [`Event::Refused`].
///
/// ```text
///                    in front                            behind
///           ┌─────────────────────────┐ Background ┌─────────────────────────┐
///  preview  │ runs                    │ ─────────► │ stopped, the microphone │
///           │                         │ ◄───────── │ given back              │
///           └─────────────────────────┘ Foreground └─────────────────────────┘
///              GoLive │    ▲ End                      GoLive │    ▲ End
///                     ▼    │                                 ▼    │
///           ┌─────────────────────────┐ Background ┌─────────────────────────┐
///  on air   │ camera and microphone   │ ─────────► │ slate, the camera let   │
///           │                         │ ◄───────── │ go; the microphone on   │
///           └─────────────────────────┘ Foreground └─────────────────────────┘
///
///   on air                 viewers get                       and we
///   ─────────────────────  ────────────────────────────────  ────────────────────────────────
///   camera interrupted     last picture, after 3 s slate     let it go so that sound goes on,
///                                                             try again now and then
///   sound interrupted      silence                           ActivateSound when it ends and
///                                                             may, at Foreground, when asked
///   services lost          last picture, slate; silence      wait; reset: Rebuild,
///                                                             ActivateSound, Start
///   session failed         last picture, slate; silence      Start after 0.5, 1, 2 … 30 s,
///                                                             from the third time with Rebuild
///   encoder lost           its last IDR picture              Keyframe when it is back
///   hot                    fewer, smaller, poorer pictures   a ladder, one rung at a time
///   network gone           nothing                           Reconnect at once when back
///   nothing is allowed     slate and silence                 go on: ending is the user's to ask
/// ```
///
/// Each concern is a machine of its own, in a file of its own: it takes facts, and when all have
/// them, `settle` lets each order what follows, viewers first.
#[derive(Debug)]
pub struct Director {
    stage: Stage,
    session: Session,
    camera: Camera,
    microphone: Microphone,
    encoder: Encoder,
    heat: Heat,
    network: Network,
    /// How pictures are to be turned as soon as there is somebody to do it.
    turn: Option<Rotation>,
    /// How they are to be turned when the show is over.
    turn_after: Option<Rotation>,
    /// The application may have slept since it left the screen.
    slept: bool,
    is_kept_awake: bool,
    out: Commands,
}

impl Director {
    /// For a device that makes pictures like this, and does not run yet.
    pub fn new(format: Format) -> Self {
        Self {
            stage: Stage {
                is_wanted: false,
                is_in_front: true,
                is_on_air: false,
            },
            session: Session::new(),
            camera: Camera::new(),
            microphone: Microphone::new(),
            encoder: Encoder::default(),
            heat: Heat::new(format.size, format.frame_rate),
            network: Network::default(),
            turn: None,
            turn_after: None,
            slept: false,
            is_kept_awake: false,
            out: Commands::default(),
        }
    }

    /// Takes what happened.
    pub fn handle_event(&mut self, event: Event, now: Instant) {
        tracing::debug!(?event);
        match event {
            Event::Device(event) => self.device(event, now),
            Event::Foreground => self.foreground(now),
            Event::Background => self.background(now),
            Event::Network(path) => self.network.changed(path),
            Event::Order(order) => self.user_order(order, now),
            Event::Performed(order) => self.performed(&order, now),
            Event::Refused { order, what } => self.refused(&order, what, now),
            Event::GoLive { quality, ladder } => self.go_live(quality, ladder, now),
            Event::End => self.end(now),
            Event::Mute(muted) => self.microphone.mute(muted, now),
            Event::EncoderLost => self.encoder_lost(now),
            Event::EncoderBack => self.encoder_back(),
        }
        self.settle(now);
    }

    /// What to do next; `None` when there is nothing.
    pub fn poll_command(&mut self) -> Option<Command> {
        self.out.pop()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if ever.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadlines = [
            self.session
                .deadline(self.stage)
                .filter(|_| !self.is_blocked()),
            self.camera.deadline(self.stage),
            self.microphone.deadline(self.stage, self.session.is_dead()),
            self.encoder.deadline(),
            self.heat.deadline(),
            self.network.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.settle(now);
    }

    /// How many pictures a second are wanted, while heat allows fewer.
    pub fn frame_rate_when_cool(&self) -> Option<FrameRate> {
        self.heat.is_reduced().then(|| self.heat.base().frame_rate)
    }

    /// The user allows neither the camera nor the microphone.
    pub fn is_allowed_nothing(&self) -> bool {
        self.camera.is_denied() && self.microphone.is_denied()
    }
}

/// Facts.
impl Director {
    fn device(&mut self, event: device::Event, now: Instant) {
        use device::Event as Told;
        match event {
            Told::Started => self.session.started(now),
            Told::Stopped => self.stopped(now),
            Told::Permission { kind, granted } => self.permission(kind, granted, now),
            Told::CameraInterrupted(why) => self.camera_interrupted(why, now),
            Told::CameraInterruptionEnded => self.camera_is_back(now),
            Told::SoundInterrupted => self.microphone.interrupted(now),
            Told::SoundInterruptionEnded { should_resume } => {
                self.microphone.interruption_ended(should_resume, now);
            }
            Told::RouteChanged { input, lost } => self.route(input, lost),
            Told::ServicesLost => self.session.lost(now),
            Told::ServicesReset => self.services_reset(now),
            Told::Failed { what } => self.failed(what, now),
            Told::Thermal(thermal) => self.heat.thermal(thermal, now),
            Told::Pressure(thermal) => self.heat.pressure(thermal, now),
            _ => {}
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
        self.encourage(now);
    }

    fn background(&mut self, now: Instant) {
        self.stage.is_in_front = false;
        self.camera.background();
        if self.stage.is_on_air && self.camera.interruption().is_some() {
            self.session.kick(now);
        }
    }

    /// The application or its user is back: what did not work before may work now.
    fn encourage(&mut self, now: Instant) {
        if self.camera.encourage() {
            self.session.kick(now);
        }
        self.session.encourage(now);
        self.microphone.encourage(now);
        if self.camera.interruption() == Some(Interruption::SoundInUse) {
            self.microphone.doubt(now);
        }
    }

    fn user_order(&mut self, order: Order, now: Instant) {
        match order {
            Order::Start => {
                self.stage.is_wanted = true;
                if self.session.is_dead() {
                    self.services_reset(now);
                }
                self.session.kick(now);
                self.encourage(now);
            }
            Order::Stop => self.stage.is_wanted = false,
            Order::Rebuild => self.services_reset(now),
            Order::ActivateSound => self.microphone.encourage(now),
            Order::Rotation(turn) if self.stage.is_on_air => self.turn_after = Some(turn),
            Order::Rotation(turn) => self.turn = Some(turn),
            other => {
                // Another camera lies another way.
                self.turn_after
                    .take_if(|_| matches!(other, Order::Camera(_)));
                let order = self.heat.user_order(other);
                self.out.order(order);
            }
        }
    }

    fn performed(&mut self, order: &Order, now: Instant) {
        match order {
            Order::Start => self.session.performed(now),
            Order::ActivateSound if self.microphone.performed() => self.sound_is_back(now),
            _ => {}
        }
    }

    fn refused(&mut self, order: &Order, what: String, now: Instant) {
        let is_news = match order {
            Order::Start => self.session.failed(now),
            Order::Rebuild => self.session.rebuild_refused(now),
            Order::ActivateSound => self.microphone.refused(now),
            Order::Pictures(held) => {
                self.camera.refused(*held);
                true
            }
            Order::Stop | Order::DeactivateSound => false,
            _ => true,
        };
        if is_news {
            self.out.tell(Notice::Trouble(what));
        }
    }

    /// What was interrupted for its sound may run again, whether or not that is told.
    fn sound_is_back(&mut self, now: Instant) {
        if self.camera.interruption() == Some(Interruption::SoundInUse) {
            self.camera.recover();
        }
        self.session.resume(now);
    }

    fn go_live(&mut self, quality: Quality, ladder: Ladder, now: Instant) {
        if std::mem::replace(&mut self.stage.is_on_air, true) {
            return;
        }
        self.heat.go_live(quality, ladder);
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
        self.heat.end();
        self.encoder.recover();
        self.slept = false;
        if self.stage.is_in_front && self.camera.encourage() {
            self.session.kick(now);
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

    /// Where nobody asked for it and nothing interrupts it, it is a failure without words.
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
            self.session.kick(now);
        }
    }

    fn camera_interrupted(&mut self, why: Interruption, now: Instant) {
        if self.camera.interrupted(why, self.stage, now) {
            self.session.kick(now);
        }
    }

    fn camera_is_back(&mut self, now: Instant) {
        let before = self.camera.interruption();
        if !self.camera.recover() {
            return;
        }
        if before == Some(Interruption::SoundInUse) {
            self.microphone.renew(now);
        }
        self.session.kick(now);
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

/// What follows from them.
impl Director {
    fn settle(&mut self, now: Instant) {
        let stage = self.stage;
        if stage.is_in_front && self.camera.settle_retry(now) {
            self.session.kick(now);
        }
        self.encoder.settle(now);
        let picture = self.picture();
        self.camera.settle_slate(picture, stage, now, &mut self.out);
        self.microphone.settle_mute(stage, &mut self.out);
        self.network.settle(stage.is_on_air, now, &mut self.out);
        self.settle_device(now);
        self.settle_turn();
        self.heat.settle(now);
        if picture == Presence::Here {
            self.heat.settle_camera(&mut self.out);
        }
        self.heat.settle_encoder(&mut self.out);
        self.settle_screen();
        self.settle_notices(picture);
    }

    /// A Rebuild goes first, then the category of sound, then the Start that relies on both.
    fn settle_device(&mut self, now: Instant) {
        let (stage, out) = (self.stage, &mut self.out);
        self.session.settle_stop(stage, out);
        if !self.session.is_dead() {
            self.camera.settle_release(stage, out);
        }
        let is_due = self.session.is_due(stage, now) && !self.is_blocked();
        let out = &mut self.out;
        if is_due {
            self.session.settle_rebuild(now, out);
            self.camera.settle_hold(stage, out);
        }
        self.microphone
            .settle(stage, self.session.is_dead(), now, out);
        if is_due {
            self.session.start(stage, out);
        }
    }

    /// A turn changes the size of pictures, which a show keeps from its beginning to its end.
    fn settle_turn(&mut self) {
        if !self.stage.is_on_air && self.turn_after.is_some() {
            self.turn = self.turn_after.take();
        }
        if let Some(turn) = self.turn.take_if(|_| !self.session.is_dead()) {
            self.out.order(Order::Rotation(turn));
        }
    }

    fn settle_screen(&mut self) {
        let is_on_air = self.stage.is_on_air;
        if std::mem::replace(&mut self.is_kept_awake, is_on_air) != is_on_air {
            self.out.push(Command::KeepAwake(is_on_air));
        }
    }

    fn settle_notices(&mut self, picture: Presence) {
        let sound = self.sound();
        let is_away = matches!(sound, Presence::Away(_));
        self.slept |= self.stage.is_on_air && !self.stage.is_in_front && is_away;
        self.camera.settle_notice(picture, &mut self.out);
        self.microphone.settle_notice(sound, &mut self.out);
        self.network.settle_notice(&mut self.out);
    }

    fn is_blocked(&self) -> bool {
        self.camera.blocks(self.stage)
    }

    fn picture(&self) -> Presence {
        let interruption = self.camera.interruption();
        if !self.stage.should_run() {
            Presence::Off
        } else if self.camera.is_denied() {
            Presence::Away(Why::NotAllowed)
        } else if !self.stage.is_in_front {
            Presence::Away(Why::Background)
        } else if self.session.is_dead() {
            Presence::Away(Why::ServicesLost)
        } else if let Some(interruption) = interruption {
            Presence::Away(camera::why(interruption))
        } else if self.session.has_failed() || self.encoder.is_missed() {
            Presence::Away(Why::Failed)
        } else if self.session.is_running() {
            Presence::Here
        } else {
            Presence::Coming
        }
    }

    fn sound(&self) -> Presence {
        let interruption = self.camera.interruption();
        if !self.stage.should_run() {
            Presence::Off
        } else if self.microphone.is_denied() {
            Presence::Away(Why::NotAllowed)
        } else if self.session.is_dead() {
            Presence::Away(Why::ServicesLost)
        } else if interruption == Some(Interruption::SoundInUse) {
            Presence::Away(Why::InUse)
        } else if self.session.has_failed() {
            Presence::Away(Why::Failed)
        } else {
            match self.microphone.presence(self.stage) {
                Presence::Here if !self.session.is_running() => Presence::Coming,
                presence => presence,
            }
        }
    }
}
