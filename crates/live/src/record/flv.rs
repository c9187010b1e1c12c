use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::time::Duration;

use onair_flv::{Metadata, Muxer, file};
use onair_media::{Packet, Timestamp};

use super::{BLOCK, Tape};
use crate::program::Program;

/// A `.flv` file: whole up to its last tag at any moment; its duration is put in at the end.
pub(super) struct Flv {
    out: BufWriter<File>,
    program: Program,
    muxer: Option<Muxer>,
    ends: Ends,
}

/// Where the first tag, the metadata, lies.
const METADATA: u64 = 13;

impl Flv {
    pub(super) fn begin(file: File, program: &Program) -> io::Result<Self> {
        let metadata = &program.metadata;
        let (audio, video) = (
            metadata.audio_codec.is_some(),
            metadata.video_codec.is_some(),
        );
        let mut out = BufWriter::with_capacity(BLOCK, file);
        out.write_all(&file::header(audio, video))?;
        write_metadata(&mut out, metadata)?;
        Ok(Self {
            out,
            program: program.clone(),
            muxer: None,
            ends: Ends::default(),
        })
    }
}

impl Tape for Flv {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        self.ends.add(packet);
        let begin = || self.program.muxer(packet);
        let muxer = self.muxer.get_or_insert_with(begin);
        write_packet(&mut self.out, muxer, packet)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.program.metadata.duration = self.ends.duration();
        self.out.seek(SeekFrom::Start(METADATA))?;
        write_metadata(&mut self.out, &self.program.metadata)?;
        self.out.flush()
    }
}

/// A number is as long as another: the duration can be put in afterwards.
fn write_metadata(out: &mut impl Write, metadata: &Metadata) -> io::Result<()> {
    let mut bytes = Vec::new();
    file::write_tag(&metadata.to_tag(0), &mut bytes);
    out.write_all(&bytes)
}

fn write_packet(out: &mut impl Write, muxer: &mut Muxer, packet: &Packet) -> io::Result<()> {
    for tag in muxer.mux(packet) {
        out.write_all(&file::tag_header(&tag))?;
        out.write_all(&tag.head)?;
        out.write_all(&tag.payload)?;
        out.write_all(&file::back_pointer(&tag))?;
    }
    Ok(())
}

/// From when to when a recording goes.
#[derive(Debug, Default)]
struct Ends {
    first: Option<Timestamp>,
    last: Timestamp,
}

impl Ends {
    fn add(&mut self, packet: &Packet) {
        self.first.get_or_insert(packet.dts);
        let end = packet.dts + packet.duration.unwrap_or_default();
        self.last = self.last.max(end);
    }

    fn duration(&self) -> Option<Duration> {
        self.first.map(|first| self.last.since(first))
    }
}
