//! What real servers and publishers do, numbered as in the interoperability notes.

use bytes::Bytes;
use onair_rtmp::chunk::{
    CAREFUL_MESSAGE_SIZE, Header, Limits, MAX_MESSAGE_SIZE, Reader, StreamId, Writer,
};
use onair_rtmp::{
    Acknowledged, Control, Error, LimitType, MessageKind, Slices, UserControl, Window,
};

use crate::common::*;

/// The chunk type in a chunk's first byte.
fn format(chunk: &[u8]) -> u8 {
    chunk[0] >> 6
}

fn is_misbehaviour(error: &Error) -> bool {
    matches!(error, Error::PeerMisbehaved { .. })
}

#[test]
fn quirk_a1_only_chunk_streams_2_to_31_are_written() {
    let known: Vec<u8> = (0..=255)
        .filter(|id| StreamId::new(*id).is_some())
        .collect();
    assert_eq!(known, (2..=31).collect::<Vec<u8>>());
    for id in known {
        let chunk_stream = StreamId::new(id).unwrap();
        let header = Header {
            chunk_stream,
            ..video(0)
        };
        let bytes = write(&mut Writer::new(), &header, &Bytes::new());
        assert_eq!((bytes[0], bytes.len()), (id, 12));
    }
}

#[test]
fn quirk_a1_two_and_three_byte_chunk_streams_are_read() {
    let rest = "000001 000001 09 01000000 AA";
    for (basic, id) in [
        ("00 00", 64),
        ("00 FF", 319),
        ("01 00 01", 320),
        ("01 FF FF", 65599),
    ] {
        let messages = read(&hex(&format!("{basic} {rest}")));
        assert_eq!(
            (messages[0].chunk_stream, &messages[0].payload[..]),
            (id, &[0xAA][..])
        );
    }
}

#[test]
fn quirk_a2_a_written_chunk_size_is_128_to_65536() {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    for size in [0, 1, 127, 65537, 1 << 31] {
        let refused = writer.set_chunk_size(size, &mut out);
        assert!(matches!(refused, Err(Error::Misuse { .. })), "{size}");
    }
    assert_eq!((out.len(), writer.chunk_size()), (0, 128));
    for size in [128, 4096, 8192, 65536] {
        writer.set_chunk_size(size, &mut out).unwrap();
        assert_eq!(writer.chunk_size(), size as usize);
    }
}

#[test]
fn quirk_a2_a_read_chunk_size_has_bit_31_clear_and_is_not_zero() {
    for size in [0, 1 << 31, u32::MAX] {
        assert!(is_misbehaviour(&fault(&set_chunk_size(size))), "{size}");
    }
    for size in [1, 512, 60000, 1 << 24, (1 << 31) - 1] {
        let mut reader = reader();
        reader.feed(&set_chunk_size(size));
        let message = reader.next().unwrap().unwrap();
        assert_eq!(
            Control::parse(&message),
            Ok(Some(Control::SetChunkSize(size)))
        );
        assert_eq!(reader.chunk_size(), (size as usize).min(MAX_MESSAGE_SIZE));
    }
}

#[test]
fn quirk_a2_the_two_directions_have_their_own_chunk_size() {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    writer.set_chunk_size(8192, &mut out).unwrap();
    assert_eq!(reader().chunk_size(), 128, "ours changes theirs");
    let mut reader = reader();
    reader.feed(&set_chunk_size(512));
    reader.next().unwrap();
    assert_eq!((reader.chunk_size(), writer.chunk_size()), (512, 8192));
}

#[test]
fn quirk_a3_a_message_beyond_what_nginx_takes_can_be_told_and_is_still_carried() {
    assert_eq!(CAREFUL_MESSAGE_SIZE, 1_048_576);
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    writer.set_chunk_size(65536, &mut out).unwrap();
    let payload = pattern(CAREFUL_MESSAGE_SIZE + 1);
    writer.write(&video(0), &[], &payload, &mut out).unwrap();
    let messages = read_cut(&flat(out), 65536, Limits::default()).0;
    assert_eq!(messages[1].payload, payload);
}

#[test]
fn quirk_a4_the_first_chunk_of_each_chunk_stream_has_a_full_header() {
    let mut writer = Writer::new();
    for id in 2..=31 {
        let chunk_stream = StreamId::new(id).unwrap();
        let header = Header {
            chunk_stream,
            ..video(40)
        };
        assert_eq!(format(&write(&mut writer, &header, &pattern(5))), 0);
        assert_ne!(format(&write(&mut writer, &header, &pattern(5))), 0);
    }
}

#[test]
fn quirk_a4_a_chunk_stream_that_begins_without_a_header_is_refused() {
    assert!(is_misbehaviour(&fault(&hex("C6 00"))));
    // librtmp's pings do begin chunk stream 2 with type 1.
    let messages = read(&hex("42 000005 000006 04 0006 00000001"));
    assert_eq!((messages[0].timestamp, messages[0].stream_id), (5, 0));
}

#[test]
fn quirk_a5_a_message_never_begins_inside_another_of_its_chunk_stream() {
    let half = [&hex("06 000000 000081 09 01000000")[..], &pattern(128)].concat();
    for header in [
        "06 000000 000001 09 01000000",
        "46 000000 000001 09",
        "86 000000",
    ] {
        let bytes = [&half[..], &hex(header), &[0xAA]].concat();
        assert!(is_misbehaviour(&fault(&bytes)), "{header}");
    }
    let other = hex("04 000000 000001 08 01000000 AA");
    let messages = read(&[&half[..], &other, &[0xC6, 0xBB]].concat());
    let kinds: Vec<MessageKind> = messages.iter().map(|message| message.kind).collect();
    assert_eq!(kinds, [MessageKind::Audio, MessageKind::Video]);
    assert_eq!(messages[1].payload.len(), 129);
}

#[test]
fn quirk_a5_written_messages_do_not_interleave() {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    for time in [0, 40] {
        writer
            .write(&video(time), &[], &pattern(300), &mut out)
            .unwrap();
        writer
            .write(&audio(time), &[], &pattern(200), &mut out)
            .unwrap();
    }
    let order: Vec<(MessageKind, u32)> = read(&flat(out))
        .iter()
        .map(|m| (m.kind, m.timestamp))
        .collect();
    let (audio, video) = (MessageKind::Audio, MessageKind::Video);
    assert_eq!(order, [(video, 0), (audio, 0), (video, 40), (audio, 40)]);
}

#[test]
fn quirk_a6_a_type_3_chunk_is_never_written_to_begin_a_message() {
    let mut writer = Writer::new();
    let formats: Vec<u8> = [20, 40, 60, 60]
        .map(|time| format(&write(&mut writer, &video(time), &pattern(9))))
        .into();
    assert_eq!(formats, [0, 2, 2, 2]);
    assert_eq!(format(&write(&mut writer, &video(80), &pattern(8))), 1);
}

#[test]
fn quirk_a6_a_type_3_chunk_that_begins_a_message_repeats_the_last_time_field() {
    // FFmpeg and SRS follow the specification: after type 0, the time itself is the delta.
    let begin = "06 000017 000001 09 01000000 AA";
    let times = |tail: &str| -> Vec<u32> {
        let bytes = hex(&format!("{begin} {tail}"));
        read(&bytes)
            .iter()
            .map(|message| message.timestamp)
            .collect()
    };
    assert_eq!(times("C6 BB C6 CC"), [23, 46, 69]);
    assert_eq!(times("86 000028 BB C6 CC"), [23, 63, 103]);
}

#[test]
fn quirk_a7_extended_timestamp_repeats_on_continuation_chunks() {
    let mut writer = Writer::new();
    let bytes = write(&mut writer, &video(0x0100_0000), &pattern(300));
    assert_eq!(bytes[..16], hex("06 FFFFFF 00012C 09 01000000 01000000"));
    for at in [16 + 128, 16 + 128 + 5 + 128] {
        assert_eq!(bytes[at..at + 5], hex("C6 01000000"));
    }
    let message = &read(&bytes)[0];
    assert_eq!(
        (message.timestamp, &message.payload),
        (0x0100_0000, &pattern(300))
    );
}

#[test]
fn quirk_a7_extended_timestamp_missing_on_continuation_chunks_is_noticed() {
    let begin = hex("06 FFFFFF 00012C 09 01000000 01000000");
    let body = pattern(300);
    let parts = [
        &begin[..],
        &body[..128],
        &[0xC6],
        &body[128..256],
        &[0xC6],
        &body[256..],
    ];
    let message = &read(&parts.concat())[0];
    assert_eq!((message.timestamp, &message.payload), (0x0100_0000, &body));
}

#[test]
fn quirk_a7_extended_timestamp_on_a_type_3_chunk_that_begins_a_message() {
    let begin = "46 FFFFFF 000001 09 01000000 AA";
    for tail in ["C6 01000000 BB", "C6 BB"] {
        let messages = read(&hex(&format!("{begin} {tail}")));
        let times: Vec<u32> = messages.iter().map(|message| message.timestamp).collect();
        assert_eq!(times, [0x0100_0000, 0x0200_0000], "{tail}");
        assert_eq!(messages[1].payload, [0xBB][..]);
    }
}

#[test]
fn quirk_a8_deltas_keep_large_times_off_the_wire() {
    let mut writer = Writer::new();
    let start = 0xFF_FFFF - 20;
    write(&mut writer, &video(start), &pattern(9));
    let bytes = write(&mut writer, &video(start + 40), &pattern(9));
    assert_eq!(bytes[..4], hex("86 000028"));
    assert_eq!(bytes.len(), 4 + 9, "no extended timestamp");
}

#[test]
fn quirk_a8_a_delta_is_never_extended() {
    let mut writer = Writer::new();
    write(&mut writer, &video(5), &pattern(9));
    let bytes = write(&mut writer, &video(5 + 0xFF_FFFE), &pattern(9));
    assert_eq!(bytes[..4], hex("86 FFFFFE"));
    let bytes = write(&mut writer, &video(5 + 0xFF_FFFE + 0xFF_FFFF), &pattern(9));
    assert_eq!(bytes[..12], hex("06 FFFFFF 000009 09 01000000"));
    assert_eq!(bytes[12..16], (5u32 + 0xFF_FFFE + 0xFF_FFFF).to_be_bytes());
}

#[test]
fn quirk_a9_time_that_goes_back_is_sent_whole_and_never_as_a_delta() {
    let (mut writer, mut all) = (Writer::new(), Vec::new());
    let times = [100, 100, 99, 0, 7];
    let formats = times.map(|time| {
        let bytes = write(&mut writer, &video(time), &pattern(9));
        all.extend_from_slice(&bytes);
        format(&bytes)
    });
    assert_eq!(formats, [0, 2, 0, 0, 2]);
    let read: Vec<u32> = read(&all).iter().map(|message| message.timestamp).collect();
    assert_eq!(read, times);
}

#[test]
fn quirk_a9_time_that_wraps_goes_forward() {
    let mut writer = Writer::new();
    let mut all = write(&mut writer, &video(u32::MAX - 9), &pattern(9));
    let second = write(&mut writer, &video(10), &pattern(9));
    assert_eq!(second[..4], hex("86 000014"));
    all.extend(second);
    assert_eq!(read(&all)[1].timestamp, 10);
}

#[test]
fn quirk_a10_an_acknowledgement_is_due_each_window_and_its_sequence_wraps() {
    let mut window = Window::new();
    assert_eq!(window.receive(1 << 20), None, "no window, nothing owed");
    window.set_size(1000);
    assert_eq!(window.receive(0), Some(1 << 20));
    assert_eq!(window.receive(999), None);
    assert_eq!(window.receive(1), Some((1 << 20) + 1000));
    assert_eq!(window.receive(5000), Some((1 << 20) + 6000));
    let mut window = Window::new();
    window.set_size(1 << 31);
    assert_eq!(window.receive(1 << 31), Some(1 << 31));
    assert_eq!(window.receive(1 << 31), Some(0));
    assert_eq!((window.receive(7), window.bytes()), (None, (1 << 32) + 7));
    window.set_size(0);
    assert_eq!(window.receive(1 << 33), None);
}

#[test]
fn quirk_a10_incoming_sequences_are_not_trusted() {
    let mut acknowledged = Acknowledged::new();
    assert_eq!(acknowledged.receive(1), None, "nothing was sent");
    acknowledged.send(1 << 31);
    assert_eq!(acknowledged.receive(1 << 30), Some(1 << 30));
    assert_eq!(acknowledged.receive(1 << 30), Some(1 << 30));
    assert_eq!(
        acknowledged.receive(5),
        None,
        "backwards: the counter started over"
    );
    assert_eq!(acknowledged.bytes(), 1 << 30);
    acknowledged.send(1 << 32);
    assert_eq!(acknowledged.receive(5), None, "even when so much was sent");
    assert_eq!(acknowledged.receive(3 << 30), None, "a step of 2^31");
    assert_eq!(acknowledged.receive(2 << 30), Some(2 << 30));
    assert_eq!(acknowledged.receive(3 << 30), Some(3 << 30));
    assert_eq!(acknowledged.receive(1 << 20), Some((1 << 32) + (1 << 20)));
    assert_eq!(
        (acknowledged.sent(), acknowledged.bytes()),
        (6 << 30, (1 << 32) + (1 << 20))
    );
}

#[test]
fn quirk_a11_a_ping_and_its_answer_carry_the_same_four_bytes() {
    let ping = &read(&hex("02 000000 000006 04 00000000 0006 DEADBEEF"))[0];
    let event = Control::UserControl(UserControl::PingRequest(0xDEAD_BEEF));
    assert_eq!(Control::parse(ping), Ok(Some(event)));
    let mut out = Slices::new();
    let answer = Control::UserControl(UserControl::PingResponse(0xDEAD_BEEF));
    Writer::new().write_control(&answer, &mut out).unwrap();
    assert_eq!(flat(out), hex("02 000000 000006 04 00000000 0007 DEADBEEF"));
}

#[test]
fn quirk_a12_a_peer_bandwidth_of_any_limit_type_is_read() {
    for (tail, limit) in [
        ("00", LimitType::Hard),
        ("01", LimitType::Soft),
        ("02", LimitType::Dynamic),
        ("07", LimitType::Other(7)),
    ] {
        let bytes = hex(&format!("02 000000 000005 06 00000000 002625A0 {tail}"));
        let size = 2_500_000;
        let expected = Control::PeerBandwidth { size, limit };
        assert_eq!(Control::parse(&read(&bytes)[0]), Ok(Some(expected)));
    }
}

#[test]
fn quirk_a12_unknown_message_types_are_not_fatal() {
    for kind in [0u8, 7, 10, 15, 16, 17, 19, 23, 255] {
        let bytes = hex(&format!("06 000000 000001 {kind:02X} 01000000 AA"));
        let message = &read(&bytes)[0];
        assert_eq!(
            (message.kind.id(), Control::parse(message)),
            (kind, Ok(None))
        );
    }
    for event in [5u16, 8, 31, 32] {
        let bytes = hex(&format!("02 000000 000004 04 00000000 {event:04X} AABB"));
        let data = Bytes::from_static(&[0xAA, 0xBB]);
        let expected = Control::UserControl(UserControl::Other { event, data });
        assert_eq!(Control::parse(&read(&bytes)[0]), Ok(Some(expected)));
    }
}

/// DJI's apps and PTZ cameras begin chunk stream 33 with a header of type 2, which says neither a
/// length nor a type; nginx-rtmp takes it for nothing, and goes on.
#[test]
fn quirk_e_a_chunk_stream_that_begins_with_type_2_is_an_empty_message() {
    let mut bytes = vec![0xA1, 0, 0, 5];
    let ping = Control::UserControl(UserControl::PingRequest(7));
    let mut out = Slices::new();
    Writer::new().write_control(&ping, &mut out).unwrap();
    bytes.extend(out.pieces().flatten());
    let mut reader = Reader::new(Limits::default());
    reader.feed(&bytes);
    let nothing = reader.next().unwrap().unwrap();
    assert_eq!((nothing.chunk_stream, nothing.payload.len()), (33, 0));
    assert_eq!(nothing.kind, MessageKind::Other(0));
    let said = reader.next().unwrap().unwrap();
    assert_eq!(Control::parse(&said), Ok(Some(ping)));
    // Later headers say what it is.
    reader.feed(&[0x61, 0, 0, 5, 0, 0, 1, 9, 0xAA]);
    let later = reader.next().unwrap().unwrap();
    assert_eq!((later.kind, later.timestamp), (MessageKind::Video, 10));
    // A type 3 chunk says nothing at all: the bytes are no chunks.
    reader.feed(&[0xE2]);
    assert!(is_misbehaviour(&reader.next().unwrap_err()));
}
