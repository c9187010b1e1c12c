use std::time::Duration;

use onair_media::{Kind, Packet, Probed, TrackProbe};

use crate::Viewer;

/// How long a recording waits for a second track that was not announced, in media time: a file
/// names its tracks once and for all.
pub(crate) const RECORDER: Duration = Duration::from_secs(3);

/// How long a relay waits, which can announce a track later.
pub(crate) const RELAY: Duration = Duration::from_secs(1);

/// How much a publisher can make us hold meanwhile.
pub(crate) const MAX_HELD_BYTES: usize = 8 * 1024 * 1024;

/// Finds out which tracks a publisher's stream has.
pub(crate) const fn new(timeout: Duration) -> TrackProbe {
    TrackProbe::new(timeout, MAX_HELD_BYTES)
}

/// Takes a packet, and what its publisher has promised by now; gives all packets so far once the
/// tracks are known.
pub(crate) fn push(probe: &mut TrackProbe, viewer: &Viewer, packet: Packet) -> Option<Probed> {
    for kind in [Kind::Video, Kind::Audio] {
        if viewer.promises(kind) {
            probe.promise(kind);
        }
    }
    probe.push(packet)
}
