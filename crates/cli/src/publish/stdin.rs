//! stdin; tells that it is waited for.

use std::io::{self, Read, Stdin};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use crate::outlet::say;

/// How long without a byte until somebody may wonder.
const WONDER: Duration = Duration::from_secs(1);

/// stdin, before its first bytes and after.
pub(super) struct Awaited {
    stdin: Stdin,
    /// Dropped when something has come.
    waiting: Option<Sender<()>>,
}

impl Awaited {
    pub(super) fn new() -> Self {
        let (waiting, come) = mpsc::channel::<()>();
        thread::spawn(move || {
            if come.recv_timeout(WONDER) == Err(RecvTimeoutError::Timeout) {
                say("waiting for stdin: nothing has come yet");
            }
        });
        Self {
            stdin: io::stdin(),
            waiting: Some(waiting),
        }
    }
}

impl Read for Awaited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stdin.read(buffer)?;
        self.waiting = None;
        Ok(count)
    }
}
