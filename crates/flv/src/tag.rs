use bytes::Bytes;

use crate::enhanced::Unfolded;
use crate::folded::is_folded;
use crate::head::{Head, TagKind};
use crate::{audio, video};

/// One FLV tag, which is also one RTMP media message: the body is `head`
/// followed by `payload`, and only `head` was ever written by this crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Audio, video or named data.
    pub kind: TagKind,
    /// Milliseconds, wrapping after 2^32 of them (49.7 days).
    pub timestamp: u32,
    /// The `AudioTagHeader` or `VideoTagHeader`; empty for scripts.
    pub head: Head,
    /// What follows the head: access unit, frame, configuration or AMF0.
    pub payload: Bytes,
}

impl Tag {
    /// A tag from a whole body, whose head is recognised and split off. No payload byte is copied
    /// and no body is refused: a head that is cut short, or of an unknown codec, is whatever bytes
    /// there are.
    pub fn from_body(kind: TagKind, timestamp: u32, body: Bytes) -> Self {
        let len = head_len(kind, &body).min(body.len());
        Self {
            kind,
            timestamp,
            head: Head::new(&body[..len]),
            payload: body.slice(len..),
        }
    }

    /// A tag of Enhanced RTMP whose first byte and `FourCC` were sent apart from the rest.
    pub(crate) fn from_parts(kind: TagKind, timestamp: u32, head: [u8; 5], body: &Bytes) -> Self {
        let mut start = head.to_vec();
        start.extend(body.iter().take(Head::MAX - head.len()));
        let len = head_len(kind, &start).clamp(head.len(), start.len());
        Self {
            kind,
            timestamp,
            head: Head::new(&start[..len]),
            payload: body.slice(len - head.len()..),
        }
    }

    /// The body's length in bytes.
    pub fn len(&self) -> usize {
        self.head.len() + self.payload.len()
    }

    /// True when the body has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True when the payload sets up a decoder: avcC, `AudioSpecificConfig`, or
    /// an Enhanced RTMP sequence start.
    pub fn is_sequence_header(&self) -> bool {
        let head = self.plain_head();
        match self.kind {
            TagKind::Audio => audio::is_sequence_header(&head),
            TagKind::Video => video::is_sequence_header(&head),
            TagKind::Script => false,
        }
    }

    /// True for a picture that decoding can start from.
    pub fn is_keyframe(&self) -> bool {
        self.kind == TagKind::Video && video::is_keyframe(&self.plain_head())
    }

    /// The head, or the one that a folded message (with modifiers or tracks of Enhanced RTMP) would
    /// have unfolded.
    fn plain_head(&self) -> Head {
        match Unfolded::of(self.kind, &self.head, &self.payload) {
            None => self.head,
            Some(Ok(unfolded)) => Head::new(&[unfolded.first()]),
            Some(Err(_)) => Head::default(),
        }
    }

    /// Head and payload joined, which copies the payload.
    pub fn body(&self) -> Bytes {
        if self.head.is_empty() {
            return self.payload.clone();
        }
        [&self.head[..], &self.payload[..]].concat().into()
    }
}

/// How many bytes of a body are its head; one, if it has to be unfolded.
fn head_len(kind: TagKind, body: &[u8]) -> usize {
    match body {
        [first, ..] if is_folded(kind, *first) => 1,
        _ => match kind {
            TagKind::Audio => audio::head_len(body),
            TagKind::Video => video::head_len(body),
            TagKind::Script => 0,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(kind: TagKind, body: &[u8]) -> Tag {
        Tag::from_body(kind, 7, Bytes::copy_from_slice(body))
    }

    #[test]
    fn the_head_is_split_off_and_the_body_joins_again() {
        let cases: [(TagKind, &[u8], usize); 9] = [
            (TagKind::Video, &[0x17, 1, 0, 0, 80, 9, 9], 5),
            (TagKind::Video, &[0x1C, 1, 0, 0, 80, 9, 9], 5), // HEVC as codec 12
            (TagKind::Video, &[0x12, 1, 2, 3], 1),           // Sorenson H.263
            (TagKind::Video, &[0x57, 0], 1),                 // command frame
            (TagKind::Video, b"\x91hvc1\0\0\x01payload", 8), // CodedFrames with CTS
            (TagKind::Video, b"\x93hvc1payload", 5),         // CodedFramesX
            (TagKind::Audio, &[0xAF, 1, 0x21], 2),
            (TagKind::Audio, &[0x2F, 1, 0x21], 1), // MP3
            (TagKind::Script, &[2, 0, 1, b'x'], 0),
        ];
        for (kind, body, head) in cases {
            let tag = tag(kind, body);
            assert_eq!(tag.head.len(), head, "{body:02x?}");
            assert_eq!(tag.body(), body);
            assert_eq!(tag.len(), body.len());
        }
    }

    #[test]
    fn a_body_cut_short_is_all_head() {
        for len in 0..5 {
            let body = &[0x17, 1, 0, 0, 0][..len];
            let tag = tag(TagKind::Video, body);
            assert_eq!((&tag.head[..], tag.payload.len()), (body, 0));
            assert_eq!(tag.is_empty(), len == 0);
        }
    }

    #[test]
    fn headers_and_keyframes_are_told_apart() {
        let asked = |kind, body| {
            let tag = tag(kind, body);
            (tag.is_sequence_header(), tag.is_keyframe())
        };
        assert_eq!(asked(TagKind::Video, &[0x17, 0, 0, 0, 0]), (true, false));
        assert_eq!(asked(TagKind::Video, &[0x17, 1, 0, 0, 0]), (false, true));
        assert_eq!(asked(TagKind::Video, &[0x27, 1, 0, 0, 0]), (false, false));
        assert_eq!(asked(TagKind::Video, &[0x17, 2, 0, 0, 0]), (false, false));
        assert_eq!(asked(TagKind::Video, b"\x90hvc1"), (true, false));
        assert_eq!(asked(TagKind::Video, b"\x91hvc1"), (false, true));
        assert_eq!(asked(TagKind::Video, b"\xA3hvc1"), (false, false));
        assert_eq!(asked(TagKind::Video, &[]), (false, false));
        assert_eq!(asked(TagKind::Audio, &[0xAF, 0]), (true, false));
        assert_eq!(asked(TagKind::Audio, &[0xAF, 1]), (false, false));
        assert_eq!(asked(TagKind::Audio, b"\x90Opus"), (true, false));
    }
}
