use onair::flv::TagKind;
use onair::media::h264::LengthSize;

use super::dump::Dump;
use super::{audio, script, video};

/// An FLV stream as its tags pass, and what to remember of them.
#[derive(Debug, Default)]
pub(super) struct Stream {
    at: u64,
    tags: u32,
    /// The length size of NAL units, from the avcC.
    pub(super) lengths: LengthSize,
    has_picture: bool,
    has_audio: bool,
}

impl Stream {
    /// The file's header and the first back-pointer.
    pub(super) fn file_header(&mut self, header: &[u8]) -> String {
        let mut dump = Dump::new(header, self.at);
        dump.field(3, "Signature: \"FLV\"");
        dump.read(|[version]| format!("Version: {version}"));
        dump.read(|[flags]| format!("TypeFlags: {}", promised(flags)));
        dump.read(|offset| {
            format!(
                "DataOffset: this header has {} bytes",
                u32::from_be_bytes(offset)
            )
        });
        let more = header.len().saturating_sub(13);
        if more > 0 {
            dump.field(more, "what a later version has added");
        }
        dump.field(4, "PreviousTagSize0: there is no tag before the first");
        self.at += header.len() as u64;
        format!(
            "\nFLV header (FLV 10.1 E.2): not sent over RTMP\n{}",
            dump.finish()
        )
    }

    /// A whole tag: header, body and back-pointer.
    pub(super) fn tag(&mut self, tag: &[u8]) -> String {
        self.tags += 1;
        let title = self.title(tag);
        let mut dump = Dump::new(tag, self.at);
        let kind = header(&mut dump);
        let body = dump.rest().len().saturating_sub(BACK_POINTER);
        dump.within(body, |dump| self.body(kind, dump));
        dump.read(|size| {
            format!(
                "PreviousTagSize: {} bytes since this tag began",
                u32::from_be_bytes(size)
            )
        });
        self.at += tag.len() as u64;
        title + &dump.finish()
    }

    /// True if nothing more can be learnt, or `most` tags were shown.
    pub(super) const fn is_enough(&self, most: Option<u32>) -> bool {
        match most {
            Some(most) => self.tags >= most,
            None => (self.has_picture && self.has_audio) || self.tags >= MAX_TAGS,
        }
    }

    /// Why it ends, and how to see more.
    pub(super) fn farewell(&self, most: Option<u32>) -> String {
        let tags = self.tags;
        match most {
            Some(_) => format!("\n{tags} tags, as asked for.\n"),
            None if self.has_picture && self.has_audio => format!(
                "\nThat was a keyframe and a frame of sound, after {tags} tags: what follows looks the same. --bytes=N shows N tags.\n"
            ),
            None => format!(
                "\n{tags} tags, and not both a keyframe and sound among them. --bytes=N shows N tags.\n"
            ),
        }
    }

    fn body(&mut self, kind: Option<TagKind>, dump: &mut Dump<'_>) {
        match kind {
            Some(TagKind::Video) => self.has_picture |= video::body(dump, &mut self.lengths),
            Some(TagKind::Audio) => self.has_audio |= audio::body(dump),
            Some(TagKind::Script) => script::body(dump),
            None => dump.remainder("a body of no known kind"),
        }
    }

    fn title(&self, tag: &[u8]) -> String {
        let kind = tag.first().and_then(|&code| TagKind::from_code(code));
        let kind = kind.map_or("unknown", name);
        let len = tag.len().saturating_sub(HEADER + BACK_POINTER);
        format!("\nTag {}: {kind}, {len} bytes\n", self.tags)
    }
}

/// A tag's header of eleven bytes.
fn header(dump: &mut Dump<'_>) -> Option<TagKind> {
    let kind = dump.read(|[code]| match TagKind::from_code(code) {
        Some(kind) => format!("TagType {code}: {}", name(kind)),
        None => format!("TagType {code}: unknown"),
    });
    dump.read(|[a, b, c]| {
        format!(
            "DataSize: {} bytes follow this header",
            u32::from_be_bytes([0, a, b, c])
        )
    });
    dump.read(|[a, b, c, extended]: [u8; 4]| {
        let time = u32::from_be_bytes([extended, a, b, c]);
        format!("Timestamp: {time} ms (its last byte is the highest: TimestampExtended)")
    });
    dump.field(3, "StreamID: always 0");
    TagKind::from_code(kind?[0])
}

const fn name(kind: TagKind) -> &'static str {
    match kind {
        TagKind::Audio => "audio",
        TagKind::Video => "video",
        TagKind::Script => "script data",
    }
}

fn promised(flags: u8) -> &'static str {
    match (flags & 4 != 0, flags & 1 != 0) {
        (true, true) => "audio (4) and video (1)",
        (true, false) => "audio (4)",
        (false, true) => "video (1)",
        (false, false) => "neither audio (4) nor video (1)",
    }
}

const HEADER: usize = 11;
const BACK_POINTER: usize = 4;
/// When to end a stream with only one kind of track.
const MAX_TAGS: u32 = 40;
