//! The program in a temporary directory, and a server for it to talk to.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use onair_flv::{Tag, TagKind};
use onair_rtmp::server::{Config, Event, StreamId};
use onair_rtmp::{Input, Machine, Output as Given, Server};

/// The environment variables that the program reads.
pub(crate) const VARIABLES: [&str; 8] = [
    "ONAIR_URL",
    "ONAIR_BACKUP",
    "ONAIR_KEY",
    "ONAIR_PASSWORD",
    "ONAIR_KEYS",
    "ONAIR_RELAY",
    "ONAIR_PLAY_KEY",
    "RUST_LOG",
];

/// A test's own directory, removed at its end.
pub(crate) struct Dir(PathBuf);

impl Dir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("onair-cli-{}-{count}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary directory");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The program, run here with nothing of the caller's environment.
    pub(crate) fn onair(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onair"));
        command
            .args(args.split_whitespace())
            .current_dir(&self.0)
            .env("HOME", &self.0)
            .env_remove("XDG_STATE_HOME")
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::null());
        for name in VARIABLES {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, args: &str) -> Ran {
        Ran::from(self.onair(args).output().expect("the program starts"))
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _already_gone = fs::remove_dir_all(&self.0);
    }
}

/// The outcome of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is text"),
            stderr: String::from_utf8(output.stderr).expect("stderr is text"),
        }
    }
}

impl Ran {
    /// The last line of `--stats json`.
    pub(crate) fn report(&self) -> serde_json::Value {
        let line = self
            .stdout
            .lines()
            .last()
            .unwrap_or_else(|| panic!("no report: {self:?}"));
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

/// What a [`Peer`] does with a publish.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    Accept,
    /// Refuses with a code and a description.
    Refuse(&'static str, &'static str),
    /// Closes without a word once a client has introduced itself.
    HangUp,
}

/// What a [`Peer`] saw, in order.
#[derive(Debug)]
pub(crate) enum Seen {
    Publish { app: String, key: String },
    Media(Tag),
    Ended,
}

/// A server on loopback that serves any number of connections, one after the other or together.
pub(crate) struct Peer {
    pub(crate) port: u16,
    pub(crate) seen: Receiver<Seen>,
}

impl Peer {
    pub(crate) fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, seen) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || Connection::new(stream, manner, sender).serve());
            }
        });
        Self { port, seen }
    }

    pub(crate) fn url(&self) -> String {
        format!("rtmp://127.0.0.1:{}/live/sesame", self.port)
    }

    /// How many tags of `kind` with media have come by the stream's end.
    pub(crate) fn count(&self, kind: TagKind) -> [usize; 2] {
        let (mut headers, mut frames) = (0, 0);
        for seen in self.seen.try_iter() {
            match seen {
                Seen::Media(tag) if tag.kind == kind && tag.is_sequence_header() => headers += 1,
                // An AVC end of sequence has no payload.
                Seen::Media(tag) if tag.kind == kind && !tag.payload.is_empty() => frames += 1,
                _ => {}
            }
        }
        [headers, frames]
    }
}

struct Connection {
    socket: TcpStream,
    server: Server,
    manner: Manner,
    seen: Sender<Seen>,
}

impl Connection {
    fn new(socket: TcpStream, manner: Manner, seen: Sender<Seen>) -> Self {
        let server = Server::new(Config::default(), Instant::now());
        Self {
            socket,
            server,
            manner,
            seen,
        }
    }

    fn serve(mut self) {
        let mut buffer = vec![0; 1 << 16];
        loop {
            if self.drain().is_none() {
                return;
            }
            let input = match self.socket.read(&mut buffer) {
                Ok(0) | Err(_) => Input::Closed(Instant::now()),
                Ok(count) => Input::Receive(Instant::now(), &buffer[..count]),
            };
            if self.server.handle_input(input).is_err() {
                return;
            }
        }
    }

    /// `None` when the connection is over.
    fn drain(&mut self) -> Option<()> {
        loop {
            match self.server.poll_output() {
                Given::Transmit(slices) => {
                    for piece in slices.pieces() {
                        self.socket.write_all(piece).ok()?;
                    }
                }
                Given::Event(event) => self.handle_event(event)?,
                Given::Timeout(_) => return Some(()),
            }
        }
    }

    fn handle_event(&mut self, event: Event) -> Option<()> {
        match event {
            Event::Connected { .. } if matches!(self.manner, Manner::HangUp) => return None,
            Event::Publish {
                stream, app, key, ..
            } => {
                let key = key.expose().to_owned();
                let _test_over = self.seen.send(Seen::Publish {
                    app: app.to_string(),
                    key,
                });
                self.answer(stream);
            }
            Event::Media { tag, .. } => {
                let _test_over = self.seen.send(Seen::Media(tag));
            }
            Event::Ended { .. } => {
                let _test_over = self.seen.send(Seen::Ended);
            }
            Event::Closed => return None,
            _ => {}
        }
        Some(())
    }

    fn answer(&mut self, stream: StreamId) {
        match self.manner {
            Manner::Refuse(code, description) => self.server.refuse(stream, code, description),
            Manner::Accept | Manner::HangUp => self.server.accept(stream),
        }
    }
}
