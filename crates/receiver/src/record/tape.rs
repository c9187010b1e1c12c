use std::io::{self, Write};

use onair_media::{Packet, Tracks};
use onair_mp4::{Fragment, Fragmenter};

/// A recording in the making: fragments into whatever can be written to.
///
/// Each fragment is written as soon as it is whole, so that whatever kills us costs no more
/// than the last one.
#[derive(Debug)]
pub(super) struct Tape<W> {
    out: W,
    fragmenter: Fragmenter,
    /// Bytes of whole fragments.
    written: u64,
    pictures: u64,
}

impl<W: Write> Tape<W> {
    /// Writes the beginning of the file.
    pub(super) fn begin(mut out: W, tracks: Tracks) -> io::Result<Self> {
        let origin = tracks.origin();
        let fragmenter = Fragmenter::new(tracks.video, tracks.audio, origin);
        let init = fragmenter.init().map_err(io::Error::other)?;
        out.write_all(&init)?;
        out.flush()?;
        let mut tape = Self {
            out,
            fragmenter,
            written: init.len() as u64,
            pictures: 0,
        };
        for packet in tracks.packets {
            tape.push(&packet)?;
        }
        Ok(tape)
    }

    /// Whether this file can hold the packet: not after a change of resolution, say.
    pub(super) fn accepts(&self, packet: &Packet) -> bool {
        self.fragmenter.accepts(packet)
    }

    /// Records a packet.
    pub(super) fn push(&mut self, packet: &Packet) -> io::Result<()> {
        self.fragmenter.push(packet);
        if self.fragmenter.is_due(packet) {
            let fragment = self.fragmenter.take().map_err(io::Error::other)?;
            self.write(fragment)?;
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        let fragment = self.fragmenter.finish().map_err(io::Error::other)?;
        self.write(fragment)
    }

    /// How many bytes of the file are whole.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// How many pictures are in whole fragments.
    pub(super) const fn pictures(&self) -> u64 {
        self.pictures
    }

    /// What is written to.
    pub(super) const fn out(&mut self) -> &mut W {
        &mut self.out
    }

    fn write(&mut self, fragment: Option<Fragment>) -> io::Result<()> {
        let Some(fragment) = fragment else {
            return Ok(());
        };
        let bytes = fragment.to_vec();
        self.out.write_all(&bytes)?;
        self.out.flush()?;
        self.written += bytes.len() as u64;
        self.pictures += fragment.pictures;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
