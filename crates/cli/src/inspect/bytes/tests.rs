use std::io::Cursor;

use onair::flv::{Tag, TagKind};

use super::origin::{Origin, file_header};
use super::*;

const BFRAMES: &[u8] = include_bytes!("../../../../flv/testdata/bframes.flv");
const MP3: &[u8] = include_bytes!("../../../../flv/testdata/legacy.flv");

/// The dump of a file's bytes.
fn dumped(file: &[u8], most: Option<u32>) -> String {
    let mut text = String::new();
    let mut reader = Cursor::new(file.to_vec());
    let Ok(header) = file_header(&mut reader) else {
        return text;
    };
    let origin = Origin::Flv(Box::new(reader));
    let mut show = |piece: &str| {
        text.push_str(piece);
        true
    };
    dump(origin, &header, most, &mut show).unwrap();
    text
}

#[test]
fn a_stream_is_explained_up_to_its_first_keyframe_and_sound() {
    let golden = include_str!("../../../testdata/bframes.bytes.txt");
    let text = dumped(BFRAMES, None);
    for (index, (line, expected)) in text.lines().zip(golden.lines()).enumerate() {
        assert_eq!(line, expected, "line {}", index + 1);
    }
    assert_eq!(text.lines().count(), golden.lines().count());
}

#[test]
fn every_byte_that_is_shown_is_where_it_is_said_to_be() {
    for line in dumped(BFRAMES, Some(1000)).lines() {
        let Some((offset, bytes)) = line.get(..34).and_then(|row| row.split_once("  ")) else {
            continue;
        };
        let Ok(offset) = usize::from_str_radix(offset, 16) else {
            continue;
        };
        let bytes = bytes.split_whitespace();
        for (index, byte) in bytes
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .enumerate()
        {
            assert_eq!(BFRAMES[offset + index], byte, "{line}");
        }
    }
}

#[test]
fn hevc_is_explained_by_its_four_characters() {
    let hvcc = include_bytes!("../../../../flv/testdata/main_720p.hvcc");
    let bodies = [
        [&b"\x90hvc1"[..], hvcc].concat(),
        b"\xa1hvc1\0\0\x50\0\0\0\x03\x02\x01\xd0".to_vec(),
        b"\x93hvc1\0\0\0\x03\x26\x01\xaf".to_vec(),
    ];
    let mut file = onair::flv::file::header(false, true).to_vec();
    for body in bodies {
        let tag = Tag::from_body(TagKind::Video, 0, body.into());
        onair::flv::file::write_tag(&tag, &mut file);
    }
    let text = dumped(&file, None);
    for words in [
        "VideoPacketType 0: sequence start",
        "FourCC hvc1: HEVC",
        "\"hvcC\": hvc1.1.6.L93.90",
        "4001 is nal_unit_type 32: video parameter set",
        "1280x720 pixels",
        "CompositionTime: shown 80 ms after it is decoded",
        "0201 is nal_unit_type 1: slice of a picture that needs others",
        "VideoPacketType 3: coded frames without a composition time",
        "2601 is nal_unit_type 19: slice of an IDR picture",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("more than is known here"), "{text}");
}

#[test]
fn enhanced_rtmp_is_explained_whatever_its_codec() {
    use TagKind::{Audio, Video};
    let mut file = onair::flv::file::header(true, true).to_vec();
    for (kind, body) in [
        (Video, &b"\xd4hvc1\x02\0\x09colorInfo\x05"[..]),
        (Video, b"\xa3avc1\0\0\0\x02\x41\x9a"),
        (Audio, b"\x90mp4a\x11\x90"),
        (Audio, b"\x95\x01mp4a\x00frame"),
        (Video, b"\xd1\0"),
    ] {
        let tag = Tag::from_body(kind, 0, body.into());
        onair::flv::file::write_tag(&tag, &mut file);
    }
    let text = dumped(&file, Some(10));
    for words in [
        "VideoPacketType 4: what is to be known of the pictures",
        "FourCC avc1: H.264",
        "41 is nal_ref_idc 2, nal_unit_type 1: slice",
        "SoundFormat 9: ExHeader; AudioPacketType 0",
        "48000 Hz",
        "holds tracks or modifiers",
        "FrameType 5: a command, no picture",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(text.matches("a command").count(), 1, "{text}");
}

#[test]
fn so_many_tags_are_shown_as_are_asked_for() {
    for most in [1, 3, 7] {
        let text = dumped(BFRAMES, Some(most));
        assert_eq!(text.matches("\nTag ").count(), most as usize);
        assert!(text.ends_with(&format!("\n{most} tags, as asked for.\n")));
    }
}

#[test]
fn the_end_of_the_stream_is_said() {
    assert!(dumped(BFRAMES, Some(10_000)).ends_with("\nThe stream ends here.\n"));
}

#[test]
fn a_codec_that_is_not_spoken_is_named_and_passed_over() {
    let text = dumped(MP3, None);
    assert!(text.contains("sound format 2 (MP3)"), "{text}");
    assert!(text.contains("video codec 2 (Sorenson H.263)"), "{text}");
}

#[test]
fn a_stream_cut_short_anywhere_is_explained_as_far_as_it_goes() {
    for len in 13..2000 {
        let text = dumped(&BFRAMES[..len], None);
        assert!(text.contains("Signature"), "{len}");
    }
}

#[test]
fn no_flipped_byte_stops_the_explanation() {
    let mut file = BFRAMES[..480].to_vec();
    for at in 3..file.len() {
        for flip in [0x01, 0x80, 0xff] {
            file[at] ^= flip;
            let text = dumped(&file, None);
            assert!(text.contains("Signature"), "{at}");
            file[at] ^= flip;
        }
    }
}

#[test]
fn a_hostile_tag_has_a_bounded_explanation() {
    let mut units = vec![0x17, 1, 0, 0, 0];
    units.extend([0, 0, 0, 0].repeat(100_000));
    let mut script = vec![8, 0, 0, 0, 0];
    script.extend([0, 1, b'x', 5].repeat(100_000));
    for (kind, body) in [(9, units), (18, script), (18, vec![5; 400_000])] {
        let [_, a, b, c] = u32::try_from(body.len()).unwrap().to_be_bytes();
        let header = [kind, a, b, c, 0, 0, 0, 0, 0, 0, 0];
        let tag = [&header[..], &body, &[0; 4]].concat();
        assert!(Stream::default().tag(&tag).len() < 60_000);
    }
}

#[test]
fn text_from_a_stream_cannot_move_a_terminal_s_cursor() {
    let name = b"\x1b[2J";
    let body = [&[2, 0, 4][..], name].concat();
    let header = [18, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
    let text = Stream::default().tag(&[&header[..], &body, &[0; 4]].concat());
    assert!(
        !text.contains('\x1b') && text.contains("u{1b}[2J"),
        "{text}"
    );
}
