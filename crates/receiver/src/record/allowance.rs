use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::StreamName;

/// How many files may begin: a few at once, then one from time to time, for each stream and each
/// publisher's address. So a publisher that keeps coming and going fills no directory.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// When each would have its full allowance again.
    streams: HashMap<String, Instant>,
    addresses: HashMap<String, Instant>,
}

/// How many files of a stream may begin at once.
const STREAM_BURST: u32 = 8;

/// How many files of an address may begin at once.
const ADDRESS_BURST: u32 = 32;

/// How long until there may be another.
const EACH: Duration = Duration::from_secs(10);

/// With more names or addresses than this, new ones are not told apart.
const MAX_KNOWN: usize = 4096;

impl Allowance {
    /// Uses up one file of both allowances, if both have one; else the error says which has not,
    /// and until when.
    pub(super) fn permit(
        &mut self,
        name: &StreamName,
        address: &str,
        now: Instant,
    ) -> Result<(), String> {
        let stream = check(&mut self.streams, name.as_str(), STREAM_BURST, now);
        let stream = stream.map_err(|wait| refusal("this stream", wait))?;
        let from = check(&mut self.addresses, address, ADDRESS_BURST, now);
        let from = from.map_err(|wait| refusal("this address", wait))?;
        self.streams.insert(name.to_string(), stream);
        self.addresses.insert(address.to_owned(), from);
        Ok(())
    }
}

fn refusal(whose: &str, wait: Duration) -> String {
    let seconds = wait.as_secs() + 1;
    format!("{whose} began too many recordings; the next may begin in {seconds} s")
}

/// What to remember if the file is begun; the error is how long to wait for it.
fn check(
    all: &mut HashMap<String, Instant>,
    who: &str,
    burst: u32,
    now: Instant,
) -> Result<Instant, Duration> {
    all.retain(|_, free_at| *free_at > now);
    let is_known = all.contains_key(who);
    if !is_known && all.len() >= MAX_KNOWN {
        return Err(EACH);
    }
    let free_at = all.get(who).copied().unwrap_or(now);
    let used = free_at.saturating_duration_since(now);
    let wait = used.saturating_sub(EACH * (burst - 1));
    if wait.is_zero() {
        Ok(free_at + EACH)
    } else {
        Err(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> StreamName {
        StreamName::new("live", name).unwrap()
    }

    #[test]
    fn a_stream_that_begins_all_the_time_makes_a_few_files_and_then_one_now_and_then() {
        let (mut allowance, now) = (Allowance::default(), Instant::now());
        let tries = (0..900).map(|i| now + Duration::from_millis(i * 9));
        let made = tries.filter(|at| allowance.permit(&name("cam"), "1.2.3.4", *at).is_ok());
        assert_eq!(made.count(), 8);
        let later = now + Duration::from_secs(10);
        assert!(allowance.permit(&name("cam"), "1.2.3.4", later).is_ok());
        let words = allowance
            .permit(&name("cam"), "1.2.3.4", later)
            .unwrap_err();
        assert_eq!(
            words,
            "this stream began too many recordings; the next may begin in 11 s"
        );
        assert!(allowance.permit(&name("other"), "1.2.3.4", later).is_ok());
    }

    #[test]
    fn an_address_has_so_many_whatever_its_streams_are_called() {
        let (mut allowance, now) = (Allowance::default(), Instant::now());
        let tries = (0..900).map(|i| name(&format!("cam{i}")));
        let made = tries.filter(|name| allowance.permit(name, "1.2.3.4", now).is_ok());
        assert_eq!(made.count(), 32);
        assert!(allowance.permit(&name("cam"), "5.6.7.8", now).is_ok());
    }

    #[test]
    fn who_waited_has_it_all_again_and_nobody_is_remembered_for_ever() {
        let (mut allowance, now) = (Allowance::default(), Instant::now());
        for _ in 0..20 {
            let _used = allowance.permit(&name("cam"), "1.2.3.4", now);
        }
        let later = now + EACH * STREAM_BURST;
        let again = (0..20).filter(|_| allowance.permit(&name("cam"), "5.6.7.8", later).is_ok());
        assert_eq!(again.count(), 8);
        assert_eq!(allowance.addresses.len(), 1);
    }
}
