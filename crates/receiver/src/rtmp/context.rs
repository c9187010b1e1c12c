use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use crate::event::Events;
use crate::guesses::Guesses;
use crate::permits::{ConnectionLimiter, Permit, Quotas};
use crate::stop::Stop;
use crate::{Keys, Limits, StreamRegistry};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) registry: StreamRegistry,
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    pub(crate) events: Events,
    /// When to end.
    pub(crate) stop: Stop,
    pub(crate) guesses: Guesses,
    limiter: ConnectionLimiter,
    hasher: RandomState,
}

impl Context {
    pub(crate) fn new(
        registry: StreamRegistry,
        (keys, limits): (Keys, Limits),
        events: Events,
        stop: Stop,
    ) -> Self {
        let limiter = ConnectionLimiter::new(quotas(&limits, keys.are_required()));
        Self {
            registry,
            keys,
            limits,
            events,
            stop,
            guesses: Guesses::default(),
            limiter,
            hasher: RandomState::new(),
        }
    }

    /// Admits a new connection.
    pub(super) fn admit(&self, peer: SocketAddr) -> Permit {
        self.limiter.admit(peer.ip())
    }

    /// Evicts a connection that has not asked for anything yet, if there is one.
    pub(super) fn make_room(&self) {
        self.limiter.make_room();
    }

    /// Random enough for a handshake.
    pub(super) fn seed(&self, number: u64) -> u64 {
        self.hasher.hash_one(number)
    }
}

/// Publishers have permits of their own: viewers cannot use them up.
fn quotas(limits: &Limits, has_keys: bool) -> Quotas {
    let publishers = limits.connections.div_ceil(4).min(MAX_PUBLISHERS);
    let viewers = limits.connections - publishers;
    Quotas {
        half_open: limits.half_open,
        viewers,
        viewers_per_address: limits.viewers_per_address,
        publishers,
        // Somebody with a key is no stranger.
        publishers_per_address: match has_keys {
            true => publishers,
            false => publishers.div_ceil(2).max(4),
        },
    }
}

/// As many as a registry's streams by default.
const MAX_PUBLISHERS: usize = 64;
