use std::io;

use onair_media::{Packet, Probed};
use onair_ts::{Error, Muxer};

use super::disk::{Blocks, Disk};
use super::probing::Begin;
use super::{RecordingWriter, Written};

/// A `.ts` file: whole up to its last packet at any moment.
pub(super) struct Ts {
    file: Blocks,
    muxer: Muxer,
}

impl Begin for Ts {
    fn begin(disk: Box<dyn Disk>, probed: &Probed) -> io::Result<Self> {
        let muxer = Muxer::new(&probed.tracks, probed.origin());
        Ok(Self {
            file: Blocks::new(disk),
            muxer: muxer.map_err(failed)?,
        })
    }
}

impl RecordingWriter for Ts {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        let bytes = self.muxer.push(packet).map_err(failed)?;
        self.file
            .push(packet, |block| block.extend_from_slice(&bytes))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file.write()
    }

    fn close(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn written(&self) -> Written {
        self.file.written()
    }
}

fn failed(error: Error) -> io::Error {
    match error {
        Error::Video(_) | Error::Audio(_) => io::Error::new(io::ErrorKind::Unsupported, error),
        error => io::Error::other(error),
    }
}
