//! The program's output goes into a pipe that nobody empties.

use std::io::Write;
use std::time::Duration;

use crate::flood;
use crate::peer::{self, Messages};
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

/// A stream matters more than its log, and so does an end.
pub(crate) fn nobody_reads_the_log() -> Row {
    let victim = Victim::receive_unheard("-vv", "Publish:");
    let to = victim.rtmp();
    let mut publisher = peer::publisher(1, to, "cam").expect("it is granted");
    publisher
        .write_all(&wire::avc_config(0, 0, 0))
        .and_then(|()| publisher.write_all(&wire::picture(0, true, 2000, 1)))
        .expect("it is taken");
    let mut player = Messages::play(1, to, "cam").expect("it connects");
    let begins = player.picture() == Some(1);
    // Each is worth a few lines; a pipe holds 64 KB.
    for _ in 0..400 {
        if peer::ask(1, to, &wire::hello(), "_result").is_err() {
            break;
        }
    }
    flood::hold(Duration::from_millis(200));
    let goes_on = publisher
        .write_all(&wire::picture(40, true, 2000, 2))
        .is_ok()
        && player.picture() == Some(2);
    Row::new("nobody reads the log of -vv", victim.end())
        .demands("a stream begins", begins)
        .demands("and goes on", goes_on)
}
