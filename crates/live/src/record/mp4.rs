use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::Duration;

use onair_media::{AudioConfig, Config, Packet, Timestamp, VideoConfig};
use onair_mp4::{Fragment, Movie};

use super::Tape;
use crate::program::Program;

/// A `.mp4` file: fragmented while it lasts, ordinary once it has ended.
pub(super) struct Mp4 {
    file: File,
    state: State,
}

enum State {
    Waiting(Lineup),
    Writing(Box<Movie>),
}

/// The beginning of a broadcast: a file's head names all its tracks.
struct Lineup {
    expects_video: bool,
    expects_audio: bool,
    video: Option<Arc<VideoConfig>>,
    audio: Option<Arc<AudioConfig>>,
    packets: Vec<Packet>,
}

/// How long a track that was announced is waited for; then the file is made without it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Mp4 {
    pub(super) fn new(file: File, program: &Program) -> Self {
        let lineup = Lineup {
            expects_video: program.metadata.video_codec.is_some(),
            expects_audio: program.metadata.audio_codec.is_some(),
            video: None,
            audio: None,
            packets: Vec::new(),
        };
        Self {
            file,
            state: State::Waiting(lineup),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        let State::Waiting(lineup) = &mut self.state else {
            return Ok(());
        };
        let packets = std::mem::take(&mut lineup.packets);
        let origin = packets.iter().map(|packet| packet.dts).min();
        let (video, audio) = (lineup.video.take(), lineup.audio.take());
        let begun = Movie::begin(video, audio, origin.unwrap_or(Timestamp::ZERO));
        let (movie, head) = begun.map_err(io::Error::other)?;
        self.file.write_all(&head)?;
        self.state = State::Writing(Box::new(movie));
        packets.iter().try_for_each(|packet| self.push(packet))
    }
}

impl Tape for Mp4 {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        match &mut self.state {
            State::Waiting(lineup) => {
                if lineup.push(packet) {
                    self.begin()?;
                }
                Ok(())
            }
            State::Writing(movie) => {
                let fragment = movie.push(packet).map_err(io::Error::other)?;
                append(&mut self.file, fragment)
            }
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if matches!(&self.state, State::Waiting(lineup) if !lineup.packets.is_empty()) {
            self.begin()?;
        }
        let State::Writing(mut movie) = self.state else {
            return Ok(());
        };
        append(&mut self.file, movie.finish().map_err(io::Error::other)?)?;
        match movie.end() {
            Ok(ending) => end(&mut self.file, &ending),
            Err(error) => {
                tracing::warn!(%error, "the recording stays a fragmented MP4");
                Ok(())
            }
        }
    }
}

impl Lineup {
    /// Keeps a packet of the beginning; true when the file can begin.
    fn push(&mut self, packet: &Packet) -> bool {
        match &packet.config {
            Config::Video(config) => drop(self.video.get_or_insert_with(|| config.clone())),
            Config::Audio(config) => drop(self.audio.get_or_insert_with(|| config.clone())),
        }
        self.packets.push(packet.clone());
        let is_whole = (!self.expects_video || self.video.is_some())
            && (!self.expects_audio || self.audio.is_some());
        is_whole || packet.dts.since(self.packets[0].dts) >= PATIENCE
    }
}

fn append(file: &mut File, fragment: Option<Fragment>) -> io::Result<()> {
    let Some(fragment) = fragment else {
        return Ok(());
    };
    file.write_all(&fragment.to_vec())
}

/// The index first, then what points to it: whatever interrupts this, the file plays.
fn end(file: &mut File, ending: &onair_mp4::Ending) -> io::Result<()> {
    file.write_all(&ending.moov)?;
    for (at, bytes) in &ending.patches {
        file.flush()?;
        file.seek(SeekFrom::Start(*at))?;
        file.write_all(bytes)?;
    }
    file.flush()
}
