use std::task::{Context, Waker};

/// Who reads one stream, and who is to be woken.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    /// By number; who has left makes room for another.
    all: Vec<Option<Subscriber>>,
}

#[derive(Debug)]
struct Subscriber {
    kind: SubscriberKind,
    /// What an output reads next.
    next: u64,
    waker: Option<Waker>,
}

/// What somebody reads a stream for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SubscriberKind {
    /// To watch: cut to the present when late.
    Viewer,
    /// To record or relay it: it is to have everything, and nobody counts it as a viewer.
    Output,
}

impl Subscribers {
    /// Lets somebody in who reads on from `next`: its number.
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

    /// Lets somebody go.
    pub(super) fn remove(&mut self, number: usize) {
        if let Some(subscriber) = self.all.get_mut(number) {
            *subscriber = None;
        }
    }

    /// Notes what somebody reads next; false for a viewer, for whom nothing is kept.
    pub(super) fn advance(&mut self, number: usize, next: u64) -> bool {
        let subscriber = self.all.get_mut(number).and_then(Option::as_mut);
        let output = subscriber.filter(|subscriber| subscriber.kind == SubscriberKind::Output);
        output.map(|output| output.next = next).is_some()
    }

    /// Notes that somebody waits for more.
    pub(super) fn wait(&mut self, number: usize, cx: &Context<'_>) {
        if let Some(Some(subscriber)) = self.all.get_mut(number) {
            subscriber
                .waker
                .get_or_insert_with(|| cx.waker().clone())
                .clone_from(cx.waker());
        }
    }

    /// Those who wait, to be woken.
    pub(super) fn take_waiting(&mut self) -> Vec<Waker> {
        let present = self.all.iter_mut().flatten();
        present.filter_map(|one| one.waker.take()).collect()
    }

    /// How many watch.
    pub(super) fn viewers(&self) -> usize {
        self.of(SubscriberKind::Viewer).count()
    }

    /// What the last of the outputs reads next.
    pub(super) fn needed(&self) -> Option<u64> {
        self.of(SubscriberKind::Output).map(|one| one.next).min()
    }

    fn of(&self, kind: SubscriberKind) -> impl Iterator<Item = &Subscriber> {
        let present = self.all.iter().flatten();
        present.filter(move |one| one.kind == kind)
    }
}
