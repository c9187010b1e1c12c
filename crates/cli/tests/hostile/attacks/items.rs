//! Publishers whose streams weigh more than their pictures.

use super::FLOOD;
use crate::flood::{self, Flood};
use crate::peer;
use crate::row::Row;
use crate::victim::Victim;
use crate::wire;

const MEGABYTE: usize = 1_000_000;

/// Metadata is kept for new viewers, and given to present ones.
pub(crate) fn metadata_of_a_megabyte() -> Row {
    let victim = Victim::receive("");
    let socket = peer::publisher(1, victim.rtmp(), "cam").expect("it is granted");
    let mut all = ['a', 'b'].map(|fill| wire::metadata(MEGABYTE, fill));
    let flood = Flood::new(&socket, move || {
        all.swap(0, 1);
        Some(all[0].clone())
    });
    let sent = flood::run(vec![flood], FLOOD);
    Row::new("metadata of 1 MB, again and again", victim.end()).sent(sent)
}

/// Each picture keeps the configuration it needs.
pub(crate) fn configurations_of_a_megabyte() -> Row {
    let victim = Victim::receive("");
    let socket = peer::publisher(1, victim.rtmp(), "cam").expect("it is granted");
    let mut count = 0_u32;
    let flood = Flood::new(&socket, move || {
        count += 1;
        let fill = u8::try_from(count % 2).unwrap_or(0);
        let mut wire = wire::avc_config(count, MEGABYTE, fill);
        wire.extend(wire::picture(count, count % 100 == 1, 20, 0));
        Some(wire)
    });
    let sent = flood::run(vec![flood], FLOOD);
    Row::new("configurations of 1 MB in turn", victim.end()).sent(sent)
}
