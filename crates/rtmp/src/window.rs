/// When to acknowledge what arrives (Adobe RTMP 1.0, sections 5.4.3 and 5.4.4).
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// None until the peer names one: then nothing is owed.
    size: Option<u32>,
    received: u64,
    acknowledged: u64,
}

impl Window {
    /// No acknowledgement is owed before a size is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The peer's Window Acknowledgement Size; 0 asks for none.
    pub fn set_size(&mut self, bytes: u32) {
        self.size = (bytes > 0).then_some(bytes);
    }

    /// How many bytes have arrived, handshake included.
    pub const fn bytes(&self) -> u64 {
        self.received
    }

    /// Counts bytes that arrived; gives the sequence number to acknowledge if one is due.
    pub fn receive(&mut self, bytes: usize) -> Option<u32> {
        self.received += bytes as u64;
        let size = u64::from(self.size?);
        if self.received - self.acknowledged < size {
            return None;
        }
        self.acknowledged = self.received;
        Some(wrap(self.received))
    }
}

/// What the peer says has arrived of what we sent.
///
/// Sequence numbers are taken with care: some servers wrap at 2^31 or start over. One that
/// cannot be true changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Acknowledged {
    sent: u64,
    acknowledged: u64,
}

impl Acknowledged {
    /// Nothing sent, nothing acknowledged.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts bytes that were sent.
    pub const fn send(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// How many bytes were sent.
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// How many bytes the peer has acknowledged.
    pub const fn bytes(&self) -> u64 {
        self.acknowledged
    }

    /// Takes a sequence number; gives the bytes acknowledged so far, unless it cannot be true.
    pub fn receive(&mut self, sequence: u32) -> Option<u64> {
        let step = sequence.wrapping_sub(wrap(self.acknowledged));
        let claimed = self.acknowledged + u64::from(step);
        // A step of 2^31 is a step back: the peer's counter started over.
        if step >> 31 != 0 || claimed > self.sent {
            return None;
        }
        self.acknowledged = claimed;
        Some(claimed)
    }
}

/// A byte count as a sequence number, which wraps at 2^32.
#[expect(clippy::cast_possible_truncation, reason = "the wire's counter wraps")]
const fn wrap(bytes: u64) -> u32 {
    bytes as u32
}
