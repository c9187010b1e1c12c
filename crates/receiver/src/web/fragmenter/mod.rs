//! Packets to fragmented MP4, a fragment a frame, for one viewer of the watch page. Pure.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use onair_media::{Kind, Packet, Probed, Size, Timestamp, TrackProbe, Tracks};
use onair_mp4::{Error, Pacing};

/// What the viewer gets, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// The first, and again whenever the tracks or their coding change.
    Init(Description, Bytes),
    /// One frame; several may be joined.
    Media(Bytes),
}

/// What a page must know before it can create a buffer for the segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// The codecs of the tracks as media types name them (RFC 6381), video first.
    pub(crate) codecs: Vec<String>,
    /// The picture's size, if there is a picture.
    pub(crate) size: Option<Size>,
}

/// The tracks that a stream is known to have, if that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// Whether video is to come.
    pub(crate) video: bool,
    /// Whether audio is to come.
    pub(crate) audio: bool,
}

/// Makes one viewer's segments. It begins at a keyframe, and waits until it knows the tracks: at
/// most half a second of media.
pub(crate) struct Fragmenter {
    probe: TrackProbe,
    /// Once the tracks are known.
    writer: Option<Writer>,
    joined: BytesMut,
    ready: Vec<Segment>,
}

/// What writes the segments.
struct Writer {
    tracks: Tracks,
    /// There are tracks or configurations that no init segment has described yet.
    has_changed: bool,
    origin: Timestamp,
    mp4: onair_mp4::Fragmenter,
}

impl Fragmenter {
    /// A fragmenter for a stream that is expected to have these tracks.
    pub(crate) fn new(expected: Expected) -> Self {
        let mut probe = TrackProbe::new(TRACK_TIMEOUT, MAX_HELD);
        probe.expect(expected.video, expected.audio);
        Self {
            probe,
            writer: None,
            joined: BytesMut::new(),
            ready: Vec::new(),
        }
    }

    /// Takes the stream's next packet.
    pub(crate) fn push(&mut self, packet: Packet) -> Result<(), Error> {
        if self.writer.is_some() {
            return self.write(&packet);
        }
        match self.probe.push(packet) {
            Some(probed) => self.begin(probed),
            None => Ok(()),
        }
    }

    /// What is ready to be sent, with all media between two init segments as one.
    pub(crate) fn take(&mut self) -> Vec<Segment> {
        self.join();
        std::mem::take(&mut self.ready)
    }

    /// When a frame is presented to the viewer; `None` before the first init segment.
    pub(crate) fn time_of(&self, pts: Timestamp) -> Option<Duration> {
        let nanos = pts.nanos_from(self.writer.as_ref()?.origin);
        u64::try_from(nanos).ok().map(Duration::from_nanos)
    }

    /// How many bytes are held back.
    pub(crate) const fn held(&self) -> usize {
        self.probe.held_bytes()
    }

    /// Releases what was held back, from the first keyframe on.
    fn begin(&mut self, probed: Probed) -> Result<(), Error> {
        let has_video = probed.tracks.has(Kind::Video);
        let starts = |packet: &Packet| !has_video || packet.is_video_keyframe();
        let Some(start) = probed.packets.iter().position(starts) else {
            return Ok(());
        };
        let first = probed.packets[start].dts;
        // Viewers' time begins a little early, with room for what belongs before the first
        // keyframe.
        let origin = first - LEAD_IN;
        self.writer = Some(Writer {
            mp4: onair_mp4::Fragmenter::new(&probed.tracks, Pacing::Live, origin),
            tracks: probed.tracks,
            has_changed: false,
            origin,
        });
        let is_early_audio =
            |packet: &Packet| packet.kind() == Kind::Audio && packet.dts >= first - EARLIER_AUDIO;
        self.describe()?;
        for (index, packet) in probed.packets.iter().enumerate() {
            if index >= start || is_early_audio(packet) {
                self.write(packet)?;
            }
        }
        Ok(())
    }

    fn describe(&mut self) -> Result<(), Error> {
        self.join();
        if let Some(writer) = &mut self.writer {
            self.ready.push(writer.describe()?);
        }
        Ok(())
    }

    /// Puts one packet into a fragment, after a new init segment if needed.
    fn write(&mut self, packet: &Packet) -> Result<(), Error> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let is_described = writer.learn(packet);
        if writer.has_changed && writer.can_begin_at(packet) {
            self.describe()?;
        } else if !is_described {
            return Ok(()); // a new set-up begins with the next keyframe
        }
        match &mut self.writer {
            Some(writer) => writer.write(packet, &mut self.joined),
            None => Ok(()),
        }
    }

    fn join(&mut self) {
        if !self.joined.is_empty() {
            self.ready
                .push(Segment::Media(self.joined.split().freeze()));
        }
    }
}

impl Writer {
    /// Takes a packet's configuration; gives whether an init segment has described it.
    fn learn(&mut self, packet: &Packet) -> bool {
        let is_described = self.mp4.accepts(packet);
        if !is_described {
            self.tracks.update(&packet.config);
            self.has_changed = true;
        }
        is_described
    }

    const fn can_begin_at(&self, packet: &Packet) -> bool {
        packet.is_video_keyframe() || !self.tracks.has(Kind::Video)
    }

    /// An init segment for the tracks there are now.
    fn describe(&mut self) -> Result<Segment, Error> {
        self.has_changed = false;
        self.mp4.describe(&self.tracks);
        let description = Description {
            codecs: self
                .tracks
                .configs()
                .map(|config| config.codec_string())
                .collect(),
            size: self.tracks.video.first().and_then(|video| video.size),
        };
        Ok(Segment::Init(description, self.mp4.init()?))
    }

    fn write(&mut self, packet: &Packet, out: &mut BytesMut) -> Result<(), Error> {
        self.mp4.push(packet);
        if let Some(fragment) = self.mp4.take()? {
            out.extend_from_slice(&fragment.head);
            let payloads = fragment.payloads.iter();
            payloads.for_each(|payload| out.extend_from_slice(payload));
        }
        Ok(())
    }
}

/// How much media to wait through for a track that may not exist.
const TRACK_TIMEOUT: Duration = Duration::from_millis(500);
const MAX_HELD: usize = 4 * 1024 * 1024;
/// How far before the first picture audio is still useful.
const EARLIER_AUDIO: Duration = Duration::from_millis(100);
const LEAD_IN: Duration = Duration::from_secs(10);
