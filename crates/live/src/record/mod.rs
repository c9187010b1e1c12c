use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use onair_flv::{Metadata, Muxer, file};
use onair_media::{Packet, Timestamp};

use crate::feed::{Feed, Taken};
use crate::hub::Hub;
use crate::program::Program;
use crate::{Error, Event};

/// A file that is ready to be recorded to.
pub(crate) struct Recorder {
    path: PathBuf,
    file: File,
}

/// A recording that runs on its own thread.
#[derive(Debug)]
pub(crate) struct Recording {
    thread: JoinHandle<()>,
}

/// How much is written at once.
const BLOCK: usize = 256 * 1024;

/// Where the first tag, the metadata, lies.
const METADATA: u64 = 13;

impl Recorder {
    /// Creates the file. One that is there and has something in it stays as it is: it may be the
    /// recording of another show, or the very file that is being sent.
    pub(crate) fn create(path: PathBuf) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Recording {
            path: path.clone(),
            reason,
        };
        let is_flv = |name: &std::ffi::OsStr| name.eq_ignore_ascii_case("flv");
        if !path.extension().is_some_and(is_flv) {
            return Err(refuse("only .flv can be recorded".to_owned()));
        }
        let is_taken = |found: fs::Metadata| found.is_file() && found.len() > 0;
        if fs::metadata(&path).is_ok_and(is_taken) {
            let words = "it is there already and is not overwritten: name another, or remove it";
            return Err(refuse(words.to_owned()));
        }
        let file = File::create(&path).map_err(|error| refuse(error.to_string()))?;
        Ok(Self { path, file })
    }

    /// Records what the feed gives until it ends.
    pub(crate) fn start(
        self,
        feed: Arc<Feed>,
        hub: &Arc<Hub>,
        program: &Program,
    ) -> Result<Recording, Error> {
        let (hub, program) = (hub.clone(), program.clone());
        let run = move || {
            if let Err(error) = write(self.file, &feed, &program) {
                let reason = format!("{}: {error}", self.path.display());
                hub.tell(Event::RecordingFailed { reason });
            }
            let missing = feed.with(|queue| queue.tally().video.dropped);
            if missing > 0 {
                let words = format!("the disk was too slow: {missing} pictures are not recorded");
                hub.warn(None, words);
            }
            feed.close();
        };
        let thread = thread::Builder::new().name("onair-record".to_owned());
        let thread = thread.spawn(run).map_err(|source| Error::System {
            what: "starting a thread",
            source,
        })?;
        Ok(Recording { thread })
    }
}

impl Recording {
    /// Waits until everything is written.
    pub(crate) fn finish(self) {
        if self.thread.join().is_err() {
            tracing::error!("the recording panicked");
        }
    }
}

fn write(file: File, feed: &Feed, program: &Program) -> io::Result<()> {
    let mut metadata = program.metadata.clone();
    let mut out = BufWriter::with_capacity(BLOCK, file);
    let (audio, video) = (
        metadata.audio_codec.is_some(),
        metadata.video_codec.is_some(),
    );
    out.write_all(&file::header(audio, video))?;
    write_metadata(&mut out, &metadata)?;
    let mut muxer = None;
    let mut ends = Ends::default();
    let mut packets = Vec::new();
    while feed.take(BLOCK, &mut packets) == Taken::Some {
        for packet in packets.drain(..) {
            ends.add(&packet);
            let muxer = muxer.get_or_insert_with(|| program.muxer(&packet));
            write_packet(&mut out, muxer, &packet)?;
        }
    }
    metadata.duration = ends.duration();
    out.seek(SeekFrom::Start(METADATA))?;
    write_metadata(&mut out, &metadata)?;
    out.flush()
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
