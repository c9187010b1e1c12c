//! [`PacketQueue`]: what of a stream is sent, and what is shed.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use onair_media::{
    self as media, AudioCodec, AudioConfig, Config, Size, Timestamp, VideoCodec, VideoConfig,
};
use serde::{Deserialize, Serialize};

use super::line::{Line, Note, nanos};
use super::machine::{Answer, Impossible, Machine, Traced};
use super::recorder::Trace;
use crate::Gap;
use crate::config::Limits;
use crate::queue::{Overflow, PacketQueue};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Call {
    New {
        destination: usize,
        time: u64,
        bytes: usize,
        overflow: Overflow,
        has_video: bool,
        audio_first: bool,
    },
    Push(Packet),
    Look,
    End,
    Miss(Packet),
    Pop,
    Restore(Vec<Packet>),
    Lose(Vec<Packet>),
    Live,
    Away,
    Abandon,
    Reopen,
}

/// A packet without its payload. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Packet {
    kind: Kind,
    bytes: usize,
    dts: i64,
    pts: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Audio,
    Video,
    Keyframe,
}

/// What came of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Says {
    /// The packet that it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gave: Option<Packet>,
    /// How many packets of video and of audio it dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) dropped: [u64; 2],
    /// The gap that it closed, in milliseconds of media time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<[i64; 2]>,
}

const fn is_zero(counts: &[u64; 2]) -> bool {
    matches!(counts, [0, 0])
}

impl From<&media::Packet> for Packet {
    fn from(packet: &media::Packet) -> Self {
        let kind = match packet.kind() {
            media::Kind::Audio => Kind::Audio,
            media::Kind::Video if packet.keyframe => Kind::Keyframe,
            media::Kind::Video => Kind::Video,
        };
        Self {
            kind,
            bytes: packet.payload.len(),
            dts: packet.dts.as_nanos(),
            pts: packet.pts.as_nanos(),
        }
    }
}

/// What of a queue changes when packets are dropped.
#[derive(Clone, Copy, PartialEq)]
struct State {
    dropped: [u64; 2],
    gap: Option<Gap>,
}

impl State {
    fn of(queue: &PacketQueue) -> Self {
        let tally = queue.tally();
        Self {
            dropped: [tally.video.dropped, tally.audio.dropped],
            gap: tally.gaps.last().copied(),
        }
    }

    /// What came of a call since then, if anything.
    fn says(self, queue: &PacketQueue, gave: Option<&media::Packet>) -> Option<Says> {
        let now = Self::of(queue);
        let [video, audio] = now.dropped;
        let gap = now.gap.filter(|gap| self.gap != Some(*gap));
        let says = Says {
            gave: gave.map(Packet::from),
            dropped: [
                video.saturating_sub(self.dropped[0]),
                audio.saturating_sub(self.dropped[1]),
            ],
            gap: gap.map(|gap| [gap.from.as_millis(), gap.to.as_millis()]),
        };
        (says != Says::default()).then_some(says)
    }
}

impl Traced<PacketQueue> {
    /// Notes the calls of a queue that nobody has called yet.
    pub(crate) fn traced(self, trace: &Trace, destination: usize) -> Self {
        let (limits, overflow, has_video, audio_first) = self.machine.settings();
        Self::new(self.machine, trace, || Call::New {
            destination,
            time: nanos(limits.time),
            bytes: limits.bytes,
            overflow,
            has_video,
            audio_first,
        })
    }

    /// A call, if calls are noted.
    fn noted(&self, call: impl FnOnce() -> Call) -> Option<Call> {
        self.is_noted().then(call)
    }

    fn run(
        &mut self,
        now: Option<Instant>,
        call: Option<Call>,
        run: impl FnOnce(&mut PacketQueue),
    ) {
        let Some(call) = call else {
            return run(&mut self.machine);
        };
        let before = State::of(&self.machine);
        run(&mut self.machine);
        let says = before.says(&self.machine, None);
        self.note(now, || call, says);
    }

    pub(crate) fn push(&mut self, packet: media::Packet, now: Instant) {
        let call = self.noted(|| Call::Push((&packet).into()));
        self.run(Some(now), call, |queue| queue.push(packet, now));
    }

    pub(crate) fn look(&mut self, now: Instant) {
        let call = self.noted(|| Call::Look);
        self.run(Some(now), call, |queue| queue.look(now));
    }

    pub(crate) fn end(&mut self) {
        let call = self.noted(|| Call::End);
        self.run(None, call, PacketQueue::end);
    }

    pub(crate) fn miss(&mut self, packet: &media::Packet) {
        let call = self.noted(|| Call::Miss(packet.into()));
        self.run(None, call, |queue| queue.miss(packet));
    }

    pub(crate) fn pop(&mut self, now: Instant) -> Option<media::Packet> {
        let before = self.is_noted().then(|| State::of(&self.machine));
        let packet = self.machine.pop(now);
        if let Some(before) = before {
            let says = before.says(&self.machine, packet.as_ref());
            self.note(Some(now), || Call::Pop, says);
        }
        packet
    }

    pub(crate) fn restore(&mut self, packets: Vec<media::Packet>, now: Instant) {
        let call = self.noted(|| Call::Restore(noted(&packets)));
        self.run(Some(now), call, |queue| queue.restore(packets, now));
    }

    pub(crate) fn lose(&mut self, packets: &[media::Packet]) {
        let call = self.noted(|| Call::Lose(noted(packets)));
        self.run(None, call, |queue| queue.lose(packets));
    }

    pub(crate) fn live(&mut self) {
        let call = self.noted(|| Call::Live);
        self.run(None, call, PacketQueue::live);
    }

    pub(crate) fn away(&mut self) {
        let call = self.noted(|| Call::Away);
        self.run(None, call, PacketQueue::away);
    }

    pub(crate) fn abandon(&mut self) {
        let call = self.noted(|| Call::Abandon);
        self.run(None, call, PacketQueue::abandon);
    }

    pub(crate) fn reopen(&mut self) {
        let call = self.noted(|| Call::Reopen);
        self.run(None, call, PacketQueue::reopen);
    }

    /// Decides nothing.
    pub(crate) fn take_news(&mut self) -> Vec<(Gap, u64)> {
        self.machine.take_news()
    }
}

impl Machine for PacketQueue {
    type Call = Call;
    type Says = Says;

    fn line(note: Note<Self>) -> Line {
        Line::Queue(note)
    }

    /// It is asked at each turn of a session.
    fn repeats(call: &Call, before: &Call) -> bool {
        matches!(call, Call::Pop | Call::Look) && call == before
    }

    fn begin(call: &Call) -> Result<Option<Self>, Impossible> {
        let Call::New {
            time,
            bytes,
            overflow,
            has_video,
            audio_first,
            ..
        } = *call
        else {
            return Ok(None);
        };
        let time = match time {
            u64::MAX => Duration::MAX,
            nanos => Duration::from_nanos(nanos),
        };
        let queue = Self::new(Limits { time, bytes }, overflow, has_video);
        Ok(Some(if audio_first {
            queue.with_audio_first()
        } else {
            queue
        }))
    }

    fn again(&mut self, call: &Call, now: Instant) -> Answer<Says> {
        let before = State::of(self);
        let mut gave = None;
        match call {
            Call::New { .. } => {}
            Call::Push(packet) => self.push(packet.unpacked()?, now),
            Call::Look => self.look(now),
            Call::End => self.end(),
            Call::Miss(packet) => self.miss(&packet.unpacked()?),
            Call::Pop => gave = self.pop(now),
            Call::Restore(packets) => self.restore(all(packets)?, now),
            Call::Lose(packets) => self.lose(&all(packets)?),
            Call::Live => self.live(),
            Call::Away => self.away(),
            Call::Abandon => self.abandon(),
            Call::Reopen => self.reopen(),
        }
        Ok(before.says(self, gave.as_ref()))
    }
}

fn noted(packets: &[media::Packet]) -> Vec<Packet> {
    packets.iter().map(Packet::from).collect()
}

fn all(packets: &[Packet]) -> Result<Vec<media::Packet>, Impossible> {
    packets.iter().map(|packet| packet.unpacked()).collect()
}

/// No packet is larger.
const MAX_PACKET: usize = 16 * 1024 * 1024;

/// A queue looks at the length of a payload and no further.
static NOTHING: LazyLock<Bytes> = LazyLock::new(|| vec![0; MAX_PACKET].into());

/// …and at what kind of packet it is.
static CONFIGS: LazyLock<[Config; 2]> = LazyLock::new(|| {
    let video = VideoConfig {
        codec: VideoCodec::H264,
        size: Size::new(2, 2),
        frame_rate: None,
        decoder_config: Bytes::new(),
    };
    let audio = AudioConfig {
        codec: AudioCodec::Aac,
        sample_rate: 48_000,
        channels: 2,
        decoder_config: Bytes::new(),
    };
    [
        Config::Video(Arc::new(video)),
        Config::Audio(Arc::new(audio)),
    ]
});

impl Packet {
    /// A packet that a queue takes for the one that was.
    fn unpacked(self) -> Result<media::Packet, Impossible> {
        if self.bytes > MAX_PACKET {
            return Err("no packet is as large as this");
        }
        let [video, audio] = &*CONFIGS;
        Ok(media::Packet {
            config: match self.kind {
                Kind::Audio => audio.clone(),
                Kind::Video | Kind::Keyframe => video.clone(),
            },
            dts: Timestamp::from_nanos(self.dts),
            pts: Timestamp::from_nanos(self.pts),
            duration: None,
            keyframe: self.kind != Kind::Video,
            payload: NOTHING.slice(..self.bytes),
        })
    }
}
