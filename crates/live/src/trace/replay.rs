//! The same calls again, and whether the same comes of them.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Write};
use std::time::{Duration, Instant};

use super::line::{End, FORMAT, Header, Line, Note, Order, Told};
use super::machine::{Impossible, Machine};
use super::{handover, queue};
use crate::failover::Failover;
use crate::handover::{Action, Handover, Progress};
use crate::queue::PacketQueue;
use crate::rate::{Arbiter, AudioLadder, PictureLadder, RateLaw};
use crate::reconnect::Reconnect;

/// A trace, and what became of it now.
#[derive(Debug, Default)]
pub struct Replay {
    /// The version of the program that wrote it.
    pub version: String,
    /// How that program's rate law behaves: see [`law_fingerprint`](super::law_fingerprint).
    pub law: String,
    /// From the first call to the last.
    pub length: Duration,
    /// Lines read, the first one too.
    pub lines: u64,
    /// What happened, in order.
    pub moments: Vec<Moment>,
    /// How often each kind of machine decided something, by its name.
    pub decisions: Vec<(&'static str, u64)>,
    /// Frames left out before the encoder.
    pub left_out: u64,
    /// Packets of video and of audio that queues dropped.
    pub dropped: [u64; 2],
    /// Calls that the program could not write.
    pub missed: u64,
    /// How many lines are others now.
    pub differences: u64,
    /// The first of them.
    pub difference: Option<Difference>,
    /// Why the trace could not be read to its end.
    pub error: Option<Error>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// How long after the beginning.
    pub at: Duration,
    /// What it was.
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An event was told.
    Told(Told),
    /// The system has other routes or addresses than before.
    Network,
    /// The user wanted something.
    Ordered(Order),
    /// A step from one connection to the next.
    Handover {
        /// Whose; a recording has none.
        destination: Option<usize>,
        /// The step.
        action: Action,
    },
}

/// A line that is another now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its number, from 1.
    pub line: u64,
    /// How long after the beginning.
    pub at: Duration,
    /// What it was.
    pub recorded: String,
    /// What it would be now.
    pub now: String,
}

/// Why a trace cannot be read. Lines are numbered from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("line {line}: {source}")]
    Io {
        /// Where.
        line: u64,
        /// The system's answer.
        source: io::Error,
    },
    /// It is no trace at all.
    #[error("line 1: this is no trace of onair's")]
    NoTrace,
    /// It is written in a way that this version does not know.
    #[error("line 1: a trace of format {format}, and this version reads format {FORMAT}")]
    OtherFormat {
        /// The format.
        format: u32,
    },
    /// A line is no line of a trace.
    #[error("line {line} is damaged: {reason}")]
    Damaged {
        /// Which.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A line says what no program wrote.
    #[error("line {line} is damaged: {reason}")]
    Impossible {
        /// Which.
        line: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The last line is missing: the program was killed, or the file cut.
    #[error("the trace is cut after line {line}: it has no end")]
    Cut {
        /// The last whole line.
        line: u64,
    },
}

/// Calls each machine again, and compares.
pub fn replay(trace: impl BufRead) -> Replay {
    let mut replay = Replay::default();
    replay.error = replay.run(trace, &mut io::sink()).err();
    replay
}

/// Writes the same calls with what comes of them now: how a trace that is kept as a test is brought
/// up to date.
///
/// # Errors
///
/// When the trace cannot be read to its end.
pub fn again(trace: impl BufRead, out: &mut impl Write) -> Result<(), Error> {
    Replay::default().run(trace, out)
}

impl Replay {
    /// Whether every decision is what it was, up to the end.
    pub fn is_same(&self) -> bool {
        self.differences == 0 && self.error.is_none()
    }

    fn run(&mut self, trace: impl BufRead, out: &mut impl Write) -> Result<(), Error> {
        let mut lines = Lines { trace, number: 0 };
        let unwritten = |line| move |source| Error::Io { line, source };
        self.begin(&lines.next()?)?;
        self.write(out, &Header::of_this()).map_err(unwritten(1))?;
        let mut stage = Stage::new();
        loop {
            let text = lines.next()?;
            let number = lines.number;
            self.lines = number;
            let line = serde_json::from_str(&text).map_err(|error| Error::Damaged {
                line: number,
                reason: error.to_string(),
            })?;
            let (at, is_end) = (time_of(&line), matches!(line, Line::End(_)));
            let now = self
                .again(&mut stage, line)
                .map_err(|reason| Error::Impossible {
                    line: number,
                    reason,
                })?;
            self.length = self.length.max(at);
            let now = self.write(out, &now).map_err(unwritten(number))?;
            self.compare(text, now, at);
            if is_end {
                return lines.expect_no_more();
            }
        }
    }

    fn begin(&mut self, text: &str) -> Result<(), Error> {
        let header: Header = serde_json::from_str(text).map_err(|_| Error::NoTrace)?;
        if header.onair_trace != FORMAT {
            return Err(Error::OtherFormat {
                format: header.onair_trace,
            });
        }
        self.lines = 1;
        (self.version, self.law) = (header.version, header.law);
        Ok(())
    }

    fn write(&self, out: &mut impl Write, line: &impl serde::Serialize) -> io::Result<String> {
        let text = serde_json::to_string(line)?;
        writeln!(out, "{text}").map(|()| text)
    }

    fn compare(&mut self, recorded: String, now: String, at: Duration) {
        if recorded == now {
            return;
        }
        self.differences += 1;
        let line = self.lines;
        self.difference.get_or_insert(Difference {
            line,
            at,
            recorded,
            now,
        });
    }

    /// The line as it would be now.
    fn again(&mut self, stage: &mut Stage, line: Line) -> Result<Line, Impossible> {
        let began = stage.began;
        Ok(match line {
            Line::Rate(note) => stage.laws.again(note, began, self)?,
            Line::Arbiter(note) => stage.arbiters.again(note, began, self)?,
            Line::Picture(note) => stage.ladders.again(note, began, self)?,
            Line::Audio(note) => stage.audio.again(note, began, self)?,
            Line::Failover(note) => stage.failovers.again(note, began, self)?,
            Line::Reconnect(note) => stage.reconnects.again(note, began, self)?,
            Line::Progress(note) => stage.progress.again(note, began, self)?,
            Line::Handover(note) => {
                self.note_step(stage, &note);
                stage.handovers.again(note, began, self)?
            }
            Line::Queue(note) => {
                self.note_drop(&note);
                stage.queues.again(note, began, self)?
            }
            Line::Frame(_, waits, limit) if waits <= limit => {
                return Err("a frame was left out that nothing stood in the way of");
            }
            Line::Frame(..) => {
                self.left_out += 1;
                line
            }
            Line::Network(at) => {
                self.happened(at, What::Network);
                line
            }
            Line::Told(at, ref told) => {
                self.happened(at, What::Told(told.clone()));
                line
            }
            Line::Ordered(at, order) => {
                self.happened(at, What::Ordered(order));
                line
            }
            Line::End(End { missed }) => {
                self.missed = missed;
                line
            }
        })
    }

    fn happened(&mut self, at: u64, what: What) {
        let at = Duration::from_nanos(at);
        self.moments.push(Moment { at, what });
    }

    fn note_step(&mut self, stage: &mut Stage, note: &Note<Handover>) {
        let Note(at, id, call, says) = note;
        if let handover::Call::New { destination, .. } = call {
            stage.destinations.insert(*id, *destination);
        }
        if let Some(action) = *says {
            let destination = stage.destinations.get(id).copied().flatten();
            self.happened(
                *at,
                What::Handover {
                    destination,
                    action,
                },
            );
        }
    }

    fn note_drop(&mut self, note: &Note<PacketQueue>) {
        if let Some(queue::Says { dropped, .. }) = &note.3 {
            let [video, audio] = &mut self.dropped;
            *video = video.saturating_add(dropped[0]);
            *audio = audio.saturating_add(dropped[1]);
        }
    }

    fn count(&mut self, machine: &'static str) {
        match self.decisions.iter_mut().find(|(name, _)| *name == machine) {
            Some((_, count)) => *count += 1,
            None => self.decisions.push((machine, 1)),
        }
    }
}

/// The machines that were called so far.
struct Stage {
    /// What stands for the beginning of the trace.
    began: Instant,
    laws: Running<Box<dyn RateLaw>>,
    arbiters: Running<Arbiter>,
    ladders: Running<PictureLadder>,
    audio: Running<AudioLadder>,
    failovers: Running<Failover>,
    reconnects: Running<Reconnect>,
    progress: Running<Progress>,
    handovers: Running<Handover>,
    queues: Running<PacketQueue>,
    /// Of the handovers.
    destinations: HashMap<u32, Option<usize>>,
}

impl Stage {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            laws: Running::of("rate"),
            arbiters: Running::of("arbiter"),
            ladders: Running::of("picture"),
            audio: Running::of("audio"),
            failovers: Running::of("failover"),
            reconnects: Running::of("reconnect"),
            progress: Running::of("progress"),
            handovers: Running::of("handover"),
            queues: Running::of("queue"),
            destinations: HashMap::new(),
        }
    }
}

/// The machines of one kind, by number.
struct Running<M> {
    name: &'static str,
    machines: HashMap<u32, M>,
}

impl<M: Machine> Running<M> {
    fn of(name: &'static str) -> Self {
        Self {
            name,
            machines: HashMap::new(),
        }
    }

    fn again(
        &mut self,
        Note(at, id, call, _): Note<M>,
        began: Instant,
        replay: &mut Replay,
    ) -> Result<Line, Impossible> {
        let now = Some(Duration::from_nanos(at))
            .filter(|after| *after <= LONGEST)
            .and_then(|after| began.checked_add(after))
            .ok_or("no broadcast lasted as long")?;
        if let Some(machine) = M::begin(&call)? {
            self.machines.insert(id, machine);
        }
        let machine = self.machines.get_mut(&id);
        let machine = machine.ok_or("it is about a machine that nobody made")?;
        let says = machine.again(&call, now)?;
        if says.is_some() {
            replay.count(self.name);
        }
        Ok(M::line(Note(at, id, call, says)))
    }
}

/// A year.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

fn time_of(line: &Line) -> Duration {
    let at = match line {
        Line::Rate(note) => note.0,
        Line::Arbiter(note) => note.0,
        Line::Picture(note) => note.0,
        Line::Audio(note) => note.0,
        Line::Failover(note) => note.0,
        Line::Reconnect(note) => note.0,
        Line::Progress(note) => note.0,
        Line::Handover(note) => note.0,
        Line::Queue(note) => note.0,
        Line::Frame(at, ..) | Line::Network(at) | Line::Told(at, _) | Line::Ordered(at, _) => *at,
        Line::End(_) => 0,
    };
    Duration::from_nanos(at)
}

/// Lines, none longer than any that was ever written.
struct Lines<R> {
    trace: R,
    /// Of the last line given.
    number: u64,
}

/// The longest line names the packets that a whole socket buffer held.
const MAX_LINE: u64 = 4 * 1024 * 1024;

impl<R: BufRead> Lines<R> {
    /// The next line, without its end.
    fn next(&mut self) -> Result<String, Error> {
        let mut text = Vec::new();
        let line = self.number + 1;
        let read = (&mut self.trace)
            .take(MAX_LINE)
            .read_until(b'\n', &mut text);
        read.map_err(|source| Error::Io { line, source })?;
        let damaged = |reason: String| Error::Damaged { line, reason };
        if text.pop_if(|last| *last == b'\n').is_none() {
            return Err(match text.len() as u64 {
                MAX_LINE => damaged("it is longer than any line".to_owned()),
                _ if self.number == 0 => Error::NoTrace,
                _ => Error::Cut { line: self.number },
            });
        }
        self.number = line;
        String::from_utf8(text).map_err(|error| damaged(error.to_string()))
    }

    fn expect_no_more(&mut self) -> Result<(), Error> {
        let line = self.number + 1;
        let rest = self
            .trace
            .fill_buf()
            .map_err(|source| Error::Io { line, source })?;
        match rest.is_empty() {
            true => Ok(()),
            false => Err(Error::Damaged {
                line,
                reason: "something follows the end".to_owned(),
            }),
        }
    }
}
