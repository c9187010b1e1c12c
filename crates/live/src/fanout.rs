use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use onair_demux::Damage;
use onair_media::{Bitrate, Kind, Packet, Timestamp};
use tokio::sync::watch;

use crate::audio_monitor::AudioMonitor;
use crate::events::Events;
use crate::meter::Meter;
use crate::output::OutputHandle;
use crate::rate::{Arbiter, AudioSample, AudioStep, BitrateLimit, LimitedBy, PictureSample};
use crate::shared_queue::{HURRY, SharedQueue};
use crate::stop::Stop;
use crate::trace::{Trace, Traced, TracedQueue};
use crate::{CaptureReport, EncoderReport, Encoding, Event};

/// Where the threads that produce packets meet those that send them.
#[derive(Debug)]
pub(crate) struct Fanout {
    /// Of the destinations, in the order in which they were added.
    outputs: Mutex<Arc<[Arc<OutputHandle>]>>,
    recording: Option<Arc<OutputHandle>>,
    /// Who else in this program reads along; mostly nobody.
    subscriptions: Mutex<Vec<Weak<SharedQueue>>>,
    stop: Stop,
    /// The source has given its last packet, or nobody wants another.
    finished: AtomicBool,
    keyframe: AtomicBool,
    rate: Mutex<Traced<Arbiter>>,
    trace: Trace,
    /// What lines leave for audio; `None` where that does not adapt to them.
    audio: Mutex<Option<AudioStep>>,
    monitor: Mutex<AudioMonitor>,
    events: Events,
    /// The ways to the network have changed.
    routes: watch::Sender<()>,
    notes: Mutex<Notes>,
}

/// What the producers leave behind for the report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Why the source failed, if it did.
    pub(crate) failure: Option<String>,
    /// The asked-for duration was reached.
    pub(crate) timed_out: bool,
    /// What of the source could not be read.
    pub(crate) damage: Damage,
    /// Since when a source is asked in vain that others write to.
    pub(crate) asked_since: Option<Instant>,
    /// What encodes.
    pub(crate) encoder: EncoderReport,
    /// Bytes of pictures encoded.
    video_bytes: u64,
    /// What is encoded.
    pub(crate) capture: CaptureReport,
    pub(crate) video_meter: Meter,
    pub(crate) audio_meter: Meter,
}

impl Notes {
    /// An encoder gave packets.
    pub(crate) fn count(&mut self, kind: Kind, packets: &[Packet], now: Instant) {
        let (track, meter) = match kind {
            Kind::Video => (&mut self.encoder.video, &mut self.video_meter),
            Kind::Audio => (&mut self.encoder.audio, &mut self.audio_meter),
        };
        if let Some(track) = track {
            track.frames += packets.len() as u64;
        }
        for packet in packets {
            meter.add(packet.payload.len(), now);
            if kind == Kind::Video {
                self.video_bytes += packet.payload.len() as u64;
            }
        }
    }

    /// Bytes of pictures encoded so far, and the rate of the audio.
    pub(crate) fn encoded(&mut self, now: Instant) -> (u64, Bitrate) {
        (self.video_bytes, self.audio_meter.read(now).bitrate)
    }

    /// How fast the encoders are.
    pub(crate) fn encoding(&mut self, now: Instant) -> Encoding {
        let video = self.video_meter.read(now);
        Encoding {
            video_frame_rate: (video.packets * 10.0).round() / 10.0,
            video_bitrate: video.bitrate,
            audio_bitrate: self.audio_meter.read(now).bitrate,
        }
    }
}

impl Fanout {
    /// The fan-out to these destinations and the recording.
    #[cfg(test)]
    pub(crate) fn new(
        outputs: Vec<Arc<OutputHandle>>,
        recording: Option<Arc<OutputHandle>>,
    ) -> Self {
        Self::traced(outputs, recording, Trace::default())
    }

    /// The fan-out to these destinations and the recording, with what is decided noted.
    pub(crate) fn traced(
        outputs: Vec<Arc<OutputHandle>>,
        recording: Option<Arc<OutputHandle>>,
        trace: Trace,
    ) -> Self {
        Self {
            outputs: Mutex::new(outputs.into()),
            recording,
            subscriptions: Mutex::default(),
            stop: Stop::new(),
            finished: AtomicBool::new(false),
            keyframe: AtomicBool::new(false),
            rate: Mutex::new(Traced::arbiter(&trace)),
            trace,
            audio: Mutex::default(),
            monitor: Mutex::default(),
            events: Events::default(),
            routes: watch::Sender::default(),
            notes: Mutex::default(),
        }
    }

    /// The destinations there are by now.
    pub(crate) fn outputs(&self) -> Arc<[Arc<OutputHandle>]> {
        self.locked_outputs().clone()
    }

    /// One more destination; its number, or `None` when it would get nothing any more.
    pub(crate) fn add(&self, output: Arc<OutputHandle>) -> Option<usize> {
        let mut outputs = self.locked_outputs();
        if self.is_finished() {
            return None;
        }
        let number = outputs.len();
        *outputs = outputs.iter().cloned().chain([output]).collect();
        Some(number)
    }

    /// Lets a destination that has ended begin again; false when it would get nothing any more.
    ///
    /// An end comes before this and is seen, or after it and reaches the destination too: whoever
    /// ends everything asks for the destinations after saying so.
    pub(crate) fn revive(&self, number: usize) -> bool {
        let outputs = self.locked_outputs();
        let output = outputs.get(number).filter(|_| !self.is_finished());
        output.inspect(|output| output.revive()).is_some()
    }

    /// Gives packets, in order, to everybody. Waits where a queue holds and is full.
    pub(crate) fn publish(&self, packets: &mut Vec<Packet>) {
        let now = Instant::now();
        self.with_subscriptions(|queue| queue.push(packets.iter().cloned(), now));
        let outputs = self.outputs();
        let mut queues = self.queues(&outputs).peekable();
        while let Some(queue) = queues.next() {
            if queues.peek().is_some() {
                queue.push(packets.iter().cloned(), now);
            } else {
                queue.push(packets.drain(..), now);
            }
        }
    }

    /// The sources ended: what is queued is still sent.
    pub(crate) fn finish(&self) {
        self.finished.store(true, Ordering::SeqCst);
        let outputs = self.outputs();
        self.queues(&outputs).for_each(|queue| queue.end(None));
        self.with_subscriptions(|queue| queue.end(None));
    }

    /// Whether no packet will follow.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::SeqCst)
    }

    /// Resolves when nothing more will be recorded but what is queued.
    pub(crate) async fn recording_ended(&self) {
        if let Some(recording) = &self.recording {
            poll_fn(|cx| recording.queue().poll_ended(cx)).await;
        }
    }

    /// Somebody wants the end: what is queued is sent if that is quickly done.
    pub(crate) fn stop(&self) {
        self.finished.store(true, Ordering::SeqCst);
        self.stop.ask();
        let deadline = Instant::now() + HURRY;
        self.outputs()
            .iter()
            .for_each(|output| output.leave(deadline));
        let recording = self.recording.iter();
        recording.for_each(|output| output.queue().end(None));
        self.with_subscriptions(|queue| queue.end(None));
    }

    /// Gives a queue all packets from now on, for as long as somebody else holds it; false if none
    /// will come.
    pub(crate) fn subscribe(&self, queue: &Arc<SharedQueue>) -> bool {
        let mut subscriptions = self.subscriptions();
        if self.is_finished() {
            return false;
        }
        subscriptions.push(Arc::downgrade(queue));
        true
    }

    /// Does it with every subscription there still is. None of them makes anybody wait.
    fn with_subscriptions(&self, act: impl Fn(&SharedQueue)) {
        self.subscriptions()
            .retain(|queue| queue.upgrade().inspect(|queue| act(queue)).is_some());
    }

    fn subscriptions(&self) -> MutexGuard<'_, Vec<Weak<SharedQueue>>> {
        let subscriptions = self.subscriptions.lock();
        subscriptions.unwrap_or_else(PoisonError::into_inner)
    }

    /// What mutes and measures the audio that is encoded here.
    pub(crate) fn monitor(&self) -> MutexGuard<'_, AudioMonitor> {
        self.monitor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The threads' and tasks' view of that wish.
    pub(crate) const fn stopping(&self) -> &Stop {
        &self.stop
    }

    /// A connection begins, and waits for an IDR picture.
    pub(crate) fn ask_keyframe(&self) {
        self.keyframe.store(true, Ordering::Relaxed);
    }

    /// True once for each time an IDR picture was asked for.
    pub(crate) fn take_keyframe(&self) -> bool {
        self.keyframe.swap(false, Ordering::Relaxed)
    }

    /// Whether a line is so far behind that another frame would only be late.
    pub(crate) fn is_behind(&self) -> bool {
        let outputs = self.outputs();
        let behind = outputs.iter().find_map(|output| output.behind());
        behind.is_some_and(|(waits, limit)| {
            self.trace.left_out(waits, limit);
            true
        })
    }

    /// Whether nothing but a keyframe would get to a destination whose line is followed.
    pub(crate) fn needs_keyframe(&self) -> bool {
        self.outputs().iter().any(|output| output.needs_keyframe())
    }

    /// At what rate pictures are encoded.
    pub(crate) fn rate(&self) -> MutexGuard<'_, Traced<Arbiter>> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rate that the video encoder is set to, which is zero while audio is alone, and the most that
    /// the user asks for.
    pub(crate) fn asked(&self) -> (Bitrate, Bitrate) {
        let (asked, most) = self.rate().asked();
        let is_alone = self.is_audio_alone();
        (if is_alone { Bitrate::default() } else { asked }, most)
    }

    /// Whether every destination takes pictures of another size in the middle of a stream.
    pub(crate) fn takes_sizes(&self) -> bool {
        self.outputs().iter().all(|output| output.takes_sizes())
    }

    /// What the lines say of the picture.
    pub(crate) fn picture_sample(&self, at: Timestamp, is_full: bool) -> PictureSample {
        let is_line = |limit: &BitrateLimit| limit.limited_by == LimitedBy::Line;
        let (limit, wanted) = {
            let rate = self.rate();
            let limit = rate.limit().filter(is_line);
            (limit.map(|limit| limit.bitrate), rate.asked().1)
        };
        PictureSample {
            at,
            limit,
            wanted,
            is_full,
            takes_sizes: self.takes_sizes(),
        }
    }

    /// What the weakest line carries of everything, of those that have a say.
    pub(crate) fn carries(&self) -> Option<Bitrate> {
        let outputs = self.outputs();
        outputs.iter().filter_map(|output| output.carries()).min()
    }

    /// What the lines say of audio; `None` where nothing adapts to them.
    pub(crate) fn audio_sample(&self, at: Timestamp, is_behind: bool) -> Option<AudioSample> {
        let carries = self.carries();
        let rate = self.rate();
        let (_, wanted) = rate.asked();
        Some(AudioSample {
            at,
            carries,
            least_video: rate.min()?.min(wanted),
            is_behind,
        })
    }

    /// Has the audio encoder obey.
    pub(crate) fn set_audio(&self, step: AudioStep) {
        *self.locked_audio() = Some(step);
    }

    /// At what rate audio is to be encoded, if lines have a say in that.
    pub(crate) fn audio_bitrate(&self) -> Option<Bitrate> {
        self.locked_audio().map(|step| step.bitrate)
    }

    /// Whether lines carry nothing beside audio.
    pub(crate) fn is_audio_alone(&self) -> bool {
        self.locked_audio().is_some_and(|step| step.is_alone)
    }

    fn locked_audio(&self) -> MutexGuard<'_, Option<AudioStep>> {
        self.audio.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the application.
    pub(crate) fn tell(&self, event: Event) {
        tracing::debug!(?event);
        self.trace.told(&event);
        if let Event::Ended(_) = event
            && let Some(message) = self.trace.finish()
        {
            self.events.push(Event::Warning {
                destination: None,
                message,
            });
        }
        self.events.push(event);
    }

    /// Where what is decided is noted.
    pub(crate) const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Tells the gaps closed since the last time.
    pub(crate) fn tell_gaps(&self, destination: usize, queue: &SharedQueue) {
        for (gap, frames) in queue.with(TracedQueue::take_news) {
            self.tell(Event::Dropped {
                destination,
                frames,
                gap,
            });
        }
    }

    /// Nothing more will be told.
    pub(crate) fn hang_up(&self) {
        self.events.end();
    }

    /// Tells the application something in words.
    pub(crate) fn warn(&self, destination: Option<usize>, message: String) {
        self.tell(Event::Warning {
            destination,
            message,
        });
    }

    /// News of the ways to the network.
    pub(crate) const fn routes(&self) -> &watch::Sender<()> {
        &self.routes
    }

    /// What was told.
    pub(crate) const fn events(&self) -> &Events {
        &self.events
    }

    fn queues<'a>(
        &'a self,
        outputs: &'a [Arc<OutputHandle>],
    ) -> impl Iterator<Item = &'a SharedQueue> {
        let all = self.recording.iter().chain(outputs);
        all.map(|output| output.queue())
    }

    fn locked_outputs(&self) -> MutexGuard<'_, Arc<[Arc<OutputHandle>]>> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What encodes, at what rate, and who limits it to that.
    pub(crate) fn encoder_report(&self) -> EncoderReport {
        let limit = self.rate().limit();
        let mut report = self.notes().encoder.clone();
        if let Some(video) = &mut report.video {
            video.bitrate = limit;
        }
        report.audio_alone = self.is_audio_alone();
        report
    }

    /// What the producers noted.
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
