//! How words and numbers leave the program, without ever waiting for a reader.
//!
//! A pipe that nobody empties, or a terminal stopped by Ctrl-S, blocks its writer. So one thread
//! writes, and all others leave their text in a bounded queue: when it is full, lines are left out
//! and counted. A stream and an exit wait for no reader.

use std::collections::VecDeque;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use onair::media::text::is_printable;

use crate::board::Board;
use crate::failure::Failure;

/// The outlet for people.
static STDERR: LazyLock<Outlet> = LazyLock::new(|| Outlet::new(io::stderr(), LEFT_OUT));

/// How long the end of the program waits for the last lines to be taken.
const AT_THE_END: Duration = Duration::from_millis(500);

/// The most that may wait, in bytes.
const LIMIT: usize = 256 * 1024;

const LEFT_OUT: Option<&str> = Some("lines were left out here: nobody read them in time");

/// A writer that never blocks its user.
#[derive(Debug)]
pub(crate) struct Outlet(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<String>,
    bytes: usize,
    /// How many lines were left out since that was last reported.
    left_out: u64,
    /// The newest rows, if not shown yet; no rows erase them.
    board: Option<Vec<String>>,
    is_writing: bool,
    failure: Option<io::Error>,
}

/// With -q only the most important is said.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// From now on [`say`] and [`show`] do nothing.
pub(crate) fn be_quiet() {
    IS_QUIET.store(true, Ordering::Relaxed);
}

/// Says one line or more to the person at the terminal, unless -q was given.
pub(crate) fn say(words: impl Display) {
    if !IS_QUIET.load(Ordering::Relaxed) {
        insist(words);
    }
}

/// Says what has to be known even with -q.
pub(crate) fn insist(words: impl Display) {
    STDERR.put(shown(&words.to_string()) + "\n");
}

/// Words from strangers, including file names, without characters that act on a terminal. The line
/// breaks are our own.
pub(crate) fn shown(words: &str) -> String {
    let fit = |c| match c {
        '\n' => '\n',
        '\t' => ' ',
        c if is_printable(c) => c,
        _ => char::REPLACEMENT_CHARACTER,
    };
    words.chars().map(fit).collect()
}

/// Shows these rows below everything that was said, instead of the last ones.
pub(crate) fn show(rows: Vec<String>) {
    if !IS_QUIET.load(Ordering::Relaxed) {
        let rows = rows.iter().map(|row| shown(row)).collect();
        STDERR.0.update(|state| state.board = Some(rows));
    }
}

/// Gives the last words a moment to be read.
pub(crate) fn finish() {
    let _nobody_reads = STDERR.finish();
}

/// Writes a result to stdout, and waits until it is taken; false if the reader has seen enough.
///
/// # Errors
///
/// When it cannot be written.
pub(crate) fn print(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::stdout(error)),
    }
}

/// Takes whole lines, as a log writes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        STDERR.put(shown(&String::from_utf8_lossy(line)));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Outlet {
    /// An outlet to `writer`. It reports how many lines were left out if there are words for that.
    pub(crate) fn new(writer: impl Write + Send + 'static, left_out: Option<&'static str>) -> Self {
        let shared = Arc::new(Shared::default());
        let mut pen = Pen {
            shared: shared.clone(),
            writer: Box::new(writer),
            board: Board::default(),
            left_out,
        };
        let thread = thread::Builder::new().name("onair-words".to_owned());
        // Without a thread nothing is said.
        let _too_many = thread.spawn(move || pen.write_all());
        Self(shared)
    }

    /// Writes `text`, soon, or leaves it out.
    pub(crate) fn put(&self, text: String) {
        self.0.update(|state| {
            if state.bytes + text.len() > LIMIT {
                state.left_out += 1;
                return;
            }
            state.bytes += text.len();
            state.waiting.push_back(text);
        });
    }

    /// Waits a moment until all of it is written.
    ///
    /// # Errors
    ///
    /// When some of it was not: the writer failed, or nobody reads what it writes.
    pub(crate) fn finish(&self) -> Result<(), io::Error> {
        let idle = |state: &mut State| state.is_writing || state.has_work();
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.0.lock(), AT_THE_END, idle);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        match state.failure.take() {
            // The reader has seen enough.
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Some(error) => Err(error),
            None if timeout.timed_out() || state.left_out > 0 => {
                Err(io::ErrorKind::TimedOut.into())
            }
            None => Ok(()),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }
}

impl State {
    fn has_work(&self) -> bool {
        !self.waiting.is_empty() || self.board.is_some()
    }
}

/// The thread that writes.
struct Pen {
    shared: Arc<Shared>,
    writer: Box<dyn Write + Send>,
    board: Board,
    left_out: Option<&'static str>,
}

impl Pen {
    fn write_all(&mut self) {
        loop {
            let text = self.next();
            let written = self
                .writer
                .write_all(text.as_bytes())
                .and_then(|()| self.writer.flush());
            self.shared.update(|state| {
                state.is_writing = false;
                if let Err(error) = written {
                    state.failure.get_or_insert(error);
                }
            });
        }
    }

    /// Waits for something to write.
    fn next(&mut self) -> String {
        let idle = self
            .shared
            .changed
            .wait_while(self.shared.lock(), |state| !state.has_work());
        let mut state = idle.unwrap_or_else(PoisonError::into_inner);
        state.is_writing = true;
        state.bytes = 0;
        let mut text: String = state.waiting.drain(..).collect();
        if let Some(words) = self.left_out.filter(|_| state.left_out > 0) {
            let count = std::mem::take(&mut state.left_out);
            text.push_str(&format!("onair: {count} {words}\n"));
        }
        let board = state.board.take();
        drop(state);
        self.board.draw(&text, board)
    }
}
