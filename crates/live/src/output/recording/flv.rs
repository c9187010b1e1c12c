use std::io;

use onair_flv::{Muxer, file, metadata};
use onair_media::{Kind, Packet};

use super::disk::{Disk, Extent, Pieces};
use super::{BLOCK, Tape, Written};
use crate::program::Program;

/// A `.flv` file: whole up to its last tag at any moment; its duration is put in at the end.
pub(super) struct Flv {
    file: Pieces,
    program: Program,
    /// Since the first packet, with which the file begins.
    muxer: Option<Muxer>,
    /// Tags that wait to be written together.
    block: Vec<u8>,
    /// What each packet in the block adds to it, and where the recording then ends.
    packets: Vec<(usize, Extent)>,
    extent: Extent,
    written: Extent,
}

/// Where the first tag, the metadata, lies.
const METADATA: u64 = 13;

impl Flv {
    pub(super) fn new(disk: Box<dyn Disk>, program: &Program) -> Self {
        Self {
            file: Pieces::new(disk),
            program: program.clone(),
            muxer: None,
            block: Vec::new(),
            packets: Vec::new(),
            extent: Extent::default(),
            written: Extent::default(),
        }
    }

    fn begin(&self) -> Vec<u8> {
        let has = |kind| self.program.tracks.has(kind);
        let mut head = file::header(has(Kind::Audio), has(Kind::Video)).to_vec();
        head.extend(self.metadata());
        head
    }

    /// A number is as long as another: the duration can be put in afterwards.
    fn metadata(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        file::write_tag(&metadata::to_tag(&self.program.tracks, 0), &mut bytes);
        bytes
    }

    /// Writes the block; where not all of it fits, as many packets as do.
    fn write(&mut self) -> io::Result<()> {
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
}

impl Tape for Flv {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        let before = self.block.len();
        if self.muxer.is_none() {
            self.block = self.begin();
        }
        self.extent.add(packet);
        let begin = || self.program.muxer(packet);
        let muxer = self.muxer.get_or_insert_with(begin);
        for tag in muxer.mux(packet) {
            self.block.extend_from_slice(&file::tag_header(&tag));
            self.block.extend_from_slice(&tag.head);
            self.block.extend_from_slice(&tag.payload);
            self.block.extend_from_slice(&file::back_pointer(&tag));
        }
        self.packets.push((self.block.len() - before, self.extent));
        if self.block.len() >= BLOCK {
            return self.write();
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.write()
    }

    fn close(&mut self) -> io::Result<()> {
        if self.file.length() == 0 {
            return Ok(());
        }
        self.program.tracks.duration = self.written.duration();
        self.file.patch(METADATA, &self.metadata())?;
        self.file.flush()
    }

    fn written(&self) -> Written {
        Written {
            bytes: self.file.length(),
            duration: self.written.duration(),
        }
    }
}
