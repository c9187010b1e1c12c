use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use tokio::time::timeout;

use super::hello::{Answer, Hello, Problem, Said};

/// The connection to a page, with manners.
pub(super) struct Socket(WebSocket);

/// The page is gone, or takes nothing any more.
#[derive(Debug)]
pub(super) struct Lost;

impl Socket {
    pub(super) const fn new(socket: WebSocket) -> Self {
        Self(socket)
    }

    /// The next message, whatever it is.
    pub(super) async fn recv(&mut self) -> Option<Result<Message, axum::Error>> {
        self.0.recv().await
    }

    /// The first message, which has to be a hello, and soon.
    pub(super) async fn hello(&mut self) -> Result<Box<Hello>, Problem> {
        let first = timeout(HELLO_TIMEOUT, self.0.recv()).await;
        let wrong = |what: &str| Problem::new("hello", what);
        match first {
            Err(_) => Err(wrong("No hello within five seconds.")),
            Ok(Some(Ok(Message::Text(text)))) => match parse(&text) {
                Ok(Said::Hello(hello)) => Ok(hello),
                Ok(_) | Err(_) => Err(wrong("The first message was no hello.")),
            },
            Ok(_) => Err(wrong("The first message was no hello.")),
        }
    }

    pub(super) async fn say(&mut self, answer: &Answer) -> Result<(), Lost> {
        let text = serde_json::to_string(answer).map_err(|_| Lost)?;
        self.send(Message::text(text)).await
    }

    pub(super) async fn send(&mut self, message: Message) -> Result<(), Lost> {
        match timeout(SILENCE_TIMEOUT, self.0.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Lost),
        }
    }

    /// The last message and the close, for as long as somebody may be listening.
    pub(super) async fn end(mut self, answer: Answer, code: u16) {
        let close = CloseFrame {
            code,
            reason: "".into(),
        };
        let farewell = async {
            let _ = self.say(&answer).await;
            let _ = self.send(Message::Close(Some(close))).await;
            while let Some(Ok(_)) = self.0.recv().await {}
        };
        let _ = timeout(FAREWELL_TIMEOUT, farewell).await;
    }
}

/// Parses a text message.
pub(super) fn parse(text: &str) -> Result<Said, Problem> {
    if text.len() > MAX_WORDS {
        return Err(Problem::new(
            "message",
            "A text message longer than 64 KiB.",
        ));
    }
    serde_json::from_str(text).map_err(|error| {
        Problem::new(
            "message",
            format!("A text message not understood: {error}."),
        )
    })
}

const MAX_WORDS: usize = 64 * 1024;
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a peer may take nothing, or say nothing.
pub(super) const SILENCE_TIMEOUT: Duration = Duration::from_secs(15);
