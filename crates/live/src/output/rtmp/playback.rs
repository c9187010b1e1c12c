use std::future::poll_fn;
use std::io::{self, Read};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use onair_flv::{Tag, TagKind, file, metadata};
use onair_net::{Pump, ReadLimits};
use onair_rtmp::player::Event;
use onair_rtmp::{Input, Machine, Player, Scheme, SendBuffer, Url};
use tokio::runtime::{Builder, Runtime};

use super::connect::connect;
use crate::output::random;
use crate::output::stream;
use crate::output::tls::Trust;
use crate::output::transport::Ways;
use crate::{Error, Failure, FailureStage, Fault, Pace, Tls};

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
    pump: Pump<Box<dyn stream::Stream>, Player>,
    length: Duration,
    /// When to stop.
    until: Option<Instant>,
    seen: Seen,
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
            let socket = connect(url, &trust, Pace::Realtime, Ways::Usual).await?;
            let mut stream = Stream::new(socket, url, length);
            poll_fn(|cx| stream.poll_ready(cx)).await?;
            Ok::<_, Error>(stream)
        })?;
        Ok(Self { runtime, stream })
    }
}

impl Stream {
    fn new(socket: Box<dyn stream::Stream>, url: &Url, length: Duration) -> Self {
        let now = Instant::now();
        Self {
            pump: Pump::new(socket, Player::new(url.clone(), random(), now), now),
            length,
            until: None,
            seen: Seen::default(),
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
        let deadline = self.pump.deadline();
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
        let step = self.pump.machine.reached();
        Poll::Ready(result.map_err(|error| failure::failure(&error, step, None)))
    }

    fn take(&mut self, event: Event, now: Instant) {
        match event {
            Event::Playing => {
                self.until = Some(now + self.length);
                self.seen.moved = Some(now);
            }
            Event::Media(tag) => {
                self.seen.note(&tag, now);
                file::write_tag(&tag, &mut self.flv);
            }
            Event::Ended => {
                self.is_over = true;
                self.seen.has_ended = true;
            }
        }
    }
}

/// What has come of a stream.
#[derive(Debug, Default)]
struct Seen {
    is_described: bool,
    has_media: bool,
    /// When the latest picture or sound came; before the first, when the server began to play.
    moved: Option<Instant>,
    /// The server says that it is over.
    has_ended: bool,
}

/// A stream of which nothing comes for so long stands still.
const STILL: Duration = Duration::from_secs(3);

impl Seen {
    fn note(&mut self, tag: &Tag, now: Instant) {
        match tag.kind {
            // Servers send scripts of their own, whether anybody publishes or not.
            TagKind::Script => {
                self.is_described |= matches!(metadata::from_tag(tag), Ok(Some(_)));
            }
            TagKind::Video | TagKind::Audio => {
                self.has_media = true;
                self.moved = Some(now);
            }
        }
    }

    /// What it lacks, when no more of it is watched.
    fn shortfall(&self, now: Instant) -> Option<Failure> {
        let still = now.saturating_duration_since(self.moved?);
        let seconds = still.as_secs_f64();
        let words = match (self.has_media, self.is_described) {
            (true, _) if self.has_ended || still < STILL => return None,
            (true, _) => format!(
                "the stream stands still: neither picture nor sound came in the last {seconds:.1} s"
            ),
            (false, _) if self.has_ended => "it ended before a picture or sound came".to_owned(),
            (false, true) => format!(
                "its publisher says what the stream is, but neither picture nor sound came in \
                 {seconds:.1} s"
            ),
            (false, false) => {
                format!("the server plays it, but nothing of it came in {seconds:.1} s")
            }
        };
        Some(Failure::new(
            FailureStage::Live,
            Fault::NothingToWatch,
            words,
        ))
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
        if stream.read == stream.flv.len() {
            return match stream.seen.shortfall(Instant::now()) {
                Some(failure) => Err(io::Error::other(failure)),
                None => Ok(0),
            };
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

#[cfg(test)]
mod tests {
    use onair_flv::amf0;
    use onair_media::Tracks;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn tag(kind: TagKind) -> Tag {
        match kind {
            TagKind::Script => metadata::to_tag(&Tracks::default(), 0),
            TagKind::Video | TagKind::Audio => {
                Tag::from_body(kind, 0, vec![0x17, 1, 0, 0, 0, 9].into())
            }
        }
    }

    #[test]
    fn what_a_server_says_by_itself_is_no_publishers() {
        let start = Instant::now();
        let mut seen = Seen {
            moved: Some(start),
            ..Seen::default()
        };
        let access = amf0::write_all(&["|RtmpSampleAccess".into(), true.into()]);
        seen.note(&Tag::from_body(TagKind::Script, 0, access.into()), start);
        let failure = seen.shortfall(start + ms(2000)).expect("it is told");
        assert!(failure.to_string().starts_with("the server plays it, but"));
    }

    /// What is said after five seconds in which these came, each after so many milliseconds.
    fn said(came: &[(TagKind, u64)], has_ended: bool) -> Option<String> {
        let start = Instant::now();
        let mut seen = Seen {
            moved: Some(start),
            has_ended,
            ..Seen::default()
        };
        for (kind, after) in came {
            seen.note(&tag(*kind), start + ms(*after));
        }
        let failure = seen.shortfall(start + ms(5000))?;
        assert_eq!(failure.fault, Fault::NothingToWatch);
        Some(failure.to_string())
    }

    #[test]
    fn what_did_not_come_of_a_stream_is_said() {
        use TagKind::{Audio, Script, Video};
        for (came, words) in [
            (
                &[][..],
                "the server plays it, but nothing of it came in 5.0 s",
            ),
            (
                &[(Script, 10)],
                "says what the stream is, but neither picture nor sound came in 5.0 s",
            ),
            (
                &[(Video, 10), (Audio, 1500)],
                "stands still: neither picture nor sound came in the last 3.5 s",
            ),
        ] {
            let said = said(came, false).expect("it is told");
            assert!(said.ends_with(words), "{said}");
        }
        let said_of_end = said(&[(Script, 10)], true).expect("it is told");
        assert!(said_of_end.starts_with("it ended before"), "{said_of_end}");
    }

    #[test]
    fn a_stream_that_plays_or_that_ended_lacks_nothing() {
        assert_eq!(said(&[(TagKind::Audio, 2500)], false), None);
        assert_eq!(said(&[(TagKind::Video, 10)], true), None);
    }
}
