use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::address::{Neighbour, oldest_of_most};
use crate::stop::{Stop, Stopper};

/// How many connections there may be of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quotas {
    /// Those that have not been granted anything yet.
    pub(crate) half_open: usize,
    pub(crate) viewers: usize,
    pub(crate) viewers_per_address: usize,
    pub(crate) publishers: usize,
    pub(crate) publishers_per_address: usize,
}

/// Who may connect, publish and watch. Clones are the same limiter.
///
/// Connections that have not been granted anything yet are half open, and never refused: one too
/// many evicts the oldest of the address that has the most, so that a thousand silent ones keep
/// nobody else out. Viewers and publishers have permits of their own, so that neither keep the
/// others out. A viewer with nothing to watch gives way to the next; otherwise the next is refused
/// in words.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionLimiter(Arc<Mutex<Permits>>);

/// One connection's permit; it is returned when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    limiter: ConnectionLimiter,
    number: u64,
    evicted: Stop,
}

/// What a connection is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Publish,
    Watch,
}

/// Why a connection is denied what it asks for, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("too many connections at once: this one made way for another; try again")]
    Evicted,
    #[error("this server takes no more viewers")]
    Viewers,
    #[error("this server takes no more viewers from one address")]
    ViewersFromAddress,
    #[error("this server takes no more publishers")]
    Publishers,
    #[error("this server takes no more publishers from one address")]
    PublishersFromAddress,
}

#[derive(Debug)]
struct Permits {
    quotas: Quotas,
    /// By age.
    all: BTreeMap<u64, Entry>,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    from: Neighbour,
    kind: Kind,
    /// Tells it to leave.
    evict: Stopper,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    HalfOpen,
    Publisher,
    Viewer,
    /// A viewer with nothing to watch.
    Idle,
}

impl ConnectionLimiter {
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self(Arc::new(Mutex::new(Permits {
            quotas,
            all: BTreeMap::new(),
            last: 0,
        })))
    }

    /// Admits a connection, which may evict another.
    pub(crate) fn admit(&self, from: IpAddr) -> Permit {
        let (evict, evicted) = Stopper::new();
        let mut permits = self.permits();
        permits.last += 1;
        let number = permits.last;
        let entry = Entry {
            from: from.into(),
            kind: Kind::HalfOpen,
            evict,
        };
        permits.all.insert(number, entry);
        permits.push_out_half_open();
        drop(permits);
        Permit {
            limiter: self.clone(),
            number,
            evicted,
        }
    }

    /// Evicts a connection when the system has no room for another. False: there is none to evict.
    pub(crate) fn make_room(&self) -> bool {
        let mut permits = self.permits();
        let victim = permits.oldest_of_most(&[Kind::HalfOpen], None);
        victim.is_some_and(|victim| permits.evict(victim))
    }

    fn permits(&self) -> MutexGuard<'_, Permits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permits {
    fn push_out_half_open(&mut self) {
        while self.count(&[Kind::HalfOpen], None) > self.quotas.half_open {
            let victim = self.oldest_of_most(&[Kind::HalfOpen], None);
            if !victim.is_some_and(|victim| self.evict(victim)) {
                return;
            }
        }
    }

    fn grant(&mut self, number: u64, grant: Grant) -> Result<(), Refusal> {
        let Some(from) = self.all.get(&number).map(|entry| entry.from) else {
            return Err(Refusal::Evicted);
        };
        let kind = match grant {
            Grant::Publish => {
                self.check_publishers(from)?;
                Kind::Publisher
            }
            Grant::Watch => {
                self.make_way(from)?;
                Kind::Viewer
            }
        };
        if let Some(entry) = self.all.get_mut(&number) {
            entry.kind = kind;
        }
        Ok(())
    }

    fn check_publishers(&self, from: Neighbour) -> Result<(), Refusal> {
        if self.count(&[Kind::Publisher], None) >= self.quotas.publishers {
            return Err(Refusal::Publishers);
        }
        if self.count(&[Kind::Publisher], Some(from)) >= self.quotas.publishers_per_address {
            return Err(Refusal::PublishersFromAddress);
        }
        Ok(())
    }

    /// Makes room for one more viewer by evicting idle ones.
    fn make_way(&mut self, from: Neighbour) -> Result<(), Refusal> {
        if self.count(WATCHING, Some(from)) >= self.quotas.viewers_per_address {
            let idle = self.oldest_of_most(&[Kind::Idle], Some(from));
            let idle = idle.ok_or(Refusal::ViewersFromAddress)?;
            self.evict(idle);
        }
        if self.count(WATCHING, None) >= self.quotas.viewers {
            let idle = self.oldest_of_most(&[Kind::Idle], None);
            self.evict(idle.ok_or(Refusal::Viewers)?);
        }
        Ok(())
    }

    fn count(&self, kinds: &[Kind], from: Option<Neighbour>) -> usize {
        self.of(kinds, from).count()
    }

    /// The oldest connection of these kinds from the address that has the most of them.
    fn oldest_of_most(&self, kinds: &[Kind], from: Option<Neighbour>) -> Option<u64> {
        let held = self.of(kinds, from);
        oldest_of_most(held.map(|(number, entry)| (entry.from, number)))
    }

    fn of(&self, kinds: &[Kind], from: Option<Neighbour>) -> impl Iterator<Item = (u64, &Entry)> {
        let all = self.all.iter().map(|(number, entry)| (*number, entry));
        all.filter(move |(_, entry)| {
            kinds.contains(&entry.kind) && from.is_none_or(|from| from == entry.from)
        })
    }

    fn evict(&mut self, number: u64) -> bool {
        let entry = self.all.remove(&number);
        if let Some(entry) = &entry {
            entry.evict.stop();
        }
        entry.is_some()
    }
}

impl Permit {
    /// The connection asks for something.
    pub(crate) fn grant(&self, grant: Grant) -> Result<(), Refusal> {
        self.limiter.permits().grant(self.number, grant)
    }

    /// Notes whether a viewer has something to watch.
    pub(crate) fn set_idle(&self, is_idle: bool) {
        let mut permits = self.limiter.permits();
        let entry = permits.all.get_mut(&self.number);
        if let Some(entry) = entry.filter(|entry| WATCHING.contains(&entry.kind)) {
            entry.kind = if is_idle { Kind::Idle } else { Kind::Viewer };
        }
    }

    /// Waits until the connection has to leave for another.
    pub(crate) fn evicted(&self) -> impl Future<Output = ()> + Send + use<> {
        let evicted = self.evicted.clone();
        // An entry that is gone for any other reason was not evicted.
        async move { evicted.asked_for().await }
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limiter.permits().all.remove(&self.number);
    }
}

const WATCHING: &[Kind] = &[Kind::Viewer, Kind::Idle];

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    const QUOTAS: Quotas = Quotas {
        half_open: 4,
        viewers: 3,
        viewers_per_address: 2,
        publishers: 2,
        publishers_per_address: 1,
    };

    fn from(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_out(permit: &Permit) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        pin!(permit.evicted()).poll(&mut cx).is_ready()
    }

    fn granted(limiter: &ConnectionLimiter, address: u8, grant: Grant) -> Result<Permit, Refusal> {
        let permit = limiter.admit(from(address));
        permit.grant(grant).map(|()| permit)
    }

    #[test]
    fn a_thousand_half_open_connections_push_out_each_other_and_nobody_else() {
        let limiter = ConnectionLimiter::new(QUOTAS);
        let viewer = granted(&limiter, 1, Grant::Watch).unwrap();
        let other = limiter.admit(from(2));
        let flood: Vec<_> = (0..1000).map(|_| limiter.admit(from(1))).collect();
        assert_eq!(flood.iter().filter(|one| !is_out(one)).count(), 3);
        assert!(!is_out(&viewer) && !is_out(&other) && !is_out(&flood[999]));
    }

    #[test]
    fn viewers_and_publishers_keep_each_other_out_of_nothing() {
        let limiter = ConnectionLimiter::new(QUOTAS);
        let _all: Vec<_> = [1, 1, 2]
            .map(|from| granted(&limiter, from, Grant::Watch).unwrap())
            .into();
        assert_eq!(
            granted(&limiter, 3, Grant::Watch).unwrap_err(),
            Refusal::Viewers
        );
        assert_eq!(
            granted(&limiter, 1, Grant::Watch).unwrap_err(),
            Refusal::ViewersFromAddress
        );
        let first = granted(&limiter, 1, Grant::Publish).unwrap();
        assert_eq!(
            granted(&limiter, 1, Grant::Publish).unwrap_err(),
            Refusal::PublishersFromAddress
        );
        let _second = granted(&limiter, 2, Grant::Publish).unwrap();
        assert_eq!(
            granted(&limiter, 3, Grant::Publish).unwrap_err(),
            Refusal::Publishers
        );
        drop(first);
        granted(&limiter, 3, Grant::Publish).unwrap();
    }

    #[test]
    fn who_has_nothing_to_watch_gives_way_the_oldest_of_the_most_crowded_address_first() {
        let limiter = ConnectionLimiter::new(QUOTAS);
        let all = [2, 1, 1].map(|from| granted(&limiter, from, Grant::Watch).unwrap());
        all.iter().for_each(|viewer| viewer.set_idle(true));
        let _third = granted(&limiter, 3, Grant::Watch).unwrap();
        assert_eq!(all.each_ref().map(is_out), [false, true, false]);
        all[0].set_idle(false);
        let _fourth = granted(&limiter, 4, Grant::Watch).unwrap();
        assert_eq!(all.each_ref().map(is_out), [false, true, true]);
        assert_eq!(
            granted(&limiter, 5, Grant::Watch).unwrap_err(),
            Refusal::Viewers
        );
    }

    #[test]
    fn an_address_gives_up_its_own_idle_viewer_first() {
        let limiter = ConnectionLimiter::new(QUOTAS);
        let all = [1, 1, 2].map(|from| granted(&limiter, from, Grant::Watch).unwrap());
        all[1].set_idle(true);
        all[2].set_idle(true);
        let _next = granted(&limiter, 1, Grant::Watch).unwrap();
        assert_eq!(all.each_ref().map(is_out), [false, true, false]);
    }

    #[test]
    fn who_leaves_makes_room_and_one_that_was_pushed_out_frees_nothing_twice() {
        let limiter = ConnectionLimiter::new(QUOTAS);
        let flood: Vec<_> = (0..9).map(|_| limiter.admit(from(1))).collect();
        for grant in [Grant::Watch, Grant::Publish] {
            assert_eq!(flood[0].grant(grant), Err(Refusal::Evicted));
        }
        drop(flood);
        assert_eq!(limiter.permits().all.len(), 0);
        assert!(!limiter.make_room());
        let one = limiter.admit(from(1));
        assert!(limiter.make_room() && is_out(&one));
    }
}
