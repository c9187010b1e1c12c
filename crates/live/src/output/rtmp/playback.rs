use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::time::{Duration, Instant};

use onair_flv::file;
use onair_rtmp::player::Event;
use onair_rtmp::{Input, Machine, Output, Player, Slices, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout_at;

use crate::output::tls::Trust;
use crate::output::transport::{self, Stream};
use crate::{Error, Pace, Tls};

/// What a server plays to those who watch, for a while, to be read as an FLV stream.
///
/// Reading blocks until there is something. It ends when the stream does, or when it was watched
/// for as long as was asked for.
pub struct Playback {
    runtime: Runtime,
    socket: Box<dyn Stream>,
    player: Player,
    length: Duration,
    /// When it has been watched for long enough.
    until: Option<Instant>,
    /// FLV not yet read, and how much of it is.
    flv: Vec<u8>,
    read: usize,
    is_over: bool,
}

impl Playback {
    /// Connects and asks for the stream; returns when the server plays it.
    ///
    /// # Errors
    ///
    /// When there is no connection, or the server does not play the stream.
    pub fn open(url: &Url, tls: &Tls, length: Duration) -> Result<Self, Error> {
        let trust = Trust::new(tls, url.scheme())?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let what = "no runtime to play a stream in";
        let runtime = runtime.map_err(|source| Error::System { what, source })?;
        let socket = runtime.block_on(transport::connect(url, &trust, Pace::Realtime));
        let unplayable = |reason: String| Error::Unplayable { reason };
        let socket = socket.map_err(|failure| unplayable(failure.to_string()))?;
        let seed = RandomState::new().hash_one(Instant::now());
        let mut playback = Self {
            runtime,
            socket,
            player: Player::new(url.clone(), seed, Instant::now()),
            length,
            until: None,
            flv: file::header(true, true).to_vec(),
            read: 0,
            is_over: false,
        };
        while playback.until.is_none() {
            let step = playback.step();
            step.map_err(|error| unplayable(error.to_string()))?;
        }
        Ok(playback)
    }

    /// Passes on what the machine has to say, then waits for the server.
    fn step(&mut self) -> io::Result<()> {
        let deadline = loop {
            match self.player.poll_output() {
                Output::Transmit(slices) => self.transmit(slices)?,
                Output::Event(event) => self.take(event),
                Output::Timeout(at) => break at,
            }
        };
        if self.until.is_some_and(|until| until <= Instant::now()) {
            self.is_over = true;
        }
        if self.is_over {
            self.until.get_or_insert_with(Instant::now);
            return Ok(());
        }
        let wake = self.until.map_or(deadline, |until| until.min(deadline));
        let mut buffer = vec![0; BUFFER];
        let read = self.socket.read(&mut buffer);
        let read = self
            .runtime
            .block_on(async { timeout_at(wake.into(), read).await });
        let now = Instant::now();
        let input = match read {
            Err(_) => Input::Timeout(now),
            Ok(Ok(0) | Err(_)) => Input::Closed(now),
            Ok(Ok(count)) => Input::Receive(now, &buffer[..count]),
        };
        self.player.handle_input(input).map_err(io::Error::other)
    }

    fn transmit(&mut self, slices: Slices) -> io::Result<()> {
        self.runtime.block_on(async {
            for piece in slices.pieces() {
                self.socket.write_all(piece).await?;
            }
            self.socket.flush().await
        })
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Playing => self.until = Some(Instant::now() + self.length),
            Event::Media(tag) => file::write_tag(&tag, &mut self.flv),
            Event::Ended => self.is_over = true,
            _ => {}
        }
    }
}

impl Read for Playback {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.flv.len() {
            self.flv.clear();
            self.read = 0;
            if self.is_over {
                return Ok(0);
            }
            self.step()?;
        }
        let ready = &self.flv[self.read..];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.read += count;
        Ok(count)
    }
}

/// Bytes asked of the socket at a time.
const BUFFER: usize = 64 * 1024;
