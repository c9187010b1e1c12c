use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair::Secret;
use onair::av::device::{self, Order, Position};
use onair::director::{self, Path, Why};

use crate::air::Air;
use crate::camera::{Camera, Spot, Turn};
use crate::device::Device;
use crate::notices::Notices;
use crate::page::OpenPage;
use crate::question::Question;
use crate::recordings::Recordings;
use crate::screen::Dot;
use crate::{
    Address, Control, Destination, Effect, Haptic, Id, Input, Settings, Setup, saved, words,
};

/// The app's state and decisions.
///
/// Give it every [`Input`] with the time, take [`Effect`]s until there are none, then draw its
/// [`Screen`](crate::Screen). Call it again with [`Input::Timeout`] when
/// [`poll_timeout`](Self::poll_timeout) says.
#[derive(Debug, Default)]
pub struct App {
    pub(crate) settings: Settings,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) device: Device,
    pub(crate) camera: Camera,
    pub(crate) is_muted: bool,
    pub(crate) is_awake: bool,
    pub(crate) air: Option<Air>,
    pub(crate) notices: Notices,
    pub(crate) question: Option<Question>,
    /// The pages of the sheet, the one in front last.
    pub(crate) pages: Vec<OpenPage>,
    pub(crate) recordings: Recordings,
    note: Option<(String, Instant)>,
    path: Option<Path>,
    /// The settings that the device was opened with.
    opened: Option<(Settings, Turn, Position)>,
    /// A link that came too early.
    link: Option<Secret>,
    is_camera_lent: bool,
    is_in_background: bool,
    /// The trouble that VoiceOver announced last.
    announced: Option<String>,
    effects: VecDeque<Effect>,
}

/// How long a note stays.
const NOTE: Duration = Duration::from_secs(4);

impl App {
    /// An app that was just launched.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an input.
    pub fn handle_input(&mut self, input: Input, now: Instant) {
        match input {
            Input::Loaded(setup) => self.load(setup),
            Input::Keys(keys) => self.take_keys(keys),
            Input::KeychainFailed(what) => self.ask(Question::told(words::KEY_NOT_KEPT, what)),
            Input::DeviceReady => self.begin_device(),
            Input::DeviceFailed(what) => self.device = Device::Failed(what),
            Input::Tap(control) => self.handle_tap(control),
            Input::PinchBegan => self.camera.begin_pinch(),
            Input::Pinched(scale) => self.pinch(scale, now),
            Input::Focus(spot) => self.focus(spot, false, now),
            Input::HoldFocus(spot) => self.focus(spot, true, now),
            Input::Turned(turn) => self.turn(turn),
            Input::Opened(link) => self.take_link(link),
            Input::Scanned(text) => self.take_code(&text),
            Input::ScannerFailed(what) => self.blame_scanner(what),
            Input::Row(id, change) => self.handle_row(id, change, now),
            Input::Back => self.leave_page(),
            Input::Closed => self.pages.clear(),
            Input::Answer(answer) => self.handle_answer(answer),
            Input::News(news) => self.handle_news(news, now),
            Input::Stats(stats) => self.handle_stats(&stats, now),
            Input::Foreground => self.take_place(true),
            Input::Background => self.take_place(false),
            Input::Network(path) => self.take_path(path),
            Input::RecordingKept(result) => self.recording_kept(result, now),
            Input::Timeout => {}
        }
        self.expire(now);
        self.lend_camera();
        self.announce_trouble(now);
    }

    /// What to do next; `None` if there is nothing.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When the screen changes by itself, if ever.
    pub fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let note = self.note.as_ref().map(|(_, since)| *since + NOTE);
        let clock = self.air.as_ref().and_then(|air| air.live_since);
        let clock = clock.map(|since| since + next_second(now.saturating_duration_since(since)));
        let changes = [note, clock, self.camera.next_change(now)];
        changes.into_iter().flatten().min()
    }

    pub(crate) fn effect(&mut self, effect: Effect) {
        self.effects.push_back(effect);
    }

    /// Gives the device an order, if there is a device yet; [`begin_device`](Self::begin_device)
    /// makes up for it.
    pub(crate) fn order(&mut self, order: Order) {
        if self.device == Device::Ready {
            self.effect(Effect::Order(order));
        }
    }

    pub(crate) fn ask(&mut self, question: Question) {
        self.question = Some(question);
    }

    /// Shows `text` for a moment.
    pub(crate) fn tell(&mut self, text: String, now: Instant) {
        self.effect(Effect::Announce(text.clone()));
        self.note = Some((text, now));
    }

    pub(crate) fn note(&self) -> Option<&str> {
        self.note.as_ref().map(|(text, _)| text.as_str())
    }

    /// Whether there is a camera to give orders to.
    pub(crate) fn has_camera(&self) -> bool {
        self.device == Device::Ready && self.notices.no_video != Some(Why::NotAllowed)
    }

    /// Whether there is a light: only the back camera has one.
    pub(crate) fn has_torch(&self) -> bool {
        self.has_camera() && self.camera.facing == Position::Back
    }

    pub(crate) fn save(&mut self) {
        let text = saved::write(&self.settings, &self.destinations);
        self.effect(Effect::Save(text));
    }

    /// Tells the device how the phone is held.
    pub(crate) fn order_turn(&mut self) {
        let turn = self.camera.turn;
        self.order(Order::Rotation(turn.rotation));
        self.order(Order::Size(self.settings.definition.size(turn.is_portrait)));
    }

    /// Tells the device which frames are wanted.
    pub(crate) fn order_pictures(&mut self) {
        self.order_turn();
        self.order(Order::FrameRate(self.settings.frame_rate()));
        self.order(Order::Stabilise(self.settings.stabilisation));
    }

    fn load(&mut self, setup: Setup) {
        (self.settings, self.destinations) =
            saved::read(setup.saved.as_deref().unwrap_or_default());
        self.camera.facing = self.settings.camera;
        self.recordings = Recordings::new(setup.recordings, setup.stamp);
        self.opened = Some(self.pictures());
        self.effect(Effect::OpenDevice(self.device_setup()));
        let ids: Vec<_> = self.destinations.iter().map(|one| one.id).collect();
        if !ids.is_empty() {
            self.effect(Effect::LoadKeys(ids));
        }
        for path in setup.leftovers {
            self.effect(Effect::KeepRecording(path));
        }
        if let Some(link) = self.link.take() {
            self.open_link(&link);
        }
    }

    fn device_setup(&self) -> device::Setup {
        let size = self.settings.definition.size(self.camera.turn.is_portrait);
        let mut setup = device::Setup::new(size, self.settings.frame_rate());
        setup.camera = Some(device::Camera::Facing(self.camera.facing));
        setup.rotation = self.camera.turn.rotation;
        setup.stabilisation = self.settings.stabilisation;
        setup
    }

    /// The device's settings for frames.
    fn pictures(&self) -> (Settings, Turn, Position) {
        (self.settings, self.camera.turn, self.camera.facing)
    }

    /// A link that opens the app takes precedence over the saved state.
    fn take_link(&mut self, link: Secret) {
        if self.opened.is_some() {
            self.open_link(&link);
        } else {
            self.link = Some(link);
        }
    }

    /// Only one session can have the camera: while the scanner does, the engine's goes without.
    fn lend_camera(&mut self) {
        let is_lent = matches!(self.pages.last(), Some(OpenPage::Scanner(_)));
        if std::mem::replace(&mut self.is_camera_lent, is_lent) != is_lent {
            self.order(Order::Video(!is_lent));
        }
    }

    fn take_keys(&mut self, keys: Vec<(Id, Secret)>) {
        for (id, text) in keys {
            let destination = self.destinations.iter_mut().find(|one| one.id == id);
            if let (Some(destination), Some(address)) = (destination, Address::read(&text)) {
                destination.address = Some(address);
            }
        }
    }

    /// Brings a newly opened device into the present state.
    fn begin_device(&mut self) {
        self.device = Device::Ready;
        if self.opened != Some(self.pictures()) {
            self.order_camera();
            self.order_pictures();
        }
        if self.is_muted {
            self.effect(Effect::Mute(true));
        }
        if let Some(path) = self.path {
            self.effect(Effect::Tell(director::Event::Network(path)));
        }
        if self.is_in_background {
            self.effect(Effect::Tell(director::Event::Background));
        }
    }

    fn handle_tap(&mut self, control: Control) {
        match control {
            Control::Record => self.tap_record(),
            Control::Flip => self.flip(),
            Control::Torch => self.switch_torch(),
            Control::Mute => {
                self.is_muted = !self.is_muted;
                self.effect(Effect::Mute(self.is_muted));
                self.effect(Effect::Haptic(Haptic::Tap));
            }
            Control::Settings => self.open_settings(),
            Control::Banner => self.effect(Effect::OpenSystemSettings),
        }
    }

    pub(crate) fn flip(&mut self) {
        self.camera.flip();
        self.order_camera();
        self.order(Order::Zoom(1.0));
        self.effect(Effect::Haptic(Haptic::Tap));
    }

    fn order_camera(&mut self) {
        let facing = device::Camera::Facing(self.camera.facing);
        self.order(Order::Camera(facing));
    }

    fn switch_torch(&mut self) {
        if self.has_torch() {
            self.camera.torch = !self.camera.torch;
            self.order(Order::Torch(self.camera.torch));
            self.effect(Effect::Haptic(Haptic::Tap));
        }
    }

    fn pinch(&mut self, scale: f32, now: Instant) {
        if !self.has_camera() {
            return;
        }
        if let Some(zoom) = self.camera.pinch(scale, now) {
            self.order(Order::Zoom(zoom));
        }
    }

    /// Focuses at `spot` and locks that, or lets focus follow the scene from there.
    fn focus(&mut self, spot: Spot, keep: bool, now: Instant) {
        if !self.has_camera() {
            return;
        }
        let was_locked = self.camera.is_locked();
        let size = self.settings.definition.size(self.camera.turn.is_portrait);
        let (x, y) = self.camera.focus(spot, keep, size, now);
        if was_locked {
            self.order(Order::Lock(false));
        }
        self.order(Order::Focus { x, y });
        if keep {
            self.effect(Effect::Haptic(Haptic::Tap));
        }
    }

    /// Follows how the phone is held; on air, only after the show.
    fn turn(&mut self, turn: Turn) {
        let was = std::mem::replace(&mut self.camera.turn, turn);
        if was != turn && self.air.is_none() {
            self.order_turn();
        }
    }

    fn take_path(&mut self, path: Path) {
        self.path = Some(path);
        self.effect(Effect::Tell(director::Event::Network(path)));
    }

    fn take_place(&mut self, is_in_front: bool) {
        self.is_in_background = !is_in_front;
        self.effect(Effect::Tell(if is_in_front {
            director::Event::Foreground
        } else {
            director::Event::Background
        }));
    }

    fn expire(&mut self, now: Instant) {
        let is_old = |since: Instant| now.saturating_duration_since(since) >= NOTE;
        self.note.take_if(|(_, since)| is_old(*since));
        if let Some(locked) = self.camera.poll_lock(now) {
            self.order(Order::Lock(locked));
        }
    }

    /// Lets new trouble be heard and felt.
    fn announce_trouble(&mut self, now: Instant) {
        let banner = self.health(now).banner;
        let title = banner.as_ref().map(|banner| banner.title.clone());
        if title == self.announced {
            return;
        }
        self.announced = title;
        let Some(banner) = banner else { return };
        let text = format!("{}. {}", banner.title, banner.text);
        self.effect(Effect::Announce(text));
        if banner.dot == Dot::Red {
            self.effect(Effect::Haptic(Haptic::Failure));
        }
    }
}

/// When, after its beginning, a show's clock shows the next second.
fn next_second(elapsed: Duration) -> Duration {
    Duration::from_secs(elapsed.as_secs() + 1)
}
