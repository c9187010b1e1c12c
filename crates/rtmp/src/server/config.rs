use std::time::Duration;

/// What a [`Server`](super::Server) is told before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The size of outgoing chunks: kept within 128 and 65536.
    pub chunk_size: u32,
    /// The acknowledgement window announced to the client, in bytes.
    pub window: u32,
    /// How many bytes of media to hold while a publish waits to be accepted; more, and the client is refused.
    pub pending_limit: usize,
    /// How long the handshake may take, and then how long until a publish or play request.
    pub setup_timeout: Duration,
    /// How long a client may be silent before it is pinged; it has as long again to show life.
    pub idle_timeout: Duration,
    /// Feeds the handshake's random bytes.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            chunk_size: 4096,
            window: 2_500_000,
            pending_limit: 2 * 1024 * 1024,
            setup_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            seed: 0,
        }
    }
}
