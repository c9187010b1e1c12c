//! Fuzz bodies: plain functions over arbitrary bytes, replayed here by stable tests.
//!
//! A body panics where a promise is broken; malformed bytes alone are no fault.

mod machines;

use std::fmt::Debug;

use bytes::{Buf, Bytes};

pub use self::machines::{command, player_ops, publisher_ops, server_ops};
use crate::chunk::{Header, Limits, Reader, StreamId, Writer};
use crate::{Control, Error, Message, MessageKind, Slices, Target, Url, handshake};

/// Small, so that fuzzing meets them; incomplete messages have room for the worst case.
const LIMITS: Limits = Limits {
    chunk_streams: 32,
    message: 1 << 16,
    buffered: 32 << 16,
};

/// A URL that parses is the same again when built from its parts, and its printed form is no URL to
/// use. Any app and key name a stream that shows neither query.
pub fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (app, key) = text.split_once('\n').unwrap_or((text, ""));
    let target = Target::new(app, key);
    assert!(!target.app().contains('?') && !target.name().contains('?'));
    assert!(target.secrets().count() <= 12 && target.keys().count() == 2);
    drop(Url::from_server(app, key));
    let Ok(url) = text.parse::<Url>() else { return };
    assert_eq!(url.resolve(&url.tc_url()), Ok(url.clone()));
    assert!(url.to_string().parse::<Url>().is_err());
    drop(url.resolve(text));
}

/// Both sides of the handshake take the same bytes, however cut.
pub fn handshake(data: &[u8]) {
    let Some((seed, data)) = data.split_first() else {
        return;
    };
    let seed = u64::from(*seed);
    let client = |pieces: &[&[u8]]| {
        let mut client = handshake::Client::new(seed);
        let taken = pieces.iter().map(|piece| client.handle(piece));
        let taken: Result<Vec<usize>, Error> = taken.collect();
        (sum(taken), client.poll_transmit(), client.is_done())
    };
    let server = |pieces: &[&[u8]]| {
        let mut server = handshake::Server::new(seed);
        let taken = pieces.iter().map(|piece| server.handle(piece));
        let taken: Result<Vec<usize>, Error> = taken.collect();
        (sum(taken), server.poll_transmit(), server.is_done())
    };
    let cuts: Vec<&[u8]> = data.chunks((data.len() % 256).max(1)).collect();
    same(client(&[data]), client(&cuts));
    same(server(&[data]), server(&cuts));
}

/// The same bytes, however cut, give the same messages and the same end.
pub fn chunk_split(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else {
        return;
    };
    let whole = read([data]);
    let cut = usize::from(*cut).max(1);
    same(&whole, &read(data.chunks(cut)));
    same(&whole, &read(data.chunks(1)));
}

/// What the writer makes of any messages, the reader reads.
pub fn chunk_roundtrip(mut data: &[u8]) {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    let mut sent = Vec::new();
    while let Some((op, rest)) = data.split_first_chunk::<8>() {
        data = rest;
        let [id, kind, t0, t1, t2, t3, length, meet] = *op;
        let Some(chunk_stream) = StreamId::new(id) else {
            let size = u32::from_be_bytes([0, 0, length, meet]);
            let _ = writer.set_chunk_size(size, &mut out);
            continue;
        };
        let header = Header {
            chunk_stream,
            stream_id: u32::from(meet & 1),
            // Kinds that change the reader's state are the writer's own.
            kind: MessageKind::from(kind | 8),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        };
        let body = Bytes::from(vec![kind; usize::from(length) * 5]);
        let (head, payload) = body.split_at(usize::from(meet).min(body.len()));
        let payload = body.slice_ref(payload);
        if writer.write(&header, head, &payload, &mut out).is_ok() {
            sent.push((header, body));
        }
    }
    let bytes = out.copy_to_bytes(out.remaining());
    let (messages, error) = read([&bytes[..]]);
    assert_eq!(error, None);
    let media = messages.iter().filter(|m| m.kind.id() & 8 != 0);
    assert_eq!(media.clone().count(), sent.len());
    for (message, (header, body)) in media.zip(&sent) {
        assert_eq!(message.timestamp, header.timestamp);
        assert_eq!((message.kind, &message.payload), (header.kind, body));
    }
}

/// A control message that was read can be written and read again; an aggregate ends.
pub fn message(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else {
        return;
    };
    let message = Message {
        chunk_stream: 2,
        stream_id: 0,
        timestamp: 1 << 31,
        kind: (*kind).into(),
        payload: Bytes::copy_from_slice(body),
    };
    if let Ok(Some(control)) = Control::parse(&message) {
        let mut out = Vec::new();
        control.write(&mut out);
        let payload = Bytes::from(out);
        let again = Control::parse(&Message {
            payload,
            ..message.clone()
        });
        assert_eq!(again, Ok(Some(control)));
    }
    let inner = message.aggregate().flatten().map(|m| m.payload.len() + 11);
    assert!(inner.sum::<usize>() <= body.len());
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Message>, Option<Error>) {
    let (mut reader, mut messages) = (Reader::new(LIMITS), Vec::new());
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
            assert!(reader.buffered() <= LIMITS.buffered);
        }
    }
    (messages, None)
}

fn sum(taken: Result<Vec<usize>, Error>) -> Result<usize, Error> {
    taken.map(|counts| counts.iter().sum())
}

fn same<T: PartialEq + Debug>(whole: T, cut: T) {
    assert_eq!(whole, cut, "a cut changed the meaning");
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use onair_netsim::Noise;

    use super::*;

    /// Replays noise, and each golden input whole and with a few bytes changed.
    pub(super) fn replay(body: fn(&[u8]), goldens: &[&[u8]]) {
        let mut noise = Noise::new(1);
        for _ in 0..500 {
            let mut bytes = vec![0; noise.within(&(0..=599))];
            noise.fill(&mut bytes);
            body(&bytes);
        }
        for golden in goldens {
            body(golden);
            for _ in 0..500 {
                let mut bytes = golden.to_vec();
                for _ in 0..=noise.within(&(0..=3)) {
                    let at = noise.within(&(0..=bytes.len() - 1));
                    noise.fill(&mut bytes[at..=at]);
                }
                bytes.truncate(noise.within(&(1..=bytes.len())));
                body(&bytes);
            }
        }
    }

    /// A first byte for the body, then the chunks of a short conversation.
    fn conversation(cut: u8) -> Vec<u8> {
        let (mut writer, mut out) = (Writer::new(), Slices::new());
        for timestamp in [0, 40, 0xFF_FFFF, 0x0200_0000, 80] {
            for (id, length) in [(4, 20), (6, 700), (6, 700), (8, 0)] {
                let header = Header {
                    chunk_stream: StreamId::new(id).unwrap(),
                    stream_id: 1,
                    kind: MessageKind::Video,
                    timestamp,
                };
                let payload = Bytes::from(vec![id; length]);
                writer.write(&header, &[1], &payload, &mut out).unwrap();
            }
            writer
                .set_chunk_size(200 + timestamp % 100, &mut out)
                .unwrap();
            writer.write_control(&Control::Abort(6), &mut out).unwrap();
        }
        let mut bytes = vec![cut];
        bytes.extend(out.copy_to_bytes(out.remaining()));
        bytes
    }

    #[test]
    fn url_replays() {
        let goldens: [&[u8]; 3] = [
            b"rtmps://al%40ice:pw@[2001:db8::1]:8443/app/inst?x=1/key?y=2/z",
            b"rtmp://live.example:1936/app/_definst_?a=b/key",
            b"//host/app",
        ];
        replay(url, &goldens);
    }

    #[test]
    fn handshake_replays() {
        let whole = [&[9, 3][..], &[7; 3080]].concat();
        replay(handshake, &[&whole, &whole[..2000]]);
    }

    #[test]
    fn chunk_split_replays() {
        replay(chunk_split, &[&conversation(7), &conversation(128)]);
    }

    #[test]
    fn chunk_roundtrip_replays() {
        let mut ops = [0; 8 * 60];
        Noise::new(5).fill(&mut ops);
        for op in ops.chunks_mut(8) {
            op[0] %= 36;
        }
        replay(chunk_roundtrip, &[&ops]);
    }

    #[test]
    fn message_replays() {
        let aggregate = b"\x16\x08\0\0\x02\0\0\x64\0\0\0\0\xAF\x01\0\0\0\x0D\x09\0\0\x01\0\0\x8C\0\0\0\0\x17\0\0\0\x0C";
        let ping = b"\x04\0\x06\0\0\0\x01";
        let bandwidth = b"\x06\0\0\0\x09\x02";
        replay(message, &[aggregate, ping, bandwidth]);
    }

    #[test]
    fn the_corpora_replay() {
        corpus::replay("url", url);
        corpus::replay("handshake", handshake);
        corpus::replay("chunk_split", chunk_split);
        corpus::replay("chunk_roundtrip", chunk_roundtrip);
        corpus::replay("message", message);
        corpus::replay("command", command);
        corpus::replay("publisher_ops", publisher_ops);
        corpus::replay("server_ops", server_ops);
        corpus::replay("player_ops", player_ops);
    }
}
