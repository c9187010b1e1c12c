use std::sync::Arc;
use std::thread;
use std::time::Instant;

use tokio::runtime::Runtime;

use crate::destination::Campaign;
use crate::failure::Failure;
use crate::hub::Hub;
use crate::line::Line;
use crate::program::Program;
use crate::record::Recording;
use crate::tls::Trust;
use crate::{Destination, Error, Event, Outcome, Pace, Report};

/// Everything the one thread for all sockets needs.
pub(crate) struct Network {
    pub(crate) hub: Arc<Hub>,
    pub(crate) lines: Vec<Arc<Line>>,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) trust: Vec<Trust>,
    pub(crate) program: Arc<Program>,
    pub(crate) pace: Pace,
    pub(crate) recording: Option<Recording>,
    pub(crate) began: Instant,
}

impl Network {
    /// Starts the thread. It ends with [`Event::Ended`], when every destination has.
    pub(crate) fn start(self) -> Result<(), Error> {
        let system = |what| move |source| Error::System { what, source };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(system("starting the network"))?;
        let thread = thread::Builder::new().name("onair-net".to_owned());
        let run = move || self.run(&runtime);
        thread
            .spawn(run)
            .map(drop)
            .map_err(system("starting a thread"))
    }

    fn run(mut self, runtime: &Runtime) {
        let trust = std::mem::take(&mut self.trust);
        let results = runtime.block_on(self.campaigns(trust));
        let was_stopped = !self.hub.stopping().ask();
        self.hub.stop();
        if let Some(recording) = self.recording.take() {
            recording.finish();
        }
        let report = self.report(&results, was_stopped);
        self.hub.tell(Event::Ended(report));
        self.hub.hang_up();
    }

    async fn campaigns(&self, trust: Vec<Trust>) -> Vec<Result<(), Failure>> {
        let zipped = self.destinations.iter().zip(&self.lines).zip(trust);
        let mut tasks = Vec::new();
        for (index, ((destination, line), tls)) in zipped.enumerate() {
            self.warn_of_trust(index, destination);
            let campaign = Campaign {
                index,
                destination: destination.clone(),
                tls,
                hub: self.hub.clone(),
                line: line.clone(),
                program: self.program.clone(),
                pace: self.pace,
                detour: None,
                renewals: self.hub.renewal().watch(),
            };
            tasks.push(tokio::spawn(campaign.run()));
        }
        let mut results = Vec::new();
        for task in tasks {
            let broken = |error| Err(Failure::lost(format!("internal error: {error}")));
            results.push(task.await.unwrap_or_else(broken));
        }
        results
    }

    fn warn_of_trust(&self, index: usize, destination: &Destination) {
        if destination.tls.insecure {
            let words = "the server's certificate is not checked: anybody on the way can listen in";
            self.hub.warn(Some(index), words.to_owned());
        }
    }

    fn report(&self, results: &[Result<(), Failure>], was_stopped: bool) -> Report {
        let notes = self.hub.notes().clone();
        let (outcome, reason) = match (&notes.failure, all_failed(results)) {
            (Some(words), _) => (Outcome::Failed, words.clone()),
            (None, Some(words)) => (Outcome::Failed, words),
            (None, None) if was_stopped => (Outcome::Stopped, "stopped".to_owned()),
            (None, None) if notes.timed_out => (Outcome::Finished, "duration reached".to_owned()),
            (None, None) => (Outcome::Finished, "end of input".to_owned()),
        };
        Report {
            report: true,
            reason,
            outcome,
            duration_s: (self.began.elapsed().as_secs_f64() * 1e3).round() / 1e3,
            destinations: self.lines.iter().map(|line| line.report()).collect(),
            encoder: notes.encoder,
        }
    }
}

/// The first failure, if there is no success.
fn all_failed(results: &[Result<(), Failure>]) -> Option<String> {
    let any_good = results.iter().any(Result::is_ok);
    let first = results.iter().find_map(|result| result.as_ref().err());
    first.filter(|_| !any_good).map(ToString::to_string)
}
