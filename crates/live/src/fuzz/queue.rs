//! Packets at any time, through the queue before a line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use onair_flv::Muxer;
use onair_media::{AudioConfig, Config, Kind, Packet, Timestamp, VideoConfig};

use crate::config::Limits;
use crate::interleave::Interleaver;
use crate::queue::{Overflow, PacketQueue};

/// Four bytes are a packet, time passing, or a line that comes or goes: whatever the times of the
/// packets, whatever leaves can be sent, and nothing is left after the end.
pub fn queue(data: &[u8]) {
    let Some((first, events)) = data.split_first() else {
        return;
    };
    let (limits, overflow) = match first & 1 {
        0 => (Limits::REALTIME, Overflow::Shed),
        _ => (Limits::MAX_PACE, Overflow::Hold),
    };
    let mut line = Line {
        tracks: Interleaver::live(true, true),
        queue: PacketQueue::new(limits, overflow, true),
        muxer: Muxer::new(),
        configs: configs(),
        now: Instant::now(),
        time: 0,
    };
    for event in events.as_chunks().0 {
        line.handle(*event);
    }
    line.finish();
}

struct Line {
    tracks: Interleaver,
    queue: PacketQueue,
    muxer: Muxer,
    configs: [Config; 2],
    now: Instant,
    /// The source's, in nanoseconds.
    time: i64,
}

impl Line {
    fn handle(&mut self, [what, scale, step, length]: [u8; 4]) {
        match what % 8 {
            0 => self.now += Duration::from_millis(u64::from(step) << (scale % 8)),
            1 => self.queue.live(),
            2 => self.queue.away(),
            3 => self.send(),
            _ => {
                let step = i64::from(step as i8).saturating_mul(1 << (scale % 60));
                self.time = self.time.saturating_add(step);
                self.push(what, usize::from(length) << (what % 6));
            }
        }
    }

    fn push(&mut self, what: u8, size: usize) {
        let time = Timestamp::from_nanos(self.time);
        let packet = Packet {
            config: self.configs[usize::from(what >> 7)].clone(),
            dts: time,
            pts: time.offset(i64::from(what) << (what % 32)),
            duration: None,
            keyframe: what & 0x40 == 0,
            payload: Bytes::from(vec![0; size]),
        };
        self.tracks.push(packet, self.now);
        while let Some(packet) = self.tracks.poll(self.now) {
            self.queue.push(packet, self.now);
        }
    }

    fn send(&mut self) {
        while let Some(packet) = self.queue.pop(self.now) {
            self.muxer.mux(&packet).into_iter().for_each(drop);
        }
    }

    fn finish(&mut self) {
        for kind in [Kind::Video, Kind::Audio] {
            self.tracks.end(kind);
        }
        while let Some(packet) = self.tracks.poll(self.now) {
            self.queue.push(packet, self.now);
        }
        assert!(self.tracks.is_over());
        self.queue.end();
        self.queue.live();
        self.send();
        assert!(self.queue.is_over_and_empty());
    }
}

fn configs() -> [Config; 2] {
    let set = |set| [Bytes::from_static(set)];
    let sps: &[u8] = &[
        0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
    ];
    let video = VideoConfig::from_parameter_sets(&set(sps), &set(&[0x68, 0xCE, 0x3C, 0x80]));
    let audio = AudioConfig::aac(Bytes::from_static(&[0x11, 0x90]));
    let (video, audio) = (video.expect("H.264"), audio.expect("AAC"));
    [
        Config::Video(Arc::new(video)),
        Config::Audio(Arc::new(audio)),
    ]
}
