use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::time::Duration;

use onair_media::{Packet, Timestamp};

/// Where a recording is written: a file, or what a test has in its place.
pub(super) trait Disk: Write + Seek + Send {
    /// Cuts off what lies behind `length`.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

impl Disk for File {
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// A file that grows by whole pieces alone: of one that does not fit nothing stays.
pub(super) struct Pieces {
    disk: Box<dyn Disk>,
    length: u64,
}

impl Pieces {
    pub(super) fn new(disk: Box<dyn Disk>) -> Self {
        Self { disk, length: 0 }
    }

    /// The bytes of all pieces.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Adds a piece.
    pub(super) fn append(&mut self, piece: &[u8]) -> io::Result<()> {
        match self.disk.write_all(piece) {
            Ok(()) => {
                self.length += piece.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.cut();
                Err(error)
            }
        }
    }

    /// Puts other bytes in the place of some that are there.
    pub(super) fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.flush()?;
        self.disk.seek(SeekFrom::Start(at))?;
        self.disk.write_all(bytes)?;
        self.disk.seek(SeekFrom::Start(self.length)).map(drop)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.disk.flush()
    }

    fn cut(&mut self) {
        let length = self.length;
        let cut = self.disk.truncate(length);
        let back = self.disk.seek(SeekFrom::Start(length));
        if let Err(error) = cut.and(back) {
            tracing::debug!(%error, "the end of a recording is in pieces");
        }
    }
}

/// From when to when the packets of a recording go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    first: Option<Timestamp>,
    last: Timestamp,
}

impl Extent {
    pub(super) fn add(&mut self, packet: &Packet) {
        self.first.get_or_insert(packet.dts);
        let end = packet.dts + packet.duration.unwrap_or_default();
        self.last = self.last.max(end);
    }

    pub(super) fn duration(&self) -> Option<Duration> {
        self.first.map(|first| self.last.since(first))
    }
}
