use std::time::Duration;

use onair_flv::Muxer;
use onair_media::{Packet, Tracks};

/// What is to be known about the media before the first packet.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// What it consists of.
    pub(crate) tracks: Tracks,
    /// By how much a packet may come after one of the other track that is later in time.
    pub(crate) lag: Duration,
}

/// How late sound comes out of its encoder, priming included, compared with pictures.
pub(crate) const ENCODER_LAG: Duration = Duration::from_millis(100);

/// The same where silence stands in for a microphone that gives nothing: only after a while is
/// it clear that nothing comes.
pub(crate) const DEVICE_LAG: Duration = Duration::from_millis(300);

impl Program {
    /// A muxer for what begins with `first`.
    ///
    /// Sound that is earlier than the picture it follows would all be sent at the wire's time
    /// zero, and servers stumble over times that repeat: the wire begins early enough for it.
    pub(crate) fn muxer(&self, first: &Packet) -> Muxer {
        Muxer::starting_at(first.dts - self.lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{audio, video};

    #[test]
    fn sound_that_follows_a_later_picture_keeps_its_distance() {
        let program = Program {
            tracks: Tracks::default(),
            lag: ENCODER_LAG,
        };
        let packets = [video(500, true), audio(457), audio(478), audio(500)];
        let mut muxer = program.muxer(&packets[0]);
        let times: Vec<_> = packets
            .iter()
            .filter_map(|packet| muxer.mux(packet).into_iter().last())
            .map(|tag| tag.timestamp)
            .collect();
        assert_eq!(times, [100, 57, 78, 100]);
    }
}
