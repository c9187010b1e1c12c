use std::io;

use onair_media::{Packet, Probed};
use onair_mp4::{Fragment, Movie};

use super::disk::{Disk, Extent, Pieces};
use super::probing::Begin;
use super::{RecordingWriter, Written};

/// A `.mp4` file: fragmented while it lasts, ordinary once it has ended.
pub(super) struct Mp4 {
    file: Pieces,
    movie: Movie,
    extent: Extent,
    written: Extent,
}

impl Begin for Mp4 {
    fn begin(disk: Box<dyn Disk>, probed: &Probed) -> io::Result<Self> {
        let begun = Movie::begin(&probed.tracks, probed.origin());
        let (movie, head) = begun.map_err(io::Error::other)?;
        let mut file = Pieces::new(disk);
        file.append(&head)?;
        Ok(Self {
            file,
            movie,
            extent: Extent::default(),
            written: Extent::default(),
        })
    }
}

impl Mp4 {
    fn append(&mut self, fragment: Option<Fragment>, extent: Extent) -> io::Result<()> {
        let Some(fragment) = fragment else {
            return Ok(());
        };
        let appended = self.file.append(&fragment.to_vec());
        appended.inspect_err(|_| self.movie.discard_last())?;
        self.written = extent;
        Ok(())
    }
}

impl RecordingWriter for Mp4 {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        let fragment = self.movie.push(packet).map_err(io::Error::other)?;
        let before = self.extent;
        self.extent.add(packet);
        self.append(fragment, before)
    }

    fn finish(&mut self) -> io::Result<()> {
        let fragment = self.movie.finish().map_err(io::Error::other)?;
        self.append(fragment, self.extent)
    }

    /// The index first, then the pointers to it: the file plays wherever this is interrupted.
    fn close(&mut self) -> io::Result<()> {
        let ending = match self.movie.end() {
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
