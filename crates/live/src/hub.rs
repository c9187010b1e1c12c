use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use onair_demux::Damage;
use onair_media::{Bitrate, Kind, Packet};

use crate::events::Events;
use crate::feed::{Feed, HURRY};
use crate::line::Line;
use crate::meter::Meter;
use crate::queue::PacketQueue;
use crate::rate::Arbiter;
use crate::stop::Stop;
use crate::{CaptureReport, EncoderReport, Encoding, Event};

/// Where the threads that produce packets meet those that send them.
#[derive(Debug)]
pub(crate) struct Hub {
    /// Of the destinations, in the order in which they were added.
    lines: Mutex<Arc<[Arc<Line>]>>,
    tape: Option<Arc<Feed>>,
    stop: Stop,
    /// The source has given its last packet, or nobody wants another.
    finished: AtomicBool,
    keyframe: AtomicBool,
    rate: Mutex<Arbiter>,
    events: Events,
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
            video_fps: (video.packets * 10.0).round() / 10.0,
            video_bps: video.bitrate.as_bps(),
            audio_bps: self.audio_meter.read(now).bitrate.as_bps(),
        }
    }
}

impl Hub {
    /// A hub for these destinations and the recording's feed.
    pub(crate) fn new(lines: Vec<Arc<Line>>, tape: Option<Arc<Feed>>) -> Self {
        Self {
            lines: Mutex::new(lines.into()),
            tape,
            stop: Stop::new(),
            finished: AtomicBool::new(false),
            keyframe: AtomicBool::new(false),
            rate: Mutex::default(),
            events: Events::default(),
            notes: Mutex::default(),
        }
    }

    /// The destinations there are by now.
    pub(crate) fn lines(&self) -> Arc<[Arc<Line>]> {
        self.locked_lines().clone()
    }

    /// One more destination; its number, or `None` when it would get nothing any more.
    pub(crate) fn add(&self, line: Arc<Line>) -> Option<usize> {
        let mut lines = self.locked_lines();
        if self.is_finished() {
            return None;
        }
        let number = lines.len();
        *lines = lines.iter().cloned().chain([line]).collect();
        Some(number)
    }

    /// Lets a destination that has ended begin again; false when it would get nothing any more.
    ///
    /// An end comes before this and is seen, or after it and reaches the destination too: whoever
    /// ends everything asks for the destinations after saying so.
    pub(crate) fn revive(&self, number: usize) -> bool {
        let lines = self.locked_lines();
        let line = lines.get(number).filter(|_| !self.is_finished());
        line.inspect(|line| line.revive()).is_some()
    }

    /// Gives packets, in order, to everybody. Waits where a feed holds and is full.
    pub(crate) fn publish(&self, packets: &mut Vec<Packet>) {
        let now = Instant::now();
        let lines = self.lines();
        let mut feeds = self.feeds(&lines).peekable();
        while let Some(feed) = feeds.next() {
            if feeds.peek().is_some() {
                feed.push(packets.iter().cloned(), now);
            } else {
                feed.push(packets.drain(..), now);
            }
        }
    }

    /// The sources ended: what is queued is still sent.
    pub(crate) fn finish(&self) {
        self.finished.store(true, Ordering::SeqCst);
        let lines = self.lines();
        self.feeds(&lines).for_each(|feed| feed.end(None));
    }

    /// Whether no packet will follow.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::SeqCst)
    }

    /// Resolves when nothing more will be recorded but what is queued.
    pub(crate) async fn recording_ended(&self) {
        if let Some(tape) = &self.tape {
            poll_fn(|cx| tape.poll_ended(cx)).await;
        }
    }

    /// Somebody wants the end: what is queued is sent if that is quickly done.
    pub(crate) fn stop(&self) {
        self.finished.store(true, Ordering::SeqCst);
        self.stop.ask();
        let deadline = Instant::now() + HURRY;
        self.lines().iter().for_each(|line| line.leave(deadline));
        self.tape.iter().for_each(|feed| feed.end(None));
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

    /// At what rate pictures are encoded.
    pub(crate) fn rate(&self) -> MutexGuard<'_, Arbiter> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the application.
    pub(crate) fn tell(&self, event: Event) {
        tracing::debug!(?event);
        self.events.push(event);
    }

    /// Tells the gaps closed since the last time.
    pub(crate) fn tell_gaps(&self, destination: usize, feed: &Feed) {
        for (gap, frames) in feed.with(PacketQueue::take_news) {
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

    /// What was told.
    pub(crate) const fn events(&self) -> &Events {
        &self.events
    }

    fn feeds<'a>(&'a self, lines: &'a [Arc<Line>]) -> impl Iterator<Item = &'a Feed> {
        let tape = self.tape.iter().map(AsRef::as_ref);
        tape.chain(lines.iter().map(|line| line.feed()))
    }

    fn locked_lines(&self) -> MutexGuard<'_, Arc<[Arc<Line>]>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What encodes, at what rate, and who limits it to that.
    pub(crate) fn encoder_report(&self) -> EncoderReport {
        let limit = self.rate().limit();
        let mut report = self.notes().encoder.clone();
        if let Some(video) = &mut report.video {
            video.bitrate = limit;
        }
        report
    }

    /// What the producers noted.
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
