//! `onair receive` as a program of a test's own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

/// A receiver and its output.
pub(crate) struct Receiver {
    pub(crate) child: Child,
    said: BufReader<ChildStderr>,
}

impl Receiver {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
        let said = BufReader::new(child.stderr.take().expect("it is piped"));
        Self { child, said }
    }

    /// Waits for a line that has these words.
    pub(crate) fn wait(&mut self, words: &str) -> String {
        loop {
            let mut line = String::new();
            let length = self.said.read_line(&mut line).expect("it writes");
            assert!(length > 0, "it ended without saying {words:?}");
            if line.contains(words) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Where to publish, up to the stream's name.
    pub(crate) fn address(&mut self) -> String {
        let line = self.wait("Publish:");
        let url = line.split_whitespace().last().expect("a URL");
        let (address, _) = url.rsplit_once('/').expect("a path");
        address.to_owned()
    }

    pub(crate) fn stop(self) {
        let (status, rest) = self.end();
        assert_eq!(status, Some(0), "{rest}");
    }

    /// The exit status, and the rest of its output.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.expect("kill is there").success());
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("it writes");
        (self.child.wait().expect("it ends").code(), rest)
    }
}

/// A test that fails leaves nothing running.
impl Drop for Receiver {
    fn drop(&mut self) {
        let _already_over = self.child.kill();
    }
}
