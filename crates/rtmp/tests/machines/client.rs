use std::collections::VecDeque;
use std::time::Instant;

use onair_flv::Tag;
use onair_netsim::{Arrival, Peer};
use onair_rtmp::publisher::{Config, End, Event, Retry};
use onair_rtmp::{Error, Input, Machine, Output, Publisher};

use crate::common::{bytes_of, start};

/// A publisher with tags to send.
pub(crate) struct Client {
    pub(crate) publisher: Publisher,
    pub(crate) tags: VecDeque<Tag>,
    pub(crate) events: Vec<(Instant, Event)>,
    pub(crate) error: Option<Error>,
    /// Close once every tag is sent and the stream is live.
    pub(crate) closes: bool,
    pub(crate) sent: usize,
    out: VecDeque<Vec<u8>>,
    timeout: Option<Instant>,
}

impl Client {
    pub(crate) fn new(config: Config, tags: Vec<Tag>) -> Self {
        let mut client = Self {
            publisher: Publisher::new(config, start()),
            tags: tags.into(),
            events: Vec::new(),
            error: None,
            closes: true,
            sent: 0,
            out: VecDeque::new(),
            timeout: None,
        };
        client.drain(start());
        client
    }

    /// Everything that happened, without its time.
    pub(crate) fn told(&self) -> Vec<Event> {
        self.events.iter().map(|(_, event)| event.clone()).collect()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.told().contains(&Event::Closed(End::Finished))
    }

    pub(crate) fn retry(&self) -> Option<Retry> {
        self.events.iter().find_map(|(_, event)| match event {
            Event::Closed(End::Retry(retry)) => Some((**retry).clone()),
            _ => None,
        })
    }

    pub(crate) fn input(&mut self, input: Input<'_>) {
        if self.is_over() {
            return;
        }
        self.error = self.publisher.handle_input(input).err();
        self.drain(input.now());
    }

    pub(crate) fn close(&mut self, now: Instant) {
        self.publisher.close(now);
        self.drain(now);
    }

    /// Everything said since the last call.
    pub(crate) fn take_out(&mut self) -> Vec<u8> {
        self.out.drain(..).flatten().collect()
    }

    fn is_over(&self) -> bool {
        let is_closed = |(_, event): &(Instant, Event)| matches!(event, Event::Closed(_));
        self.error.is_some() || self.events.iter().any(is_closed)
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.publisher.poll_output() {
                Output::Transmit(slices) => self.out.push_back(bytes_of(&slices)),
                Output::Event(event) => self.events.push((now, event)),
                Output::Timeout(at) => {
                    self.timeout = Some(at);
                    if !self.act(now) {
                        return;
                    }
                }
            }
        }
    }

    /// Sends a tag if one is welcome, or closes; gives whether it did anything.
    fn act(&mut self, now: Instant) -> bool {
        if self.publisher.ready()
            && let Some(tag) = self.tags.pop_front()
        {
            self.publisher.send(&tag).expect("ready() promised it");
            self.sent += tag.len();
            return true;
        }
        let is_live = self
            .events
            .iter()
            .any(|(_, event)| *event == Event::Publishing);
        if self.closes && is_live && self.tags.is_empty() {
            self.closes = false;
            self.publisher.close(now);
            return true;
        }
        false
    }
}

impl Peer for Client {
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
