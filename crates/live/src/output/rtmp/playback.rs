use std::future::poll_fn;
use std::io::{self, Read};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use onair_flv::file;
use onair_net::{Pump, ReadLimits};
use onair_rtmp::player::Event;
use onair_rtmp::{Input, Machine, Player, Scheme, SendBuffer, Url};
use tokio::runtime::{Builder, Runtime};

use super::connect::connect;
use crate::output::random;
use crate::output::tls::Trust;
use crate::output::transport;
use crate::{Error, Failure, Pace, Tls};

use super::failure::{self, stage_of};

/// A server's stream, played for a while and read as FLV.
///
/// Reading blocks until there is something. It ends when the stream does, or after the length that
/// was asked for.
pub struct Playback {
    runtime: Runtime,
    stream: Stream,
}

/// The played media as FLV.
struct Stream {
    pump: Pump<Box<dyn transport::Stream>, Player>,
    length: Duration,
    /// When to stop.
    until: Option<Instant>,
    /// FLV not read yet, and how much of it has been read.
    flv: Vec<u8>,
    read: usize,
    is_over: bool,
}

impl Playback {
    /// Connects and asks for the stream; returns once the server plays it.
    ///
    /// # Errors
    ///
    /// When there is no connection, or the server does not play the stream.
    pub fn open(url: &Url, tls: &Tls, length: Duration) -> Result<Self, Error> {
        let trust = Trust::new(tls, url.scheme() == Scheme::Rtmps)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let what = "no runtime to play a stream in";
        let runtime = runtime.map_err(|source| Error::System { what, source })?;
        let stream = runtime.block_on(async {
            let socket = connect(url, &trust, Pace::Realtime).await?;
            let mut stream = Stream::new(socket, url, length);
            poll_fn(|cx| stream.poll_ready(cx)).await?;
            Ok::<_, Error>(stream)
        })?;
        Ok(Self { runtime, stream })
    }
}

impl Stream {
    fn new(socket: Box<dyn transport::Stream>, url: &Url, length: Duration) -> Self {
        let now = Instant::now();
        Self {
            pump: Pump::new(socket, Player::new(url.clone(), random(), now), now),
            length,
            until: None,
            flv: file::header(true, true).to_vec(),
            read: 0,
            is_over: false,
        }
    }

    /// Ready once the server plays it and there is something to read, or never will be.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        loop {
            let now = Instant::now();
            while let Some(event) = self.pump.next_event(now) {
                self.take(event, now);
            }
            while let Poll::Ready(written) = self.pump.poll_write(cx, now) {
                let stage = stage_of(self.pump.machine.step());
                written.map_err(|broken| Failure::broken(stage, &broken.error))?;
            }
            self.is_over |= self.until.is_some_and(|until| until <= now);
            let has_more = self.until.is_some() && self.read < self.flv.len();
            if self.is_over || has_more {
                return Poll::Ready(Ok(()));
            }
            ready!(self.poll_server(cx, now))?;
        }
    }

    /// Waits for the server or the next deadline.
    fn poll_server(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Result<(), Failure>> {
        let (deadline, step) = (self.pump.deadline(), self.pump.machine.step());
        let result = match self.pump.poll_read(cx, LIMITS, now) {
            Poll::Ready(received) => received.result,
            Poll::Pending if deadline <= now => self.pump.machine.handle_input(Input::Timeout(now)),
            Poll::Pending => {
                let wake = self.until.map_or(deadline, |until| until.min(deadline));
                return match self.pump.poll_timer(cx, wake) {
                    true => Poll::Ready(Ok(())),
                    false => Poll::Pending,
                };
            }
        };
        Poll::Ready(result.map_err(|error| failure::failure(&error, step, None)))
    }

    fn take(&mut self, event: Event, now: Instant) {
        match event {
            Event::Playing => self.until = Some(now + self.length),
            Event::Media(tag) => file::write_tag(&tag, &mut self.flv),
            Event::Ended => self.is_over = true,
            _ => {}
        }
    }
}

impl Read for Playback {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { runtime, stream } = self;
        if stream.read == stream.flv.len() {
            stream.flv.clear();
            stream.read = 0;
            let ready = runtime.block_on(poll_fn(|cx| stream.poll_ready(cx)));
            ready.map_err(io::Error::other)?;
        }
        let ready = &stream.flv[stream.read..];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        stream.read += count;
        Ok(count)
    }
}

/// How much to read from the socket at a time.
const LIMITS: ReadLimits = ReadLimits {
    bytes: ReadLimits::MAX_BYTES,
    unwritten: SendBuffer::MAX_UNREAD,
};
