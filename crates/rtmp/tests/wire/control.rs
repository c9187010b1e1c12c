//! Control messages and aggregates.

use bytes::Bytes;
use onair_rtmp::chunk::Writer;
use onair_rtmp::{Control, Error, LimitType, Message, MessageKind, Slices, UserControl};

use crate::common::*;

/// Every control message there is, with its body on the wire.
fn goldens() -> Vec<(Control, &'static str)> {
    let user = Control::UserControl;
    let (size, limit) = (9, LimitType::Soft);
    let data = Bytes::from_static(&[7, 8, 9]);
    vec![
        (Control::SetChunkSize(4096), "00001000"),
        (Control::Abort(6), "00000006"),
        (Control::Acknowledgement(0xFFFF_FFFF), "FFFFFFFF"),
        (Control::WindowAckSize(2_500_000), "002625A0"),
        (Control::PeerBandwidth { size, limit }, "00000009 01"),
        (user(UserControl::StreamBegin(1)), "0000 00000001"),
        (user(UserControl::StreamEof(1)), "0001 00000001"),
        (user(UserControl::StreamDry(1)), "0002 00000001"),
        (
            user(UserControl::SetBufferLength {
                stream: 1,
                milliseconds: 3000,
            }),
            "0003 00000001 00000BB8",
        ),
        (user(UserControl::StreamIsRecorded(1)), "0004 00000001"),
        (user(UserControl::PingRequest(5)), "0006 00000005"),
        (user(UserControl::PingResponse(5)), "0007 00000005"),
        (user(UserControl::Other { event: 31, data }), "001F 070809"),
    ]
}

fn message(kind: MessageKind, payload: impl Into<Bytes>) -> Message {
    Message {
        chunk_stream: 2,
        stream_id: 0,
        timestamp: 0,
        kind,
        payload: payload.into(),
    }
}

#[test]
fn every_control_message_reads_and_writes() {
    for (control, body) in goldens() {
        let mut out = Slices::new();
        Writer::new().write_control(&control, &mut out).unwrap();
        let bytes = flat(out);
        assert_eq!((bytes[0], bytes[8..12].to_vec()), (2, vec![0; 4]));
        assert_eq!(bytes[12..], hex(body), "{control:?}");
        let message = &read(&bytes)[0];
        assert_eq!(message.kind, control.kind());
        assert_eq!(Control::parse(message), Ok(Some(control)));
    }
}

#[test]
fn a_control_message_cut_short_is_invalid() {
    for (control, body) in goldens() {
        let body = hex(body);
        for end in 0..body.len() {
            let parsed = Control::parse(&message(control.kind(), body[..end].to_vec()));
            let whole = matches!(parsed, Ok(Some(ref found)) if *found == control);
            assert!(!whole, "{control:?} from {end} bytes");
        }
    }
    let short = message(MessageKind::UserControl, vec![0]);
    assert!(matches!(
        Control::parse(&short),
        Err(Error::Invalid { at: 0, .. })
    ));
}

#[test]
fn a_peer_bandwidth_without_its_limit_type_is_dynamic() {
    let parsed = Control::parse(&message(MessageKind::PeerBandwidth, hex("00000009")));
    let (size, limit) = (9, LimitType::Dynamic);
    assert_eq!(parsed, Ok(Some(Control::PeerBandwidth { size, limit })));
}

#[test]
fn every_message_type_id_keeps_its_number() {
    for id in 0..=255u8 {
        assert_eq!(MessageKind::from(id).id(), id);
    }
}

/// An aggregate at 5000 ms of audio and video messages that say 100, 140 and 0x01000000.
fn aggregate() -> Message {
    let body = hex("08 000002 000064 00 000000 AF01 0000000D \
         09 000003 00008C 00 000000 170100 0000000E \
         08 000001 000000 01 000000 AF 0000000C");
    Message {
        stream_id: 1,
        timestamp: 5000,
        ..message(MessageKind::Aggregate, body)
    }
}

#[test]
fn an_aggregate_comes_apart_with_its_times_moved() {
    let inner: Vec<Message> = aggregate().aggregate().map(Result::unwrap).collect();
    let (audio, video) = (MessageKind::Audio, MessageKind::Video);
    let facts: Vec<_> = inner.iter().map(|m| (m.kind, m.timestamp)).collect();
    let far = 0x0100_0000 - 100 + 5000;
    assert_eq!(facts, [(audio, 5000), (video, 5040), (audio, far)]);
    let bodies: Vec<&[u8]> = inner.iter().map(|m| &m.payload[..]).collect();
    assert_eq!(bodies, [&[0xAF, 1][..], &[0x17, 1, 0], &[0xAF]]);
    assert!(inner.iter().all(|m| m.stream_id == 1));
}

#[test]
fn an_aggregate_shares_its_payload() {
    let whole = aggregate();
    let first = whole.aggregate().next().unwrap().unwrap();
    assert_eq!(first.payload.as_ptr(), whole.payload[11..].as_ptr());
}

#[test]
fn an_aggregate_without_its_last_back_pointer_is_whole() {
    let whole = aggregate();
    for missing in 1..=4 {
        let payload = whole.payload.slice(..whole.payload.len() - missing);
        let cut = Message {
            payload,
            ..whole.clone()
        };
        assert_eq!(cut.aggregate().filter(Result::is_ok).count(), 3);
    }
}

#[test]
fn a_broken_aggregate_gives_what_is_whole_and_then_one_error() {
    let whole = aggregate();
    for end in 1..whole.payload.len() - 4 {
        let payload = whole.payload.slice(..end);
        let cut = Message {
            payload,
            ..whole.clone()
        };
        let inner: Vec<_> = cut.aggregate().collect();
        let broken = inner.iter().filter(|m| m.is_err()).count();
        assert!(inner.len() <= 3 && broken <= 1, "{end}");
        assert!(broken == 0 || inner.last().unwrap().is_err());
    }
    let empty = message(MessageKind::Aggregate, Bytes::new());
    assert_eq!(empty.aggregate().count(), 0);
}
