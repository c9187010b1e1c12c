use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use onair_av::Error;
use onair_av::capture::{self, Hold, LiveAudio, LiveFrames};
use onair_av::clock::Clock;
use onair_av::device::{self, Device, Format, Inlets, Order};
use onair_av::encode::AudioSettings;

use super::driver::{Directed, Driver};
use crate::director::{Command, Event, Notice};

/// A running device as the sources of a [`Broadcast`](crate::Broadcast) built without a
/// [`Studio`](super::Studio).
///
/// A director looks after the device as it does in a studio: what is unplugged, interrupted or
/// lost comes back by itself, and the sources give the last frame or silence meanwhile. Its notices
/// are logged. The device is released when both sources are gone.
#[derive(Debug)]
#[non_exhaustive]
pub struct Captured {
    /// Frames, if they were asked for.
    pub frames: Option<LiveFrames>,
    /// Audio, if it was asked for.
    pub audio: Option<LiveAudio>,
}

impl Captured {
    /// Starts `device`. `audio` says the rate and the channels that its audio is brought to.
    ///
    /// # Errors
    ///
    /// When the device does not start or may not be used, or no thread can be started.
    pub fn start(
        device: Box<dyn Device>,
        frames: bool,
        audio: Option<&AudioSettings>,
    ) -> Result<Self, crate::Error> {
        let mut runner = DeviceRunner::start(device)?;
        let (format, clock) = (runner.format(), Clock::starting_at(Instant::now()));
        let frames = frames.then(|| capture::live_frames(format.size, format.frame_rate, clock));
        let audio = audio.map(|to| capture::live_audio(to.sample_rate, to.channels, clock));
        runner.attach(Inlets {
            frames: frames.as_ref().map(|(inlet, _)| inlet.clone()),
            audio: audio.as_ref().map(|(inlet, _)| inlet.clone()),
        });
        let hold = runner.spawn()?;
        Ok(Self {
            frames: frames.map(|(_, frames)| frames.holding(hold.clone())),
            audio: audio.map(|(_, audio)| audio.holding(hold)),
        })
    }
}

/// A device that does what its director says, for as long as its media is taken.
struct DeviceRunner {
    driver: Driver,
    inbox: Receiver<Message>,
    outbox: Sender<Message>,
}

enum Message {
    Device(device::Event),
    /// Nothing is taken any more.
    Over,
}

/// Reports when its last holder is gone.
struct Over(Sender<Message>);

impl Drop for Over {
    fn drop(&mut self) {
        let _it_is_gone = self.0.send(Message::Over);
    }
}

impl DeviceRunner {
    fn start(device: Box<dyn Device>) -> Result<Self, Error> {
        let (outbox, inbox) = mpsc::channel();
        let tell = outbox.clone();
        let tell = Arc::new(move |event| {
            let _it_is_over = tell.send(Message::Device(event));
        });
        let mut runner = Self {
            driver: Driver::new(device, tell),
            inbox,
            outbox,
        };
        runner.tell(Event::Order(Order::Start))?;
        runner.refuse_what_is_not_allowed()?;
        Ok(runner)
    }

    fn format(&mut self) -> Format {
        self.driver.device().format()
    }

    fn attach(&mut self, inlets: Inlets) {
        self.driver.device().attach(inlets);
    }

    /// Goes on by itself for as long as the result, or a clone of it, lives.
    fn spawn(self) -> Result<Hold, crate::Error> {
        let hold = Arc::new(Over(self.outbox.clone()));
        let thread = thread::Builder::new().name("onair-device".to_owned());
        let spawned = thread.spawn(move || self.run());
        spawned.map_err(|source| crate::Error::System {
            what: "starting a thread",
            source,
        })?;
        Ok(hold)
    }

    fn run(mut self) {
        loop {
            // A refusal was told, and the director knows what to do about it.
            let _refused = match self.driver.wait(&self.inbox, Message::Over) {
                Some(Message::Device(event)) => self.tell(Event::Device(event)),
                Some(Message::Over) => return,
                None => self.handle_timeout(Instant::now()),
            };
        }
    }

    fn tell(&mut self, event: Event) -> Result<(), Error> {
        self.driver.handle_event(event, Instant::now());
        self.obey()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.driver.handle_timeout(now);
        self.obey()
    }

    /// Does everything that the director says; gives the first refusal of the device.
    fn obey(&mut self) -> Result<(), Error> {
        let mut first = Ok(());
        while let Some(directed) = self.driver.poll() {
            match directed {
                Directed::Ordered(answer) => first = first.and(answer),
                Directed::Command(Command::Tell(notice)) => log(&notice),
                // The stream keeps its size and bitrate; its slate is the last frame.
                Directed::Command(_) => {}
            }
        }
        first
    }

    /// Takes what the device reported while it started. A stream does not begin without what was
    /// asked for: the user is there to allow it.
    fn refuse_what_is_not_allowed(&mut self) -> Result<(), Error> {
        let told: Vec<_> = self.inbox.try_iter().collect();
        for message in told {
            let Message::Device(event) = message else {
                continue;
            };
            if let device::Event::Permission {
                kind,
                granted: false,
            } = event
            {
                return Err(Error::NotAllowed(kind));
            }
            let _it_was_told = self.tell(Event::Device(event));
        }
        Ok(())
    }
}

fn log(notice: &Notice) {
    match notice {
        Notice::NoVideo(why) => tracing::error!(?why, "no picture: viewers see the last one"),
        Notice::NoAudio(why) => tracing::error!(?why, "no sound: viewers hear silence"),
        Notice::Trouble(what) => tracing::error!("{what}"),
        other => tracing::info!(?other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use onair_av::device::{Capabilities, Kind, Setup, Tell};
    use onair_media::{FrameRate, Size};

    use super::*;

    /// A camera that does as it is told, or refuses to start.
    #[derive(Clone, Default)]
    struct Fake {
        orders: Arc<Mutex<Vec<Order>>>,
        tell: Arc<Mutex<Option<Tell>>>,
        tells_at_start: Option<device::Event>,
        refuses: Option<Error>,
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
            if let Some(error) = self.refuses.clone() {
                return Err(error);
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

    fn failure(fake: Fake) -> Error {
        match DeviceRunner::start(Box::new(fake)) {
            Ok(_) => panic!("it starts"),
            Err(error) => error,
        }
    }

    #[test]
    fn a_camera_without_a_microphone_runs() {
        let mut setup = Setup::new(Size::new(64, 48), FrameRate::new(30, 1).unwrap());
        setup.camera = Some(device::Camera::Id("testcard".to_owned()));
        setup.microphone = None;
        let camera = capture::open(&setup).unwrap();
        let captured = Captured::start(camera, true, None).unwrap();
        assert!(captured.frames.is_some() && captured.audio.is_none());
    }

    #[test]
    fn a_device_that_refuses_to_start_is_an_error_in_its_words() {
        let broken = Fake {
            refuses: Some(Error::Backend {
                backend: "fake",
                what: "no light".to_owned(),
            }),
            ..Fake::default()
        };
        assert_eq!(failure(broken).to_string(), "fake: no light");
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
        let refused = Fake {
            refuses: Some(Error::NotAllowed(Kind::Microphone)),
            ..Fake::default()
        };
        for fake in [denied, refused] {
            let message = failure(fake).to_string();
            assert!(
                message.starts_with("the microphone is not allowed"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_device_that_fails_is_started_again() {
        let fake = Fake::default();
        let mut runner = DeviceRunner::start(Box::new(fake.clone())).unwrap();
        assert_eq!(fake.starts(), 1);
        let what = "unplugged".to_owned();
        let _told = runner.tell(Event::Device(device::Event::Failed { what }));
        let due = runner
            .driver
            .director()
            .poll_timeout()
            .expect("another attempt");
        runner.handle_timeout(due).unwrap();
        assert_eq!(fake.starts(), 2);
    }

    #[test]
    fn a_device_lives_as_long_as_its_sources() {
        let (gone, is_gone) = mpsc::channel();
        let fake = Fake {
            _gone: Some(Gone(gone)),
            ..Fake::default()
        };
        let settings = AudioSettings::default();
        let captured = Captured::start(Box::new(fake), true, Some(&settings)).unwrap();
        let (frames, audio) = (captured.frames.unwrap(), captured.audio.unwrap());
        let clone = frames.clone();
        drop((frames, audio));
        assert_eq!(is_gone.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(clone);
        assert_eq!(is_gone.recv(), Ok(()));
    }
}
