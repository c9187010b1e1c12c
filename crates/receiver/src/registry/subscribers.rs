use std::task::{Context, Waker};

/// Who reads one stream, and who has to be woken.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    /// By number; the numbers of those who left are used again.
    all: Vec<Option<Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    kind: SubscriberKind,
    /// What an output reads next.
    next: u64,
    waker: Option<Waker>,
}

/// Why a subscriber reads a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubscriberKind {
    /// To watch: cut to the present when late.
    Viewer,
    /// To record or relay it: gets everything, and does not count as a viewer.
    Output,
}

impl Subscribers {
    /// Adds one that reads on from `next`; gives its number.
    pub(super) fn add(&mut self, kind: SubscriberKind, next: u64) -> usize {
        let free = self.all.iter().position(Option::is_none);
        let number = free.unwrap_or(self.all.len());
        if free.is_none() {
            self.all.push(None);
        }
        self.all[number] = Some(Subscriber {
            kind,
            next,
            waker: None,
        });
        number
    }

    /// Removes one.
    pub(super) fn remove(&mut self, number: usize) {
        if let Some(subscriber) = self.all.get_mut(number) {
            *subscriber = None;
        }
    }

    /// Notes what one reads next; false for a viewer, for whom nothing is kept.
    pub(super) fn advance(&mut self, number: usize, next: u64) -> bool {
        let subscriber = self.all.get_mut(number).and_then(Option::as_mut);
        let output = subscriber.filter(|subscriber| subscriber.kind == SubscriberKind::Output);
        output.map(|output| output.next = next).is_some()
    }

    /// Notes that one waits for more.
    pub(super) fn wait(&mut self, number: usize, cx: &Context<'_>) {
        if let Some(Some(subscriber)) = self.all.get_mut(number) {
            subscriber
                .waker
                .get_or_insert_with(|| cx.waker().clone())
                .clone_from(cx.waker());
        }
    }

    /// The wakers of those who wait.
    pub(super) fn take_waiting(&mut self) -> Vec<Waker> {
        let present = self.all.iter_mut().flatten();
        present.filter_map(|one| one.waker.take()).collect()
    }

    /// How many viewers there are.
    pub(super) fn viewers(&self) -> usize {
        self.of(SubscriberKind::Viewer).count()
    }

    /// The next entry of the last of the outputs.
    pub(super) fn needed(&self) -> Option<u64> {
        self.of(SubscriberKind::Output).map(|one| one.next).min()
    }

    fn of(&self, kind: SubscriberKind) -> impl Iterator<Item = &Subscriber> {
        let present = self.all.iter().flatten();
        present.filter(move |one| one.kind == kind)
    }
}
