use std::path::{Path, PathBuf};
use std::time::Duration;

use onair_media::Packet;

use crate::{Container, Demux, Error, Track, open};

/// A file played over and over: when it ends it is opened again, and the
/// timeline goes on without a jump, an overlap or a step back.
pub struct Loop {
    path: PathBuf,
    current: Box<dyn Demux>,
}

impl Loop {
    /// Opens `path` to be repeated without end.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: path.to_owned(),
            current: open(path)?,
        })
    }
}

impl Demux for Loop {
    fn container(&self) -> Container {
        self.current.container()
    }

    fn tracks(&self) -> &[Track] {
        self.current.tracks()
    }

    fn notes(&self) -> &[String] {
        self.current.notes()
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        if let Some(packet) = self.current.next_packet()? {
            return Ok(Some(packet));
        }
        self.current = open(&self.path)?;
        self.current.next_packet()
    }

    fn duration(&self) -> Option<Duration> {
        None
    }
}
