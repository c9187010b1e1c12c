//! Numbers for C that stand for Rust's objects.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

/// The objects by their numbers. No number is used twice, and none is 0.
pub(crate) struct Table<T> {
    state: RwLock<State<T>>,
}

struct State<T> {
    last: u64,
    things: BTreeMap<u64, T>,
}

/// A number in the table, which stands for its object until this is dropped.
pub(crate) struct Entry<T: 'static> {
    table: &'static Table<T>,
    handle: u64,
}

impl<T: Clone> Table<T> {
    pub(crate) const fn new() -> Self {
        Self {
            state: RwLock::new(State {
                last: 0,
                things: BTreeMap::new(),
            }),
        }
    }

    /// The object of a number.
    pub(crate) fn get(&self, handle: u64) -> Option<T> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.things.get(&handle).cloned()
    }

    /// Gives `thing` a number.
    pub(crate) fn put(&'static self, thing: T) -> Entry<T> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.last += 1;
        let handle = state.last;
        state.things.insert(handle, thing);
        Entry {
            table: self,
            handle,
        }
    }
}

impl<T> Entry<T> {
    /// The number.
    pub(crate) const fn handle(&self) -> u64 {
        self.handle
    }

    /// The number stands for nothing from now on.
    pub(crate) fn close(&self) {
        let state = self.table.state.write();
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        let gone = state.things.remove(&self.handle);
        // Dropping the object may run any code, so the lock is released first.
        drop(state);
        drop(gone);
    }
}

impl<T> Drop for Entry<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T> fmt::Debug for Entry<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({})", self.handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: Table<&str> = Table::new();

    #[test]
    fn a_number_stands_for_one_thing_until_it_is_closed_and_is_never_used_again() {
        assert_eq!(TABLE.get(0), None);
        let first = TABLE.put("first");
        let second = TABLE.put("second");
        assert_eq!(TABLE.get(first.handle()), Some("first"));
        first.close();
        first.close();
        assert_eq!(TABLE.get(first.handle()), None);
        assert_eq!(TABLE.get(second.handle()), Some("second"));
        let third = TABLE.put("third");
        assert!(third.handle() > second.handle());
        let handle = third.handle();
        drop(third);
        assert_eq!(TABLE.get(handle), None);
    }
}
