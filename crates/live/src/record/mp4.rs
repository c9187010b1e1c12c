use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::time::Duration;

use onair_media::{Lineup, Packet, Tracks};
use onair_mp4::{Ending, Fragment, Movie};

use super::Tape;
use crate::program::Program;

/// A `.mp4` file: fragmented while it lasts, ordinary once it has ended.
pub(super) struct Mp4 {
    file: File,
    state: State,
}

enum State {
    /// A file's head names all its tracks.
    Waiting(Lineup),
    Writing(Box<Movie>),
}

/// How long a track that was announced is waited for; then the file is made without it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is held meanwhile: five seconds of 100 Mbit/s.
const MOST: usize = 64 * 1024 * 1024;

impl Mp4 {
    pub(super) fn new(file: File, program: &Program) -> Self {
        let metadata = &program.metadata;
        let mut lineup = Lineup::new(PATIENCE, MOST);
        lineup.expect(
            metadata.video_codec.is_some(),
            metadata.audio_codec.is_some(),
        );
        Self {
            file,
            state: State::Waiting(lineup),
        }
    }

    fn begin(&mut self, tracks: Tracks) -> io::Result<()> {
        let origin = tracks.origin();
        let begun = Movie::begin(tracks.video, tracks.audio, origin);
        let (movie, head) = begun.map_err(io::Error::other)?;
        self.file.write_all(&head)?;
        self.state = State::Writing(Box::new(movie));
        let mut packets = tracks.packets.iter();
        packets.try_for_each(|packet| self.push(packet))
    }
}

impl Tape for Mp4 {
    fn push(&mut self, packet: &Packet) -> io::Result<()> {
        match &mut self.state {
            State::Waiting(lineup) => match lineup.push(packet.clone()) {
                Some(tracks) => self.begin(tracks),
                None => Ok(()),
            },
            State::Writing(movie) => {
                let fragment = movie.push(packet).map_err(io::Error::other)?;
                append(&mut self.file, fragment)
            }
        }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if let State::Waiting(lineup) = &mut self.state
            && let Some(tracks) = lineup.finish()
        {
            self.begin(tracks)?;
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

fn append(file: &mut File, fragment: Option<Fragment>) -> io::Result<()> {
    let Some(fragment) = fragment else {
        return Ok(());
    };
    file.write_all(&fragment.to_vec())
}

/// The index first, then what points to it: whatever interrupts this, the file plays.
fn end(file: &mut File, ending: &Ending) -> io::Result<()> {
    file.write_all(&ending.moov)?;
    for (at, bytes) in &ending.patches {
        file.flush()?;
        file.seek(SeekFrom::Start(*at))?;
        file.write_all(bytes)?;
    }
    file.flush()
}
