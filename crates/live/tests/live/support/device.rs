use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use onair::av::device::{Capabilities, Device, Event, Format, Inlets, Order, Tell};
use onair::av::{AudioSamples, Error, I420, Surface, VideoFrame};
use onair::media::{FrameRate, Size};

/// A camera and a microphone that a test controls.
#[derive(Clone)]
pub(crate) struct Puppet(Arc<Strings>);

struct Strings {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    tell: Option<Tell>,
    inlets: Option<Inlets>,
    orders: Vec<Order>,
    refuses: Vec<Order>,
    format: Format,
}

impl Puppet {
    pub(crate) fn new() -> Self {
        let state = State {
            tell: None,
            inlets: None,
            orders: Vec::new(),
            refuses: Vec::new(),
            format: Format {
                size: Size::new(320, 180),
                frame_rate: FrameRate::new(30, 1).unwrap(),
                sample_rate: 48_000,
                channels: 1,
            },
        };
        Self(Arc::new(Strings {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// The device for a studio.
    pub(crate) fn device(&self) -> Box<dyn Device> {
        Box::new(self.clone())
    }

    /// Refuses this order from now on.
    pub(crate) fn refuse(&self, order: Order) {
        self.lock().refuses.push(order);
    }

    /// Tells the studio something.
    pub(crate) fn tell(&self, event: Event) {
        let tell = self.lock().tell.clone();
        tell.expect("a studio listens")(event);
    }

    /// Waits for an order; gives all since the last call, up to it.
    pub(crate) fn orders_to(&self, order: &Order) -> Vec<Order> {
        self.wait(|state| {
            let end = state.orders.iter().position(|other| other == order)?;
            Some(state.orders.drain(..=end).collect())
        })
    }

    /// Waits until a show wants video and audio.
    pub(crate) fn inlets(&self) -> Inlets {
        self.wait(|state| state.inlets.clone())
    }

    /// Waits until nobody wants any.
    pub(crate) fn detached(&self) {
        self.wait(|state| state.inlets.is_none().then_some(()));
    }

    fn wait<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut found = None;
        let state = self.lock();
        let timeout = Duration::from_secs(30);
        let waiting = |state: &mut State| {
            found = ready(state);
            found.is_none()
        };
        let waited = self.0.changed.wait_timeout_while(state, timeout, waiting);
        let (state, _) = waited.unwrap();
        found.unwrap_or_else(|| panic!("it did not come; orders: {:?}", state.orders))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }
}

impl Device for Puppet {
    fn listen(&mut self, tell: Tell) {
        self.lock().tell = Some(tell);
    }

    fn attach(&mut self, inlets: Inlets) {
        self.lock().inlets = Some(inlets);
        self.0.changed.notify_all();
    }

    fn detach(&mut self) {
        self.lock().inlets = None;
        self.0.changed.notify_all();
    }

    fn perform(&mut self, order: &Order) -> Result<(), Error> {
        let mut state = self.lock();
        state.orders.push(order.clone());
        self.0.changed.notify_all();
        if state.refuses.contains(order) {
            return Err(Error::Backend {
                backend: "puppet",
                what: "no".to_owned(),
            });
        }
        match order {
            Order::Size(size) => state.format.size = *size,
            Order::FrameRate(rate) => state.format.frame_rate = *rate,
            _ => {}
        }
        Ok(())
    }

    fn format(&self) -> Format {
        self.lock().format
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }
}

/// The camera takes a picture.
pub(crate) fn take_frame(inlets: &Inlets, size: Size) {
    let inlet = inlets.frames.as_ref().unwrap();
    inlet.push(VideoFrame {
        surface: Surface::I420(I420::black(size)),
        timestamp: inlet.clock().now(),
    });
}

/// The microphone hears 20 ms of noise.
pub(crate) fn hear(inlets: &Inlets) {
    let inlet = inlets.audio.as_ref().unwrap();
    let mut random = 1_u16;
    let noise = |_| {
        random = random.wrapping_mul(25_173).wrapping_add(13_849);
        f32::from(random) / 65_536.0 - 0.5
    };
    inlet.push(AudioSamples {
        samples: (0..960).map(noise).collect(),
        channels: 1,
        sample_rate: 48_000,
        timestamp: inlet.clock().now(),
    });
}
