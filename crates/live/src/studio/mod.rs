//! A device, a director and, while it is on air, a broadcast: what an application with a camera drives.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use onair_av::I420;
use onair_av::device::{Device, Format, Order};
use onair_av::encode::AudioSettings;
use onair_media::Bitrate;

use crate::director::{self, Ladder, Notice};
use crate::{Destination, Error, Event, Stats};

/// A camera and a microphone, on air or about to be. Every method returns at once: the work is
/// done on a thread of its own, so that an application may call them on its main thread.
#[derive(Debug)]
pub struct Studio {
    format: Format,
}

/// What a show is made of and where it goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Show {
    /// Where to: at least one.
    pub destinations: Vec<Destination>,
    /// Video bitrate; by size and frame rate when `None`.
    pub bitrate: Option<Bitrate>,
    /// How to encode sound.
    pub audio: AudioSettings,
    /// Media time from one keyframe to the next.
    pub keyframe_interval: Duration,
    /// What viewers see while there is no camera.
    pub slate: Slate,
    /// How quality steps down when the phone is hot.
    pub ladder: Ladder,
    /// Also write it all to this file.
    pub record: Option<PathBuf>,
}

/// What viewers see while there is no camera.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Slate {
    /// The sign for a pause on a dark ground.
    #[default]
    Pause,
    /// Nothing.
    Black,
    /// This, in the middle of a black picture, its edges cut where it is too large.
    Picture(I420),
}

/// What a studio tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum News {
    /// From the broadcast; the last one of each show is [`Event::Ended`].
    Broadcast(Event),
    /// From the director.
    Notice(Notice),
    /// Keep the screen awake, or let it sleep.
    KeepAwake(bool),
    /// The show could not be started.
    NotStarted(String),
}

/// Takes what a studio tells, on the studio's own threads.
pub type Listener = Arc<dyn Fn(News) + Send + Sync>;

impl Show {
    /// A show that goes to `destination`.
    pub fn to(destination: impl Into<Destination>) -> Self {
        Self {
            destinations: vec![destination.into()],
            bitrate: None,
            audio: AudioSettings::default(),
            keyframe_interval: Duration::from_secs(2),
            slate: Slate::default(),
            ladder: Ladder::default(),
            record: None,
        }
    }
}

impl Studio {
    /// Takes charge of a device and starts it.
    ///
    /// # Errors
    ///
    /// When no thread can be had.
    pub fn open(device: Box<dyn Device>, _listener: Listener) -> Result<Self, Error> {
        let format = device.format();
        Ok(Self { format })
    }

    /// Goes live.
    pub fn go_live(&self, _show: Show) {}

    /// Ends the show properly; the device goes on for the preview.
    pub fn end(&self) {}

    /// Tells the director something: the application's state, the network.
    pub fn tell(&self, _event: director::Event) {}

    /// Asks the device directly: camera, torch, zoom, focus.
    pub fn order(&self, _order: Order) {}

    /// Silences the microphone.
    pub fn mute(&self, _muted: bool) {}

    /// How pictures and sound are made now.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What goes on, while on air.
    pub fn stats(&self) -> Option<Stats> {
        None
    }
}
