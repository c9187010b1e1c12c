use std::time::Duration;

/// What one peer may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most RTMP connections that publish or play. A quarter of them, at most 64, is reserved
    /// for publishers.
    pub connections: usize,
    /// The most viewers from one address; an IPv6 network of 64 bits counts as one.
    pub viewers_per_address: usize,
    /// The most connections that have not asked for anything yet; a newer one replaces the oldest.
    pub half_open: usize,
    /// How many bytes a connection may send before it is granted something.
    pub bytes_before_request: usize,
    /// How long a connection may take to ask for something, TLS handshake included.
    pub setup_timeout: Duration,
    /// How long a peer may send nothing before it is asked for a sign of life; it has as long
    /// again.
    pub idle_timeout: Duration,
    /// How long a publisher may send no media.
    pub silence_timeout: Duration,
    /// How long a publisher may send what nobody understands.
    pub useless_timeout: Duration,
    /// How long a peer may take none of what it is sent.
    pub stall_timeout: Duration,
    /// How long a stream waits for a publisher that vanished.
    pub linger: Duration,
    /// The most relays at a time; each has three threads.
    pub relays: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            viewers_per_address: 256,
            half_open: 512,
            bytes_before_request: 128 * 1024,
            setup_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            silence_timeout: Duration::from_secs(30),
            useless_timeout: Duration::from_secs(5),
            stall_timeout: Duration::from_secs(15),
            linger: Duration::from_secs(10),
            relays: 16,
        }
    }
}
