use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::Instant;

use onair_av::device::{Device, Format, Order};

use super::driver::{Directed, Driver};
use super::on_air::{Cues, OnAir, video_settings};
use super::{Listener, News, Shared, Show};
use crate::director::{self, Command, Quality};
use crate::{Broadcast, Error, Event};

/// A message to the studio's thread.
pub(super) enum Message {
    GoLive(Box<Show>),
    End,
    Tell(director::Event),
    Device(onair_av::device::Event),
    Broadcast(Box<Event>),
    Close,
}

/// The studio's thread: tells the director what happens and does what it says.
pub(super) struct Control {
    driver: Driver,
    listener: Listener,
    shared: Arc<Shared>,
    inbox: Receiver<Message>,
    /// For threads that report something.
    outbox: Sender<Message>,
    cues: Cues,
    on_air: Option<OnAir>,
    /// The next show, which begins when the present one has ended.
    next: Option<Box<Show>>,
    is_closing: bool,
}

impl Control {
    pub(super) fn new(
        device: Box<dyn Device>,
        listener: Listener,
        shared: Arc<Shared>,
        (outbox, inbox): (Sender<Message>, Receiver<Message>),
    ) -> Self {
        let from_device = outbox.clone();
        let tell = Arc::new(move |event| {
            // The studio is closed.
            let _ = from_device.send(Message::Device(event));
        });
        Self {
            driver: Driver::new(device, tell),
            listener,
            shared,
            inbox,
            outbox,
            cues: Cues::default(),
            on_air: None,
            next: None,
            is_closing: false,
        }
    }

    /// Runs the device until the studio is closed and its show has ended.
    pub(super) fn run(mut self) {
        self.direct(director::Event::Order(Order::Start));
        while !self.is_closing || self.on_air.is_some() {
            match self.driver.wait(&self.inbox, Message::Close) {
                Some(message) => self.handle(message),
                None => {
                    self.driver.handle_timeout(Instant::now());
                    self.obey();
                }
            }
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::GoLive(show) => self.go_live(show),
            Message::End => self.end(),
            Message::Tell(event) if is_ours(&event) => {
                tracing::warn!(?event, "this is the studio's own to tell");
            }
            Message::Tell(event) => self.direct(event),
            Message::Device(event) => self.direct(director::Event::Device(event)),
            Message::Broadcast(event) => self.handle_broadcast(*event),
            Message::Close => self.close(),
        }
    }

    fn go_live(&mut self, show: Box<Show>) {
        match &self.on_air {
            _ if self.is_closing => self.not_started("the studio is closed"),
            Some(on_air) if !on_air.is_ending => self.not_started("a show is on already"),
            Some(_) if self.next.is_some() => self.not_started("another show waits to begin"),
            // Before that, a server may take the key to be still on air.
            Some(_) => self.next = Some(show),
            None if self.driver.director().is_allowed_nothing() => self.not_started(
                "neither the camera nor the microphone may be used: allow one of them in the \
                 system's settings",
            ),
            None => self.begin(*show),
        }
    }

    fn begin(&mut self, show: Show) {
        let mut format = self.driver.device().format();
        if let Some(frame_rate) = self.driver.director().frame_rate_when_cool() {
            format.frame_rate = frame_rate;
        }
        let quality = Quality {
            size: format.size,
            frame_rate: format.frame_rate,
            bitrate: video_settings(&show, format).bitrate,
        };
        let ladder = show.ladder();
        self.cues = Cues {
            bitrate: quality.bitrate,
            ..Cues::default()
        };
        self.direct(director::Event::GoLive { quality, ladder });
        // Heat may have changed the size by now; the frame rate is planned as wanted.
        format.size = self.driver.device().format().size;
        if let Err(error) = self.start(show, format) {
            self.direct(director::Event::End);
            self.not_started(&error.to_string());
        }
    }

    fn start(&mut self, show: Show, format: Format) -> Result<(), Error> {
        let on_air = OnAir::start(show, format, self.cues)?;
        let broadcast = on_air.broadcast.clone();
        self.spread(broadcast.clone())?;
        self.driver.device().attach(on_air.inlets.clone());
        self.shared.set_broadcast(Some(broadcast));
        self.on_air = Some(on_air);
        Ok(())
    }

    /// Brings a broadcast's events to this thread.
    fn spread(&self, broadcast: Arc<Broadcast>) -> Result<(), Error> {
        let outbox = self.outbox.clone();
        let run = move || {
            while let Some(event) = broadcast.next_event() {
                if outbox.send(Message::Broadcast(Box::new(event))).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("onair-news".to_owned());
        thread.spawn(run).map(drop).map_err(|source| Error::System {
            what: "starting a thread",
            source,
        })
    }

    fn end(&mut self) {
        if self.next.take().is_some() {
            self.not_started("it was ended before it began");
        }
        if let Some(on_air) = &mut self.on_air
            && !on_air.is_ending
        {
            on_air.end();
            self.driver.device().detach();
            self.direct(director::Event::End);
        }
    }

    fn close(&mut self) {
        self.is_closing = true;
        self.end();
        self.driver.device().detach();
        self.direct(director::Event::Order(Order::Stop));
    }

    fn handle_broadcast(&mut self, event: Event) {
        let is_over = matches!(event, Event::Ended(_));
        match &event {
            Event::EncoderLost { .. } => self.direct(director::Event::EncoderLost),
            Event::EncoderBack => self.direct(director::Event::EncoderBack),
            Event::Ended(_) => self.leave(),
            Event::Connecting { .. }
            | Event::Live { .. }
            | Event::Refused { .. }
            | Event::Reconnecting { .. }
            | Event::Congested { .. }
            | Event::BitrateLimited { .. }
            | Event::BitrateRestored { .. }
            | Event::Dropped { .. }
            | Event::ReconnectRequested { .. }
            | Event::HandedOver { .. }
            | Event::PictureChanged { .. }
            | Event::AudioChanged { .. }
            | Event::Warning { .. }
            | Event::RecordingFailed { .. }
            | Event::DestinationEnded { .. } => {}
        }
        self.tell(News::Broadcast(event));
        if is_over && let Some(show) = self.next.take() {
            self.go_live(show);
        }
    }

    /// The broadcast is over, whoever ended it.
    fn leave(&mut self) {
        if let Some(on_air) = self.on_air.take() {
            on_air.close();
            self.driver.device().detach();
            self.direct(director::Event::End);
        }
        self.shared.set_broadcast(None);
    }

    fn direct(&mut self, event: director::Event) {
        self.driver.handle_event(event, Instant::now());
        self.obey();
    }

    fn obey(&mut self) {
        while let Some(directed) = self.driver.poll() {
            match directed {
                // The director reports refusals that a user should know of.
                Directed::Ordered(_) => self.shared.look_at(self.driver.device()),
                Directed::Command(command) => self.obey_command(command),
            }
        }
    }

    /// What viewers get is kept for a show that is about to begin.
    fn obey_command(&mut self, command: Command) {
        match command {
            Command::KeepAwake(awake) => self.tell(News::KeepAwake(awake)),
            Command::Tell(notice) => self.tell(News::Notice(notice)),
            Command::Slate(shown) => {
                self.cues.slate = shown;
                self.with_show(|on_air| on_air.slate(shown));
            }
            Command::Mute(muted) => {
                self.cues.mute = muted;
                self.with_show(|on_air| on_air.mute(muted));
            }
            Command::Bitrate(bitrate) => {
                let limit = (bitrate < self.cues.bitrate).then_some(bitrate);
                self.cues.thermal = limit;
                self.with_show(|on_air| on_air.broadcast.limit_for_heat(limit));
            }
            Command::Keyframe => self.with_show(|on_air| on_air.broadcast.request_keyframe()),
            Command::Reconnect => self.with_show(|on_air| on_air.broadcast.reconnect_now()),
            // The driver gave it to the device.
            Command::Device(_) => {}
        }
    }

    fn with_show(&mut self, change: impl FnOnce(&mut OnAir)) {
        if let Some(on_air) = &mut self.on_air {
            change(on_air);
        }
    }

    fn not_started(&self, words: &str) {
        self.tell(News::NotStarted(words.to_owned()));
    }

    fn tell(&self, news: News) {
        (self.listener)(news);
    }
}

/// What only the studio itself can know.
const fn is_ours(event: &director::Event) -> bool {
    use director::Event;
    matches!(
        event,
        Event::GoLive { .. }
            | Event::End
            | Event::Performed(_)
            | Event::Refused { .. }
            | Event::EncoderLost
            | Event::EncoderBack
            | Event::Device(_)
    )
}
