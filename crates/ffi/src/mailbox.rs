use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Items from one side to the other, which waits for them without a runtime: the future is driven
/// by whoever awaits it, which is Swift.
pub(crate) struct Mailbox<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    items: VecDeque<T>,
    missed: u64,
    closed: bool,
    wakers: Vec<Waker>,
}

/// Something from a mailbox.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item<T> {
    /// What was put in.
    One(T),
    /// So many were dropped since the last, because nobody took them.
    Missed(u64),
}

impl<T> Mailbox<T> {
    /// Puts something in; the oldest item is dropped if nobody takes any out.
    pub(crate) fn put(&self, item: T) {
        let mut state = self.lock();
        if state.items.len() == HELD {
            state.items.pop_front();
            state.missed += 1;
        }
        state.items.push_back(item);
        Self::wake(state);
    }

    /// Nothing more will come.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        Self::wake(state);
    }

    /// The next; `None` when it is closed and empty.
    pub(crate) async fn next(&self) -> Option<Item<T>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&self, context: &Context<'_>) -> Poll<Option<Item<T>>> {
        let mut state = self.lock();
        if state.missed > 0 {
            return Poll::Ready(Some(Item::Missed(std::mem::take(&mut state.missed))));
        }
        if let Some(item) = state.items.pop_front() {
            return Poll::Ready(Some(Item::One(item)));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        let waker = context.waker();
        if !state.wakers.iter().any(|known| known.will_wake(waker)) {
            state.wakers.push(waker.clone());
        }
        Poll::Pending
    }

    /// Wakes with the lock released: the task woken may run at once, and come here.
    fn wake(mut state: MutexGuard<'_, State<T>>) {
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                missed: 0,
                closed: false,
                wakers: Vec::new(),
            }),
        }
    }
}

impl<T> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({} waiting)", self.lock().items.len())
    }
}

/// How many items wait for a reader who does not come.
const HELD: usize = 256;

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll<T>(mailbox: &Mailbox<T>, bell: &Arc<Bell>) -> Poll<Option<Item<T>>> {
        let waker = bell.clone().into();
        let next = pin!(mailbox.next());
        next.poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn what_is_put_in_comes_out_in_order_and_then_the_end() {
        let (mailbox, bell) = (Mailbox::default(), Arc::default());
        mailbox.put(1);
        mailbox.put(2);
        mailbox.close();
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(Some(Item::One(1))));
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(Some(Item::One(2))));
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(None));
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(None));
    }

    #[test]
    fn whoever_waits_is_woken_once_for_each_wait() {
        let (mailbox, bell) = (Mailbox::default(), Arc::<Bell>::default());
        assert_eq!(poll(&mailbox, &bell), Poll::Pending);
        mailbox.put(1);
        mailbox.put(2);
        assert_eq!(bell.0.load(Ordering::SeqCst), 1);
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(Some(Item::One(1))));
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(Some(Item::One(2))));
        assert_eq!(poll(&mailbox, &bell), Poll::Pending);
        mailbox.close();
        assert_eq!(bell.0.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn everybody_who_waits_is_woken() {
        let mailbox = Mailbox::<u8>::default();
        let bells = [Arc::<Bell>::default(), Arc::default()];
        for bell in &bells {
            assert_eq!(poll(&mailbox, bell), Poll::Pending);
        }
        mailbox.close();
        assert!(bells.iter().all(|bell| bell.0.load(Ordering::SeqCst) == 1));
    }

    #[test]
    fn what_nobody_reads_is_bounded_and_counted() {
        let (mailbox, bell) = (Mailbox::default(), Arc::default());
        (0..HELD + 3).for_each(|number| mailbox.put(number));
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(Some(Item::Missed(3))));
        assert_eq!(poll(&mailbox, &bell), Poll::Ready(Some(Item::One(3))));
    }
}
