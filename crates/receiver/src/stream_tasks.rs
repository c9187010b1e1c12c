//! What happens to every stream: recording, relaying.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::event::Events;
use crate::record::Recordings;
use crate::relay::{HoldSettings, RelayTarget, Relays};
use crate::stop::Stop;
use crate::{Event, Viewer};

/// What to do with every stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct StreamTasksConfig {
    pub(crate) record: Option<PathBuf>,
    /// How many bytes of the disk no recording takes; `None` is the default.
    pub(crate) keep_free: Option<u64>,
    pub(crate) relays: Vec<RelayTarget>,
    pub(crate) hold: Option<HoldSettings>,
}

/// Records and relays each new stream, until the end is asked for and all have ended.
#[derive(Debug)]
pub(crate) struct StreamTasks {
    pub(crate) recordings: Option<Recordings>,
    pub(crate) relays: Relays,
    /// Every stream that begins.
    pub(crate) streams: UnboundedReceiver<Viewer>,
    pub(crate) events: Events,
}

/// How long the relays may take for their farewells, whatever their servers do.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long recordings may take to close.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(3);

impl StreamTasks {
    pub(crate) async fn run(mut self, stop: Stop) {
        let (alive, recorded) = channel::<()>(1);
        let mut tick = interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Some(viewer) = self.streams.recv() => self.begin(&viewer, &alive),
                _ = tick.tick() => self.relays.look(Instant::now()),
                () = stop.asked() => break,
            }
        }
        self.streams.close();
        drop(alive);
        self.end(recorded).await;
    }

    fn begin(&self, viewer: &Viewer, alive: &Sender<()>) {
        if let Some(recordings) = &self.recordings {
            recordings.start(viewer.clone(), alive.clone());
        }
        self.relays.start(viewer);
    }

    /// The relays end at once, the recordings with their streams.
    async fn end(self, mut recorded: Receiver<()>) {
        if let Some(mut relayed) = self.relays.stop()
            && timeout(FAREWELL_TIMEOUT, relayed.recv()).await.is_err()
        {
            self.warn("a relay did not end in time and is left behind");
        }
        if timeout(CLOSING_TIMEOUT, recorded.recv()).await.is_err() {
            self.warn("a recording could not be closed in time: the disk does not take it");
        }
    }

    fn warn(&self, message: &str) {
        self.events.tell(Event::Warning {
            message: message.to_owned(),
        });
    }
}
