use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{Id, JoinSet};

use crate::destination::DestinationTask;
use crate::failover::Ingest;
use crate::failure::{Failure, FailureStage};
use crate::fanout::Fanout;
use crate::kernel::routes;
use crate::output::recording::Recording;
use crate::output::{Output, OutputHandle, SessionContext};
use crate::program::Program;
use crate::rate::Telling;
use crate::{Error, Event, Fault, Outcome, Pace, Report, State};

/// Everything the one thread for all sockets needs.
pub(crate) struct Network {
    pub(crate) fanout: Arc<Fanout>,
    pub(crate) program: Arc<Program>,
    pub(crate) pace: Pace,
    pub(crate) recording: Option<Arc<Recording>>,
    pub(crate) began: Instant,
    /// By the destinations' numbers.
    pub(crate) outputs: HashMap<usize, Arc<dyn Output>>,
}

/// The end of a running network at which destinations are asked for, by number.
#[derive(Clone, Debug)]
pub(crate) struct Orders(UnboundedSender<Order>);

#[derive(Debug)]
enum Order {
    /// Connect it.
    Begin(usize, Arc<dyn Output>),
    /// Connect it again, if it has ended; or at once, if it waits.
    Retry(usize),
}

impl Orders {
    /// Connects a destination that was just added; false when the broadcast is over.
    pub(crate) fn begin(&self, number: usize, output: Arc<dyn Output>) -> bool {
        self.0.send(Order::Begin(number, output)).is_ok()
    }

    /// Tries a destination again; false when the broadcast is over.
    pub(crate) fn retry(&self, number: usize) -> bool {
        self.0.send(Order::Retry(number)).is_ok()
    }
}

impl Network {
    /// Starts the thread. It ends with [`Event::Ended`], when every destination has and the
    /// recording too, or its disk takes nothing more.
    pub(crate) fn start(self) -> Result<Orders, Error> {
        let system = |what| move |source| Error::System { what, source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("starting the network"))?;
        let (sender, orders) = unbounded_channel();
        let thread = thread::Builder::new().name("onair-net".to_owned());
        let run = move || self.run(&runtime, orders);
        thread.spawn(run).map_err(system("starting a thread"))?;
        Ok(Orders(sender))
    }

    fn run(mut self, runtime: &Runtime, orders: UnboundedReceiver<Order>) {
        runtime.block_on(self.destinations(orders));
        let was_stopped = !self.fanout.stopping().ask();
        self.fanout.stop();
        if let Some(recording) = &self.recording {
            recording.leave_behind(&self.fanout);
        }
        self.fanout.tell(Event::Ended(self.report(was_stopped)));
        self.fanout.hang_up();
    }

    /// Runs the destinations, and what is added and tried again meanwhile, until all have ended.
    /// A recording goes on without them.
    async fn destinations(&mut self, mut orders: UnboundedReceiver<Order>) {
        let fanout = self.fanout.clone();
        tokio::spawn(routes::watch(move || {
            fanout.trace().network_changed();
            fanout.routes().send_modify(|()| {});
        }));
        self.record();
        let mut running = Running::default();
        for number in 0..self.outputs.len() {
            self.begin(number, &mut running);
        }
        loop {
            tokio::select! {
                biased;
                Some(order) = orders.recv() => self.obey(order, &mut running),
                number = running.next() => self.ended(number, &mut running),
                () = self.recorded(), if running.is_empty() => {
                    // Whoever was told that an order is taken gets what it says.
                    orders.close();
                    match orders.try_recv() {
                        Ok(order) => self.obey(order, &mut running),
                        Err(_) => return,
                    }
                }
            }
        }
    }

    /// Resolves when nothing is recorded any more.
    async fn recorded(&self) {
        if let Some(recording) = &self.recording {
            recording.over_or_stuck(&self.fanout).await;
        }
    }

    fn obey(&mut self, order: Order, running: &mut Running) {
        match order {
            Order::Begin(number, output) => {
                self.outputs.insert(number, output);
                self.begin(number, running);
            }
            Order::Retry(number) => match running.state(number, &self.fanout) {
                None => self.revive(number, running),
                Some(State::Live) => {}
                // It is about to be given up: its task is still saying so.
                Some(State::Ended | State::Failed) => running.again.push(number),
                Some(State::Connecting | State::Reconnecting) => {
                    self.fanout.outputs()[number].renewal().ask();
                }
            },
        }
    }

    fn ended(&self, number: usize, running: &mut Running) {
        let is_wanted = running.again.contains(&number);
        running.again.retain(|other| *other != number);
        if is_wanted {
            self.revive(number, running);
        }
    }

    fn revive(&self, number: usize, running: &mut Running) {
        if self.fanout.revive(number) {
            self.begin(number, running);
        }
    }

    fn begin(&self, number: usize, running: &mut Running) {
        let Some(output) = self.outputs.get(&number).cloned() else {
            return;
        };
        if output.is_insecure() {
            let words = "the server's certificate is not checked: anybody on the way can listen in";
            self.fanout.warn(Some(number), words.to_owned());
        }
        let context = self.context(Some(number), self.fanout.outputs()[number].clone());
        let task = DestinationTask::new(number, output, context);
        running.spawn(number, task, &self.fanout);
    }

    fn record(&self) {
        if let Some(recording) = self.recording.clone() {
            let context = self.context(None, recording.handle().clone());
            tokio::spawn(async move { recording.run(context).await });
        }
    }

    fn context(&self, destination: Option<usize>, handle: Arc<OutputHandle>) -> SessionContext {
        SessionContext {
            destination,
            fanout: self.fanout.clone(),
            renewals: handle.renewal().watch(),
            handle,
            program: self.program.clone(),
            pace: self.pace,
            began: Instant::now(),
            is_congested: false,
            limit: Telling::default(),
            takes_over: None,
            ingest: Ingest::First,
            until: None,
        }
    }

    fn report(&self, was_stopped: bool) -> Report {
        let notes = self.fanout.notes().clone();
        let outputs = self.fanout.outputs();
        let recording = self.recording.as_ref().map(|own| Box::new(own.report()));
        let end = match &notes.failure {
            Some(words) => words,
            None if was_stopped => "stopped",
            None if notes.timed_out => "duration reached",
            None => "end of input",
        };
        let failed = failures(&outputs);
        let troubles = troubles(failed.len(), outputs.len(), recording.as_deref());
        let (outcome, reason) = match (&notes.failure, all_failed(&outputs)) {
            (Some(_), _) => (Outcome::Failed, end.to_owned()),
            (None, Some(failure)) => (Outcome::Failed, failure.to_string()),
            (None, None) if was_stopped => (Outcome::Stopped, format!("{end}{troubles}")),
            (None, None) => (Outcome::Finished, format!("{end}{troubles}")),
        };
        Report {
            reason,
            outcome,
            duration: self.began.elapsed(),
            destinations: outputs.iter().map(|output| output.report()).collect(),
            encoder: self.fanout.encoder_report(),
            capture: (!notes.capture.is_empty()).then(|| Box::new(notes.capture)),
            damage: (!notes.damage.is_none()).then(|| Box::new(notes.damage)),
            recording,
            ok: outcome != Outcome::Failed && troubles.is_empty(),
        }
    }
}

/// The destinations that run.
#[derive(Default)]
struct Running {
    tasks: JoinSet<()>,
    numbers: HashMap<Id, usize>,
    /// Asked for while they were ending.
    again: Vec<usize>,
}

impl Running {
    fn spawn(&mut self, number: usize, task: DestinationTask, fanout: &Arc<Fanout>) {
        let guard = Broken {
            fanout: fanout.clone(),
            number,
        };
        let task = self.tasks.spawn(async move {
            task.run().await;
            drop(guard);
        });
        self.numbers.insert(task.id(), number);
    }

    /// The number of one that has ended; never, while none runs.
    async fn next(&mut self) -> usize {
        let id = match self.tasks.join_next_with_id().await {
            Some(Ok((id, ()))) => id,
            Some(Err(error)) => error.id(),
            None => return std::future::pending().await,
        };
        self.numbers.remove(&id).unwrap_or(usize::MAX)
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// How it stands, if it runs.
    fn state(&self, number: usize, fanout: &Fanout) -> Option<State> {
        let runs = self.numbers.values().any(|other| *other == number);
        runs.then(|| fanout.outputs()[number].status().state)
    }
}

/// Gives a destination up whose task panicked.
struct Broken {
    fanout: Arc<Fanout>,
    number: usize,
}

impl Drop for Broken {
    fn drop(&mut self) {
        if thread::panicking() {
            let handle = &self.fanout.outputs()[self.number];
            handle.finish(Err(Failure::new(
                FailureStage::Live,
                Fault::Internal,
                "internal error",
            )));
            handle.queue().close();
        }
    }
}

fn failures(outputs: &[Arc<OutputHandle>]) -> Vec<Failure> {
    let failed = outputs.iter().map(|output| output.status());
    let failed = failed.filter(|status| status.state == State::Failed);
    failed.filter_map(|status| status.failure.clone()).collect()
}

/// The first failure, if there is no success.
fn all_failed(outputs: &[Arc<OutputHandle>]) -> Option<Failure> {
    let failed = failures(outputs);
    let is_all = failed.len() == outputs.len();
    failed.into_iter().next().filter(|_| is_all)
}

/// What went wrong beside an end that was asked for; nothing, if nothing did.
fn troubles(failed: usize, of: usize, recording: Option<&crate::RecordingReport>) -> String {
    let destinations = (failed > 0).then(|| format!("{failed} of {of} destinations failed"));
    let recording = recording.and_then(|recording| recording.error.as_ref());
    let recording = recording.map(|error| format!("the recording failed: {error}"));
    let troubles = destinations.into_iter().chain(recording);
    troubles.map(|words| format!(", but {words}")).collect()
}
