//! Fuzz bodies: plain functions of bytes, which panic when a promise is broken.

use bytes::Bytes;
use onair_media::Packet;

use crate::{Demuxed, Demuxer, Muxer, Tag, TagKind, amf0, file, metadata};

/// What is read is written, and what is written is read back the same.
pub fn amf0_roundtrip(data: &[u8]) {
    let Ok(values) = amf0::read_all(data) else {
        return;
    };
    let written = amf0::write_all(&values);
    let again = amf0::read_all(&written).expect("what was written is readable");
    assert_eq!(amf0::write_all(&again), written);
    if let Ok(Some(tracks)) = metadata::parse(data) {
        assert!(tracks.properties.len() <= 32);
        drop(metadata::to_body(&tracks));
    }
}

/// Any body splits into head and payload and joins again, and demuxing it
/// twice does not panic either time.
pub fn flv_tag(data: &[u8]) {
    let [kind, rest @ ..] = data else { return };
    let kind = [TagKind::Audio, TagKind::Video, TagKind::Script][usize::from(kind % 3)];
    let tag = Tag::from_body(kind, 7, Bytes::copy_from_slice(rest));
    assert_eq!(tag.body(), rest);
    assert!(!(tag.is_keyframe() && tag.is_sequence_header()));
    let mut demuxer = Demuxer::new();
    drop(demuxer.demux(&tag));
    drop(demuxer.demux(&tag));
    assert!(std::iter::from_fn(|| demuxer.left_out()).count() <= 8);
}

/// However the bytes of a file are cut, the same tags come out, and the same end.
pub fn flv_file(data: &[u8]) {
    let cut = 1 + data.first().map_or(0, |first| usize::from(first % 32));
    let whole = parse(data, data.len().max(1));
    assert_eq!(parse(data, cut), whole);
    for tag in whole.0 {
        let mut out = Vec::new();
        file::write_tag(&tag, &mut out);
        assert_eq!(out.len(), tag.len() + 15);
    }
}

/// Packets of a hostile file survive the muxer: a track's time never falls, and
/// what is demuxed again is the same packet.
pub fn mux_demux(data: &[u8]) {
    let packets = packets(&parse(data, data.len().max(1)).0);
    let (mut muxer, mut demuxer) = (Muxer::new(), Demuxer::new());
    let mut latest = [0; 2];
    for packet in &packets {
        let tags: Vec<_> = muxer.mux(packet).into_iter().collect();
        let latest = &mut latest[packet.kind() as usize];
        *latest = packet
            .dts
            .as_millis()
            .saturating_sub(packets[0].dts.as_millis())
            .max(*latest);
        assert!(
            tags.iter()
                .all(|tag| i64::from(tag.timestamp) == *latest % (1 << 32))
        );
        let again = tags.iter().map(|tag| demuxer.demux(tag)).last();
        let Some(Ok(Demuxed::Packet(again))) = again else {
            panic!("what was muxed is no packet");
        };
        assert_eq!(
            (&again.payload, again.keyframe),
            (&packet.payload, packet.keyframe)
        );
        assert!(again.config.same(&packet.config));
    }
}

fn parse(data: &[u8], cut: usize) -> (Vec<Tag>, String) {
    let mut parser = file::Parser::new();
    let mut tags = Vec::new();
    for piece in data.chunks(cut) {
        parser.push(Bytes::copy_from_slice(piece));
        while let Ok(Some(tag)) = parser.next() {
            tags.push(tag);
        }
    }
    (
        tags,
        format!("{:?} at {}", parser.finish(), parser.position()),
    )
}

fn packets(tags: &[Tag]) -> Vec<Packet> {
    let mut demuxer = Demuxer::new();
    let mut packets = Vec::new();
    for tag in tags {
        if let Ok(Demuxed::Packet(packet)) = demuxer.demux(tag) {
            packets.push(packet);
        }
    }
    packets
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&[u8]; 2] = [
        include_bytes!("../testdata/bframes.flv"),
        include_bytes!("../testdata/legacy.flv"),
    ];

    /// A file of HEVC: a sequence start, and coded frames with and without an offset.
    fn hevc() -> Vec<u8> {
        let hvcc = include_bytes!("../testdata/main_720p.hvcc");
        let bodies = [
            [&b"\x90hvc1"[..], hvcc].concat(),
            b"\x93hvc1\0\0\0\x03\x26\x01\xaf".to_vec(),
            b"\xa1hvc1\0\0\x50\0\0\0\x03\x02\x01\xd0".to_vec(),
            b"\x92hvc1".to_vec(),
        ];
        file_of(bodies)
    }

    /// The same in tracks and behind modifiers.
    fn folded() -> Vec<u8> {
        let hvcc = include_bytes!("../testdata/main_720p.hvcc");
        let frame = b"\0\0\x50\0\0\0\x03\x02\x01\xd0";
        let bodies = [
            [&b"\x96\x00hvc1\x00"[..], hvcc].concat(),
            [&b"\xa6\x01hvc1\x00"[..], frame].concat(),
            [&b"\xa6\x11hvc1\x00\0\0\x0a"[..], frame, b"\x01\0\0\x02xx"].concat(),
            [&b"\xa6\x21av01\x01\0\0\x02xxhvc1\x00\0\0\x0a"[..], frame].concat(),
            [&b"\xa7\x02\x01\xe8\x48\x01hvc1"[..], frame].concat(),
        ];
        file_of(bodies)
    }

    fn file_of<const N: usize>(bodies: [Vec<u8>; N]) -> Vec<u8> {
        let mut out = file::header(false, true).to_vec();
        for (timestamp, body) in (0..).step_by(40).zip(bodies) {
            let tag = Tag::from_body(TagKind::Video, timestamp, body.into());
            file::write_tag(&tag, &mut out);
        }
        out
    }

    fn files() -> impl Iterator<Item = Vec<u8>> {
        FILES
            .into_iter()
            .map(<[u8]>::to_vec)
            .chain([hevc(), folded()])
    }

    /// Marsaglia's xorshift: noise that is the same in every run.
    struct Noise(u64);

    impl Noise {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }

        fn below(&mut self, bound: usize) -> usize {
            usize::try_from(self.next() % bound as u64).unwrap()
        }
    }

    /// Runs `body` over `golden`, over its prefixes, and over copies with a few bytes replaced by
    /// noise.
    fn replay(body: fn(&[u8]), golden: &[u8], rounds: usize) {
        let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
        body(golden);
        body(&[]);
        for _ in 0..rounds {
            let mut data = golden[..=noise.below(golden.len())].to_vec();
            for _ in 0..noise.below(8) {
                let at = noise.below(data.len());
                data[at] = noise.next().to_le_bytes()[0];
            }
            body(&data);
        }
    }

    fn bodies() -> Vec<Vec<u8>> {
        let kinds = |tag: &Tag| match tag.kind {
            TagKind::Audio => 0,
            TagKind::Video => 1,
            TagKind::Script => 2,
        };
        let body = |tag: Tag| [&[kinds(&tag)], &tag.body()[..]].concat();
        let tags = files().flat_map(|file| parse(&file, file.len()).0.into_iter().take(6));
        tags.map(body).collect()
    }

    #[test]
    fn amf0_roundtrip_holds() {
        for body in bodies().iter().filter(|body| body[0] == 2) {
            replay(amf0_roundtrip, &body[1..], 3000);
        }
        replay(
            amf0_roundtrip,
            &[8, 0, 0, 0, 1, 0, 1, b'a', 5, 0, 0, 9],
            2000,
        );
    }

    #[test]
    fn flv_tag_holds() {
        for body in bodies() {
            replay(flv_tag, &body, 500);
        }
    }

    #[test]
    fn flv_file_holds() {
        for file in files() {
            replay(flv_file, &file, 100);
        }
    }

    #[test]
    fn mux_demux_holds() {
        for file in files() {
            replay(mux_demux, &file, 100);
        }
    }

    #[test]
    fn the_corpora_replay() {
        corpus::replay("amf0_roundtrip", amf0_roundtrip);
        corpus::replay("flv_tag", flv_tag);
        corpus::replay("flv_file", flv_file);
        corpus::replay("mux_demux", mux_demux);
    }
}
