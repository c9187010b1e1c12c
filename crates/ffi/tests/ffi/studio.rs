//! A studio with a simulated camera.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use onair::av::Error;
use onair::av::device::{
    self, Camera, Capabilities, Device, Format, Inlets, Interruption, Order, Position, Tell,
};
use onair::media::{FrameRate, Size};
use onair_ffi::{
    Event, Facing, Notice, Outcome, Rotation, ShowConfig, Stabilisation, Studio, StudioConfig,
    StudioEvent, StudioEvents, Why,
};

use crate::support::{KEY, Server, audio, wait};

/// A camera and a microphone that do whatever they are told and say so to the test.
struct Doll {
    tell: Arc<Mutex<Option<Tell>>>,
    orders: Sender<Order>,
}

impl Device for Doll {
    fn listen(&mut self, tell: Tell) {
        *self.tell.lock().unwrap() = Some(tell);
    }

    fn attach(&mut self, _inlets: Inlets) {}

    fn detach(&mut self) {}

    fn perform(&mut self, order: &Order) -> Result<(), Error> {
        let _the_test_is_over = self.orders.send(order.clone());
        if *order == Order::Torch(true) {
            let what = "this camera has no torch".to_owned();
            return Err(Error::Unsupported { what });
        }
        Ok(())
    }

    fn format(&self) -> Format {
        Format {
            size: Size::new(64, 48),
            frame_rate: FrameRate::new(30, 1).unwrap(),
            sample_rate: 48_000,
            channels: 1,
        }
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }
}

/// A studio, its events, and the other ends of its simulated device.
struct Set {
    studio: Arc<Studio>,
    events: Arc<StudioEvents>,
    tell: Arc<Mutex<Option<Tell>>>,
    orders: Receiver<Order>,
}

impl Set {
    fn new() -> Self {
        let (sender, orders) = channel();
        let tell = Arc::new(Mutex::new(None));
        let doll = Doll {
            tell: tell.clone(),
            orders: sender,
        };
        let studio = Studio::with(Box::new(doll)).unwrap();
        Self {
            events: studio.events(),
            studio,
            tell,
            orders,
        }
    }

    fn tell(&self, event: device::Event) {
        let tell = self.tell.lock().unwrap().clone();
        tell.expect("the studio listens")(event);
    }

    fn expect_order(&self, wanted: &Order) {
        let timeout = Duration::from_secs(30);
        while self.orders.recv_timeout(timeout).expect("it did not come") != *wanted {}
    }

    fn expect(&self, wanted: impl Fn(&StudioEvent) -> bool) -> StudioEvent {
        loop {
            let event = wait(self.events.next()).expect("the studio is gone");
            if wanted(&event) {
                return event;
            }
        }
    }

    fn expect_notice(&self, wanted: Notice) {
        let wanted = StudioEvent::Notice { notice: wanted };
        self.expect(|event| *event == wanted);
    }
}

fn show(server: &Server) -> ShowConfig {
    ShowConfig {
        destinations: vec![server.destination()],
        bitrate: Some(100_000),
        adapts: true,
        min_bitrate: None,
        keyframe_seconds: 2.0,
        codec: None,
        audio: audio(),
        record: None,
    }
}

fn is_live(event: &StudioEvent) -> bool {
    matches!(
        event,
        StudioEvent::Broadcast {
            event: Event::Live { .. }
        }
    )
}

#[test]
fn a_show_goes_live_and_ends_with_a_report() {
    let (set, server) = (Set::new(), Server::start());
    assert_eq!(set.studio.stats(), None);
    set.studio.go_live(&show(&server)).unwrap();
    set.expect(is_live);
    assert!(set.studio.stats().is_some());
    set.studio.end();
    let ended = set.expect(|event| {
        matches!(
            event,
            StudioEvent::Broadcast {
                event: Event::Ended { .. }
            }
        )
    });
    let StudioEvent::Broadcast {
        event: Event::Ended { report },
    } = ended
    else {
        unreachable!("it was waited for")
    };
    assert_eq!(report.outcome, Outcome::Stopped);
}

type Ask = fn(&Studio);

#[test]
fn orders_reach_the_device_and_a_refusal_the_user() {
    let set = Set::new();
    let orders: [(Ask, Order); 6] = [
        (
            |studio| studio.face(Facing::Front),
            Order::Camera(Camera::Facing(Position::Front)),
        ),
        (|studio| studio.zoom(2.0), Order::Zoom(2.0)),
        (
            |studio| studio.focus(0.25, 0.75),
            Order::Focus { x: 0.25, y: 0.75 },
        ),
        (|studio| studio.lock(true), Order::Lock(true)),
        (
            |studio| studio.stabilise(Stabilisation::Cinematic),
            Order::Stabilise(device::Stabilisation::Cinematic),
        ),
        (
            |studio| studio.turn(Rotation::Quarter),
            Order::Rotation(device::Rotation::Quarter),
        ),
    ];
    for (ask, order) in orders {
        ask(&set.studio);
        set.expect_order(&order);
    }
    set.studio.torch(true);
    let refusal = set.expect(|event| {
        matches!(
            event,
            StudioEvent::Notice {
                notice: Notice::Trouble { .. }
            }
        )
    });
    assert!(
        format!("{refusal:?}").contains("this camera has no torch"),
        "{refusal:?}"
    );
}

#[test]
fn what_viewers_do_not_see_is_told_with_its_reason() {
    let (set, server) = (Set::new(), Server::start());
    set.studio.go_live(&show(&server)).unwrap();
    set.expect(is_live);
    set.tell(device::Event::CameraInterrupted(Interruption::CameraInUse));
    set.expect_notice(Notice::NoVideo { why: Why::InUse });
    set.studio.network(false, 0, false);
    set.expect_notice(Notice::Offline);
    set.studio.network(true, 1, true);
    set.expect_notice(Notice::Online);
}

#[test]
fn a_show_that_makes_no_sense_is_refused_at_once() {
    let (set, server) = (Set::new(), Server::start());
    let mut nowhere = show(&server);
    nowhere.destinations.clear();
    let refused = set.studio.go_live(&nowhere).unwrap_err();
    assert_eq!(refused.to_string(), "a show needs a destination");
    let mut wrong = show(&server);
    wrong.destinations[0].url = format!("http://host/live/{KEY}");
    let refused = set.studio.go_live(&wrong).unwrap_err().to_string();
    assert!(
        refused.starts_with("destination 1: ") && !refused.contains(KEY),
        "{refused}"
    );
}

#[test]
fn events_end_when_the_studio_is_dropped() {
    let (set, server) = (Set::new(), Server::start());
    set.studio.go_live(&show(&server)).unwrap();
    set.expect(is_live);
    drop(set.studio);
    let next = || wait(set.events.next());
    let ended = |event: &StudioEvent| {
        matches!(
            event,
            StudioEvent::Broadcast {
                event: Event::Ended { .. }
            }
        )
    };
    let last: Vec<_> = std::iter::from_fn(next).collect();
    assert!(last.iter().any(ended), "the show is ended first: {last:?}");
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn where_there_is_no_camera_the_error_says_where_there_are_some() {
    let config = StudioConfig {
        width: 1280,
        height: 720,
        frame_rate: 30,
        facing: Facing::Back,
        rotation: Rotation::Quarter,
    };
    let refused = Studio::open(&config).unwrap_err().to_string();
    assert!(refused.contains("iPhone and Mac"), "{refused}");
}
