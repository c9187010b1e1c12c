//! RTMP as bytes, without a machine's courtesy: each message in one chunk.

use bytes::Bytes;
use onair_flv::amf0::Value;
use onair_rtmp::{Command, MessageKind};

/// A sequence parameter set and a picture parameter set of 1280×720.
const SPS: &[u8] = &[
    0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
];
const PPS: &[u8] = &[0x68, 0xCE, 0x3C, 0x80];

/// So large that no message is cut.
const CHUNK_SIZE: u32 = 0x00FF_FFFF;

/// A message in one chunk with a full header (RTMP 1.0, section 5.3.1.2.1).
pub(crate) fn message(kind: MessageKind, stream: u32, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a length of 24 bits");
    let mut wire = Vec::with_capacity(12 + payload.len());
    wire.push(3);
    wire.extend(&timestamp.to_be_bytes()[1..]);
    wire.extend(&length.to_be_bytes()[1..]);
    wire.push(kind.id());
    wire.extend(stream.to_le_bytes());
    wire.extend(payload);
    wire
}

/// The same message `count` times: all but the first have a header of one byte (section 5.3.1.2.4).
pub(crate) fn repeated(kind: MessageKind, payload: &[u8], count: usize) -> Vec<u8> {
    let mut wire = message(kind, 0, 0, payload);
    wire.extend([&[0xC3], payload].concat().repeat(count.saturating_sub(1)));
    wire
}

/// The shortest command of this name, without anything after the name.
pub(crate) fn bare(name: &str) -> Vec<u8> {
    let mut payload = Vec::new();
    Value::String(name.to_owned()).write(&mut payload);
    payload
}

pub(crate) fn command(stream: u32, command: &Command) -> Vec<u8> {
    message(MessageKind::CommandAmf0, stream, 0, &command.write())
}

/// The client's side of the handshake, a chunk size, and `connect`.
pub(crate) fn hello() -> Vec<u8> {
    let mut wire = vec![3];
    wire.resize(1 + 2 * 1536, 0);
    // The first chunk is shorter than the protocol's default chunk size.
    wire.extend(message(
        MessageKind::SetChunkSize,
        0,
        0,
        &CHUNK_SIZE.to_be_bytes(),
    ));
    let text = |text: &str| Value::String(text.to_owned());
    let properties = [
        ("app", "live"),
        ("tcUrl", "rtmp://127.0.0.1/live"),
        ("flashVer", "hostile"),
    ];
    let properties = properties.map(|(name, value)| (name.into(), text(value)));
    let connect = Command::new("connect", 1.0).object(Value::Object(properties.into()));
    wire.extend(command(0, &connect));
    wire
}

/// `createStream` and `publish`, on the stream that every server answers with.
pub(crate) fn publish(key: &str) -> Vec<u8> {
    let publish = Command::new("publish", 5.0).text(key).text("live");
    [create_stream(), command(1, &publish)].concat()
}

/// `createStream` and `play`.
pub(crate) fn play(name: &str) -> Vec<u8> {
    [
        create_stream(),
        command(1, &Command::new("play", 5.0).text(name)),
    ]
    .concat()
}

fn create_stream() -> Vec<u8> {
    command(0, &Command::new("createStream", 4.0))
}

/// The publisher's own end.
pub(crate) fn delete_stream() -> Vec<u8> {
    let delete = Command::new("deleteStream", 0.0).argument(Value::Number(1.0));
    command(0, &delete)
}

/// Ping requests (section 7.1.7).
pub(crate) fn pings(count: usize) -> Vec<u8> {
    repeated(MessageKind::UserControl, &[0, 6, 0, 0, 0, 7], count)
}

/// A decoder configuration with `pad` bytes more of picture parameter sets than a decoder needs.
pub(crate) fn avc_config(timestamp: u32, pad: usize, fill: u8) -> Vec<u8> {
    let mut body = vec![0x17, 0, 0, 0, 0, 1, 0x42, 0xC0, 0x1F, 0xFF, 0xE1];
    let set = |body: &mut Vec<u8>, bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).expect("16 bits");
        body.extend(length.to_be_bytes());
        body.extend(bytes);
    };
    set(&mut body, SPS);
    let more = pad.div_ceil(60_000);
    body.push(u8::try_from(more + 1).expect("255 sets at most"));
    set(&mut body, PPS);
    let mut padding = vec![fill; 60_000.min(pad)];
    for _ in 0..more {
        padding[..PPS.len()].copy_from_slice(PPS);
        set(&mut body, &padding);
    }
    message(MessageKind::Video, 1, timestamp, &body)
}

/// A picture of `size` bytes; `number` is in its first eight.
pub(crate) fn picture(timestamp: u32, is_keyframe: bool, size: usize, number: u64) -> Vec<u8> {
    let mut body = vec![if is_keyframe { 0x17 } else { 0x27 }, 1, 0, 0, 0];
    body.extend(number.to_be_bytes());
    body.resize(5 + size.max(8), 0x55);
    message(MessageKind::Video, 1, timestamp, &body)
}

/// The number in a picture's payload.
pub(crate) fn number(payload: &Bytes) -> Option<u64> {
    let bytes = payload.get(5..13)?.try_into().ok()?;
    (payload[1] == 1).then(|| u64::from_be_bytes(bytes))
}

/// `onMetaData` with an encoder's name of this length.
pub(crate) fn metadata(length: usize, fill: char) -> Vec<u8> {
    let name: String = std::iter::repeat_n(fill, length).collect();
    let properties = vec![("encoder".into(), Value::String(name))];
    let mut body = Vec::new();
    for value in [
        Value::String("@setDataFrame".into()),
        Value::String("onMetaData".into()),
        Value::EcmaArray(properties),
    ] {
        value.write(&mut body);
    }
    message(MessageKind::DataAmf0, 1, 0, &body)
}
