use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::Message;
use bytes::Bytes;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::advisor::Advisor;
use super::hello::{Advice, Answer, Hello, Problem, Said};
use super::media;
use super::publisher::Publisher;
use super::sentence;
use super::socket::{Lost, SILENCE_TIMEOUT, Socket, parse};
use crate::web::Web;
use crate::{Ingest, PushError};

/// How a connection ends.
#[derive(Debug)]
pub(super) enum End {
    /// With a bye.
    Said,
    /// Without a word: it may come back.
    Lost,
    /// Another connection has the stream: this page's next, or somebody else's.
    Replaced,
    /// The client broke the protocol.
    Faulty(Problem),
    /// The server shuts down.
    Closing,
}

impl From<Lost> for End {
    fn from(_: Lost) -> Self {
        Self::Lost
    }
}

/// One accepted connection.
pub(super) struct BrowserSession<'a> {
    socket: &'a mut Socket,
    web: &'a Web,
    ingest: Arc<Ingest>,
    publisher: Publisher,
    advisor: Advisor,
    advice: Option<Advice>,
    received: Received,
    acknowledged: u64,
    looks: u64,
    viewers: usize,
    asked: bool,
    heard: Instant,
}

#[derive(Default)]
struct Received {
    messages: u64,
    pts: i64,
}

impl<'a> BrowserSession<'a> {
    pub(super) fn new(socket: &'a mut Socket, web: &'a Web, ingest: Arc<Ingest>) -> Self {
        Self {
            socket,
            web,
            ingest,
            publisher: Publisher::default(),
            advisor: Advisor::new(web.takes_sizes, Instant::now().into_std()),
            advice: None,
            received: Received::default(),
            acknowledged: 0,
            looks: 0,
            viewers: 0,
            asked: false,
            heard: Instant::now(),
        }
    }

    pub(super) async fn run(mut self, hello: &Hello) -> End {
        if let Err(problem) = self.publisher.configure(&hello.setup) {
            return End::Faulty(problem);
        }
        let (mut looks, mut probes) = (ticker(LOOK_EVERY), ticker(PROBE_EVERY));
        let ingest = self.ingest.clone();
        let (closed, replaced) = (self.web.shared.closed(), ingest.replaced());
        tokio::pin!(closed, replaced);
        loop {
            let step = tokio::select! {
                message = self.socket.recv() => self.hear(message).await,
                _ = looks.tick() => self.look().await,
                _ = probes.tick() => self.probe().await,
                () = &mut replaced => Err(End::Replaced),
                () = &mut closed => Err(End::Closing),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn hear(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            Some(Ok(Message::Binary(media))) => self.take(media).await,
            Some(Ok(Message::Text(text))) => self.obey(&text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Err(error)) if is_too_long(&error) => {
                let what = "A message longer than the server takes.";
                Err(End::Faulty(Problem::new("message", what)))
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Lost),
        }
    }

    fn obey(&mut self, text: &str) -> Result<(), End> {
        match parse(text).map_err(End::Faulty)? {
            Said::Config(setup) => self.publisher.configure(&setup).map_err(End::Faulty),
            Said::Wish(wish) => self.advisor.wish(wish).map_err(End::Faulty),
            Said::Bye => Err(End::Said),
            Said::Hello(_) => Err(End::Faulty(Problem::new("message", "A second hello."))),
        }
    }

    async fn take(&mut self, media: Bytes) -> Result<(), End> {
        self.advisor.receive(media.len() as u64);
        self.received.messages += 1;
        if let Some(word) = media::word(media.clone()).map_err(End::Faulty)? {
            self.advisor.hear(word, self.heard.into_std());
            return Ok(());
        }
        if let Some(pts) = media.get(4..12).and_then(|bytes| bytes.try_into().ok()) {
            self.received.pts = i64::from_be_bytes(pts);
        }
        let packets = self.publisher.take(media).map_err(End::Faulty)?;
        for packet in packets {
            self.ingest.push(packet).map_err(|error| match error {
                PushError::Replaced => End::Replaced,
                other => End::Faulty(Problem::new("config", sentence(&other.to_string()))),
            })?;
        }
        self.ask().await
    }

    /// Asks for a keyframe, once, when pictures are dropped for want of one.
    async fn ask(&mut self) -> Result<(), End> {
        let waits = self.publisher.waits_for_keyframe();
        if waits && !self.asked {
            self.socket.say(&Answer::Keyframe).await?;
        }
        self.asked = waits;
        Ok(())
    }

    /// Looks at the line, and acknowledges what came if it is time: often to a page that obeys, and
    /// with it what to do.
    async fn look(&mut self) -> Result<(), End> {
        self.advice = self.advisor.look(Instant::now().into_std());
        let every = if self.advice.is_some() { 2 } else { SELDOM };
        if self.looks.is_multiple_of(SELDOM) {
            self.viewers = self.viewers();
        }
        self.looks += 1;
        if self.looks.is_multiple_of(every) {
            return self.acknowledge().await;
        }
        Ok(())
    }

    async fn acknowledge(&mut self) -> Result<(), End> {
        if self.acknowledged == self.received.messages {
            return Ok(());
        }
        self.acknowledged = self.received.messages;
        let ack = Answer::Ack {
            bytes: self.advisor.arrived(),
            messages: self.received.messages,
            pts: self.received.pts,
            viewers: self.viewers,
            advice: self.advice,
        };
        Ok(self.socket.say(&ack).await?)
    }

    fn viewers(&self) -> usize {
        let streams = self.web.registry.streams();
        let own = streams
            .iter()
            .find(|stream| stream.name == *self.ingest.name());
        own.map_or(0, |stream| stream.viewers)
    }

    async fn probe(&mut self) -> Result<(), End> {
        if self.heard.elapsed() >= SILENCE_TIMEOUT {
            return Err(End::Lost);
        }
        Ok(self.socket.send(Message::Ping(Bytes::new())).await?)
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    error.to_string().contains("too long") || error.to_string().contains("too large")
}

fn ticker(every: Duration) -> Interval {
    let mut ticker = interval(every);
    ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticker
}

/// How often the line is looked at, as the law wants.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// After so many looks what came is acknowledged to a page that is not advised, and viewers are counted.
const SELDOM: u64 = 10;
const PROBE_EVERY: Duration = Duration::from_secs(5);
