use std::sync::Arc;
use std::time::{Duration, Instant};

use onair_media::Bitrate;

use crate::config::Limits;
use crate::fanout::Fanout;
use crate::network::{Network, Orders};
use crate::output::OutputHandle;
use crate::output::recording::Recording;
use crate::pipeline::Pipeline;
use crate::queue::{Overflow, PacketQueue};
use crate::rate::Holder;
use crate::shared_queue::{HURRY, SharedQueue};
use crate::trace::{Order, Trace};
use crate::{Builder, Destination, Error, Event, Pace, SizeChanges, Stats, Subscriber};

/// A running broadcast. Dropping it stops it.
///
/// ```no_run
/// use onair::{Broadcast, Event};
/// use onair::av::capture::Tone;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let address: onair::Address = "rtmp://live.example/app/key".parse()?;
/// let broadcast = Broadcast::builder()
///     .audio(Tone::new(48_000, 2))
///     .to(address)
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
    fanout: Arc<Fanout>,
    orders: Orders,
    recording: Option<Arc<Recording>>,
    queues: Queues,
    began: Instant,
}

/// What each destination's queue is like.
#[derive(Clone, Debug)]
struct Queues {
    /// What happens to packets that a line does not take in time.
    overflow: Overflow,
    has_video: bool,
    audio_first: bool,
    sizes: SizeChanges,
    trace: Trace,
}

impl Broadcast {
    /// A builder, to say what goes where.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Waits for the next event; `None` after [`Event::Ended`].
    pub fn next_event(&self) -> Option<Event> {
        self.fanout.events().next()
    }

    /// Waits for the next event, at most for `timeout`; `None` if none came, and after
    /// [`Event::Ended`].
    pub fn next_event_within(&self, timeout: Duration) -> Option<Event> {
        self.fanout.events().next_within(timeout)
    }

    /// The next event, if there is one already. Never waits, not even for a thread that is in
    /// [`next_event`](Self::next_event).
    pub fn try_event(&self) -> Option<Event> {
        self.fanout.events().try_next()
    }

    /// The state of the broadcast. Asking changes nothing, however often and by whom.
    pub fn stats(&self) -> Stats {
        let now = Instant::now();
        let mut notes = self.fanout.notes();
        let encoding = notes.encoding(now);
        let asked = notes.asked_since;
        let dry = asked.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let capture = notes.capture;
        drop(notes);
        Stats {
            elapsed: now - self.began,
            destinations: self
                .fanout
                .outputs()
                .iter()
                .map(|output| output.stats(now))
                .collect(),
            encoder: self.fanout.encoder_report(),
            encoding,
            capture,
            source_dry: dry,
            is_muted: self.fanout.monitor().is_muted(),
            recording: self.recording.as_ref().map(|own| own.report()),
        }
    }

    /// Encodes video at this rate from the next frame on, without a keyframe, unless something else
    /// [limits](crate::rate::LimitedBy) it to less. Media that is passed through stays as it is; a
    /// rate that the encoder refuses is an [`Event::Warning`].
    pub fn set_video_bitrate(&self, bitrate: Bitrate) {
        self.fanout.rate().wish(Holder::User, Some(bitrate));
    }

    /// The limit that the machine's temperature sets; `None` lifts it.
    pub(crate) fn limit_for_heat(&self, bitrate: Option<Bitrate>) {
        self.fanout.rate().wish(Holder::Thermal, bitrate);
    }

    /// Sends silence instead of what the audio source gives, or that again. Audio that is passed
    /// through stays as it is.
    pub fn mute(&self, is_muted: bool) {
        self.fanout.monitor().mute(is_muted);
    }

    /// The loudest sample that went to the audio encoder in the last moment, 1 at full scale;
    /// `None` where none did.
    pub fn audio_peak(&self) -> Option<f32> {
        self.fanout.monitor().peak(Instant::now())
    }

    /// A handle that gives this broadcast's packets to others in this program.
    pub fn subscriber(&self) -> Subscriber {
        Subscriber::new(&self.fanout, self.queues.has_video)
    }

    /// Makes the next frame an IDR picture, if video is encoded here.
    pub fn request_keyframe(&self) {
        self.fanout.trace().ordered(Order::Keyframe);
        self.fanout.ask_keyframe();
    }

    /// Gives every destination a new connection at once: for when the network has changed, and the
    /// old connections would only be found dead later.
    ///
    /// A destination that is on air stays so: the new connection takes over at the next keyframe.
    /// One that is connecting starts over, and one that waits to try again waits no longer. Earlier
    /// failures are forgiven. A destination that has been given up, or is just ending properly, is
    /// left alone.
    pub fn reconnect_now(&self) {
        self.fanout.trace().ordered(Order::Reconnect);
        let outputs = self.fanout.outputs();
        outputs.iter().for_each(|output| output.renewal().ask());
    }

    /// Adds a destination to those already served; gives the number by which events and
    /// [`stats`](Self::stats) name it. It joins at the next keyframe, which an encoder of ours
    /// makes at once.
    ///
    /// A broadcast lasts as long as any of its destinations, or its recording: to replace the only
    /// one, add the new one first, then [remove](Self::remove) the old one.
    ///
    /// # Errors
    ///
    /// When a file of certificates cannot be read, or the broadcast is over.
    pub fn add(&self, destination: impl Into<Destination>) -> Result<usize, Error> {
        let destination = destination.into();
        let output = destination.open()?;
        let handle = self
            .queues
            .handle(&destination, self.fanout.outputs().len());
        let over = || Error::Misuse("the broadcast is over: nothing more is sent");
        let number = self.fanout.add(Arc::new(handle)).ok_or_else(over)?;
        self.fanout.trace().ordered(Order::Add(number));
        match self.orders.begin(number, output) {
            true => Ok(number),
            false => Err(over()),
        }
    }

    /// Takes the stream at one destination down properly, while the others go on;
    /// [`Event::DestinationEnded`] tells when that is done. It keeps its number and its entry in
    /// the report. False if there is no destination with this number.
    pub fn remove(&self, destination: usize) -> bool {
        self.fanout.trace().ordered(Order::Remove(destination));
        let outputs = self.fanout.outputs();
        let output = outputs.get(destination);
        output
            .inspect(|output| output.leave(Instant::now() + HURRY))
            .is_some()
    }

    /// Retries a destination that was given up or removed, while the broadcast goes on: at once,
    /// and as if nothing had failed before. One that waits for its next attempt waits no longer;
    /// one that is on air is left alone. False if there is no destination with this number, or the
    /// broadcast is over.
    pub fn retry(&self, destination: usize) -> bool {
        self.fanout.trace().ordered(Order::Retry(destination));
        let is_there = self.fanout.outputs().get(destination).is_some();
        is_there && !self.fanout.is_finished() && self.orders.retry(destination)
    }

    /// Ends the broadcast properly and within a second; [`Event::Ended`] tells when it is done.
    pub fn stop(&self) {
        self.fanout.trace().ordered(Order::Stop);
        self.fanout.stop();
    }

    /// A handle that can [`stop`](Self::stop) this broadcast from elsewhere, such as a signal
    /// handler.
    pub fn stopper(&self) -> Stopper {
        Stopper {
            fanout: self.fanout.clone(),
        }
    }

    fn start(mut builder: Builder) -> Result<Self, Error> {
        let pipeline = Pipeline::open(&mut builder)?;
        let pace = builder.pace;
        let overflow = match overflow(pace) {
            Overflow::Shed if builder.media_is_live => Overflow::ShedLate,
            usual => usual,
        };
        let destinations = builder.destinations.iter();
        let outputs = destinations.map(Destination::open);
        let outputs = outputs.collect::<Result<Vec<_>, _>>()?;
        let trace = builder.trace.as_deref().map(Trace::create).transpose()?;
        let trace = trace.unwrap_or_default();
        let queues = Queues {
            overflow,
            has_video: pipeline.has_video(),
            audio_first: pipeline.adapts(),
            sizes: builder.adapt.unwrap_or_default().sizes,
            trace: trace.clone(),
        };
        let destinations = builder.destinations.iter().enumerate();
        let handles = destinations.map(|(number, to)| Arc::new(queues.handle(to, number)));
        let handles = handles.collect();
        let record = |path| Recording::create(path, self::overflow(pace)).map(Arc::new);
        let recording = builder.record.take().map(record).transpose()?;
        let recorded = recording.as_ref().map(|own| own.handle().clone());
        let fanout = Arc::new(Fanout::traced(handles, recorded, trace));
        pipeline.begin(&mut fanout.rate());
        let began = Instant::now();
        let network = Network {
            fanout: fanout.clone(),
            program: Arc::new(pipeline.program().clone()),
            pace,
            recording: recording.clone(),
            began,
            outputs: outputs.into_iter().enumerate().collect(),
        };
        let started = network
            .start()
            .and_then(|orders| pipeline.start(&fanout).map(|()| orders));
        Ok(Self {
            orders: started.inspect_err(|_| fanout.stop())?,
            fanout,
            recording,
            queues,
            began,
        })
    }
}

impl Builder {
    /// Opens the encoders and begins.
    ///
    /// # Errors
    ///
    /// When there is nothing to send or nowhere to send it, when no encoder opens, when the
    /// recording cannot be created, or a file of certificates cannot be read. An unreachable server
    /// is no error here: it is an [`Event`].
    pub fn start(self) -> Result<Broadcast, Error> {
        self.check()?;
        Broadcast::start(self)
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
    fanout: Arc<Fanout>,
}

impl Stopper {
    /// As [`Broadcast::stop`].
    pub fn stop(&self) {
        self.fanout.trace().ordered(Order::Stop);
        self.fanout.stop();
    }
}

impl Queues {
    fn handle(&self, destination: &Destination, number: usize) -> OutputHandle {
        let limits = match self.overflow {
            Overflow::Shed | Overflow::ShedLate => Limits::REALTIME,
            Overflow::Hold => Limits::MAX_PACE,
        };
        let mut queue = PacketQueue::new(limits, self.overflow, self.has_video);
        if self.audio_first {
            queue = queue.with_audio_first();
        }
        let queue = SharedQueue::traced(queue, &self.trace, number);
        let handle = OutputHandle::of(destination.address.to_string(), destination.retry, queue)
            .with_sizes(self.takes_sizes(destination));
        match destination.backup {
            Some(_) => handle.with_backup(&self.trace, number),
            None => handle,
        }
    }

    fn takes_sizes(&self, destination: &Destination) -> bool {
        match self.sizes {
            SizeChanges::WhereTaken => destination.takes_sizes(),
            SizeChanges::Always => true,
            SizeChanges::Never => false,
        }
    }
}

const fn overflow(pace: Pace) -> Overflow {
    match pace {
        Pace::Realtime => Overflow::Shed,
        Pace::Max => Overflow::Hold,
    }
}
