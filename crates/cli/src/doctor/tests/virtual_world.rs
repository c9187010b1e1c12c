//! A world whose clock moves only when somebody waits.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use onair::{Failure, Tls};

use super::peer::{Act, Make, Peer};
use crate::doctor::certificate::Shown;
use crate::doctor::world::{Line, Shaken, System, World};

/// What happens to who connects.
pub(crate) enum Answer {
    Fails(io::ErrorKind),
    /// Nothing, for ever.
    Nothing,
    Peer(Make),
}

/// What happens in a TLS handshake.
pub(crate) type Handshake = (Shown, Result<(), Failure>);

pub(crate) struct VirtualWorld {
    pub(crate) clock: Rc<Cell<Instant>>,
    pub(crate) wall: SystemTime,
    pub(crate) system: System,
    pub(crate) tls: Tls,
    pub(crate) name: Result<Vec<SocketAddr>, io::ErrorKind>,
    /// Other addresses refuse.
    pub(crate) ports: HashMap<SocketAddr, Answer>,
    pub(crate) handshake: Option<Handshake>,
}

impl VirtualWorld {
    pub(crate) fn new() -> Self {
        Self {
            clock: Rc::new(Cell::new(Instant::now())),
            wall: SystemTime::now(),
            system: System::Other,
            tls: Tls::default(),
            name: Ok(Vec::new()),
            ports: HashMap::new(),
            handshake: None,
        }
    }

    /// With an address of the name that is looked up.
    pub(crate) fn with(mut self, address: &str, answer: Answer) -> Self {
        let address: SocketAddr = address.parse().expect("an address");
        if let Ok(name) = &mut self.name {
            name.push(address);
        }
        self.ports.insert(address, answer);
        self
    }

    fn pass(&self, time: Duration) {
        self.clock.set(self.clock.get() + time);
    }
}

impl World for VirtualWorld {
    fn now(&self) -> Instant {
        self.clock.get()
    }

    fn wall(&self) -> SystemTime {
        self.wall
    }

    fn system(&self) -> System {
        self.system
    }

    fn tls(&self) -> &Tls {
        &self.tls
    }

    fn resolve(&self, _host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = self.name.clone().map_err(io::Error::from)?;
        Ok(found
            .into_iter()
            .filter(|address| address.port() == port)
            .collect())
    }

    fn connect(&self, to: SocketAddr, limit: Duration) -> io::Result<Box<dyn Line>> {
        match self.ports.get(&to) {
            None => Err(io::ErrorKind::ConnectionRefused.into()),
            Some(Answer::Fails(kind)) => Err((*kind).into()),
            Some(Answer::Nothing) => {
                self.pass(limit);
                Err(io::ErrorKind::TimedOut.into())
            }
            Some(Answer::Peer(make)) => Ok(Box::new(VirtualLine {
                clock: self.clock.clone(),
                began: self.clock.get(),
                peer: make(),
                unread: Vec::new(),
            })),
        }
    }

    fn secure(&self, to: SocketAddr, _host: &str, limit: Duration) -> io::Result<Shaken> {
        let (shown, result) = match &self.handshake {
            Some((shown, result)) => (shown.clone(), result.clone()),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        };
        let line = match result {
            Ok(()) => Ok(self.connect(to, limit)?),
            Err(failure) => Err(failure),
        };
        Ok(Shaken { shown, line })
    }
}

struct VirtualLine {
    clock: Rc<Cell<Instant>>,
    began: Instant,
    peer: Box<dyn Peer>,
    unread: Vec<u8>,
}

/// How far the clock moves at once.
const STEP: Duration = Duration::from_millis(5);

impl VirtualLine {
    fn at(&self) -> Duration {
        self.clock.get() - self.began
    }

    /// Waits a moment; false when there is no time left.
    fn wait(&self, until: Instant) -> bool {
        let now = self.clock.get();
        self.clock.set((now + STEP).min(until).max(now));
        now < until
    }
}

impl Line for VirtualLine {
    fn write(&mut self, bytes: &[u8], until: Instant) -> io::Result<usize> {
        loop {
            let takes = self.peer.takes(bytes.len(), self.at());
            if takes > 0 {
                self.peer.hear(&bytes[..takes], self.at());
                return Ok(takes);
            }
            if !self.wait(until) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize> {
        while self.unread.is_empty() {
            match self.peer.act(self.at()) {
                Act::Say(bytes) => self.unread = bytes,
                Act::Close => return Ok(0),
                Act::Wait if self.wait(until) => {}
                Act::Wait => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
        let count = buffer.len().min(self.unread.len());
        buffer[..count].copy_from_slice(&self.unread[..count]);
        self.unread.drain(..count);
        Ok(count)
    }
}
