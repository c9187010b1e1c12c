use std::io::{self, IoSlice, Write};
use std::time::Duration;

use onair_media::{Packet, Probed, Timestamp};
use onair_mp4::{Fragment, Fragmenter, Pacing};

/// A recording being written: fragments into any writer.
///
/// Each fragment is written once it is whole, so that being killed costs only the last one.
#[derive(Debug)]
pub(super) struct RecordingWriter<W> {
    out: W,
    fragmenter: Fragmenter,
    written: Written,
    origin: Timestamp,
    latest: Timestamp,
}

/// How much of a recording is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) bytes: u64,
    pub(super) pictures: u64,
    /// Audio frames.
    pub(super) audio: u64,
    pub(super) duration: Duration,
}

impl<W: Write> RecordingWriter<W> {
    /// Writes the beginning of the file.
    pub(super) fn begin(mut out: W, probed: &Probed) -> io::Result<Self> {
        let origin = probed.origin();
        let fragmenter = Fragmenter::new(&probed.tracks, Pacing::File, origin);
        let init = fragmenter.init().map_err(io::Error::other)?;
        out.write_all(&init)?;
        out.flush()?;
        let mut writer = Self {
            out,
            fragmenter,
            written: Written {
                bytes: init.len() as u64,
                ..Written::default()
            },
            origin,
            latest: origin,
        };
        for packet in &probed.packets {
            writer.push(packet, usize::MAX)?;
        }
        Ok(writer)
    }

    /// Whether this file can hold the packet: not after a change of resolution, for instance.
    pub(super) fn accepts(&self, packet: &Packet) -> bool {
        self.fragmenter.accepts(packet)
    }

    /// Records a packet; a fragment of `max_bytes` is written without waiting for more.
    pub(super) fn push(&mut self, packet: &Packet, max_bytes: usize) -> io::Result<()> {
        self.latest = self.latest.max(packet.dts);
        self.fragmenter.push(packet);
        if self.fragmenter.is_due(packet) || self.fragmenter.ready_bytes() >= max_bytes {
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

    /// How much of the file is whole.
    pub(super) const fn written(&self) -> Written {
        self.written
    }

    /// The writer underneath.
    pub(super) const fn out(&mut self) -> &mut W {
        &mut self.out
    }

    fn write(&mut self, fragment: Option<Fragment>) -> io::Result<()> {
        let Some(fragment) = fragment else {
            return Ok(());
        };
        let bytes = write_all(&mut self.out, &fragment)?;
        self.out.flush()?;
        let frames = fragment.payloads.len() as u64;
        self.written.bytes += bytes;
        self.written.pictures += fragment.video_frames;
        self.written.audio += frames - fragment.video_frames;
        self.written.duration = self.latest.since(self.origin);
        Ok(())
    }
}

/// Writes a fragment's parts from where they lie; gives how many bytes that are.
fn write_all(out: &mut impl Write, fragment: &Fragment) -> io::Result<u64> {
    let payloads = fragment.payloads.iter().map(|payload| &payload[..]);
    let parts = std::iter::once(&fragment.head[..]).chain(payloads);
    let mut slices: Vec<_> = parts.map(IoSlice::new).collect();
    let bytes = slices.iter().map(|slice| slice.len() as u64).sum();
    let mut left = &mut slices[..];
    while !left.is_empty() {
        match out.write_vectored(left) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
