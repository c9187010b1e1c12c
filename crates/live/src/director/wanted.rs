//! What has to be done, derived from the present state alone.

use std::time::Instant;

use onair_av::device::{Interruption, Order};

use super::camera;
use super::stage::{Change, Presence};
use super::{Command, Director, Notice, Why};

impl Director {
    /// What time has changed, and what has to be remembered of this moment.
    pub(super) fn advance(&mut self, now: Instant) {
        let (stage, is_dead) = (self.stage, self.session.is_dead());
        if stage.is_in_front && self.camera.advance(now) {
            self.session.restart(now);
        }
        self.encoder.advance(now);
        self.thermal.advance(now);
        self.session.rest(stage);
        self.microphone.rest(stage, is_dead);
        self.network.rest(stage.is_on_air);
        if !stage.is_on_air && self.turn_after.is_some() {
            self.turn = self.turn_after.take();
        }
        self.camera.observe(self.video(), now);
        let has_no_audio = matches!(self.audio(), Presence::Away(_));
        self.slept |= stage.is_on_air && !stage.is_in_front && has_no_audio;
    }

    /// Everything to do now, in the best order: for viewers, with the device, for the user.
    /// [`note`](Self::note) is told of all of it.
    ///
    /// It reads one state and changes nothing, so no command depends on whether another was noted
    /// before.
    pub(super) fn wanted(&self, now: Instant) -> Vec<Command> {
        let video = self.video();
        let viewers = self.for_viewers(video, now);
        let device = self.for_device(video, now).map(Command::Device);
        let encoder = self.thermal.bitrate().map(Command::Bitrate);
        let thermal = self.thermal.notice().map(Command::Tell);
        let is_on_air = self.stage.is_on_air;
        let screen = (self.is_kept_awake != is_on_air).then_some(Command::KeepAwake(is_on_air));
        let notices = self.for_user(video).map(Command::Tell);
        let device = device.chain(encoder).chain(thermal).chain(screen);
        viewers.chain(device).chain(notices).collect()
    }

    fn for_viewers(&self, video: Presence, now: Instant) -> impl Iterator<Item = Command> + use<> {
        let slate = self.camera.slate(video, self.stage, now);
        let reconnects = self.network.is_to_reconnect(now);
        let commands = [
            slate.map(Command::Slate),
            slate.filter(|shown| *shown).map(|_| Command::Keyframe),
            self.microphone.inlet(self.stage).map(Command::Mute),
            reconnects.then_some(Command::Reconnect),
        ];
        commands.into_iter().flatten()
    }

    /// A Rebuild goes first, then the category of audio, then the Start that relies on both.
    /// Nothing is ordered of dead services.
    fn for_device(&self, video: Presence, now: Instant) -> impl Iterator<Item = Order> + use<> {
        let stage = self.stage;
        let releases = self.camera.is_to_release(stage);
        let is_blocked = self.is_blocked() && !releases;
        let starts = self.session.is_due(stage, now) && !is_blocked;
        let rebuilds = starts && self.session.needs_rebuild();
        let holds = starts && self.camera.is_to_hold(stage);
        let orders = [
            self.session.is_to_stop(stage).then_some(Order::Stop),
            releases.then_some(Order::Video(false)),
            rebuilds.then_some(Order::Rebuild),
            holds.then_some(Order::Video(true)),
            self.microphone.order(stage, now),
            starts.then_some(Order::Start),
            self.turn.map(Order::Rotation),
        ];
        let follows = (video == Presence::Here).then(|| self.thermal.orders());
        let orders = orders
            .into_iter()
            .flatten()
            .chain(follows.into_iter().flatten());
        let is_dead = self.session.is_dead();
        orders.filter(move |_| !is_dead)
    }

    fn for_user(&self, video: Presence) -> impl Iterator<Item = Notice> + use<> {
        let notices = [
            self.camera.notice(video),
            self.microphone.notice(self.audio()),
            self.network.notice(),
        ];
        notices.into_iter().flatten()
    }

    /// A command was given: it is no longer wanted.
    pub(super) fn note(&mut self, command: &Command, now: Instant) {
        match command {
            Command::Device(order) => self.note_order(order, now),
            Command::Slate(shown) => self.camera.slated(*shown),
            Command::Mute(muted) => self.microphone.inlet_told(*muted),
            Command::Bitrate(bitrate) => self.thermal.bitrate_set(*bitrate),
            Command::Reconnect => self.network.reconnected(now),
            Command::KeepAwake(awake) => self.is_kept_awake = *awake,
            Command::Tell(notice) => self.note_notice(notice),
            Command::Keyframe => {}
        }
    }

    fn note_order(&mut self, order: &Order, now: Instant) {
        let stage = self.stage;
        match order {
            Order::Start => self.session.starting(stage),
            Order::Stop => self.session.stopped(),
            Order::Rebuild => self.session.rebuilding(now),
            Order::Video(held) => self.camera.ordered(*held),
            Order::ActivateAudio => self.microphone.activating(stage),
            Order::DeactivateAudio => self.microphone.given_back(),
            Order::Rotation(_) => self.turn = None,
            Order::FrameRate(frame_rate) => self.thermal.ordered_frame_rate(*frame_rate),
            Order::Size(size) => self.thermal.ordered_size(*size),
            other => tracing::warn!(?other, "nobody wants that by itself"),
        }
    }

    const fn note_notice(&mut self, notice: &Notice) {
        match notice {
            Notice::NoVideo(why) => self.camera.told(Change::Gone(*why)),
            Notice::Video => self.camera.told(Change::Back),
            Notice::NoAudio(why) => self.microphone.told(Change::Gone(*why)),
            Notice::Audio => self.microphone.told(Change::Back),
            Notice::Heat(step) => self.thermal.told(*step),
            Notice::Offline => self.network.told(true),
            Notice::Online => self.network.told(false),
            Notice::Input(_) | Notice::Trouble(_) => {}
        }
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.camera.blocks(self.stage)
    }

    fn video(&self) -> Presence {
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

    fn audio(&self) -> Presence {
        let interruption = self.camera.interruption();
        if !self.stage.should_run() {
            Presence::Off
        } else if self.microphone.is_denied() {
            Presence::Away(Why::NotAllowed)
        } else if self.session.is_dead() {
            Presence::Away(Why::ServicesLost)
        } else if interruption == Some(Interruption::AudioInUse) {
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
