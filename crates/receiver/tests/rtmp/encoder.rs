//! A publisher: our machine on a blocking socket.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Buf;
use onair::flv::{Muxer, Tag};
use onair::media::{Packet, Tracks};
use onair::rtmp::publisher::{Config, Event};
use onair::rtmp::{Error, Input, Machine, Output, Publisher};

pub(crate) struct Encoder {
    socket: TcpStream,
    publisher: Publisher,
    muxer: Muxer,
    is_live: bool,
    is_over: bool,
}

impl Encoder {
    /// Publishes, and returns once the receiver has agreed.
    pub(crate) fn live(address: SocketAddr, key: &str) -> Self {
        Self::publish(address, key).expect("the publish is granted")
    }

    /// Publishes; an error is the receiver's refusal.
    pub(crate) fn publish(address: SocketAddr, key: &str) -> Result<Self, Error> {
        let url = format!("rtmp://{address}/live/{key}").parse()?;
        Self::with(address, Config::new(url))
    }

    pub(crate) fn with(address: SocketAddr, config: Config) -> Result<Self, Error> {
        let socket = TcpStream::connect(address).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        socket.set_nodelay(true).unwrap();
        let mut encoder = Self {
            socket,
            publisher: Publisher::new(config, Instant::now()),
            muxer: Muxer::new(),
            is_live: false,
            is_over: false,
        };
        encoder.flush();
        while !encoder.is_live {
            encoder.receive()?;
        }
        Ok(encoder)
    }

    pub(crate) fn send(&mut self, packet: &Packet) {
        for tag in self.muxer.mux(packet) {
            self.send_tag(&tag);
        }
    }

    pub(crate) fn send_all(&mut self, packets: &[Packet]) {
        packets.iter().for_each(|packet| self.send(packet));
    }

    pub(crate) fn describe(&mut self, tracks: &Tracks) {
        let tag = self.muxer.metadata(tracks);
        self.send_tag(&tag);
    }

    pub(crate) fn send_tag(&mut self, tag: &Tag) {
        self.publisher.send(tag).unwrap();
        self.flush();
    }

    /// Says farewell, and waits for the receiver to close.
    pub(crate) fn finish(mut self) {
        self.publisher.close(Instant::now());
        self.flush();
        self.socket.shutdown(Shutdown::Write).unwrap();
        while !self.is_over && self.receive().is_ok() {}
    }

    /// Waits until the receiver ends the connection.
    pub(crate) fn wait_for_end(mut self) {
        while !self.is_over && self.receive().is_ok() {}
    }

    /// Says `FCUnpublish` and closes the socket with the answer to a ping in it.
    pub(crate) fn say_unpublish_and_reset(mut self) {
        let ping = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 7];
        self.socket.write_all(&ping).unwrap();
        self.socket.peek(&mut [0]).unwrap();
        let farewell = b"\x03\0\0\0\0\0\x0e\x14\0\0\0\0\x02\0\x0bFCUnpublish";
        self.socket.write_all(farewell).unwrap();
    }

    /// Waits until the receiver turns it down.
    pub(crate) fn refusal(mut self) -> Error {
        loop {
            if let Err(error) = self.receive() {
                return error;
            }
            assert!(!self.is_over, "it closed without a word");
        }
    }

    fn receive(&mut self) -> Result<(), Error> {
        let mut buffer = [0; 4096];
        let now = Instant::now;
        let result = match self.socket.read(&mut buffer) {
            Ok(0) => {
                self.is_over = true;
                self.publisher.handle_input(Input::Closed(now()))
            }
            Ok(count) => {
                let data = &buffer[..count];
                self.publisher.handle_input(Input::Receive(now(), data))
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                self.is_over = true;
                self.publisher.handle_input(Input::Closed(now()))
            }
            Err(error) => panic!("the receiver is silent: {error}"),
        };
        self.flush();
        result
    }

    fn flush(&mut self) {
        loop {
            match self.publisher.poll_output() {
                Output::Transmit(mut bytes) => {
                    let bytes = bytes.copy_to_bytes(bytes.remaining());
                    // If the receiver hung up, reading shows it.
                    let _gone = self.socket.write_all(&bytes);
                }
                Output::Event(Event::Publishing) => self.is_live = true,
                Output::Event(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }
}
