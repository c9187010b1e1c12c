//! What a live show does when the phone has other plans. Pure: events and the time in,
//! commands out.
//!
//! The broadcast stays connected, whatever happens. Its sources stand in by themselves for
//! pictures and audio that do not come ([`onair_av::capture::live_frames`]); what is decided here
//! is how to get them back, what viewers see meanwhile, and what the user is told.
#![forbid(unsafe_code)]

mod backoff;
mod camera;
mod commands;
mod encoder;
mod event;
mod facts;
mod ladder;
mod microphone;
mod network;
mod session;
mod stage;
#[cfg(test)]
mod tests;
mod thermal;
mod wanted;

use std::time::Instant;

use onair_av::device::{Format, Rotation};
use onair_media::FrameRate;

pub use self::event::{Command, Event, Ladder, Notice, Path, Quality, Why};

use self::camera::Camera;
use self::commands::Commands;
use self::encoder::Encoder;
use self::microphone::Microphone;
use self::network::Network;
use self::session::Session;
use self::stage::Stage;
use self::thermal::ThermalPolicy;

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
///   camera interrupted     last picture, after 3 s slate     let it go so that audio goes on,
///                                                             try again now and then
///   audio interrupted      silence                           ActivateAudio when it ends and
///                                                             may, at Foreground, when asked
///   services lost          last picture, slate; silence      wait; reset: Rebuild,
///                                                             ActivateAudio, Start
///   session failed         last picture, slate; silence      Start after 0.5, 1, 2 … 30 s,
///                                                             from the third time with Rebuild
///   encoder lost           its last IDR picture              Keyframe when it is back
///   hot                    fewer, smaller, poorer pictures   a ladder, one step at a time
///   network gone           nothing                           Reconnect at once when back
///   nothing is allowed     slate and silence                 go on: ending is the user's to ask
/// ```
///
/// Each concern is a machine of its own, in a file of its own, which takes facts (`facts.rs`).
/// What follows from them is one function of all their states (`wanted.rs`): it is given as
/// commands, each machine notes its own, and what was given is wanted no more.
#[derive(Clone, Debug)]
pub struct Director {
    stage: Stage,
    session: Session,
    camera: Camera,
    microphone: Microphone,
    encoder: Encoder,
    thermal: ThermalPolicy,
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
            thermal: ThermalPolicy::new(format.size, format.frame_rate),
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
        self.take(event, now);
        self.act(now);
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
            self.thermal.deadline(),
            self.network.deadline(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.act(now);
    }

    /// How many pictures a second are wanted, while heat allows fewer.
    pub fn frame_rate_when_cool(&self) -> Option<FrameRate> {
        self.thermal
            .is_reduced()
            .then(|| self.thermal.base().frame_rate)
    }

    /// The user allows neither the camera nor the microphone.
    pub fn is_allowed_nothing(&self) -> bool {
        self.camera.is_denied() && self.microphone.is_denied()
    }

    fn act(&mut self, now: Instant) {
        self.advance(now);
        let wanted = self.wanted(now);
        wanted.iter().for_each(|command| self.note(command, now));
        self.out.extend(wanted);
    }

    /// Whether something is wanted that was not given: never, once an event was handled.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn owes(&self, now: Instant) -> bool {
        !self.wanted(now).is_empty()
    }
}
