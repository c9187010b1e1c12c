//! The simple handshake (Adobe RTMP 1.0, section 5.2), both sides, bytes in any cut.
//!
//! The digest handshake of later Flash players is not needed to publish; a server here takes
//! its C1 for a simple one.

use bytes::{Bytes, BytesMut};

use crate::Error;

/// The protocol version in C0 and S0.
const VERSION: u8 = 3;
/// The length of C1, S1, C2 and S2.
const PACKET: usize = 1536;

/// When the client's C2 goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// After S1, echoing it.
    Patient,
    /// With C0 and C1, without having seen S1.
    FirstFlight,
}

/// The client's side.
#[derive(Clone, Debug)]
pub struct Client {
    order: Order,
    input: BytesMut,
    output: BytesMut,
    state: State,
}

/// The server's side.
#[derive(Clone, Debug)]
pub struct Server {
    seed: u64,
    input: BytesMut,
    output: BytesMut,
    state: State,
}

/// Version → Packet1 → Packet2 → Done, for what the peer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Version,
    Packet1,
    Packet2,
    Done,
}

impl Client {
    /// Sends C0 and C1, and C2 once S1 is known. `seed` makes the random body.
    pub fn new(seed: u64) -> Self {
        Self::start(seed, Order::Patient)
    }

    /// Sends C0, C1 and a C2 made without seeing S1, all at once.
    pub fn first_flight(seed: u64) -> Self {
        Self::start(seed, Order::FirstFlight)
    }

    /// Takes bytes; gives how many belonged to the handshake. The rest are chunks.
    pub fn handle(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut used = 0;
        while self.state != State::Done && used < data.len() {
            used += fill(&mut self.input, self.state.length(), &data[used..]);
            if self.input.len() == self.state.length() {
                self.handle_packet()?;
            }
        }
        Ok(used)
    }

    /// Bytes to send, if there are any.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        take(&mut self.output)
    }

    /// Whether S2 has arrived whole.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn start(seed: u64, order: Order) -> Self {
        let c1 = packet(seed);
        let mut output = BytesMut::with_capacity(1 + 2 * PACKET);
        output.extend_from_slice(&[VERSION]);
        output.extend_from_slice(&c1);
        if order == Order::FirstFlight {
            output.extend_from_slice(&packet(!seed));
        }
        Self {
            order,
            input: BytesMut::new(),
            output,
            state: State::Version,
        }
    }

    fn handle_packet(&mut self) -> Result<(), Error> {
        let bytes = self.input.split();
        self.state = match self.state {
            State::Version => check_s0(bytes[0]).map(|()| State::Packet1)?,
            State::Packet1 => {
                if self.order == Order::Patient {
                    self.output.extend_from_slice(&bytes);
                }
                State::Packet2
            }
            // An S2 that does not echo C1 is as good as one that does.
            State::Packet2 | State::Done => State::Done,
        };
        Ok(())
    }
}

impl Server {
    /// Waits for C0 and C1. `seed` makes the random body of S1.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            input: BytesMut::new(),
            output: BytesMut::new(),
            state: State::Version,
        }
    }

    /// Takes bytes; gives how many belonged to the handshake. The rest are chunks.
    pub fn handle(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut used = 0;
        while self.state != State::Done && used < data.len() {
            used += fill(&mut self.input, self.state.length(), &data[used..]);
            if self.input.len() == self.state.length() {
                self.handle_packet()?;
            }
        }
        Ok(used)
    }

    /// Bytes to send, if there are any.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        take(&mut self.output)
    }

    /// Whether C2 has arrived whole.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn handle_packet(&mut self) -> Result<(), Error> {
        let bytes = self.input.split();
        self.state = match self.state {
            State::Version => check_c0(bytes[0]).map(|()| State::Packet1)?,
            State::Packet1 => {
                self.output.extend_from_slice(&[VERSION]);
                self.output.extend_from_slice(&packet(self.seed));
                self.output.extend_from_slice(&bytes);
                State::Packet2
            }
            // A C2 that does not echo S1 is as good as one that does.
            State::Packet2 | State::Done => State::Done,
        };
        Ok(())
    }
}

impl State {
    /// How many bytes end this state.
    const fn length(self) -> usize {
        match self {
            Self::Version => 1,
            Self::Packet1 | Self::Packet2 => PACKET,
            Self::Done => 0,
        }
    }
}

/// Moves bytes into `input` until it has `length`; gives how many.
fn fill(input: &mut BytesMut, length: usize, data: &[u8]) -> usize {
    let count = data.len().min(length - input.len());
    input.extend_from_slice(&data[..count]);
    count
}

fn take(output: &mut BytesMut) -> Option<Bytes> {
    (!output.is_empty()).then(|| output.split().freeze())
}

/// C1 or S1: time 0, four zero bytes that say "no digest", and a random body.
fn packet(seed: u64) -> [u8; PACKET] {
    let mut packet = [0; PACKET];
    let mut state = seed | 1;
    for chunk in packet[8..].chunks_mut(8) {
        // xorshift64: the body has to differ between connections, not to be secret.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
    packet
}

fn check_s0(version: u8) -> Result<(), Error> {
    match version {
        VERSION => Ok(()),
        b'H' => Err(Error::peer(
            "it answers like a web server (HTTP), not RTMP",
            0,
        )),
        0x15 | 0x16 => Err(Error::peer("it answers in TLS: use rtmps://", 0)),
        _ => Err(Error::peer("its handshake is not of RTMP version 3", 0)),
    }
}

fn check_c0(version: u8) -> Result<(), Error> {
    match version {
        VERSION => Ok(()),
        6 | 8 | 9 => Err(Error::peer("it wants RTMPE, which is not supported", 0)),
        0x16 => Err(Error::peer("it speaks TLS to a plain RTMP port", 0)),
        b'G' | b'P' => Err(Error::peer("it speaks HTTP, not RTMP", 0)),
        _ => Err(Error::peer("its handshake is not of RTMP version 3", 0)),
    }
}
