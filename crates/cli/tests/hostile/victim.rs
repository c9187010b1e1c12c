//! The program under attack: a process of its own, whose cost is read from `/proc`.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::row::Cost;

/// With more memory it is killed, to spare the machine.
const ENOUGH_MB: u64 = 700;

/// How long it may take to print its first lines, and at most to end.
const WORDS_WITHIN: Duration = Duration::from_secs(20);
const END_WITHIN: Duration = Duration::from_secs(20);

/// How often its cost is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How much of its log is kept for [`Victim::wait_for`].
const KEPT: usize = 256 * 1024;

pub(crate) struct Victim {
    child: Child,
    log: Arc<Log>,
    reader: JoinHandle<ChildStderr>,
    watcher: Watcher,
    directory: PathBuf,
}

/// Its output.
#[derive(Default)]
struct Log {
    said: Mutex<Said>,
    more: Condvar,
}

#[derive(Default)]
struct Said {
    text: String,
    bytes: u64,
    is_over: bool,
}

struct Watcher {
    stop: Sender<()>,
    thread: JoinHandle<Cost>,
}

impl Victim {
    /// `onair receive` on a free port, with these options.
    pub(crate) fn receive(options: &str) -> Self {
        Self::start(&format!("receive --listen 127.0.0.1:0 {options}"), None, "")
    }

    /// The same, with a shell's `ulimit -n`.
    pub(crate) fn receive_with_descriptors(count: u32, options: &str) -> Self {
        let limit = format!("ulimit -n {count};");
        Self::start(
            &format!("receive --listen 127.0.0.1:0 {options}"),
            None,
            &limit,
        )
    }

    /// The same, with nobody reading its output after these words.
    pub(crate) fn receive_unheard(options: &str, last_words: &'static str) -> Self {
        let line = format!("receive --listen 127.0.0.1:0 {options}");
        Self::start(&line, Some(last_words), "")
    }

    /// `onair publish` with these options.
    pub(crate) fn publish(options: &str) -> Self {
        Self::start(&format!("publish {options}"), None, "")
    }

    fn start(line: &str, heard_until: Option<&'static str>, before: &str) -> Self {
        let program = std::env::var("ONAIR_HOSTILE_PROGRAM");
        let program = program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_onair").to_owned());
        let directory = scratch();
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("{before} exec {program} {line}")])
            .current_dir(&directory)
            .env("HOME", &directory)
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("it is piped");
        let log = Arc::new(Log::default());
        let copy = log.clone();
        Self {
            watcher: Watcher::start(child.id()),
            child,
            log,
            reader: thread::spawn(move || copy.read(stderr, heard_until)),
            directory,
        }
    }

    /// Its directory, which is also its home.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Waits for a line with these words.
    pub(crate) fn wait_for(&self, words: &str) -> String {
        let deadline = Instant::now() + WORDS_WITHIN;
        let mut said = self.log.lock();
        loop {
            let line = said.text.lines().find(|line| line.contains(words));
            if let Some(line) = line {
                return line.to_owned();
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            assert!(
                !rest.is_zero() && !said.is_over,
                "it has not said {words:?}, but:\n{}",
                said.text
            );
            let waited = self.log.more.wait_timeout(said, rest);
            said = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether these words are in its log.
    pub(crate) fn has_said(&self, words: &str) -> bool {
        self.log.lock().text.contains(words)
    }

    /// How many bytes it has logged.
    pub(crate) fn logged(&self) -> u64 {
        self.log.lock().bytes
    }

    /// Its address for RTMP.
    pub(crate) fn rtmp(&self) -> SocketAddr {
        self.address_after("rtmp://")
    }

    /// Its address for RTMPS.
    pub(crate) fn rtmps(&self) -> SocketAddr {
        self.address_after("rtmps://")
    }

    /// Its address for the pages.
    pub(crate) fn web(&self) -> SocketAddr {
        let page = self.wait_for("Watch:");
        address(&page, "://").expect("an address")
    }

    fn address_after(&self, scheme: &str) -> SocketAddr {
        let line = self.wait_for(scheme);
        let port = line.split(scheme).nth(1).and_then(|rest| {
            let host = rest.split('/').next()?;
            host.rsplit_once(':')?.1.parse().ok()
        });
        SocketAddr::from(([127, 0, 0, 1], port.expect("a port")))
    }

    /// Asks it to end; gives its cost.
    pub(crate) fn end(mut self) -> Cost {
        // A short attack may have been over between two looks.
        let last = look(self.child.id()).unwrap_or(Cost::NONE);
        let asked = Instant::now();
        let id = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        kill(id, Signal::SIGTERM).ok();
        let ended = wait(&mut self.child, asked + END_WITHIN);
        let took = asked.elapsed();
        if ended.is_none() {
            self.child.kill().ok();
            self.child.wait().ok();
        }
        let cost = self.watcher.finish().max(last);
        self.reader.join().ok();
        fs::remove_dir_all(&self.directory).ok();
        // A program killed by a signal did not end by itself.
        let is_itself = ended.is_some_and(|status| status.code().is_some());
        Cost {
            end: is_itself.then_some(took),
            ..cost
        }
    }
}

fn address(line: &str, before: &str) -> Option<SocketAddr> {
    let rest = line.split(before).nth(1)?;
    rest.split('/').next()?.parse().ok()
}

/// A directory of its own.
fn scratch() -> PathBuf {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("onair-hostile-{}-{count}", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::create_dir_all(&path).expect("a temporary directory");
    path
}

fn wait(child: &mut Child, deadline: Instant) -> Option<ExitStatus> {
    let (never, tick): (Sender<()>, Receiver<()>) = channel();
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        let _ = tick.recv_timeout(LOOK);
        let _ = &never;
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the output; returns the pipe, so that it stays open.
    fn read(&self, stderr: ChildStderr, heard_until: Option<&str>) -> ChildStderr {
        let mut lines = BufReader::new(stderr);
        let mut line = Vec::new();
        while matches!(
            lines.by_ref().take(65536).read_until(b'\n', &mut line),
            Ok(1..)
        ) {
            let text = String::from_utf8_lossy(&line).into_owned();
            let mut said = self.lock();
            said.bytes += line.len() as u64;
            if said.text.len() < KEPT {
                said.text.push_str(&text);
            }
            drop(said);
            self.more.notify_all();
            line.clear();
            if heard_until.is_some_and(|words| text.contains(words)) {
                return lines.into_inner();
            }
        }
        self.lock().is_over = true;
        self.more.notify_all();
        lines.into_inner()
    }
}

impl Watcher {
    fn start(id: u32) -> Self {
        let (stop, stopped) = channel();
        Self {
            stop,
            thread: thread::spawn(move || watch(id, &stopped)),
        }
    }

    fn finish(self) -> Cost {
        drop(self.stop);
        self.thread.join().expect("the watcher ends")
    }
}

/// Measures the peaks until told to stop; kills it if they are too high.
fn watch(id: u32, stopped: &Receiver<()>) -> Cost {
    let mut peak = Cost::NONE;
    while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        peak = peak.max(look(id).unwrap_or(Cost::NONE));
        if peak.memory_mb > ENOUGH_MB {
            let id = Pid::from_raw(i32::try_from(id).expect("a process id"));
            kill(id, Signal::SIGKILL).ok();
        }
    }
    peak
}

/// Its cost so far; none once it is gone.
fn look(id: u32) -> Option<Cost> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let files = fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
    Some(Cost {
        memory_mb: field(&status, "VmHWM:") / 1024,
        threads: field(&status, "Threads:"),
        descriptors: files as u64,
        end: None,
    })
}

/// A number of `/proc/PID/status`; 0 if it is missing.
fn field(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
