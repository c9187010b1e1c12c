use std::io;

use onair_flv::{Muxer, file, metadata};
use onair_media::{Kind, Packet};

use super::disk::{Blocks, Disk};
use super::{RecordingWriter, Written};
use crate::program::Program;

/// A `.flv` file: whole up to its last tag at any moment; its duration is filled in at the end.
pub(super) struct Flv {
    file: Blocks,
    program: Program,
    /// From the first packet on, with which the file begins.
    muxer: Option<Muxer>,
}

/// The offset of the first tag, the metadata.
const METADATA: u64 = 13;

impl Flv {
    pub(super) fn new(disk: Box<dyn Disk>, program: &Program) -> Self {
        Self {
            file: Blocks::new(disk),
            program: program.clone(),
            muxer: None,
        }
    }

    fn head(&self) -> Vec<u8> {
        let has = |kind| self.program.tracks.has(kind);
        let mut head = file::header(has(Kind::Audio), has(Kind::Video)).to_vec();
        head.extend(self.metadata());
        head
    }

    /// All numbers have the same length, so that the duration can be filled in afterwards.
    fn metadata(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        file::write_tag(&metadata::to_tag(&self.program.tracks, 0), &mut bytes);
        bytes
    }
}

impl RecordingWriter for Flv {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        let head = self.muxer.is_none().then(|| self.head());
        let begin = || self.program.muxer(packet);
        let muxer = self.muxer.get_or_insert_with(begin);
        self.file.push(packet, |block| {
            block.extend(head.unwrap_or_default());
            for tag in muxer.mux(packet) {
                block.extend_from_slice(&file::tag_header(&tag));
                block.extend_from_slice(&tag.head);
                block.extend_from_slice(&tag.payload);
                block.extend_from_slice(&file::back_pointer(&tag));
            }
        })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.file.write()
    }

    fn close(&mut self) -> io::Result<()> {
        let Written { bytes, duration } = self.written();
        if bytes == 0 {
            return Ok(());
        }
        self.program.tracks.duration = duration;
        self.file.patch(METADATA, &self.metadata())?;
        self.file.flush()
    }

    fn written(&self) -> Written {
        self.file.written()
    }
}
