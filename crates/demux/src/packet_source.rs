use std::time::Duration;

use onair_media::{Kind, Packet, Tracks};

use crate::{Container, Damage, Error, Refused, Track};

/// A media file or stream, read packet by packet.
///
/// Times are the container's own: they start wherever the file starts, and can
/// be negative where an edit list or B-frame reordering puts them there.
pub trait PacketSource: Send {
    /// Which container this is read from, if from any.
    fn container(&self) -> Option<Container>;

    /// The tracks whose packets come out: at most one of each kind.
    fn tracks(&self) -> &[Track];

    /// What was left out or looked odd, in words for a person.
    fn notes(&self) -> &[String];

    /// The next packet: decode order within a track, the tracks interleaved by
    /// decoding time. `None` at the end. After an error, `None`.
    fn next_packet(&mut self) -> Result<Option<Packet>, Error>;

    /// What was said anew of the whole before the packet that came last: told once. A live stream
    /// may change its title or its encoder while it is on air.
    fn take_description(&mut self) -> Option<Tracks>;

    /// How long the whole lasts, where the container says so.
    fn duration(&self) -> Option<Duration>;

    /// What of it could not be read so far, counted by the track.
    fn damage(&self) -> Damage;
}

/// What is opened although a kind of track in it may have to be left out.
pub struct Opened {
    /// The tracks that can be sent, if any.
    pub media: Box<dyn PacketSource>,
    /// The first track of each kind of which none can.
    pub refused: Vec<Refused>,
}

impl Opened {
    /// The media, if no kind of track is left out.
    pub(crate) fn whole(self) -> Result<Box<dyn PacketSource>, Error> {
        if self.refused.is_empty() {
            return Ok(self.media);
        }
        let kept = |kind| self.media.tracks().iter().any(|track| track.kind() == kind);
        let kept = [Kind::Video, Kind::Audio].map(kept);
        Err(Error::codec(self.refused, kept))
    }
}
