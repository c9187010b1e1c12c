//! What a live show does when the phone interferes. Pure: events and the time in, commands out.
//!
//! The broadcast stays connected, whatever happens. Its sources replace missing frames and audio by
//! themselves ([`onair_av::capture::live_frames`]). The director decides how to get them back, what
//! viewers see meanwhile, and what the user is told.
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

/// Decides what to do about interruptions, audio route, heat, permissions, encoder, network and
/// whether the application is on the screen, for a show and for the preview before it.
///
/// Call [`handle_event`](Self::handle_event) or [`handle_timeout`](Self::handle_timeout) once, then
/// [`poll_command`](Self::poll_command) until it gives `None`, then the next. Answer each
/// [`Command::Device`] with [`Event::Performed`] or [`Event::Refused`].
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
///   camera interrupted     last frame, after 3 s slate       let it go so that audio goes on,
///                                                             try again now and then
///   audio interrupted      silence                           ActivateAudio when it ends and
///                                                             may, at Foreground, when asked
///   services lost          last frame, slate; silence        wait; reset: Rebuild,
///                                                             ActivateAudio, Start
///   session failed         last frame, slate; silence        Start after 0.5, 1, 2 … 30 s,
///                                                             from the third time with Rebuild
///   encoder lost           its last IDR frame                Keyframe when it is back
///   hot                    fewer, smaller, poorer frames     a ladder, one step at a time
///   network gone           nothing                           Reconnect at once when back
///   nothing is allowed     slate and silence                 go on: ending is the user's to ask
/// ```
///
/// Each concern is a machine in a file of its own, which takes facts (`facts.rs`). One function of
/// all their states says what follows (`wanted.rs`). That goes out as commands; each machine notes
/// its own, and then wants it no more.
#[derive(Clone, Debug)]
pub struct Director {
    stage: Stage,
    session: Session,
    camera: Camera,
    microphone: Microphone,
    encoder: Encoder,
    thermal: ThermalPolicy,
    network: Network,
    /// The turn to order as soon as there is a device to do it.
    turn: Option<Rotation>,
    /// The turn to order when the show is over.
    turn_after: Option<Rotation>,
    /// Whether the application may have slept since it left the screen.
    slept: bool,
    is_kept_awake: bool,
    out: Commands,
}

impl Director {
    /// For a device with this quality, which does not run yet.
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

    /// The frame rate wanted, while heat allows less.
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

    /// Whether a command is still wanted: never, once an event was handled.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn owes(&self, now: Instant) -> bool {
        !self.wanted(now).is_empty()
    }
}
