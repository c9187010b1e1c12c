use std::sync::Arc;
use std::thread;
use std::time::Instant;

use onair::Broadcast;
use onair::av::capture;
use onair::av::clock::Clock;

use crate::config;
use crate::feed::Feed;
use crate::mailbox::{Item, Mailbox};
use crate::table::Entry;
use crate::{BroadcastConfig, Event, OnairError, Stats};

/// A broadcast of what the application captures. Dropping it stops it.
///
/// Video and audio go in through the C interface under [`feed_handle`](Self::feed_handle). While
/// they stay away, the broadcast goes on with the last frame and with silence.
#[derive(Debug, uniffi::Object)]
pub struct Broadcaster {
    broadcast: Arc<Broadcast>,
    feed: Feed,
    entry: Entry<Feed>,
    events: Arc<Mailbox<onair::Event>>,
}

/// What happens to a broadcast, in order. Ends after [`Event::Ended`].
#[derive(Debug, uniffi::Object)]
pub struct Events {
    mailbox: Arc<Mailbox<onair::Event>>,
}

#[uniffi::export]
impl Broadcaster {
    /// Opens the encoders and begins to connect.
    ///
    /// # Errors
    ///
    /// When the configuration makes no sense, no encoder opens, or the recording cannot be created.
    /// An unreachable server is no error here: it is an [`Event`].
    #[uniffi::constructor]
    pub fn start(config: &BroadcastConfig) -> Result<Arc<Self>, OnairError> {
        let clock = Clock::starting_at(Instant::now());
        let (feed, builder) = open(config, clock)?;
        let broadcast = Arc::new(builder.start()?);
        let events = Arc::new(Mailbox::default());
        forward(broadcast.clone(), events.clone())?;
        Ok(Arc::new(Self {
            broadcast,
            entry: feed.clone().open(),
            feed,
            events,
        }))
    }

    /// Ends the broadcast properly and within a second; [`Event::Ended`] tells when it is done.
    pub fn stop(&self) {
        self.entry.close();
        self.broadcast.stop();
        self.feed.end();
    }

    /// Retries a destination that was given up, while the others go on: at once, and as if nothing
    /// had failed before. False if there is no destination with this number, or the broadcast is
    /// over.
    pub fn retry(&self, destination: u32) -> bool {
        usize::try_from(destination).is_ok_and(|number| self.broadcast.retry(number))
    }

    /// Silences the audio that is pushed, or lets it be heard again.
    pub fn mute(&self, muted: bool) {
        if let Some(inlet) = &self.feed.audio {
            inlet.mute(muted);
        }
    }

    /// Encodes video at `bits` bits a second from the next frame on, without a keyframe. A rate
    /// that the encoder refuses is an [`Event::Warning`].
    ///
    /// # Errors
    ///
    /// When no encoder would do that.
    pub fn set_video_bitrate(&self, bits: u64) -> Result<(), OnairError> {
        self.broadcast
            .set_video_bitrate(config::video_bitrate(bits)?);
        Ok(())
    }

    /// Reconnects at once: for when the network has changed (`NWPathMonitor`), and the old
    /// connections would only be found dead much later.
    pub fn network_changed(&self) {
        self.broadcast.reconnect_now();
    }

    /// The state of the broadcast.
    pub fn stats(&self) -> Stats {
        self.broadcast.stats().into()
    }

    /// The events. Each is given once, to whoever asks first.
    pub fn events(&self) -> Arc<Events> {
        Arc::new(Events {
            mailbox: self.events.clone(),
        })
    }

    /// The C interface's number for this broadcast's feed. It stands for nothing once the broadcast
    /// was stopped or dropped, and never for another: pushing too late is harmless.
    pub fn feed_handle(&self) -> u64 {
        self.entry.handle()
    }
}

impl Drop for Broadcaster {
    fn drop(&mut self) {
        self.stop();
    }
}

#[uniffi::export]
impl Events {
    /// Waits for the next event; `None` after the last.
    pub async fn next(&self) -> Option<Event> {
        Some(match self.mailbox.next().await? {
            Item::One(event) => event.into(),
            Item::Missed(events) => Event::Missed { events },
        })
    }
}

/// Both ends of the feed: one to push to, one built into a broadcast.
fn open(config: &BroadcastConfig, clock: Clock) -> Result<(Feed, onair::Builder), OnairError> {
    let mut feed = Feed::new(clock);
    let mut builder = Broadcast::builder();
    for destination in config::destinations(&config.destinations)? {
        builder = builder.to(destination);
    }
    if let Some(video) = &config.video {
        let settings = video.settings()?;
        let (inlet, pictures) = capture::live_frames(settings.size, settings.frame_rate, clock);
        feed.pictures = Some(inlet);
        builder = builder.video(pictures).video_settings(settings);
        builder = builder.adapt(config::adapt(video.adapts, video.min_bitrate)?);
    }
    if let Some(audio) = &config.audio {
        let settings = audio.settings();
        let (inlet, source) = capture::live_audio(settings.sample_rate, settings.channels, clock);
        feed.audio = Some(inlet);
        builder = builder.audio(source).audio_settings(settings);
    }
    if let Some(path) = &config.record {
        builder = builder.record(path);
    }
    Ok((feed, builder))
}

/// Forwards the broadcast's events, for which a thread has to wait, to where a future can wait.
fn forward(broadcast: Arc<Broadcast>, to: Arc<Mailbox<onair::Event>>) -> Result<(), OnairError> {
    let run = move || {
        while let Some(event) = broadcast.next_event() {
            to.put(event);
        }
        to.close();
    };
    let thread = thread::Builder::new().name("onair-events".to_owned());
    let spawned = thread.spawn(run).map_err(|source| onair::Error::System {
        what: "starting a thread",
        source,
    });
    spawned.map(drop).map_err(OnairError::from)
}
