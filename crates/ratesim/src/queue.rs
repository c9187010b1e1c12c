//! The packets that wait for a line: a model of onair's queue.

use std::collections::VecDeque;

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Audio,
    Video { keyframe: bool },
}

/// An encoded packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) kind: Kind,
    /// When it was captured, in milliseconds.
    pub(crate) at: u64,
    pub(crate) bytes: u64,
}

/// What a sender does with what is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuePolicy {
    /// Audio is sent before any video that waits.
    pub audio_first: bool,
    /// So many milliseconds of video may wait; beyond, tails of GOPs are shed. `None` sheds nothing.
    pub most: Option<u64>,
}

impl Default for QueuePolicy {
    /// As onair does.
    fn default() -> Self {
        Self {
            audio_first: true,
            most: Some(1500),
        }
    }
}

/// What waits.
#[derive(Debug)]
pub(crate) struct Queue {
    policy: QueuePolicy,
    audio: VecDeque<Packet>,
    video: VecDeque<Packet>,
    /// Nothing but a keyframe can follow what was shed.
    needs_keyframe: bool,
    bytes: u64,
    pub(crate) shed: u64,
}

impl Queue {
    pub(crate) const fn new(policy: QueuePolicy) -> Self {
        Self {
            policy,
            audio: VecDeque::new(),
            video: VecDeque::new(),
            needs_keyframe: false,
            bytes: 0,
            shed: 0,
        }
    }

    pub(crate) fn push(&mut self, packet: Packet) {
        match packet.kind {
            Kind::Audio => self.audio.push_back(packet),
            Kind::Video { keyframe } if self.needs_keyframe && !keyframe => {
                self.shed += 1;
                return;
            }
            Kind::Video { .. } => {
                self.needs_keyframe = false;
                self.video.push_back(packet);
            }
        }
        self.bytes += packet.bytes;
        self.shed_late(packet.at);
    }

    /// Sheds up to the next keyframe, or what came last and all until the next, if too much waits.
    fn shed_late(&mut self, now: u64) {
        let is_late = |most: u64| self.video.front().is_some_and(|old| now - old.at > most);
        if !self.policy.most.is_some_and(is_late) {
            return;
        }
        let mut waiting = self.video.iter().skip(1);
        let keyframe = waiting.position(|packet| packet.kind == Kind::Video { keyframe: true });
        let gone = keyframe.map_or(1, |index| index + 1);
        for _ in 0..gone {
            let shed = match keyframe {
                Some(_) => self.video.pop_front(),
                None => self.video.pop_back(),
            };
            self.bytes -= shed.map_or(0, |packet| packet.bytes);
            self.shed += 1;
        }
        self.needs_keyframe = keyframe.is_none();
    }

    pub(crate) fn pop(&mut self) -> Option<Packet> {
        let is_next = |audio: &Packet| match self.video.front() {
            Some(video) => self.policy.audio_first || audio.at <= video.at,
            None => true,
        };
        let queue = match self.audio.front().is_some_and(is_next) {
            true => &mut self.audio,
            false => &mut self.video,
        };
        let packet = queue.pop_front()?;
        self.bytes -= packet.bytes;
        Some(packet)
    }

    /// Whether every frame is shed until a keyframe comes.
    pub(crate) const fn needs_keyframe(&self) -> bool {
        self.needs_keyframe
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The frames that wait.
    pub(crate) fn video(&self) -> impl Iterator<Item = &Packet> {
        self.video.iter()
    }

    /// When the oldest packet was captured.
    pub(crate) fn oldest(&self) -> Option<u64> {
        let fronts = [self.audio.front(), self.video.front()];
        fronts.into_iter().flatten().map(|packet| packet.at).min()
    }
}
