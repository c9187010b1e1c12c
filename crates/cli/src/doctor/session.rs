//! One conversation with a server, step by step, and the media after it.

use std::io;
use std::time::{Duration, Instant};

use onair::flv::Muxer;
use onair::media::Packet;
use onair::media::Tracks;
use onair::rtmp::publisher::{Config, End, Event, Retry, Step};
use onair::rtmp::{Error, Input, Machine, Output, Publisher};

use super::uplink::Flow;
use super::world::{Line, World};

/// A connection that is being talked over.
pub(crate) struct Session<'a> {
    world: &'a dyn World,
    machine: Publisher,
    line: Box<dyn Line>,
    /// The first bytes that came.
    pub(crate) heard: Vec<u8>,
    /// How the server calls itself.
    pub(crate) server: Option<String>,
    retry: Option<Retry>,
    /// Nothing can be written any more.
    is_broken: bool,
    written: u64,
    /// When the connection has to have taken what is written.
    until: Instant,
}

impl<'a> Session<'a> {
    pub(crate) fn new(world: &'a dyn World, line: Box<dyn Line>, config: Config) -> Self {
        let now = world.now();
        Self {
            world,
            machine: Publisher::new(config, now),
            line,
            heard: Vec::new(),
            server: None,
            retry: None,
            is_broken: false,
            written: 0,
            until: now + TO_TAKE,
        }
    }

    /// How far it came.
    pub(crate) const fn reached(&self) -> Step {
        self.machine.reached()
    }

    /// Goes on until `goal` is reached, or another connection is wanted.
    ///
    /// # Errors
    ///
    /// When the conversation fails.
    pub(crate) fn until(&mut self, goal: Step) -> Result<Option<Retry>, Error> {
        loop {
            let deadline = self.drain();
            if let Some(retry) = self.retry.take() {
                return Ok(Some(retry));
            }
            if rank(self.machine.step()) >= rank(goal) {
                return Ok(None);
            }
            self.listen(deadline)?;
        }
    }

    /// Sends media as its times say, for `lasts`, and takes the stream down.
    ///
    /// What the line does not take in time is sent late; nothing is left out. With an error comes what
    /// was sent until then.
    pub(crate) fn stream(
        &mut self,
        media: impl Iterator<Item = Packet>,
        tracks: &Tracks,
        lasts: Duration,
    ) -> (Flow, Result<(), Error>) {
        let mut flow = Flow::default();
        let began = self.world.now();
        let result = self.send(media, tracks, (began, lasts), &mut flow);
        flow.lasted = self.world.now().saturating_duration_since(began);
        if result.is_ok() {
            self.say_farewell();
        }
        (flow, result)
    }

    fn send(
        &mut self,
        media: impl Iterator<Item = Packet>,
        tracks: &Tracks,
        (began, lasts): (Instant, Duration),
        flow: &mut Flow,
    ) -> Result<(), Error> {
        let end = began + lasts;
        (self.until, self.written) = (end, 0);
        let mut muxer = Muxer::new();
        let metadata = muxer.metadata(tracks);
        self.machine.send(&metadata)?;
        for packet in media {
            let due = began + Duration::from_secs_f64(packet.dts.as_secs_f64().max(0.0));
            if due >= end {
                return self.wait(end);
            }
            self.wait(due)?;
            for tag in muxer.mux(&packet) {
                self.machine.send(&tag)?;
            }
            self.drain();
            let now = self.world.now();
            flow.taken
                .push((now.saturating_duration_since(began), self.written));
            flow.late = now.saturating_duration_since(due);
            if now >= end {
                return self.wait(now);
            }
        }
        Ok(())
    }

    /// Listens to the server until `time`, and at least for what it has said already.
    fn wait(&mut self, time: Instant) -> Result<(), Error> {
        loop {
            self.drain();
            if self.retry.is_some() || self.machine.step() == Step::Closed {
                let during = Step::Live;
                return Err(Error::Closed { during });
            }
            self.listen(time)?;
            if self.world.now() >= time {
                return Ok(());
            }
        }
    }

    fn say_farewell(&mut self) {
        let now = self.world.now();
        self.until = now + FAREWELL;
        self.machine.close(now);
        let _over_anyway = self.until(Step::Closed);
    }

    /// Writes what is to be written; gives the time by which the server has to have answered.
    fn drain(&mut self) -> Instant {
        loop {
            match self.machine.poll_output() {
                Output::Transmit(slices) => {
                    for piece in slices.pieces() {
                        self.write(piece);
                    }
                }
                Output::Event(Event::Connected { server }) => self.server = server,
                Output::Event(Event::Closed(End::Retry(retry))) => self.retry = Some(*retry),
                Output::Event(_) => {}
                Output::Timeout(at) => return at,
            }
        }
    }

    /// Hands bytes to the line, as long as there is time. What the server says when a write fails is
    /// still read.
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.is_broken && self.world.now() < self.until {
            match self.line.write(bytes, self.until) {
                Ok(0) => self.is_broken = true,
                Ok(count) => {
                    self.written += count as u64;
                    bytes = bytes.get(count..).unwrap_or_default();
                }
                Err(error) if is_nothing(&error) => {}
                Err(_) => self.is_broken = true,
            }
        }
        // A stream with a hole in it cannot go on.
        self.is_broken |= !bytes.is_empty();
    }

    fn listen(&mut self, until: Instant) -> Result<(), Error> {
        let mut buffer = [0; 4096];
        let result = self.line.read(&mut buffer, until);
        let now = self.world.now();
        match result {
            Ok(0) => self.machine.handle_input(Input::Closed(now)),
            Ok(count) => {
                let said = &buffer[..count];
                let room = HEARD.saturating_sub(self.heard.len());
                self.heard.extend_from_slice(&said[..count.min(room)]);
                self.machine.handle_input(Input::Receive(now, said))
            }
            Err(error) if is_nothing(&error) => self.machine.handle_input(Input::Timeout(now)),
            Err(_) => self.machine.handle_input(Input::Closed(now)),
        }
    }
}

/// Whether nothing happened.
pub(crate) fn is_nothing(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::TimedOut | E::WouldBlock | E::Interrupted)
}

/// The steps in their order.
const fn rank(step: Step) -> u8 {
    match step {
        Step::Handshake => 0,
        Step::Connect => 1,
        Step::CreateStream => 2,
        Step::Publish | Step::Play => 3,
        Step::Live => 4,
        Step::Farewell => 5,
        Step::Closed => 6,
    }
}

/// How many of the first bytes are kept.
const HEARD: usize = 4096;

/// How long the line may take for what is said before there is media.
const TO_TAKE: Duration = Duration::from_secs(30);

/// How long it may take for the farewell.
const FAREWELL: Duration = Duration::from_millis(500);
