use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::time::Duration;

use onair_media::{Packet, Timestamp};

use super::{BLOCK, Written};

/// Where a recording is written: a file, or a test's substitute for one.
pub(super) trait Disk: Write + Seek + Send {
    /// Cuts off everything after `length`.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

impl Disk for File {
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// A file that grows by whole pieces: of one that does not fit, nothing stays.
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

    /// Overwrites some of the bytes that are there.
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

/// A file that is written block by block; if a block does not fit, as many of its packets as do.
pub(super) struct Blocks {
    file: Pieces,
    block: Vec<u8>,
    /// What each packet in the block adds to it, and where the recording then ends.
    packets: Vec<(usize, Extent)>,
    extent: Extent,
    written: Extent,
}

impl Blocks {
    pub(super) fn new(disk: Box<dyn Disk>) -> Self {
        Self {
            file: Pieces::new(disk),
            block: Vec::new(),
            packets: Vec::new(),
            extent: Extent::default(),
            written: Extent::default(),
        }
    }

    /// Adds a packet, which `put` writes into the block.
    pub(super) fn push(
        &mut self,
        packet: &Packet,
        put: impl FnOnce(&mut Vec<u8>),
    ) -> io::Result<()> {
        let before = self.block.len();
        self.extent.add(packet);
        put(&mut self.block);
        self.packets.push((self.block.len() - before, self.extent));
        match self.block.len() {
            ..BLOCK => Ok(()),
            _ => self.write(),
        }
    }

    /// Writes what is in the block.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.block);
        let packets = std::mem::take(&mut self.packets);
        if self.file.append(&block).is_ok() {
            self.written = self.extent;
            return Ok(());
        }
        let mut rest = &block[..];
        for (length, extent) in packets {
            let (packet, others) = rest.split_at(length);
            self.file.append(packet)?;
            self.written = extent;
            rest = others;
        }
        Ok(())
    }

    /// As [`Pieces::patch`].
    pub(super) fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.patch(at, bytes)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// What is in the file.
    pub(super) fn written(&self) -> Written {
        Written {
            bytes: self.file.length(),
            duration: self.written.duration(),
        }
    }
}

/// The times of a recording's first and last packets.
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
