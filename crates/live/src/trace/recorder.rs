//! From the machines to the disk, which no machine waits for.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::line::{End, Header, Line, Order, nanos};
use crate::{Error, Event};

/// Where calls are noted, if they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Option<Arc<Recorder>>);

#[derive(Debug)]
struct Recorder {
    began: Instant,
    /// `None` ends the file.
    lines: SyncSender<Option<Line>>,
    machines: AtomicU32,
    /// Lines that found no room, on their way or on the disk.
    missed: Arc<AtomicU64>,
    written: Mutex<Option<Receiver<io::Result<()>>>>,
}

/// One machine's calls, in their order. A machine of which one call is missing cannot be called
/// again as it was: its later calls are not noted either.
#[derive(Debug)]
pub(super) struct Tape {
    recorder: Arc<Recorder>,
    id: u32,
    last: Instant,
    is_broken: bool,
}

/// So many lines may wait for the disk: half a minute of a busy line.
const MAX_WAITING: usize = 8192;

/// A file grows to so many bytes: at the most that one destination takes, it lasts three hours.
pub(super) const MAX_BYTES: u64 = 512 * 1024 * 1024;

/// How much of the end may be missing if the program is killed.
const FLUSH: Duration = Duration::from_secs(1);

/// How long the end of a broadcast waits for the disk.
const END: Duration = Duration::from_secs(2);

impl Trace {
    /// Begins a new file.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let fault = |reason: io::Error| Error::Trace {
            path: path.to_owned(),
            reason: match reason.kind() {
                io::ErrorKind::AlreadyExists => "the file exists already".to_owned(),
                _ => reason.to_string(),
            },
        };
        Self::write_to(File::create_new(path).map_err(fault)?, MAX_BYTES).map_err(fault)
    }

    pub(super) fn write_to(disk: impl Write + Send + 'static, room: u64) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(MAX_WAITING);
        let (done, written) = sync_channel(1);
        let missed = Arc::new(AtomicU64::new(0));
        let mut writer = Writer::new(disk, room, missed.clone());
        let run = move || {
            let result = writer.run(&waiting);
            // Whoever waits for it may have given up.
            let _waits = done.send(result);
        };
        thread::Builder::new()
            .name("onair-trace".to_owned())
            .spawn(run)?;
        Ok(Self(Some(Arc::new(Recorder {
            began: Instant::now(),
            lines,
            machines: AtomicU32::new(0),
            missed,
            written: Mutex::new(Some(written)),
        }))))
    }

    /// For one more machine.
    pub(super) fn tape(&self) -> Option<Tape> {
        let recorder = self.0.clone()?;
        Some(Tape {
            id: recorder.machines.fetch_add(1, Ordering::Relaxed),
            last: Instant::now(),
            is_broken: false,
            recorder,
        })
    }

    pub(crate) fn told(&self, event: &Event) {
        self.fact(|at| Line::Told(at, event.into()));
    }

    pub(crate) fn ordered(&self, order: Order) {
        self.fact(|at| Line::Ordered(at, order));
    }

    /// The system has other routes or addresses than before.
    pub(crate) fn network_changed(&self) {
        self.fact(Line::Network);
    }

    /// A frame was left out, because `waits` bytes waited for a line and not at most `limit`.
    pub(crate) fn left_out(&self, waits: u64, limit: u64) {
        self.fact(|at| Line::Frame(at, waits, limit));
    }

    fn fact(&self, line: impl FnOnce(u64) -> Line) {
        if let Some(recorder) = &self.0 {
            let at = nanos(recorder.began.elapsed());
            recorder.put(line(at));
        }
    }

    /// Writes what is left; what is noted later is lost. Gives what is wrong with the file, in
    /// words.
    pub(crate) fn finish(&self) -> Option<String> {
        let recorder = self.0.as_ref()?;
        let mut written = recorder
            .written
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let written = written.take()?;
        let deadline = Instant::now() + END;
        while recorder.lines.try_send(None).is_err() && Instant::now() < deadline {
            thread::sleep(END / 100);
        }
        let result = written.recv_timeout(END);
        let missed = recorder.missed.load(Ordering::Relaxed);
        match result {
            Ok(Ok(())) if missed == 0 => None,
            Ok(Ok(())) => Some(format!("the trace lacks {missed} calls: see onair replay")),
            Ok(Err(error)) => Some(format!("the trace is not whole: {error}")),
            Err(_) => Some("the trace is not whole: the disk takes nothing".to_owned()),
        }
    }
}

impl Recorder {
    fn put(&self, line: Line) -> bool {
        let is_put = self.lines.try_send(Some(line)).is_ok();
        if !is_put {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        is_put
    }
}

impl Tape {
    pub(super) fn note(&mut self, now: Option<Instant>, line: impl FnOnce(u64, u32) -> Line) {
        self.last = now.unwrap_or(self.last);
        if self.is_broken {
            self.recorder.missed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let at = nanos(self.last.saturating_duration_since(self.recorder.began));
        self.is_broken = !self.recorder.put(line(at, self.id));
    }
}

struct Writer<W: Write> {
    disk: BufWriter<W>,
    room: u64,
    missed: Arc<AtomicU64>,
}

impl<W: Write> Writer<W> {
    fn new(disk: W, room: u64, missed: Arc<AtomicU64>) -> Self {
        Self {
            disk: BufWriter::with_capacity(64 * 1024, disk),
            room,
            missed,
        }
    }

    /// Writes until the end, or until the disk fails.
    fn run(&mut self, lines: &Receiver<Option<Line>>) -> io::Result<()> {
        self.write(&Header::of_this())?;
        let mut flushed = Instant::now();
        loop {
            match lines.recv_timeout(FLUSH) {
                Ok(Some(line)) => self.put(&line)?,
                Ok(None) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if flushed.elapsed() >= FLUSH {
                self.disk.flush()?;
                flushed = Instant::now();
            }
        }
        let missed = self.missed.load(Ordering::Relaxed);
        self.write(&Line::End(End { missed }))?;
        self.disk.flush()
    }

    /// A full file gets nothing more but its end: what follows a line that is missing says nothing.
    fn put(&mut self, line: &Line) -> io::Result<()> {
        if self.room == 0 {
            self.missed.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        self.write(line)
    }

    fn write(&mut self, line: &impl serde::Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.room = self.room.saturating_sub(text.len() as u64);
        self.disk.write_all(&text)
    }
}
