//! The Enhanced RTMP v2 header that audio and video share, where it holds more than one plain
//! track: packet modifiers and several tracks ("ExAudioTagHeader", "ExVideoTagHeader").

use bytes::Bytes;
use onair_media::FourCc;

use crate::Error;
use crate::folded::{MOD_EX, is_command, is_folded, multitrack};
use crate::head::TagKind;

/// An unfolded message: its tracks as they would be sent alone.
#[derive(Debug)]
pub(crate) struct Unfolded {
    /// The first byte each of the tracks would have alone.
    first: u8,
    nanos: u32,
    tracks: Tracks,
    rest: Bytes,
}

/// `AvMultitrackType`, if there is one, and how far the tracks share a codec.
#[derive(Clone, Copy, Debug)]
enum Tracks {
    /// No track ids: all is track 0.
    Plain(FourCc),
    /// `OneTrack`, which may be another than track 0.
    One(FourCc),
    /// `ManyTracks`.
    Many(FourCc),
    /// `ManyTracksManyCodecs`.
    ManyCodecs,
    /// None, or none left.
    None,
}

/// One track of a message.
#[derive(Debug)]
pub(crate) struct Track {
    /// 0 is the one that every receiver plays.
    pub(crate) id: u8,
    pub(crate) codec: FourCc,
    /// How a message with this track alone would begin,
    pub(crate) head: [u8; 5],
    /// and how it would go on.
    pub(crate) body: Bytes,
}

impl Unfolded {
    /// Unfolds a message; `None` for one that is not folded.
    pub(crate) fn of(kind: TagKind, head: &[u8], payload: &Bytes) -> Option<Result<Self, Error>> {
        let first = *head.first()?;
        is_folded(kind, first).then(|| Self::parse(kind, first, payload.clone()))
    }

    fn parse(kind: TagKind, first: u8, payload: Bytes) -> Result<Self, Error> {
        let mut reader = Reader::new(payload, 1);
        let mut packet_type = first & 0x0F;
        let mut nanos = 0;
        while packet_type == MOD_EX {
            let (modifier, next, data) = reader.modifier()?;
            packet_type = next;
            if modifier == TIMESTAMP_OFFSET_NANO {
                nanos = self::nanos(&data);
            }
        }
        let tracks = if is_command(kind, first & 0xF0 | packet_type) {
            Tracks::None
        } else if packet_type == multitrack(kind) {
            let [form, inner] = reader.nibbles()?;
            packet_type = inner;
            reader.tracks(form)?
        } else {
            Tracks::Plain(reader.four_cc()?)
        };
        let first = first & 0xF0 | packet_type;
        if is_folded(kind, first) && !matches!(tracks, Tracks::None) {
            return Err(Error::invalid(
                "Enhanced RTMP: a header within its tracks",
                reader.at,
            ));
        }
        Ok(Self {
            first,
            nanos,
            tracks,
            rest: reader.rest,
        })
    }

    /// The first byte each of the tracks would have alone.
    pub(crate) const fn first(&self) -> u8 {
        self.first
    }

    /// How many nanoseconds after its timestamp the message is presented: less than a million.
    pub(crate) const fn nanos(&self) -> u32 {
        self.nanos
    }

    /// The next track.
    pub(crate) fn next_track(&mut self) -> Result<Option<Track>, Error> {
        let tracks = std::mem::replace(&mut self.tracks, Tracks::None);
        let mut reader = Reader::new(std::mem::take(&mut self.rest), 0);
        let (id, codec, body) = match tracks {
            Tracks::None => return Ok(None),
            Tracks::Plain(codec) => (0, codec, reader.rest),
            Tracks::One(codec) => (reader.byte()?, codec, reader.rest),
            Tracks::Many(_) | Tracks::ManyCodecs if reader.rest.is_empty() => return Ok(None),
            Tracks::Many(codec) => self.sized(tracks, codec, reader)?,
            Tracks::ManyCodecs => {
                let codec = reader.four_cc()?;
                self.sized(tracks, codec, reader)?
            }
        };
        let FourCc([a, b, c, d]) = codec;
        Ok(Some(Track {
            id,
            codec,
            head: [self.first, a, b, c, d],
            body,
        }))
    }

    /// A track that states its length; others may follow.
    fn sized(
        &mut self,
        tracks: Tracks,
        codec: FourCc,
        mut reader: Reader,
    ) -> Result<(u8, FourCc, Bytes), Error> {
        let id = reader.byte()?;
        let [a, b, c] = reader.array()?;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let body = reader.take(length)?;
        self.tracks = tracks;
        self.rest = reader.rest;
        Ok((id, codec, body))
    }
}

/// The unread rest of a message.
struct Reader {
    rest: Bytes,
    /// The offset of that in the body.
    at: usize,
}

impl Reader {
    const fn new(rest: Bytes, at: usize) -> Self {
        Self { rest, at }
    }

    fn take(&mut self, length: usize) -> Result<Bytes, Error> {
        if self.rest.len() < length {
            return Err(Error::truncated(WHAT, self.at + self.rest.len()));
        }
        self.at += length;
        Ok(self.rest.split_to(length))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut array = [0; N];
        array.copy_from_slice(&self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        self.array().map(|[byte]| byte)
    }

    fn nibbles(&mut self) -> Result<[u8; 2], Error> {
        self.byte().map(|byte| [byte >> 4, byte & 0x0F])
    }

    fn four_cc(&mut self) -> Result<FourCc, Error> {
        self.array().map(FourCc)
    }

    /// A packet modifier: its kind, the packet type it stands before, and its data.
    fn modifier(&mut self) -> Result<(u8, u8, Bytes), Error> {
        let mut size = usize::from(self.byte()?) + 1;
        if size == 256 {
            size = usize::from(u16::from_be_bytes(self.array()?)) + 1;
        }
        let data = self.take(size)?;
        let [kind, packet_type] = self.nibbles()?;
        Ok((kind, packet_type, data))
    }

    fn tracks(&mut self, kind: u8) -> Result<Tracks, Error> {
        match kind {
            0 => Ok(Tracks::One(self.four_cc()?)),
            1 => Ok(Tracks::Many(self.four_cc()?)),
            2 => Ok(Tracks::ManyCodecs),
            _ => Err(Error::invalid(
                "Enhanced RTMP: no such AvMultitrackType",
                self.at - 1,
            )),
        }
    }
}

/// The offset of `TimestampOffsetNano`: 24 bits, less than a millisecond.
fn nanos(data: &[u8]) -> u32 {
    match *data {
        [a, b, c, ..] => u32::from_be_bytes([0, a, b, c]).min(999_999),
        _ => 0,
    }
}

/// `AudioPacketModExType`, `VideoPacketModExType`.
const TIMESTAMP_OFFSET_NANO: u8 = 0;

const WHAT: &str = "Enhanced RTMP header";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tag;

    fn tracks(kind: TagKind, body: &[u8]) -> Result<Vec<(u8, String, Vec<u8>)>, Error> {
        let tag = Tag::from_body(kind, 7, Bytes::copy_from_slice(body));
        assert_eq!(tag.body(), body);
        let mut unfolded =
            Unfolded::of(tag.kind, &tag.head, &tag.payload).expect("it is folded")?;
        let mut tracks = Vec::new();
        while let Some(track) = unfolded.next_track()? {
            let alone = [&track.head[..], &track.body].concat();
            tracks.push((track.id, track.codec.to_string(), alone));
        }
        Ok(tracks)
    }

    fn track(id: u8, codec: &str, body: &[u8]) -> (u8, String, Vec<u8>) {
        (id, codec.to_owned(), body.to_vec())
    }

    #[test]
    fn every_form_gives_the_tracks_as_they_would_be_sent_alone() {
        use TagKind::{Audio, Video};
        let one = |id, codec, body| Ok(vec![track(id, codec, body)]);
        // OneTrack.
        let body = b"\x96\x00hvc1\x00hvcC";
        assert_eq!(tracks(Video, body), one(0, "hvc1", b"\x90hvc1hvcC"));
        let body = b"\xa6\x01avc1\x02\0\0\x50frame";
        assert_eq!(
            tracks(Video, body),
            one(2, "avc1", b"\xa1avc1\0\0\x50frame")
        );
        let body = b"\x95\x01mp4a\x01frame";
        assert_eq!(tracks(Audio, body), one(1, "mp4a", b"\x91mp4aframe"));
        // ManyTracks, and ManyTracksManyCodecs.
        let two = Ok(vec![
            track(0, "avc1", b"\x93avc1first"),
            track(1, "avc1", b"\x93avc1next"),
        ]);
        let body = b"\x96\x13avc1\x00\0\0\x05first\x01\0\0\x04next";
        assert_eq!(tracks(Video, body), two);
        let two = Ok(vec![
            track(0, "mp4a", b"\x90mp4aasc"),
            track(3, "Opus", b"\x90Opus"),
        ]);
        let body = b"\x95\x20mp4a\x00\0\0\x03ascOpus\x03\0\0\0";
        assert_eq!(tracks(Audio, body), two);
        // Modifiers, one of 3 bytes, one of 300 of a kind nobody knows, and then tracks.
        let body = b"\x97\x02\x01\xe8\x48\x01hvc1\0\0\0frame";
        assert_eq!(tracks(Video, body), one(0, "hvc1", b"\x91hvc1\0\0\0frame"));
        let long = [
            &b"\x97\xff\x01\x2b"[..],
            &[9; 300],
            b"\xf5\x01mp4a\x00frame",
        ]
        .concat();
        assert_eq!(tracks(Audio, &long), one(0, "mp4a", b"\x91mp4aframe"));
        // A command has no tracks, whatever it says.
        assert_eq!(tracks(Video, b"\xd6\x00"), Ok(vec![]));
        assert_eq!(tracks(Video, b"\xd7\x00\x00\x01\x00"), Ok(vec![]));
    }

    #[test]
    fn a_modifier_says_by_how_many_nanoseconds_the_message_is_late() {
        let nanos = |body: &'static [u8]| {
            let tag = Tag::from_body(TagKind::Audio, 0, Bytes::from_static(body));
            Unfolded::of(tag.kind, &tag.head, &tag.payload)
                .map(|unfolded| unfolded.map(|unfolded| unfolded.nanos()))
        };
        assert_eq!(nanos(b"\x97\x02\x01\xe8\x48\x01mp4a"), Some(Ok(125_000)));
        assert_eq!(nanos(b"\x97\x02\xff\xff\xff\x01mp4a"), Some(Ok(999_999)));
        assert_eq!(
            nanos(b"\x97\x02\x01\xe8\x48\x11mp4a"),
            Some(Ok(0)),
            "another kind"
        );
        assert_eq!(nanos(b"\x91mp4a"), None);
    }

    #[test]
    fn what_is_cut_short_or_nested_says_where() {
        let whole = b"\x97\x02\x01\xe8\x48\x06\x13avc1\x00\0\0\x05first";
        for end in 1..whole.len() {
            let error = tracks(TagKind::Video, &whole[..end]);
            // What ends after the codec has no track.
            if end != 11 {
                let is_cut = matches!(error, Err(Error::Truncated { .. }));
                assert!(is_cut, "{end}: {error:?}");
            }
        }
        let nested = tracks(TagKind::Video, b"\x96\x06avc1\x00");
        assert!(matches!(nested, Err(Error::Invalid { .. })), "{nested:?}");
        let unknown = tracks(TagKind::Audio, b"\x95\x31mp4a\x00");
        assert!(matches!(unknown, Err(Error::Invalid { .. })), "{unknown:?}");
    }
}
