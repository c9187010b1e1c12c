//! The fuzz body of a held stream: it panics when a promise is broken.

use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, VideoConfig};

use super::*;

/// Publishers that come, send and vanish, five bytes an act: what, how much later on the clock and in
/// the publisher's time, and two for how a packet is. Whatever they do, each track's time on the line
/// goes on, and what is put out at once and what is kept are bounded.
pub fn hold(data: &[u8]) {
    let Some(mut stage) = Acts::new() else { return };
    for act in data.as_chunks::<5>().0 {
        stage.act(*act);
        stage.drain();
    }
}

struct Acts {
    hold: Hold,
    configs: [Config; 2],
    now: Instant,
    presence: Presence,
    /// The publisher's time, which never goes back.
    time: i64,
    last: [Option<Timestamp>; 2],
    taken: usize,
}

impl Acts {
    fn new() -> Option<Self> {
        let sps = [
            0x67, 0x42, 0xC0, 0x1F, 0xDA, 0x01, 0x40, 0x16, 0xE8, 0x06, 0xD0, 0xA1, 0x35,
        ];
        let sets = [Bytes::from(sps.to_vec())];
        let video = VideoConfig::from_parameter_sets(&sets, &[Bytes::from_static(&[0x68, 0xCE])]);
        let audio = AudioConfig::aac(Bytes::from_static(&[0x11, 0x90])).ok()?;
        Some(Self {
            hold: Hold::new(HoldSlate::None),
            configs: [
                Config::Video(Arc::new(video.ok()?)),
                Config::Audio(Arc::new(audio)),
            ],
            now: Instant::now(),
            presence: Presence {
                publisher: 0,
                is_gone: false,
            },
            time: 0,
            last: [None; 2],
            taken: 0,
        })
    }

    fn act(&mut self, [what, clock, step, scale, shape]: [u8; 5]) {
        self.taken = 0;
        self.now += Duration::from_millis(u64::from(clock) << (scale % 16));
        self.time = self
            .time
            .saturating_add(i64::from(step) << (20 + scale / 16 * 2));
        match what % 8 {
            0 => {
                self.presence.is_gone = true;
                self.hold.handle_presence(self.presence, self.now);
            }
            1 => {
                self.presence.publisher += 1;
                self.presence.is_gone = false;
                self.time = i64::from(step) << (scale % 56);
            }
            2 | 3 => {
                self.hold.handle_presence(self.presence, self.now);
                self.hold.handle_timeout(self.now);
            }
            _ => self.send(what >= 0x80, shape),
        }
    }

    fn send(&mut self, is_audio: bool, shape: u8) {
        let is_key = is_audio || shape.is_multiple_of(4);
        let dts = Timestamp::from_nanos(self.time);
        let later = if is_audio {
            0
        } else {
            i64::from(shape / 16) * 33_000_000
        };
        let kind = if is_key { 0x65 } else { 0x41 };
        let packet = Packet {
            config: self.configs[usize::from(is_audio)].clone(),
            pts: dts.offset(later),
            dts,
            duration: None,
            keyframe: is_key,
            payload: vec![0, 0, 0, 2, kind, shape].into(),
        };
        self.taken = 1;
        self.presence.is_gone = false;
        self.hold
            .handle_packet(packet, self.presence.publisher, self.now);
    }

    fn drain(&mut self) {
        let mut given = 0;
        while let Some(packet) = self.hold.poll_packet() {
            given += 1;
            let last = &mut self.last[usize::from(packet.kind() == Kind::Audio)];
            assert!(
                last.is_none_or(|last| last <= packet.dts),
                "{last:?} {packet:?}"
            );
            *last = Some(packet.dts);
        }
        while self.hold.poll_event().is_some() {}
        assert!(given <= 4000, "{given} at once");
        assert!(self.hold.kept_bytes() <= 64, "one picture");
    }
}
