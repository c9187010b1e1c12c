//! Files whose head names all their tracks, which have to be known before it is written.

use std::io;
use std::time::Duration;

use onair_media::{Kind, Packet, Probed, TrackProbe};

use super::disk::Disk;
use super::{RecordingWriter, Written};
use crate::program::Program;

/// A file that begins once its tracks are known.
pub(super) enum Probing<T> {
    Waiting {
        probe: TrackProbe,
        /// Until the file begins.
        disk: Option<Box<dyn Disk>>,
    },
    Writing(T),
}

/// A file that can then be begun.
pub(super) trait Begin: RecordingWriter + Sized {
    /// Writes the head.
    fn begin(disk: Box<dyn Disk>, probed: &Probed) -> io::Result<Self>;
}

/// How long to wait for an announced track; the file is then made without it.
const TRACK_TIMEOUT: Duration = Duration::from_secs(5);

/// How much is held meanwhile: five seconds of 100 Mbit/s.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

impl<T: Begin> Probing<T> {
    pub(super) fn new(disk: Box<dyn Disk>, program: &Program) -> Self {
        let mut probe = TrackProbe::new(TRACK_TIMEOUT, MAX_HELD_BYTES);
        let has = |kind| program.tracks.has(kind);
        probe.expect(has(Kind::Video), has(Kind::Audio));
        let disk = Some(disk);
        Self::Waiting { probe, disk }
    }

    fn begin(&mut self, disk: Box<dyn Disk>, probed: &Probed) -> io::Result<()> {
        let mut file = T::begin(disk, probed)?;
        let pushed = probed
            .packets
            .iter()
            .try_for_each(|packet| file.push(packet));
        *self = Self::Writing(file);
        pushed
    }
}

impl<T: Begin> RecordingWriter for Probing<T> {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        let (probed, disk) = match self {
            Self::Writing(file) => return file.push(packet),
            Self::Waiting { probe, disk } => match probe.push(packet.clone()) {
                Some(probed) => (probed, disk.take()),
                None => return Ok(()),
            },
        };
        disk.map_or(Ok(()), |disk| self.begin(disk, &probed))
    }

    fn finish(&mut self) -> io::Result<()> {
        if let Self::Waiting { probe, disk } = self
            && let Some(probed) = probe.finish()
            && let Some(disk) = disk.take()
        {
            self.begin(disk, &probed)?;
        }
        match self {
            Self::Writing(file) => file.finish(),
            Self::Waiting { .. } => Ok(()),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        match self {
            Self::Writing(file) => file.close(),
            Self::Waiting { .. } => Ok(()),
        }
    }

    fn written(&self) -> Written {
        match self {
            Self::Writing(file) => file.written(),
            Self::Waiting { .. } => Written::default(),
        }
    }
}
