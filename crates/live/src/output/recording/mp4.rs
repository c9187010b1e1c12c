use std::io;
use std::time::Duration;

use onair_media::{Kind, Packet, Probed, TrackProbe};
use onair_mp4::{Fragment, Movie};

use super::disk::{Disk, Extent, Pieces};
use super::{Tape, Written};
use crate::program::Program;

/// A `.mp4` file: fragmented while it lasts, ordinary once it has ended.
pub(super) struct Mp4 {
    file: Pieces,
    state: State,
    extent: Extent,
    written: Extent,
}

enum State {
    /// A file's head names all its tracks.
    Waiting(TrackProbe),
    Writing(Box<Movie>),
}

/// How long a track that was announced is waited for; then the file is made without it.
const TRACK_TIMEOUT: Duration = Duration::from_secs(5);

/// What is held meanwhile: five seconds of 100 Mbit/s.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

impl Mp4 {
    pub(super) fn new(disk: Box<dyn Disk>, program: &Program) -> Self {
        let mut probe = TrackProbe::new(TRACK_TIMEOUT, MAX_HELD_BYTES);
        let has = |kind| program.tracks.has(kind);
        probe.expect(has(Kind::Video), has(Kind::Audio));
        Self {
            file: Pieces::new(disk),
            state: State::Waiting(probe),
            extent: Extent::default(),
            written: Extent::default(),
        }
    }

    fn begin(&mut self, probed: &Probed) -> io::Result<()> {
        let begun = Movie::begin(&probed.tracks, probed.origin());
        let (movie, head) = begun.map_err(io::Error::other)?;
        self.file.append(&head)?;
        self.state = State::Writing(Box::new(movie));
        let mut packets = probed.packets.iter();
        packets.try_for_each(|packet| self.push(packet))
    }

    fn append(&mut self, fragment: Option<Fragment>, extent: Extent) -> io::Result<()> {
        let Some(fragment) = fragment else {
            return Ok(());
        };
        self.file.append(&fragment.to_vec()).inspect_err(|_| {
            if let State::Writing(movie) = &mut self.state {
                movie.discard_last();
            }
        })?;
        self.written = extent;
        Ok(())
    }
}

impl Tape for Mp4 {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        match &mut self.state {
            State::Waiting(probe) => match probe.push(packet.clone()) {
                Some(probed) => self.begin(&probed),
                None => Ok(()),
            },
            State::Writing(movie) => {
                let fragment = movie.push(packet).map_err(io::Error::other)?;
                let before = self.extent;
                self.extent.add(packet);
                self.append(fragment, before)
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        if let State::Waiting(probe) = &mut self.state
            && let Some(probed) = probe.finish()
        {
            self.begin(&probed)?;
        }
        let State::Writing(movie) = &mut self.state else {
            return Ok(());
        };
        let fragment = movie.finish().map_err(io::Error::other)?;
        self.append(fragment, self.extent)
    }

    /// The index first, then what points to it: whatever interrupts this, the file plays.
    fn close(&mut self) -> io::Result<()> {
        let State::Writing(movie) = &mut self.state else {
            return Ok(());
        };
        let ending = match movie.end() {
            Ok(ending) => ending,
            Err(error) => {
                tracing::warn!(%error, "the recording stays a fragmented MP4");
                return Ok(());
            }
        };
        self.file.append(&ending.moov)?;
        for (at, bytes) in &ending.patches {
            self.file.patch(*at, bytes)?;
        }
        self.file.flush()
    }

    fn written(&self) -> Written {
        Written {
            bytes: self.file.length(),
            duration: self.written.duration(),
        }
    }
}
