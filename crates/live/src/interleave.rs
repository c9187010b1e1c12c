use std::collections::VecDeque;
use std::time::{Duration, Instant};

use onair_media::{Kind, Packet};

/// Puts two tracks in the order of their decoding times.
///
/// Live video never waits: it leaves the moment it comes, after any audio that is there and
/// earlier. Audio waits for earlier video, but never longer than [`MAX_WAIT`]; audio that comes
/// after later video has left follows at once, so the order across tracks is loose by as much as
/// audio is late. Within a track the order is always the encoder's.
///
/// At full speed nothing can be late, so each track waits for the other, and
/// [`is_ahead`](Self::is_ahead) holds back the faster encoder.
#[derive(Debug)]
pub(crate) struct Interleaver {
    video: Track,
    audio: Track,
    strict: bool,
}

/// How long audio may wait for video that should precede it.
pub(crate) const MAX_WAIT: Duration = Duration::from_millis(60);

/// How much of one track may wait for the other at full speed.
const LEAD: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Track {
    held: VecDeque<(Instant, Packet)>,
    newest: Option<onair_media::Timestamp>,
    ended: bool,
}

impl Interleaver {
    /// For live media, with the tracks there will be.
    pub(crate) fn live(video: bool, audio: bool) -> Self {
        Self::new(video, audio, false)
    }

    /// For media at full speed, with the tracks there will be.
    pub(crate) fn strict(video: bool, audio: bool) -> Self {
        Self::new(video, audio, true)
    }

    /// Takes a packet from an encoder.
    pub(crate) fn push(&mut self, packet: Packet, now: Instant) {
        let track = self.track(packet.kind());
        track.newest = Some(packet.dts);
        track.held.push_back((now, packet));
    }

    /// There will be no more of this track.
    pub(crate) fn end(&mut self, kind: Kind) {
        self.track(kind).ended = true;
    }

    /// True when both tracks ended and nothing is left to poll.
    pub(crate) fn is_over(&self) -> bool {
        [&self.video, &self.audio]
            .iter()
            .all(|track| track.ended && track.held.is_empty())
    }

    /// True if this track should wait for the other. Never for live media.
    pub(crate) fn is_ahead(&self, kind: Kind) -> bool {
        let (own, other) = match kind {
            Kind::Video => (&self.video, &self.audio),
            Kind::Audio => (&self.audio, &self.video),
        };
        self.strict && !other.ended && own.span() >= LEAD
    }

    /// The next packet in order, if it is due.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Packet> {
        match (self.video.held.front(), self.audio.held.front()) {
            (None, None) => None,
            (Some((_, video)), Some((_, audio))) => {
                if audio.dts <= video.dts {
                    self.audio.pop()
                } else {
                    self.video.pop()
                }
            }
            (Some(_), None) => (!self.strict || self.audio.ended)
                .then(|| self.video.pop())
                .flatten(),
            (None, Some((since, audio))) => {
                let passed = self.video.newest.is_some_and(|newest| audio.dts <= newest);
                let waited = !self.strict && now.saturating_duration_since(*since) >= MAX_WAIT;
                (self.video.ended || passed || waited)
                    .then(|| self.audio.pop())
                    .flatten()
            }
        }
    }

    fn new(video: bool, audio: bool, strict: bool) -> Self {
        Self {
            video: Track::present(video),
            audio: Track::present(audio),
            strict,
        }
    }

    const fn track(&mut self, kind: Kind) -> &mut Track {
        match kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        }
    }
}

impl Track {
    fn present(present: bool) -> Self {
        Self {
            ended: !present,
            ..Self::default()
        }
    }

    fn pop(&mut self) -> Option<Packet> {
        self.held.pop_front().map(|(_, packet)| packet)
    }

    fn span(&self) -> Duration {
        match (self.held.front(), self.newest) {
            (Some((_, first)), Some(newest)) => newest.since(first.dts),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{audio, video};

    fn order(interleaver: &mut Interleaver, now: Instant) -> Vec<(Kind, i64)> {
        std::iter::from_fn(|| interleaver.poll(now))
            .map(|packet| (packet.kind(), packet.dts.as_millis()))
            .collect()
    }

    #[test]
    fn video_leaves_at_once_even_when_audio_is_late() {
        let (mut interleaver, now) = (Interleaver::live(true, true), Instant::now());
        interleaver.push(video(0, true), now);
        assert_eq!(order(&mut interleaver, now), [(Kind::Video, 0)]);
        interleaver.push(video(33, false), now);
        assert_eq!(order(&mut interleaver, now), [(Kind::Video, 33)]);
        interleaver.push(audio(10), now);
        assert_eq!(order(&mut interleaver, now), [(Kind::Audio, 10)]);
    }

    #[test]
    fn audio_waits_for_earlier_video_but_not_for_ever() {
        let (mut interleaver, now) = (Interleaver::live(true, true), Instant::now());
        interleaver.push(audio(40), now);
        assert_eq!(order(&mut interleaver, now), []);
        interleaver.push(video(33, true), now);
        assert_eq!(order(&mut interleaver, now), [(Kind::Video, 33)]);
        let later = now + MAX_WAIT;
        assert_eq!(order(&mut interleaver, later), [(Kind::Audio, 40)]);
    }

    /// Lets audio come every 21 ms and video at the times of `pictures`, both in milliseconds;
    /// gives the longest wait of audio that came on time.
    fn longest_wait(pictures: &[i64], until: i64) -> i64 {
        let (mut interleaver, began) = (Interleaver::live(true, true), Instant::now());
        let mut longest = 0;
        let mut pictures = pictures.iter().copied().peekable();
        let mut sent = [None; 2];
        for now in (0..until).step_by(21) {
            let at = began + Duration::from_millis(now.unsigned_abs());
            while let Some(millis) = pictures.next_if(|millis| *millis <= now) {
                interleaver.push(video(millis, false), at);
            }
            interleaver.push(audio(now), at);
            for (kind, millis) in order(&mut interleaver, at) {
                let last = &mut sent[usize::from(kind == Kind::Audio)];
                assert!(last.replace(millis).is_none_or(|last| last < millis));
                if kind == Kind::Audio {
                    longest = longest.max(now - millis);
                }
            }
        }
        longest
    }

    #[test]
    fn sound_is_never_held_back_by_pictures_that_come_as_they_like() {
        let max_wait = i64::try_from(MAX_WAIT.as_millis()).unwrap() + 21;
        let mut random = 1_u64;
        let mut now = 0;
        let mut jittery = Vec::new();
        while now < 20_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            now += i64::try_from(5 + random % 120).unwrap();
            jittery.push(now);
        }
        let fallback: Vec<_> = (0..20).map(|second| second * 1000).collect();
        let steady = (0..150).map(|index| index * 33);
        let mixed: Vec<_> = steady.chain((5..15).map(|second| second * 1000)).collect();
        for pictures in [&jittery[..], &fallback, &mixed, &[]] {
            let longest = longest_wait(pictures, 20_000);
            assert!(longest <= max_wait, "{longest} ms");
        }
    }

    #[test]
    fn audio_alone_does_not_wait() {
        let (mut interleaver, now) = (Interleaver::live(false, true), Instant::now());
        interleaver.push(audio(0), now);
        assert_eq!(order(&mut interleaver, now), [(Kind::Audio, 0)]);
        assert!(!interleaver.is_over());
        interleaver.end(Kind::Audio);
        assert!(interleaver.is_over());
    }

    #[test]
    fn at_full_speed_the_order_is_exact_and_nobody_runs_away() {
        let (mut interleaver, now) = (Interleaver::strict(true, true), Instant::now());
        for index in 0..50 {
            interleaver.push(audio(index * 21), now);
        }
        assert!(interleaver.is_ahead(Kind::Audio));
        assert_eq!(order(&mut interleaver, now), []);
        interleaver.push(video(0, true), now);
        interleaver.push(video(33, false), now);
        let expected = [
            (Kind::Audio, 0),
            (Kind::Video, 0),
            (Kind::Audio, 21),
            (Kind::Video, 33),
        ];
        assert_eq!(order(&mut interleaver, now), expected);
        interleaver.end(Kind::Video);
        assert!(!interleaver.is_ahead(Kind::Audio));
        assert_eq!(order(&mut interleaver, now).len(), 48);
    }
}
