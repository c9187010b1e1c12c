//! What a page that is opened late has missed. Pure: time is an argument.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The messages of the last ten minutes.
#[derive(Debug, Default)]
pub(super) struct History {
    messages: VecDeque<(Instant, Arc<str>)>,
    bytes: usize,
}

/// How far back it goes.
const LENGTH: Duration = Duration::from_secs(600);

/// The most that is kept, whatever is told: enough for ten minutes of a dozen destinations.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What a message costs beside its text.
const OVERHEAD: usize = 64;

impl History {
    /// Keeps a message, and forgets what is too old or too much.
    pub(super) fn add(&mut self, message: Arc<str>, now: Instant) {
        self.bytes += message.len() + OVERHEAD;
        self.messages.push_back((now, message));
        self.forget(now);
    }

    /// All of it as one message, a JSON object.
    pub(super) fn replay(&mut self, now: Instant) -> String {
        self.forget(now);
        let messages: Vec<_> = self.messages.iter().map(|(_, text)| &**text).collect();
        format!(
            r#"{{"type":"history","messages":[{}]}}"#,
            messages.join(",")
        )
    }

    fn forget(&mut self, now: Instant) {
        let is_old = |at: Instant| now.saturating_duration_since(at) > LENGTH;
        while let Some((at, message)) = self.messages.front() {
            if !is_old(*at) && self.bytes <= MAX_BYTES {
                return;
            }
            self.bytes -= message.len() + OVERHEAD;
            self.messages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(history: &mut History, now: Instant) -> usize {
        let replay: serde_json::Value = serde_json::from_str(&history.replay(now)).unwrap();
        replay["messages"].as_array().unwrap().len()
    }

    #[test]
    fn it_is_ten_minutes_long_and_in_order() {
        let (mut history, began) = (History::default(), Instant::now());
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        assert_eq!(history.replay(began), r#"{"type":"history","messages":[]}"#);
        for second in 0..=900 {
            history.add(format!(r#"{{"second":{second}}}"#).into(), at(second));
        }
        assert_eq!(count(&mut history, at(900)), 601);
        let replay = history.replay(at(900));
        assert!(replay.contains(r#"[{"second":300},{"second":301}"#));
        assert_eq!(count(&mut history, at(1501)), 0);
        assert_eq!(history.bytes, 0);
    }

    #[test]
    fn it_is_bounded_in_bytes_whatever_is_told() {
        let (mut history, now) = (History::default(), Instant::now());
        let long: Arc<str> = format!(r#""{}""#, "x".repeat(100_000)).into();
        for _ in 0..1000 {
            history.add(long.clone(), now);
            history.add("1".into(), now);
            assert!(history.bytes <= MAX_BYTES);
        }
        assert!(count(&mut history, now) > 50);
        history.add("x".repeat(MAX_BYTES + 1).into(), now);
        assert_eq!(
            history.messages.len(),
            0,
            "what is too much alone is not kept"
        );
    }
}
