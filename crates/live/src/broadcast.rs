use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use onair_media::Bitrate;

use crate::config::Limits;
use crate::feed::Feed;
use crate::hub::Hub;
use crate::line::Line;
use crate::network::Network;
use crate::pipeline::Pipeline;
use crate::queue::{Overflow, Queue};
use crate::record::Recorder;
use crate::tls::Trust;
use crate::{Builder, Error, Event, Pace, Stats};

/// A running broadcast. Dropping it stops it.
///
/// ```no_run
/// use onair::{Broadcast, Event};
/// use onair::av::capture::Tone;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let url: onair::rtmp::Url = "rtmp://live.example/app/key".parse()?;
/// let broadcast = Broadcast::builder()
///     .audio(Tone::new(48_000, 2))
///     .to(url)
///     .start()?;
/// while let Some(event) = broadcast.next_event() {
///     if let Event::Live { after, .. } = event {
///         println!("on air after {after:?}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Broadcast {
    hub: Arc<Hub>,
    lines: Vec<Arc<Line>>,
    events: Mutex<Receiver<Event>>,
    began: Instant,
}

impl Broadcast {
    /// Says what to send where.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Waits for the next event; `None` after [`Event::Ended`].
    pub fn next_event(&self) -> Option<Event> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.recv().ok()
    }

    /// The next event if there is one already.
    pub fn try_event(&self) -> Option<Event> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.try_recv().ok()
    }

    /// What is going on.
    pub fn stats(&self) -> Stats {
        let now = Instant::now();
        let mut notes = self.hub.notes();
        let (encoder, encoding) = (notes.encoder.clone(), notes.encoding(now));
        drop(notes);
        Stats {
            elapsed_s: (now - self.began).as_secs_f64(),
            destinations: self.lines.iter().map(|line| line.stats(now)).collect(),
            encoder,
            encoding,
        }
    }

    /// Encodes pictures at this rate from the next one on, without a keyframe. What is passed
    /// through untouched stays as it is; a rate that the encoder refuses is an
    /// [`Event::Warning`].
    pub fn set_video_bitrate(&self, bitrate: Bitrate) {
        self.hub.ask_bitrate(bitrate);
    }

    /// Makes the next picture an IDR picture, where pictures are encoded here.
    pub fn request_keyframe(&self) {
        self.hub.ask_keyframe();
    }

    /// Connects every destination anew at once: for when the way to the network has changed, and
    /// the connections there are would only be found dead much later.
    ///
    /// What has a connection drops it, what is making one begins again, and what waits to try
    /// again waits no longer. The failures before it are forgiven. What has been given up, or is
    /// just ending in an orderly way, stays so.
    pub fn reconnect_now(&self) {
        self.hub.renewal().ask();
    }

    /// Ends the broadcast properly and within a second; [`Event::Ended`] tells when it is done.
    pub fn stop(&self) {
        self.hub.stop();
    }

    /// Something that can [`stop`](Self::stop) this broadcast from elsewhere: a signal handler, say.
    pub fn stopper(&self) -> Stopper {
        Stopper {
            hub: self.hub.clone(),
        }
    }

    pub(crate) fn start(mut builder: Builder) -> Result<Self, Error> {
        let (sender, events) = mpsc::channel();
        let pipeline = Pipeline::open(&mut builder)?;
        let trust = builder.destinations.iter();
        let trust = trust.map(|to| Trust::new(&to.tls, to.url.scheme()));
        let trust = trust.collect::<Result<_, _>>()?;
        let recorder = builder.record.take().map(Recorder::create).transpose()?;
        let lines = lines(&builder, pipeline.has_video());
        let feeds = lines.iter().map(|line| line.shared_feed()).collect();
        let tape = recorder.as_ref().map(|_| tape(builder.pace));
        let hub = Arc::new(Hub::new(feeds, tape.clone(), sender));
        let began = Instant::now();
        let network = Network {
            hub: hub.clone(),
            lines: lines.clone(),
            destinations: builder.destinations,
            trust,
            program: Arc::new(pipeline.program().clone()),
            pace: builder.pace,
            recording: recorder
                .zip(tape)
                .map(|(recorder, tape)| recorder.start(tape, &hub, pipeline.program()))
                .transpose()?,
            began,
        };
        let started = network.start().and_then(|()| pipeline.start(&hub));
        started.inspect_err(|_| hub.stop())?;
        Ok(Self {
            hub,
            lines,
            events: Mutex::new(events),
            began,
        })
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Stops a [`Broadcast`] from another thread.
#[derive(Clone, Debug)]
pub struct Stopper {
    hub: Arc<Hub>,
}

impl Stopper {
    /// As [`Broadcast::stop`].
    pub fn stop(&self) {
        self.hub.stop();
    }
}

fn lines(builder: &Builder, has_video: bool) -> Vec<Arc<Line>> {
    let limits = match builder.pace {
        Pace::Realtime => Limits::REALTIME,
        Pace::Max => Limits::MAX_PACE,
    };
    let line = |destination: &crate::Destination| {
        let feed = Arc::new(Feed::new(queue(builder.pace, limits, has_video)));
        Arc::new(Line::new(destination.url.to_string(), feed))
    };
    builder.destinations.iter().map(line).collect()
}

/// The recording's feed: it has no line that could be down.
fn tape(pace: Pace) -> Arc<Feed> {
    let mut queue = queue(pace, Limits::RECORDING, false);
    queue.live();
    Arc::new(Feed::new(queue))
}

fn queue(pace: Pace, limits: Limits, has_video: bool) -> Queue {
    let overflow = match pace {
        Pace::Realtime => Overflow::Shed,
        Pace::Max => Overflow::Hold,
    };
    Queue::new(limits, overflow, has_video)
}
