//! A device with a director beside it, for as long as somebody takes what it gives.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use onair::av::capture::{LiveAudio, LiveFrames};
use onair::av::device::{self, Device, Format, Inlets, Kind, Order};
use onair::av::{AudioSamples, AudioSource, Error, VideoFrame, VideoSource};
use onair::director::{Command, Director, Event, Notice};
use onair::media::{FrameRate, Size};

use crate::failure::Failure;

/// Does what the director says to a device that is unplugged, interrupted or too hot.
pub(super) struct Keeper {
    device: Box<dyn Device>,
    director: Director,
    told: Receiver<Told>,
    teller: Sender<Told>,
}

enum Told {
    Event(device::Event),
    /// Nobody takes anything any more.
    Over,
}

/// Keeps a device running until the last of it is dropped.
struct Hold(Sender<Told>);

impl Drop for Hold {
    fn drop(&mut self) {
        let _it_is_gone = self.0.send(Told::Over);
    }
}

/// A source, and a hold on the device that feeds it.
pub(super) struct Kept<S> {
    source: S,
    _hold: Arc<dyn Send + Sync>,
}

impl Keeper {
    /// Has a device run.
    pub(super) fn start(mut device: Box<dyn Device>) -> Result<Self, Failure> {
        let (teller, told) = mpsc::channel();
        let tell = teller.clone();
        device.listen(Arc::new(move |event| {
            let _it_is_over = tell.send(Told::Event(event));
        }));
        let director = Director::new(device.format());
        let mut keeper = Self {
            device,
            director,
            told,
            teller,
        };
        let troubles = keeper.tell(Event::Order(Order::Start));
        keeper.hear_what_is_allowed()?;
        match troubles.into_iter().next() {
            Some(what) => Err(Failure::usage(what)),
            None => Ok(keeper),
        }
    }

    pub(super) fn format(&self) -> Format {
        self.device.format()
    }

    pub(super) fn attach(&mut self, inlets: Inlets) {
        self.device.attach(inlets);
    }

    /// Goes on by itself for as long as what is given back, or a clone, is there.
    pub(super) fn keep(self) -> Result<Arc<dyn Send + Sync>, Failure> {
        let hold = Arc::new(Hold(self.teller.clone()));
        let thread = thread::Builder::new().name("onair-device".to_owned());
        thread.spawn(move || self.run()).map_err(Failure::failed)?;
        Ok(hold)
    }

    fn run(mut self) {
        loop {
            let due = self.director.poll_timeout();
            let wait = due.map_or(FOREVER, |due| due.saturating_duration_since(Instant::now()));
            match self.told.recv_timeout(wait) {
                Ok(Told::Event(event)) => drop(self.tell(Event::Device(event))),
                Err(RecvTimeoutError::Timeout) => {
                    self.director.handle_timeout(Instant::now());
                    self.obey();
                }
                Ok(Told::Over) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn tell(&mut self, event: Event) -> Vec<String> {
        self.director.handle_event(event, Instant::now());
        self.obey()
    }

    /// Does what the director says; what the device refused, in its words.
    fn obey(&mut self) -> Vec<String> {
        let mut refused = Vec::new();
        while let Some(command) = self.director.poll_command() {
            match command {
                Command::Device(order) => {
                    let event = match self.device.perform(&order) {
                        Ok(()) => Event::Performed(order),
                        Err(error) => {
                            let what = error.to_string();
                            refused.push(what.clone());
                            Event::Refused { order, what }
                        }
                    };
                    self.director.handle_event(event, Instant::now());
                }
                Command::Tell(notice) => say(&notice),
                // The stream keeps its size and bitrate, and has the last picture for a slate.
                _ => {}
            }
        }
        refused
    }

    /// Takes what the device told while it started. A stream without what was asked for is not
    /// begun: whoever typed it is there to allow it.
    fn hear_what_is_allowed(&mut self) -> Result<(), Failure> {
        let told: Vec<_> = self.told.try_iter().collect();
        for told in told {
            if let Told::Event(event) = told {
                if let device::Event::Permission {
                    kind,
                    granted: false,
                } = event
                {
                    return Err(not_allowed(kind));
                }
                self.tell(Event::Device(event));
            }
        }
        Ok(())
    }
}

fn not_allowed(kind: Kind) -> Failure {
    Failure::usage(device::refusal(kind))
}

fn say(notice: &Notice) {
    match notice {
        Notice::NoPicture(why) => tracing::error!(?why, "no picture: viewers see the last one"),
        Notice::NoSound(why) => tracing::error!(?why, "no sound: viewers hear silence"),
        Notice::Trouble(what) => tracing::error!("{what}"),
        other => tracing::info!(?other),
    }
}

/// Until something is told.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

impl<S> Kept<S> {
    pub(super) fn new(source: S, hold: &Arc<dyn Send + Sync>) -> Self {
        Self {
            source,
            _hold: hold.clone(),
        }
    }
}

impl<S: VideoSource> VideoSource for Kept<S> {
    fn size(&self) -> Size {
        self.source.size()
    }

    fn frame_rate(&self) -> FrameRate {
        self.source.frame_rate()
    }

    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        self.source.next_frame()
    }

    fn live_frames(&self) -> Option<&LiveFrames> {
        self.source.live_frames()
    }

    fn can_run_dry(&self) -> bool {
        self.source.can_run_dry()
    }
}

impl<S: AudioSource> AudioSource for Kept<S> {
    fn sample_rate(&self) -> u32 {
        self.source.sample_rate()
    }

    fn channels(&self) -> u8 {
        self.source.channels()
    }

    fn next_samples(&mut self) -> Result<Option<AudioSamples>, Error> {
        self.source.next_samples()
    }

    fn live_audio(&self) -> Option<&LiveAudio> {
        self.source.live_audio()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use onair::av::device::{Capabilities, Tell};

    use super::*;

    /// A camera that does as it is told, or refuses to start.
    #[derive(Clone, Default)]
    struct Fake {
        orders: Arc<Mutex<Vec<Order>>>,
        tell: Arc<Mutex<Option<Tell>>>,
        tells_at_start: Option<device::Event>,
        is_broken: bool,
        _gone: Option<Gone>,
    }

    #[derive(Clone)]
    struct Gone(Sender<()>);

    impl Fake {
        fn starts(&self) -> usize {
            let orders = self.orders.lock().unwrap();
            orders
                .iter()
                .filter(|order| **order == Order::Start)
                .count()
        }
    }

    impl Device for Fake {
        fn listen(&mut self, tell: Tell) {
            *self.tell.lock().unwrap() = Some(tell);
        }

        fn attach(&mut self, _: Inlets) {}

        fn detach(&mut self) {}

        fn perform(&mut self, order: &Order) -> Result<(), Error> {
            self.orders.lock().unwrap().push(order.clone());
            if *order != Order::Start {
                return Ok(());
            }
            if self.is_broken {
                return Err(Error::Backend {
                    backend: "fake",
                    what: "no light".to_owned(),
                });
            }
            let tell = self.tell.lock().unwrap().clone().unwrap();
            tell(
                self.tells_at_start
                    .clone()
                    .unwrap_or(device::Event::Started),
            );
            Ok(())
        }

        fn format(&self) -> Format {
            Format {
                size: Size::new(1280, 720),
                frame_rate: FrameRate::new(30, 1).unwrap(),
                sample_rate: 48_000,
                channels: 1,
            }
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities::default()
        }
    }

    impl Drop for Gone {
        fn drop(&mut self) {
            let _nobody_waits = self.0.send(());
        }
    }

    fn failure(fake: Fake) -> Failure {
        match Keeper::start(Box::new(fake)) {
            Ok(_) => panic!("it starts"),
            Err(failure) => failure,
        }
    }

    #[test]
    fn a_device_that_refuses_to_start_is_an_error_in_its_words() {
        let broken = Fake {
            is_broken: true,
            ..Fake::default()
        };
        assert_eq!(failure(broken), Failure::usage("fake: no light"));
    }

    #[test]
    fn a_device_that_is_not_allowed_is_an_error_that_says_where_to_allow_it() {
        let denied = Fake {
            tells_at_start: Some(device::Event::Permission {
                kind: Kind::Microphone,
                granted: false,
            }),
            ..Fake::default()
        };
        let message = failure(denied).to_string();
        assert!(
            message.starts_with("the microphone is not allowed"),
            "{message}"
        );
    }

    #[test]
    fn a_device_that_fails_is_started_again() {
        let fake = Fake::default();
        let mut keeper = Keeper::start(Box::new(fake.clone())).unwrap();
        assert_eq!(fake.starts(), 1);
        let what = "unplugged".to_owned();
        keeper.tell(Event::Device(device::Event::Failed { what }));
        let due = keeper.director.poll_timeout().expect("another attempt");
        keeper.director.handle_timeout(due);
        keeper.obey();
        assert_eq!(fake.starts(), 2);
    }

    #[test]
    fn a_device_lives_as_long_as_its_sources() {
        let (gone, is_gone) = mpsc::channel();
        let fake = Fake {
            _gone: Some(Gone(gone)),
            ..Fake::default()
        };
        let hold = Keeper::start(Box::new(fake)).unwrap().keep().unwrap();
        let (first, second) = (Kept::new((), &hold), Kept::new((), &hold));
        drop((hold, first));
        assert_eq!(is_gone.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(second);
        assert_eq!(is_gone.recv(), Ok(()));
    }
}
