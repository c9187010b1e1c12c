//! The loop: gives inputs to the app, does its effects, draws its screen.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use dispatch2::{DispatchQueue, DispatchTime};
use objc2::rc::Retained;
use onair::Studio;
use onair_ios_model::{App, Effect, Input, Phase, Screen, Setup};

use crate::app::controller::Controller;
use crate::app::device::{AppleDevice, Preview};
use crate::app::inbox::{self, Signal, Takers};
use crate::app::{defaults, device, feedback, keychain, network, photos, turn};

/// The loop's state, for the life of the process.
#[derive(Default)]
struct Driver {
    app: RefCell<App>,
    inbox: RefCell<VecDeque<Input>>,
    /// True while inputs are taken and the screen is drawn: new inputs from effects or views wait.
    is_busy: Cell<bool>,
    studio: OnceCell<Studio>,
    preview: OnceCell<Preview>,
    controller: RefCell<Option<Retained<Controller>>>,
    shown: RefCell<Option<Screen>>,
    wake: Cell<Option<Instant>>,
    measured: Cell<Option<Instant>>,
    has_begun: Cell<bool>,
}

thread_local! {
    static DRIVER: Driver = Driver::default();
}

/// How often the broadcast is measured.
const MEASURE: Duration = Duration::from_secs(1);

/// A little longer than an animation of UIKit's.
const SOON: Duration = Duration::from_millis(500);

/// Between attempts to turn a preview whose session is starting: a wrong picture should not last.
const BUSY: Duration = Duration::from_millis(50);

/// Handles everything that comes in from now on.
pub(crate) fn listen() {
    inbox::open(Takers {
        input: send,
        signal: handle,
    });
}

fn send(input: Input) {
    DRIVER.with(|driver| driver.take(input));
}

fn handle(signal: Signal) {
    match signal {
        Signal::Appeared => begin(),
        Signal::Turned => turned(),
        Signal::Unpresented => present_later(),
        // Tried again once the session can be set up.
        Signal::Unlevelled => after(BUSY, level),
    }
}

/// Draws on this controller from now on.
pub(crate) fn show_on(controller: Retained<Controller>) {
    DRIVER.with(|driver| {
        if let Some(preview) = driver.preview.get() {
            controller.show(preview);
        }
        driver.controller.replace(Some(controller));
        driver.shown.replace(None);
        driver.take(Input::Timeout);
    });
}

/// The controller's view is on the screen: work may begin. Later appearances change nothing.
fn begin() {
    DRIVER.with(|driver| {
        if !driver.has_begun.replace(true) {
            driver.take(Input::Loaded(setup()));
            network::watch();
            turn::watch(level);
        }
    });
}

/// Lets the controller present what UIKit had no time for.
fn present_later() {
    after(SOON, || DRIVER.with(Driver::present));
}

/// The interface was turned, and so is the picture; again after the animation, since the angle may
/// be known only then.
fn turned() {
    level();
    after(SOON, level);
}

/// The camera or its direction may have changed: the picture is turned again.
fn level() {
    if let Some(controller) = controller() {
        controller.level();
    }
}

/// Whether a show is on, or about to be.
pub(crate) fn is_on_air() -> bool {
    DRIVER.with(Driver::is_on_air)
}

fn after(delay: Duration, act: fn()) {
    if let Ok(time) = DispatchTime::try_from(delay) {
        DispatchQueue::main().after(time, act).ok();
    }
}

fn controller() -> Option<Retained<Controller>> {
    DRIVER.with(|driver| driver.controller.borrow().clone())
}

/// Takes over the opened device. It is shown before it is started: a layer made while a session
/// starts would wait for it.
fn adopt(device: AppleDevice) {
    let preview = device.preview();
    if let Some(controller) = controller() {
        controller.show(&preview);
    }
    DRIVER.with(|driver| driver.preview.set(preview).ok());
    let news = match device::start(device) {
        Ok(studio) => {
            DRIVER.with(|driver| driver.studio.set(studio).ok());
            Input::DeviceReady
        }
        Err(error) => Input::DeviceFailed(error.to_string()),
    };
    send(news);
}

impl Driver {
    fn take(&self, input: Input) {
        self.inbox.borrow_mut().push_back(input);
        if !self.is_busy.replace(true) {
            self.empty();
        }
    }

    /// Presents what is not presented yet. Meanwhile UIKit loads views and ends editing, and
    /// reports that to us: those inputs wait until the controller is done.
    fn present(&self) {
        if self.is_busy.replace(true) {
            return present_later();
        }
        if let Some(controller) = controller() {
            controller.present();
        }
        self.empty();
    }

    /// Handles waiting inputs until there are none.
    fn empty(&self) {
        while !self.inbox.borrow().is_empty() {
            self.work();
            self.draw();
        }
        self.is_busy.set(false);
        self.schedule();
    }

    fn work(&self) {
        while let Some(input) = self.next_input() {
            self.app.borrow_mut().handle_input(input, Instant::now());
            while let Some(effect) = self.next_effect() {
                self.perform(effect);
            }
        }
    }

    fn next_input(&self) -> Option<Input> {
        self.inbox.borrow_mut().pop_front()
    }

    fn next_effect(&self) -> Option<Effect> {
        self.app.borrow_mut().poll_effect()
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::OpenDevice(setup) => device::open(setup, adopt),
            Effect::Save(text) => defaults::save(&text),
            Effect::LoadKeys(ids) => self.take(Input::Keys(keychain::load(&ids))),
            Effect::SaveKey(id, secret) => self.check_keychain(keychain::save(id, &secret)),
            Effect::ForgetKey(id) => keychain::forget(id),
            Effect::KeepRecording(path) => photos::keep(path),
            Effect::Haptic(haptic) => feedback::play(haptic),
            Effect::Announce(text) => feedback::announce(&text),
            Effect::OpenSystemSettings => feedback::open_settings(),
            effect => self.tell_studio(effect),
        }
    }

    fn tell_studio(&self, effect: Effect) {
        let Some(studio) = self.studio.get() else {
            return;
        };
        match effect {
            Effect::GoLive(show) => studio.go_live(*show),
            Effect::End => studio.end(),
            Effect::Order(order) => studio.order(order),
            Effect::Mute(is_muted) => studio.mute(is_muted),
            Effect::Tell(event) => studio.tell(event),
            _ => {}
        }
    }

    fn check_keychain(&self, result: Result<(), String>) {
        if let Err(what) = result {
            self.take(Input::KeychainFailed(what));
        }
    }

    fn draw(&self) {
        let screen = self.app.borrow().screen(Instant::now());
        let before = self.shown.borrow().clone();
        if before.as_ref() == Some(&screen) {
            return;
        }
        self.shown.replace(Some(screen.clone()));
        if let Some(controller) = controller() {
            controller.render(&screen, before.as_ref());
        }
    }

    /// Wakes when the screen changes by itself, or a measurement is due.
    fn schedule(&self) {
        let now = Instant::now();
        let change = self.app.borrow().poll_timeout(now);
        let measure = self.is_on_air().then(|| now + MEASURE);
        let Some(at) = [change, measure].into_iter().flatten().min() else {
            return;
        };
        if self.wake.get().is_some_and(|wake| wake > now && wake <= at) {
            return;
        }
        self.wake.set(Some(at));
        let delay = at.saturating_duration_since(now);
        let Ok(time) = DispatchTime::try_from(delay) else {
            return;
        };
        let wake = move || DRIVER.with(|driver| driver.wake(at));
        DispatchQueue::main().after(time, wake).ok();
    }

    /// Does nothing if an earlier time was set meanwhile: a wake-up cannot be cancelled.
    fn wake(&self, at: Instant) {
        if self.wake.get() != Some(at) {
            return;
        }
        self.wake.set(None);
        match self.measure(Instant::now()) {
            Some(stats) => self.take(Input::Stats(stats)),
            None => self.take(Input::Timeout),
        }
    }

    /// The measurements, unless they were taken less than a second ago.
    fn measure(&self, now: Instant) -> Option<onair::Stats> {
        let slack = Duration::from_millis(50);
        let is_due = |last: Instant| now.saturating_duration_since(last) + slack >= MEASURE;
        if !self.measured.get().is_none_or(is_due) {
            return None;
        }
        self.measured.set(Some(now));
        self.studio.get()?.stats()
    }

    fn is_on_air(&self) -> bool {
        let shown = self.shown.borrow();
        shown
            .as_ref()
            .is_some_and(|screen| screen.record.phase != Phase::Idle)
    }
}

/// How the app begins.
fn setup() -> Setup {
    let recordings = defaults::recordings();
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Setup {
        saved: defaults::load(),
        leftovers: leftovers(&recordings),
        recordings,
        stamp: since.unwrap_or_default().as_secs().to_string(),
    }
}

/// Recordings that did not get to Photos: the app was killed, or the user had not allowed it yet.
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = files.map(|file| file.path());
    paths
        .filter(|path| onair_ios_model::is_recording(path))
        .collect()
}
