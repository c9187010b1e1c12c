use std::time::Duration;

use onair_media::{Kind, Packet, Tracks};

use crate::{Container, Damage, Error, Refused, Track};

/// A media file or stream, read packet by packet.
///
/// Times are the container's own: they start wherever the file starts, and can
/// be negative where an edit list or B-frame reordering puts them there.
pub trait PacketSource: Send {
    /// The container it is read from, if any.
    fn container(&self) -> Option<Container>;

    /// The tracks whose packets come out: at most one of each kind.
    fn tracks(&self) -> &[Track];

    /// What was left out or looked odd, in words for people.
    fn notes(&self) -> &[String];

    /// The next packet: decode order within a track, the tracks interleaved by
    /// decoding time. `None` at the end. After an error, `None`.
    fn next_packet(&mut self) -> Result<Option<Packet>, Error>;

    /// What the stream said of itself anew before the last packet; told once. A live stream
    /// may change its title or its encoder while it is on air.
    fn take_description(&mut self) -> Option<Tracks>;

    /// Its duration, where the container says so.
    fn duration(&self) -> Option<Duration>;

    /// What could not be read so far, by track.
    fn damage(&self) -> Damage;
}

/// Opened media, and the tracks that had to be left out.
pub struct Opened {
    /// The tracks that can be sent, if any.
    pub media: Box<dyn PacketSource>,
    /// The first track of each kind that has none to send.
    pub refused: Vec<Refused>,
}

impl Opened {
    /// The media, if no kind of track was left out.
    pub(crate) fn whole(self) -> Result<Box<dyn PacketSource>, Error> {
        if self.refused.is_empty() {
            return Ok(self.media);
        }
        let kept = |kind| self.media.tracks().iter().any(|track| track.kind() == kind);
        let kept = [Kind::Video, Kind::Audio].map(kept);
        Err(Error::codec(self.refused, kept))
    }
}
