//! Fits the number of connections to the files that this process may open.

use crate::{Limits, WebLimits};

/// Lowers the limits to what the system lets this process open, with `sites` web servers; says so
/// in words if it had to.
pub(crate) fn fit(limits: &mut Limits, web: &mut WebLimits, sites: usize) -> Option<String> {
    lower(limits, web, sites, most_files()?)
}

/// How many files this process may have open; `None` for any number.
#[cfg(unix)]
fn most_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.and_then(|most| usize::try_from(most).ok())
}

#[cfg(not(unix))]
const fn most_files() -> Option<usize> {
    None
}

/// For recordings, relays, listeners and the program itself.
const OTHERS: usize = 128;

fn lower(limits: &mut Limits, web: &mut WebLimits, sites: usize, most: usize) -> Option<String> {
    let wanted = limits.connections + limits.half_open + sites * web.connections;
    let room = most.saturating_sub(OTHERS).max(most / 2);
    if wanted <= room {
        return None;
    }
    let part = |count: usize| (count.saturating_mul(room) / wanted).max(LEAST);
    limits.connections = part(limits.connections);
    limits.half_open = part(limits.half_open);
    limits.viewers_per_address = part(limits.viewers_per_address);
    web.connections = part(web.connections);
    web.viewers_per_address = part(web.viewers_per_address);
    let (players, pages) = (limits.connections, web.connections);
    Some(format!(
        "this process may have {most} files open, so that it takes {players} RTMP connections and \
         {pages} of browsers: raise `ulimit -n` for more"
    ))
}

/// Fewer connections would be useless.
const LEAST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_follow_the_files_that_may_be_open() {
        for most in [64, 256, 1024] {
            let (mut limits, mut web) = (Limits::default(), WebLimits::default());
            let words = lower(&mut limits, &mut web, 1, most).unwrap();
            let all = limits.connections + limits.half_open + web.connections;
            assert!(all <= most && all > most / 4, "{all} of {most}");
            assert!(words.contains("ulimit -n"), "{words}");
        }
        let (mut limits, mut web) = (Limits::default(), WebLimits::default());
        assert_eq!(lower(&mut limits, &mut web, 1, 4096), None);
        assert_eq!((limits, web), (Limits::default(), WebLimits::default()));
    }
}
