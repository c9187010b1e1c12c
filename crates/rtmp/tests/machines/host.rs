use std::collections::VecDeque;
use std::time::Instant;

use onair_flv::Tag;
use onair_netsim::{Arrival, Peer};
use onair_rtmp::server::{Config, Event, StreamId};
use onair_rtmp::{Error, Input, Machine, Output, Server};

use crate::common::{bytes_of, start};

/// Our own server, which accepts everything unless told otherwise.
pub(crate) struct Host {
    pub(crate) server: Server,
    pub(crate) events: Vec<(Instant, Event)>,
    pub(crate) error: Option<Error>,
    /// The refusal for all requests.
    pub(crate) refuses: Option<(&'static str, &'static str)>,
    /// Leave requests unanswered.
    pub(crate) hesitates: bool,
    out: VecDeque<Vec<u8>>,
    timeout: Option<Instant>,
}

impl Host {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        Self {
            server: Server::new(config, start()),
            events: Vec::new(),
            error: None,
            refuses: None,
            hesitates: false,
            out: VecDeque::new(),
            timeout: None,
        }
    }

    /// The tags of all streams, with the time of their arrival.
    pub(crate) fn tags(&self) -> Vec<(Instant, Tag)> {
        let tags = self.events.iter().filter_map(|(at, event)| match event {
            Event::Media { tag, .. } | Event::Metadata { tag, .. } => Some((*at, tag.clone())),
            _ => None,
        });
        tags.collect()
    }

    pub(crate) fn told(&self) -> Vec<Event> {
        self.events.iter().map(|(_, event)| event.clone()).collect()
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        if self.is_over() {
            return;
        }
        self.error = self.server.handle_input(input).err();
        self.drain(input.now());
    }

    /// Everything said since the last call.
    pub(crate) fn take_out(&mut self) -> Vec<u8> {
        self.out.drain(..).flatten().collect()
    }

    pub(crate) fn drain(&mut self, now: Instant) {
        loop {
            match self.server.poll_output() {
                Output::Transmit(slices) => self.out.push_back(bytes_of(&slices)),
                Output::Event(event) => self.handle_event(now, event),
                Output::Timeout(at) => {
                    self.timeout = Some(at);
                    return;
                }
            }
        }
    }

    fn handle_event(&mut self, now: Instant, event: Event) {
        if let Event::Publish { stream, .. } | Event::Play { stream, .. } = &event {
            self.answer(*stream);
        }
        self.events.push((now, event));
    }

    fn answer(&mut self, stream: StreamId) {
        match self.refuses {
            _ if self.hesitates => {}
            Some((code, description)) => self.server.refuse(stream, code, description),
            None => self.server.accept(stream),
        }
    }

    fn is_over(&self) -> bool {
        self.error.is_some() || self.events.iter().any(|(_, event)| *event == Event::Closed)
    }
}

impl Peer for Host {
    fn handle_arrival(&mut self, now: Instant, arrival: Arrival) {
        match arrival {
            Arrival::Bytes(data) => self.input(Input::Receive(now, &data)),
            Arrival::End(_) => self.input(Input::Closed(now)),
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.input(Input::Timeout(now));
    }

    fn next_timeout(&self) -> Option<Instant> {
        if self.is_over() { None } else { self.timeout }
    }

    fn poll_transmit(&mut self, _now: Instant) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    fn is_done(&self) -> bool {
        self.is_over() && self.out.is_empty()
    }
}
