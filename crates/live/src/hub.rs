use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use onair_media::{Bitrate, Kind, Packet};

use crate::feed::{Feed, HURRY};
use crate::meter::Meter;
use crate::queue::Queue;
use crate::renewal::Renewal;
use crate::stop::Stop;
use crate::{EncoderReport, Encoding, Event};

/// Where the threads that produce packets meet those that send them.
#[derive(Debug)]
pub(crate) struct Hub {
    feeds: Vec<Arc<Feed>>,
    tape: Option<Arc<Feed>>,
    stop: Stop,
    keyframe: AtomicBool,
    bitrate: Mutex<Option<Bitrate>>,
    renewal: Renewal,
    events: Mutex<Option<Sender<Event>>>,
    notes: Mutex<Notes>,
}

/// What the producers leave behind for the report.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Why the source failed, if it did.
    pub(crate) failure: Option<String>,
    /// The asked-for duration was reached.
    pub(crate) timed_out: bool,
    /// What encodes.
    pub(crate) encoder: EncoderReport,
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
        }
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
    /// A hub for these feeds: one for each destination, and the recording's.
    pub(crate) fn new(
        feeds: Vec<Arc<Feed>>,
        tape: Option<Arc<Feed>>,
        events: Sender<Event>,
    ) -> Self {
        Self {
            feeds,
            tape,
            stop: Stop::new(),
            keyframe: AtomicBool::new(false),
            bitrate: Mutex::default(),
            renewal: Renewal::new(),
            events: Mutex::new(Some(events)),
            notes: Mutex::default(),
        }
    }

    /// Gives packets, in order, to everybody. Waits where a feed holds and is full.
    pub(crate) fn publish(&self, packets: &mut Vec<Packet>) {
        let now = Instant::now();
        let mut feeds = self.tape.iter().chain(&self.feeds).peekable();
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
        let feeds = self.tape.iter().chain(&self.feeds);
        feeds.for_each(|feed| feed.end(None));
    }

    /// Somebody wants the end: what is queued is sent if that is quickly done.
    pub(crate) fn stop(&self) {
        self.stop.ask();
        let deadline = Instant::now() + HURRY;
        self.feeds.iter().for_each(|feed| feed.end(Some(deadline)));
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

    /// Pictures are to be encoded at this rate from now on.
    pub(crate) fn ask_bitrate(&self, bitrate: Bitrate) {
        *self.bitrate() = Some(bitrate);
    }

    /// The rate, once for each time one was asked for.
    pub(crate) fn take_bitrate(&self) -> Option<Bitrate> {
        self.bitrate().take()
    }

    /// The wish for new connections.
    pub(crate) const fn renewal(&self) -> &Renewal {
        &self.renewal
    }

    /// Tells the application.
    pub(crate) fn tell(&self, event: Event) {
        tracing::debug!(?event);
        if let Some(events) = &*self.events() {
            // Nobody listens any more: then nobody wants to know.
            let _ = events.send(event);
        }
    }

    /// Tells the gaps closed since the last time.
    pub(crate) fn tell_gaps(&self, destination: usize, feed: &Feed) {
        for (gap, frames) in feed.with(Queue::take_news) {
            self.tell(Event::Dropped {
                destination,
                frames,
                gap,
            });
        }
    }

    /// Nothing more will be told.
    pub(crate) fn hang_up(&self) {
        self.events().take();
    }

    /// Tells the application something in words.
    pub(crate) fn warn(&self, destination: Option<usize>, message: String) {
        self.tell(Event::Warning {
            destination,
            message,
        });
    }

    fn bitrate(&self) -> MutexGuard<'_, Option<Bitrate>> {
        self.bitrate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn events(&self) -> MutexGuard<'_, Option<Sender<Event>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the producers noted.
    pub(crate) fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
