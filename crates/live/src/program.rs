use std::time::Duration;

use onair_flv::Muxer;
use onair_media::{Packet, Tracks};
use tokio::sync::watch;

/// What has to be known about the media before the first packet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    /// Its tracks.
    pub(crate) tracks: Tracks,
    /// How much later than a packet of the other track with a later time one may come.
    pub(crate) lag: Duration,
    /// What its source said of it later.
    pub(crate) said: watch::Sender<Option<Tracks>>,
}

/// How late audio comes out of its encoder, priming included, compared with video.
pub(crate) const ENCODER_LAG: Duration = Duration::from_millis(100);

/// The same if silence may replace a microphone that gives nothing: it takes a while to know that
/// nothing comes.
pub(crate) const DEVICE_LAG: Duration = Duration::from_millis(300);

impl Program {
    /// A muxer for a stream that begins with `first`.
    ///
    /// Audio earlier than the picture it follows would all be sent at wire time zero, and servers
    /// stumble over repeated times: wire time begins early enough for it.
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
            lag: ENCODER_LAG,
            ..Program::default()
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
