//! Chunks in memory: ten seconds of 4.5 Mbit/s video at 30 frames a second
//! with AAC, to bytes and back.

use std::hint::black_box;
use std::io::IoSlice;
use std::num::NonZeroUsize;
use std::time::Instant;

use anyhow::{Result, ensure};
use bytes::{Buf, Bytes};
use onair_rtmp::chunk::{Header, Limits, Reader, StreamId, Writer};
use onair_rtmp::{MessageKind, Slices};
use rml_rtmp::chunk_io::{ChunkDeserializer, ChunkSerializer};
use rml_rtmp::messages::MessagePayload;
use rml_rtmp::time::RtmpTimestamp;
use shiguredo_rtmp::tests as shiguredo;

use crate::table::{Group, median};

const ROUNDS: usize = 21;
/// What a receiver reads from its socket at a time.
const PIECE: usize = 64 * 1024;

/// A message to send, as a muxer makes it.
struct Sample {
    video: bool,
    timestamp: u32,
    head: Vec<u8>,
    payload: Bytes,
}

/// Both directions at a few chunk sizes.
pub fn run() -> Result<Vec<Group>> {
    let samples = samples();
    let mut groups = Vec::new();
    for size in [128, 4096, 65_536] {
        groups.push(write(&samples, size)?);
        groups.push(read(&samples, size)?);
    }
    Ok(groups)
}

/// Does it once and says how many seconds it took.
type Run<'a> = Box<dyn FnMut() -> Result<f64> + 'a>;

/// Measures contenders in turn, round after round, so that other work on the machine hits all
/// alike.
struct Race<'a> {
    contenders: Vec<(&'static str, Run<'a>)>,
}

impl<'a> Race<'a> {
    fn group(mut self, what: String, samples: &[Sample]) -> Result<Group> {
        let mut times = vec![Vec::new(); self.contenders.len()];
        for _ in 0..ROUNDS {
            for ((_, run), times) in self.contenders.iter_mut().zip(&mut times) {
                times.push(run()?);
            }
        }
        let mut group = Group::new(what);
        for ((who, _), times) in self.contenders.iter().zip(times) {
            let seconds = median(times);
            let each = seconds * 1e9 / samples.len() as f64;
            let rate = body_bytes(samples) as f64 / seconds / 1e9;
            group.row(
                who,
                seconds,
                format!("{each:>8.0} ns/message {rate:>7.2} GB/s"),
            );
        }
        Ok(group)
    }

    fn add(&mut self, who: &'static str, run: impl FnMut() -> Result<f64> + 'a) {
        self.contenders.push((who, Box::new(run)));
    }
}

fn write(samples: &[Sample], size: u32) -> Result<Group> {
    let rml = rml_messages(samples);
    verify(samples, size)?;
    let mut race = Race { contenders: vec![] };
    race.add("onair, as slices for writev", || {
        write_slices(samples, size)
    });
    race.add("onair, copied to one buffer", || {
        write_copied(samples, size)
    });
    race.add("rml_rtmp 0.8.0", || write_rml(&rml, size));
    race.add("shiguredo_rtmp canary.6", || write_shiguredo(samples, size));
    race.group(format!("message to bytes, {size}-byte chunks"), samples)
}

fn read(samples: &[Sample], size: u32) -> Result<Group> {
    let bytes = Bytes::from(encode(samples, size)?);
    let count = samples.len();
    let mut race = Race { contenders: vec![] };
    race.add("onair, pieces fed by copy", || {
        read_onair(&bytes, count, false)
    });
    race.add("onair, pieces fed by reference", || {
        read_onair(&bytes, count, true)
    });
    race.add("rml_rtmp 0.8.0", || read_rml(&bytes, count));
    race.add("shiguredo_rtmp canary.6", || read_shiguredo(&bytes, count));
    let what = format!("bytes to messages, {size}-byte chunks");
    race.group(what, samples)
}

fn samples() -> Vec<Sample> {
    let mut noise = 1_u64;
    let mut payload = |len: usize| -> Bytes {
        let byte = || {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            noise as u8
        };
        std::iter::repeat_with(byte).take(len).collect()
    };
    // A keyframe every two seconds, five times the size of the rest.
    let video = (0..300).map(|index| {
        let key = index % 60 == 0;
        (
            index * 1000 / 30,
            Some(key),
            if key { 87_900 } else { 17_580 },
        )
    });
    let audio = (0..469).map(|index| (index * 1024 / 48, None, 341));
    let mut all: Vec<_> = video.chain(audio).collect();
    all.sort_by_key(|(timestamp, ..)| *timestamp);
    let sample = |(timestamp, key, len): (u32, Option<bool>, usize)| Sample {
        video: key.is_some(),
        timestamp,
        head: match key {
            Some(true) => vec![0x17, 1, 0, 0, 0],
            Some(false) => vec![0x27, 1, 0, 0, 0],
            None => vec![0xAF, 1],
        },
        payload: payload(len),
    };
    all.into_iter().map(sample).collect()
}

fn body_bytes(samples: &[Sample]) -> usize {
    let len = |sample: &Sample| sample.head.len() + sample.payload.len();
    samples.iter().map(len).sum()
}

fn header(sample: &Sample) -> Header {
    let (chunk_stream, kind) = if sample.video {
        (StreamId::VIDEO, MessageKind::Video)
    } else {
        (StreamId::AUDIO, MessageKind::Audio)
    };
    Header {
        chunk_stream,
        stream_id: 1,
        kind,
        timestamp: sample.timestamp,
    }
}

fn write_slices(samples: &[Sample], size: u32) -> Result<f64> {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    writer.set_chunk_size(size, &mut out)?;
    let start = Instant::now();
    for sample in samples {
        writer.write(&header(sample), &sample.head, &sample.payload, &mut out)?;
        while out.has_remaining() {
            let mut pieces = [IoSlice::new(&[]); 64];
            let count = out.chunks_vectored(&mut pieces);
            let taken = black_box(&pieces[..count])
                .iter()
                .map(|piece| piece.len())
                .sum();
            out.advance(taken);
        }
    }
    Ok(start.elapsed().as_secs_f64())
}

fn write_copied(samples: &[Sample], size: u32) -> Result<f64> {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    writer.set_chunk_size(size, &mut out)?;
    let mut buffer = Vec::with_capacity(1 << 20);
    let start = Instant::now();
    for sample in samples {
        buffer.clear();
        writer.write(&header(sample), &sample.head, &sample.payload, &mut out)?;
        out.pieces()
            .for_each(|piece| buffer.extend_from_slice(piece));
        out.clear();
        black_box(&buffer);
    }
    Ok(start.elapsed().as_secs_f64())
}

fn rml_messages(samples: &[Sample]) -> Vec<MessagePayload> {
    let message = |sample: &Sample| MessagePayload {
        timestamp: RtmpTimestamp::new(sample.timestamp),
        type_id: if sample.video { 9 } else { 8 },
        message_stream_id: 1,
        data: [&sample.head[..], &sample.payload].concat().into(),
    };
    samples.iter().map(message).collect()
}

fn write_rml(messages: &[MessagePayload], size: u32) -> Result<f64> {
    let mut serializer = ChunkSerializer::new();
    serializer.set_max_chunk_size(size, RtmpTimestamp::new(0))?;
    let start = Instant::now();
    for message in messages {
        black_box(serializer.serialize(message, false, false)?);
    }
    Ok(start.elapsed().as_secs_f64())
}

fn shiguredo_messages(samples: &[Sample]) -> Vec<shiguredo::RtmpMessage> {
    samples.iter().map(shiguredo_message).collect()
}

fn shiguredo_message(sample: &Sample) -> shiguredo::RtmpMessage {
    let timestamp = shiguredo::RtmpTimestamp::from_millis(sample.timestamp);
    let header = shiguredo::RtmpMessageHeader {
        stream_id: shiguredo::RtmpMessageStreamId::new(1),
        timestamp,
    };
    if !sample.video {
        let frame = shiguredo::AudioFrame {
            timestamp,
            format: shiguredo::AudioFormat::Aac,
            sample_rate: shiguredo::AudioFrame::AAC_SAMPLE_RATE,
            // Written as the bit that FLV gives to 16-bit samples.
            is_8bit_sample: true,
            is_stereo: true,
            is_aac_sequence_header: false,
            data: sample.payload.to_vec(),
        };
        return shiguredo::RtmpMessage::Audio { header, frame };
    }
    let key = sample.head[0] == 0x17;
    let frame = shiguredo::VideoFrame {
        timestamp,
        composition_timestamp_offset: shiguredo::RtmpTimestampDelta::ZERO,
        frame_type: if key {
            shiguredo::VideoFrameType::KeyFrame
        } else {
            shiguredo::VideoFrameType::InterFrame
        },
        codec: shiguredo::VideoCodec::Avc,
        avc_packet_type: Some(shiguredo::AvcPacketType::NalUnit),
        data: sample.payload.to_vec(),
    };
    shiguredo::RtmpMessage::Video { header, frame }
}

fn write_shiguredo(samples: &[Sample], size: u32) -> Result<f64> {
    // It takes messages by value: what that costs its caller is not counted.
    let messages = shiguredo_messages(samples);
    let mut encoder = shiguredo::RtmpMessageEncoder::default();
    let mut buffer = Vec::with_capacity(1 << 20);
    encoder.encode(&mut buffer, shiguredo_id(2), shiguredo_size(size));
    let start = Instant::now();
    for (message, sample) in messages.into_iter().zip(samples) {
        buffer.clear();
        let id = shiguredo_id(if sample.video { 6 } else { 4 });
        encoder.encode(&mut buffer, id, message);
        black_box(&buffer);
    }
    Ok(start.elapsed().as_secs_f64())
}

fn shiguredo_id(id: u32) -> shiguredo::RtmpChunkStreamId {
    shiguredo::RtmpChunkStreamId::new(id).expect("a chunk stream id it knows")
}

fn shiguredo_size(size: u32) -> shiguredo::RtmpMessage {
    let size = shiguredo::RtmpChunkSize::saturating_new(size as usize);
    shiguredo::RtmpMessage::set_chunk_size(size)
}

/// The whole stream, the chunk size's announcement first.
fn encode(samples: &[Sample], size: u32) -> Result<Vec<u8>> {
    let (mut writer, mut out) = (Writer::new(), Slices::new());
    writer.set_chunk_size(size, &mut out)?;
    for sample in samples {
        writer.write(&header(sample), &sample.head, &sample.payload, &mut out)?;
    }
    Ok(out.copy_to_bytes(out.remaining()).to_vec())
}

fn read_onair(bytes: &Bytes, count: usize, by_reference: bool) -> Result<f64> {
    let mut reader = Reader::new(Limits::default());
    let mut messages = 0;
    let start = Instant::now();
    for at in (0..bytes.len()).step_by(PIECE) {
        let piece = bytes.slice(at..(at + PIECE).min(bytes.len()));
        if by_reference {
            reader.feed_bytes(piece);
        } else {
            reader.feed(&piece);
        }
        while let Some(message) = reader.next()? {
            black_box(message);
            messages += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    ensure!(messages == count + 1, "onair read {messages} messages");
    Ok(seconds)
}

fn read_rml(bytes: &[u8], count: usize) -> Result<f64> {
    let mut deserializer = ChunkDeserializer::new();
    let mut messages = 0;
    let start = Instant::now();
    for piece in bytes.chunks(PIECE) {
        let mut fed = piece;
        while let Some(message) = deserializer.get_next_message(fed)? {
            fed = &[];
            messages += 1;
            if message.type_id == 1 {
                let size = u32::from_be_bytes(message.data[..4].try_into()?);
                deserializer.set_max_chunk_size(NonZeroUsize::try_from(size as usize)?.get())?;
            }
            black_box(message);
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    ensure!(messages == count + 1, "rml_rtmp read {messages} messages");
    Ok(seconds)
}

fn read_shiguredo(bytes: &[u8], count: usize) -> Result<f64> {
    let mut decoder = shiguredo::RtmpMessageDecoder::default();
    let mut messages = 0;
    let start = Instant::now();
    for piece in bytes.chunks(PIECE) {
        decoder.feed_buf(piece);
        while let Some(message) = decoder.decode().map_err(foreign)? {
            black_box(message);
            messages += 1;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    ensure!(
        messages == count + 1,
        "shiguredo_rtmp read {messages} messages"
    );
    Ok(seconds)
}

fn foreign(error: impl std::fmt::Debug) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}

/// Our reader reads the same messages from every writer: none is fast by leaving something out.
fn verify(samples: &[Sample], size: u32) -> Result<()> {
    compare("onair", &encode(samples, size)?, samples)?;
    let mut serializer = ChunkSerializer::new();
    let mut bytes = serializer
        .set_max_chunk_size(size, RtmpTimestamp::new(0))?
        .bytes;
    for message in rml_messages(samples) {
        bytes.extend(serializer.serialize(&message, false, false)?.bytes);
    }
    compare("rml_rtmp", &bytes, samples)?;
    let mut encoder = shiguredo::RtmpMessageEncoder::default();
    let mut bytes = Vec::new();
    encoder.encode(&mut bytes, shiguredo_id(2), shiguredo_size(size));
    for (message, sample) in shiguredo_messages(samples).into_iter().zip(samples) {
        let id = shiguredo_id(if sample.video { 6 } else { 4 });
        encoder.encode(&mut bytes, id, message);
    }
    compare("shiguredo_rtmp", &bytes, samples)
}

fn compare(who: &str, bytes: &[u8], samples: &[Sample]) -> Result<()> {
    let mut reader = Reader::new(Limits::default());
    reader.feed(bytes);
    let mut found = Vec::new();
    while let Some(message) = reader.next()? {
        found.push(message);
    }
    ensure!(
        found.len() == samples.len() + 1,
        "{who} wrote {} messages",
        found.len()
    );
    for (message, sample) in found[1..].iter().zip(samples) {
        let body = [&sample.head[..], &sample.payload].concat();
        ensure!(message.timestamp == sample.timestamp, "{who}: another time");
        ensure!(message.payload == body, "{who}: another body");
    }
    Ok(())
}
