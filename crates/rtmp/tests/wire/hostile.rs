//! Peers that lie: errors or waiting, never a panic or unbounded memory.

use bytes::Bytes;
use onair_rtmp::chunk::{Limits, Reader, Writer};
use onair_rtmp::{Control, Error, Slices};

use crate::common::*;

/// A conversation with every header form: control, long and short messages, extended times.
fn golden() -> Vec<u8> {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    writer
        .write(&video(7), &[1, 2], &pattern(200), &mut out)
        .unwrap();
    writer
        .write(&audio(9), &[], &pattern(20), &mut out)
        .unwrap();
    writer.set_chunk_size(256, &mut out).unwrap();
    writer
        .write(&video(47), &[1, 2], &pattern(200), &mut out)
        .unwrap();
    writer
        .write(&audio(0x0200_0000), &[], &pattern(300), &mut out)
        .unwrap();
    writer.write_control(&Control::Abort(6), &mut out).unwrap();
    let mut bytes = flat(out);
    bytes.extend(hex("00 05 000000 000001 09 01000000 AA"));
    bytes.extend(hex("C1 00 01"));
    bytes
}

fn small() -> Limits {
    Limits {
        chunk_streams: 8,
        message: 1000,
        buffered: 1500,
    }
}

fn limited(bytes: &[u8], limits: Limits) -> &'static str {
    match read_cut(bytes, 64, limits).1 {
        Some(Error::LimitExceeded { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_prefix_reads_or_waits() {
    let bytes = golden();
    let whole = read_cut(&bytes, bytes.len(), Limits::default()).0;
    for end in 0..bytes.len() - 3 {
        let (messages, error) = read_cut(&bytes[..end], end, Limits::default());
        assert_eq!(error, None, "{end}");
        assert_eq!(messages, whole[..messages.len()], "{end}");
    }
}

#[test]
fn every_flipped_byte_reads_waits_or_fails_within_the_limits() {
    let bytes = golden();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xC0, 0xFF] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            let mut reader = Reader::new(small());
            for piece in bytes.chunks(50) {
                reader.feed(piece);
                while let Ok(Some(message)) = reader.next() {
                    assert!(message.payload.len() <= small().message);
                }
                assert!(reader.buffered() <= small().buffered, "{at} ^ {flip}");
            }
        }
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_its_header() {
    let bytes = hex("06 000000 0003E9 09 01000000");
    assert_eq!(limited(&bytes, small()), "bytes in a message");
    assert_eq!(
        read_cut(&hex("06 000000 0003E8 09 01000000"), 99, small()).1,
        None
    );
}

#[test]
fn chunk_streams_beyond_the_limit_are_refused() {
    let begin = |id: u8| [&[id][..], &hex("000000 000000 09 01000000")].concat();
    let bytes: Vec<u8> = (2..10).flat_map(begin).collect();
    assert_eq!(read_cut(&bytes, 99, small()).1, None);
    let bytes: Vec<u8> = (2..11).flat_map(begin).collect();
    assert_eq!(limited(&bytes, small()), "chunk streams");
}

#[test]
fn incomplete_messages_together_stay_within_the_limit() {
    // Each of them may have 1000 bytes, all of them together 1500.
    let begin = |id: u8| {
        let header = hex("000000 0003E8 09 01000000");
        [&[id][..], &header, &pattern(128)].concat()
    };
    let more = |id: u8| [&[0xC0 | id][..], &pattern(128)].concat();
    let mut bytes: Vec<u8> = (2..8).flat_map(begin).collect();
    assert_eq!(read_cut(&bytes, 99, small()).1, None);
    bytes.extend((2..8).flat_map(more));
    assert_eq!(limited(&bytes, small()), "bytes in incomplete messages");
}

#[test]
fn a_length_that_is_only_claimed_costs_nothing() {
    let mut reader = reader();
    for id in 2..64 {
        reader.feed(&[id]);
        reader.feed(&hex("000000 9FFFFF 09 01000000 AA"));
        assert_eq!(reader.next(), Ok(None));
        // Finish the chunk, so that the next may begin.
        reader.feed(&[0; 127]);
        assert_eq!(reader.next(), Ok(None));
    }
    assert!(reader.buffered() <= 62 * 256, "{}", reader.buffered());
}

#[test]
fn memory_returns_when_messages_end_or_are_aborted() {
    let mut reader = reader();
    let half = [&hex("06 000000 000100 09 01000000")[..], &pattern(128)].concat();
    reader.feed(&half);
    assert_eq!(reader.next(), Ok(None));
    assert!(reader.buffered() >= 128);
    reader.feed(&hex("02 000000 000004 02 00000000 00000006"));
    reader.next().unwrap().unwrap();
    assert_eq!(reader.buffered(), 0);
    reader.feed(&half);
    reader.feed(&[&[0xC6][..], &pattern(128)].concat());
    assert_eq!(reader.next().unwrap().unwrap().payload.len(), 256);
    assert_eq!(reader.buffered(), 0);
}

#[test]
fn a_flood_of_empty_messages_is_read_one_by_one() {
    let mut bytes = hex("06 000000 000000 09 01000000");
    bytes.resize(bytes.len() + 100_000, 0xC6);
    let mut reader = reader();
    reader.feed_bytes(Bytes::from(bytes));
    let mut count = 0;
    while let Some(message) = reader.next().unwrap() {
        assert!(message.payload.is_empty());
        count += 1;
    }
    assert_eq!((count, reader.buffered()), (100_001, 0));
}

#[test]
fn a_control_message_too_short_to_obey_is_an_error() {
    for bytes in [
        "02 000000 000003 01 00000000 000010",
        "02 000000 000000 02 00000000",
    ] {
        let error = fault(&hex(bytes));
        assert!(matches!(error, Error::PeerMisbehaved { .. }), "{error:?}");
    }
}
