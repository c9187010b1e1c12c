//! Messages to chunks and back.

use bytes::Bytes;
use onair_rtmp::chunk::{Header, Limits, MAX_MESSAGE_SIZE, Reader, StreamId, Writer};
use onair_rtmp::{Control, Error, MessageKind, Slices};

use crate::common::*;

/// A command header, as connect has it.
fn command() -> Header {
    Header {
        chunk_stream: StreamId::COMMAND,
        stream_id: 0,
        kind: MessageKind::CommandAmf0,
        timestamp: 0,
    }
}

#[test]
fn a_message_of_every_length_around_the_chunk_size_survives() {
    for length in [0, 1, 127, 128, 129, 255, 256, 257, 1000] {
        let payload = pattern(length);
        let bytes = write(&mut Writer::new(), &video(40), &payload);
        let chunks = length.div_ceil(128).max(1);
        assert_eq!(bytes.len(), 12 + length + chunks - 1, "{length}");
        let message = &read(&bytes)[0];
        assert_eq!(message.payload, payload);
        assert_eq!((message.timestamp, message.stream_id), (40, 1));
        assert_eq!(message.kind, MessageKind::Video);
    }
}

#[test]
fn head_and_payload_make_one_body_wherever_they_meet() {
    let whole = pattern(700);
    for meet in [0, 1, 5, 127, 128, 129, 256, 400, 699, 700] {
        let (mut writer, mut out) = (Writer::new(), Slices::new());
        let payload = whole.slice(meet..);
        writer
            .write(&command(), &whole[..meet], &payload, &mut out)
            .unwrap();
        let bytes = flat(out);
        assert_eq!(bytes, write(&mut Writer::new(), &command(), &whole));
        assert_eq!(read(&bytes)[0].payload, whole, "{meet}");
    }
}

#[test]
fn a_payload_is_referred_to_and_a_head_is_copied() {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    let payload = pattern(100);
    writer
        .write(&video(0), &[1, 2, 3, 4, 5], &payload, &mut out)
        .unwrap();
    let pieces: Vec<&[u8]> = out.pieces().collect();
    assert_eq!((pieces.len(), pieces[0].len()), (2, 17));
    assert_eq!(pieces[1].as_ptr(), payload.as_ptr());
}

#[test]
fn a_new_chunk_size_counts_from_the_next_message() {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    writer.set_chunk_size(4096, &mut out).unwrap();
    writer
        .write(&video(0), &[], &pattern(4096), &mut out)
        .unwrap();
    let bytes = flat(out);
    assert_eq!(bytes.len(), 16 + 12 + 4096);
    let messages = read(&bytes);
    let size = Control::SetChunkSize(4096);
    assert_eq!(Control::parse(&messages[0]), Ok(Some(size)));
    assert_eq!(messages[1].payload, pattern(4096));
}

#[test]
fn another_message_stream_on_a_chunk_stream_has_a_full_header() {
    let mut writer = Writer::new();
    let mut all = write(&mut writer, &video(10), &pattern(3));
    let other = Header {
        stream_id: 2,
        ..video(50)
    };
    let bytes = write(&mut writer, &other, &pattern(3));
    assert_eq!(bytes[..12], hex("06 000032 000003 09 02000000"));
    all.extend(bytes);
    assert_eq!(read(&all)[1].stream_id, 2);
}

#[test]
fn a_message_beyond_24_bits_of_length_is_misuse() {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    let largest = Bytes::from(vec![0; MAX_MESSAGE_SIZE]);
    writer.write(&video(0), &[], &largest, &mut out).unwrap();
    out.clear();
    let refused = writer.write(&video(0), &[0], &largest, &mut out);
    assert!(matches!(refused, Err(Error::Misuse { .. })));
    assert!(out.is_empty());
}

#[test]
fn the_example_of_the_specification_reads_as_it_says() {
    // Adobe RTMP 1.0, section 5.3.2.1: four audio messages, 20 ms apart, 32 bytes each.
    let body = pattern(32);
    let mut bytes = hex("03 0003E8 000020 08 39300000");
    bytes.extend_from_slice(&body);
    bytes.extend(hex("83 000014"));
    bytes.extend_from_slice(&body);
    for _ in 0..2 {
        bytes.push(0xC3);
        bytes.extend_from_slice(&body);
    }
    let messages = read(&bytes);
    let times: Vec<u32> = messages.iter().map(|m| m.timestamp).collect();
    assert_eq!(times, [1000, 1020, 1040, 1060]);
    for message in messages {
        assert_eq!((message.stream_id, message.payload), (12345, body.clone()));
    }
}

#[test]
fn an_abort_forgets_the_partial_message_of_its_chunk_stream() {
    let mut bytes = hex("06 000000 000100 09 01000000");
    bytes.extend_from_slice(&pattern(128));
    bytes.extend(hex("02 000000 000004 02 00000000 00000006"));
    // Another message may begin now, type 3 included: same length, same kind.
    bytes.push(0xC6);
    bytes.extend_from_slice(&pattern(128));
    bytes.push(0xC6);
    bytes.extend_from_slice(&pattern(128));
    let messages = read(&bytes);
    assert_eq!(Control::parse(&messages[0]), Ok(Some(Control::Abort(6))));
    assert_eq!(messages[1].payload[128..], pattern(128));
    assert_eq!((messages.len(), messages[1].payload.len()), (2, 256));
}

#[test]
fn an_abort_of_nothing_changes_nothing() {
    let abort = hex("02 000000 000004 02 00000000 00000009");
    assert_eq!(read(&abort).len(), 1);
}

#[test]
fn the_chunk_size_may_change_between_the_chunks_of_a_message() {
    let body = pattern(500);
    let mut bytes = hex("06 000000 0001F4 09 01000000");
    bytes.extend_from_slice(&body[..128]);
    bytes.extend(set_chunk_size(200));
    for part in [128..328, 328..500] {
        bytes.push(0xC6);
        bytes.extend_from_slice(&body[part]);
    }
    assert_eq!(read(&bytes)[1].payload, body);
}

#[test]
fn a_payload_in_one_chunk_of_one_read_is_not_copied() {
    let mut bytes = set_chunk_size(65536);
    bytes.extend(write(&mut Writer::new(), &video(0), &Bytes::new()));
    let mut writer = Writer::new();
    let mut out = Slices::new();
    writer.set_chunk_size(65536, &mut out).unwrap();
    writer
        .write(&audio(0), &[], &pattern(5000), &mut out)
        .unwrap();
    bytes.extend(flat(out));
    let bytes = Bytes::from(bytes);
    let mut reader = reader();
    reader.feed_bytes(bytes.clone());
    let mut last = None;
    while let Some(message) = reader.next().unwrap() {
        last = Some(message.payload);
    }
    let payload = last.unwrap();
    assert_eq!(payload, pattern(5000));
    assert_eq!(payload.as_ptr(), bytes[bytes.len() - 5000..].as_ptr());
}

#[test]
fn the_reader_prints_no_bytes() {
    let mut reader = reader();
    reader.feed(&hex("03 000000 000080 14 00000000 6C6976655F31323334"));
    reader.next().unwrap();
    let shown = format!("{reader:?}");
    assert!(
        !shown.contains("live_1234") && !shown.contains("108"),
        "{shown}"
    );
    let message = read(&write(&mut Writer::new(), &command(), &pattern(9)));
    assert!(format!("{message:?}").contains("len: 9"));
}

#[test]
fn an_error_is_repeated_and_nothing_more_is_kept() {
    let mut reader = Reader::new(Limits::default());
    reader.feed(&hex("C6 00"));
    let error = reader.next().unwrap_err();
    reader.feed(&hex("02 000000 000000 09 00000000"));
    reader.feed_bytes(pattern(100));
    assert_eq!(reader.next(), Err(error));
}
