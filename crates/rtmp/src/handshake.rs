//! The simple handshake (Adobe RTMP 1.0, section 5.2), both sides, bytes in any cut.
//!
//! The digest handshake of later Flash players is not needed to publish; the server here takes
//! a digest C1 for a simple one.

use bytes::{Buf, Bytes, BytesMut};

use crate::Error;

/// The protocol version in C0 and S0.
const VERSION: u8 = 3;
/// The length of C1, S1, C2 and S2.
const PACKET: usize = 1536;

/// The client's side.
#[derive(Clone, Debug)]
pub struct Client {
    order: Order,
    intake: Intake,
    output: BytesMut,
}

/// When the client's C2 goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// After S1, echoing it.
    Classic,
    /// With C0 and C1, without having seen S1.
    FirstFlight,
}

impl Client {
    /// Sends C0 and C1, and C2 once S1 is known. `seed` makes the random body.
    pub fn new(seed: u64) -> Self {
        Self::start(seed, Order::Classic)
    }

    /// Sends C0, C1 and a C2 made without seeing S1, all at once.
    pub fn first_flight(seed: u64) -> Self {
        Self::start(seed, Order::FirstFlight)
    }

    /// Takes bytes; gives how many belonged to the handshake. The rest are chunks.
    pub fn handle(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut rest = data;
        while let Some((arrived, bytes)) = self.intake.take(&mut rest) {
            match arrived {
                Expect::Version => check_s0(bytes[0])?,
                Expect::Packet1 if self.order == Order::Classic => {
                    self.output.extend_from_slice(&bytes);
                }
                // An S2 that does not echo C1 is as good as one that does.
                Expect::Packet1 | Expect::Packet2 | Expect::Nothing => {}
            }
        }
        Ok(data.len() - rest.len())
    }

    /// Bytes to send, if there are any.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        take(&mut self.output)
    }

    /// Whether S2 has arrived whole.
    pub fn is_done(&self) -> bool {
        self.intake.expect == Expect::Nothing
    }

    fn start(seed: u64, order: Order) -> Self {
        let mut output = BytesMut::with_capacity(1 + 2 * PACKET);
        output.extend_from_slice(&[VERSION]);
        output.extend_from_slice(&packet(seed));
        if order == Order::FirstFlight {
            output.extend_from_slice(&packet(!seed));
        }
        Self {
            order,
            intake: Intake::new(),
            output,
        }
    }
}

/// The server's side.
#[derive(Clone, Debug)]
pub struct Server {
    seed: u64,
    intake: Intake,
    output: BytesMut,
}

impl Server {
    /// Waits for C0 and C1. `seed` makes the random body of S1.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            intake: Intake::new(),
            output: BytesMut::new(),
        }
    }

    /// Takes bytes; gives how many belonged to the handshake. The rest are chunks.
    pub fn handle(&mut self, data: &[u8]) -> Result<usize, Error> {
        let mut rest = data;
        while let Some((arrived, bytes)) = self.intake.take(&mut rest) {
            match arrived {
                Expect::Version => check_c0(bytes[0])?,
                Expect::Packet1 => self.answer(&bytes),
                // A C2 that does not echo S1 is as good as one that does.
                Expect::Packet2 | Expect::Nothing => {}
            }
        }
        Ok(data.len() - rest.len())
    }

    /// Bytes to send, if there are any.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        take(&mut self.output)
    }

    /// Whether C2 has arrived whole.
    pub fn is_done(&self) -> bool {
        self.intake.expect == Expect::Nothing
    }

    /// S0, S1 and an S2 that echoes C1.
    fn answer(&mut self, c1: &[u8]) {
        self.output.extend_from_slice(&[VERSION]);
        self.output.extend_from_slice(&packet(self.seed));
        self.output.extend_from_slice(c1);
    }
}

/// What the peer sends, cut into its three parts.
#[derive(Clone, Debug)]
struct Intake {
    expect: Expect,
    part: BytesMut,
}

/// Version → Packet1 → Packet2 → Nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Version,
    Packet1,
    Packet2,
    Nothing,
}

impl Intake {
    fn new() -> Self {
        Self {
            expect: Expect::Version,
            part: BytesMut::new(),
        }
    }

    /// Takes the next part off `data`, if it is now complete.
    fn take(&mut self, data: &mut &[u8]) -> Option<(Expect, BytesMut)> {
        let arrived = self.expect;
        let (length, next) = match arrived {
            Expect::Version => (1, Expect::Packet1),
            Expect::Packet1 => (PACKET, Expect::Packet2),
            Expect::Packet2 => (PACKET, Expect::Nothing),
            Expect::Nothing => return None,
        };
        let count = data.len().min(length - self.part.len());
        self.part.extend_from_slice(&data[..count]);
        data.advance(count);
        if self.part.len() < length {
            return None;
        }
        self.expect = next;
        Some((arrived, std::mem::take(&mut self.part)))
    }
}

fn take(output: &mut BytesMut) -> Option<Bytes> {
    (!output.is_empty()).then(|| output.split().freeze())
}

/// C1 or S1: time 0, four zero bytes that say "no digest", and a random body.
fn packet(seed: u64) -> [u8; PACKET] {
    let mut packet = [0; PACKET];
    // Never zero, where xorshift64 would stay.
    let mut state = seed.wrapping_mul(2) | 1;
    for chunk in packet[8..].chunks_mut(8) {
        // The body has to differ between connections; nothing depends on it being a secret.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        chunk.copy_from_slice(&state.to_le_bytes()[..chunk.len()]);
    }
    packet
}

fn check_s0(version: u8) -> Result<(), Error> {
    let what = match version {
        VERSION => return Ok(()),
        b'H' => "it answers in HTTP, not RTMP",
        0x15 | 0x16 => "it answers in TLS: use rtmps://",
        _ => "its handshake is not of RTMP version 3",
    };
    Err(Error::peer(what, 0))
}

fn check_c0(version: u8) -> Result<(), Error> {
    let what = match version {
        VERSION => return Ok(()),
        6 | 8 | 9 => "it asks for RTMPE, which is not supported",
        0x16 => "it speaks TLS where plain RTMP is expected",
        b'G' | b'P' | b'O' => "it speaks HTTP, not RTMP",
        _ => "its handshake is not of RTMP version 3",
    };
    Err(Error::peer(what, 0))
}
