//! A device, a director and, while it is on air, a broadcast: what an application with a camera drives.

use std::path::PathBuf;
use std::sync::Arc;

use onair_av::device::{Device, Order};
use onair_av::encode::AudioSettings;
use onair_media::Bitrate;

use crate::director::{self, Notice};
use crate::{Destination, Error, Event, Stats};

/// A camera and a microphone, on air or about to be. Every method returns at once: the work is
/// done on a thread of its own, so that an application may call them on its main thread.
#[derive(Debug)]
pub struct Studio {}

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
    /// Also write it all to this file.
    pub record: Option<PathBuf>,
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
    pub fn open(_device: Box<dyn Device>, _listener: Listener) -> Result<Self, Error> {
        Ok(Self {})
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

    /// What goes on, while on air.
    pub fn stats(&self) -> Option<Stats> {
        None
    }
}
