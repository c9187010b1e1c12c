//! The law that programs follow, for a page: its line is seen from this end, and it obeys. Pure.

use std::time::Instant;

use onair::rate::{
    Adaptive, FarEnd, LinkSample, PictureLadder, PictureSample, RateAdvice, RateLaw, SenderWord,
};
use onair_media::{Bitrate, FrameRate, Size, Timestamp};

use super::hello::{Advice, Problem, Wish};

/// What one connection of a page brings, and what to make of it.
#[derive(Debug)]
pub(super) struct Advisor {
    began: Instant,
    far: FarEnd,
    takes_sizes: bool,
    /// From the page's wish on.
    rule: Option<Rule>,
}

/// What is decided by.
#[derive(Debug)]
struct Rule {
    wish: Wish,
    law: Adaptive,
    ladder: PictureLadder,
    asked: Bitrate,
}

impl Advisor {
    /// `takes_sizes`: whether pictures may change their size.
    pub(super) const fn new(takes_sizes: bool, now: Instant) -> Self {
        Self {
            began: now,
            far: FarEnd::new(now),
            takes_sizes,
            rule: None,
        }
    }

    /// The bytes that have come.
    pub(super) const fn arrived(&self) -> u64 {
        self.far.arrived()
    }

    pub(super) const fn receive(&mut self, bytes: u64) {
        self.far.receive(bytes);
    }

    pub(super) fn hear(&mut self, word: SenderWord, now: Instant) {
        self.far.hear(word, now);
    }

    /// Takes what the page would encode. What is known of its line stays known.
    pub(super) fn wish(&mut self, wish: Wish) -> Result<(), Problem> {
        let picture = wish.picture()?;
        let min = Adaptive::min_for(picture.0);
        let ladder = || PictureLadder::new(picture.0, picture.1, self.takes_sizes);
        self.rule = Some(match self.rule.take() {
            Some(rule) if rule.wish.picture()? == picture => Rule { wish, ..rule },
            Some(rule) => Rule {
                wish,
                ladder: ladder(),
                ..rule
            },
            None => Rule {
                wish,
                law: Adaptive::new(min),
                ladder: ladder(),
                asked: Adaptive::start(Bitrate::bps(wish.bitrate)),
            },
        });
        Ok(())
    }

    /// The most to advise, in bits per second.
    #[cfg(any(test, fuzzing))]
    pub(super) fn most(&self) -> u64 {
        self.rule.as_ref().map_or(0, |rule| rule.wish.bitrate)
    }

    /// Has a look at the line, and decides.
    pub(super) fn look(&mut self, now: Instant) -> Option<Advice> {
        let rule = self.rule.as_mut()?;
        let most = Bitrate::bps(rule.wish.bitrate);
        let rates = [rule.asked, most, Bitrate::bps(rule.wish.audio)];
        let sample = self.far.sample(now, rates)?;
        let advice = rule.law.update(&sample);
        rule.asked = advice.bitrate.unwrap_or(most);
        let at = Timestamp::ZERO + now.saturating_duration_since(self.began);
        rule.ladder.update(&PictureSample {
            at,
            limit: advice.bitrate,
            wanted: most,
            is_full: is_full(&sample, &advice),
            takes_sizes: self.takes_sizes,
        });
        let slack = self.far.slack(rule.asked);
        Some(rule.advice(&advice, slack))
    }
}

impl Rule {
    fn advice(&self, advice: &RateAdvice, slack: u64) -> Advice {
        let step = self.ladder.step();
        Advice {
            bitrate: self.asked.as_bps(),
            in_flight: advice.in_flight.unwrap_or(u64::MAX).saturating_add(slack),
            skip_above: advice.skip_above.unwrap_or(u64::MAX).saturating_add(slack),
            carries: advice.carries.map(Bitrate::as_bps),
            side: step.size.width.min(step.size.height),
            every: step.every,
        }
    }
}

fn is_full(sample: &LinkSample, advice: &RateAdvice) -> bool {
    advice
        .skip_above
        .is_some_and(|above| sample.backlog() > above)
}

impl Wish {
    fn picture(&self) -> Result<(Size, FrameRate), Problem> {
        let frame_rate = FrameRate::new(self.frame_rate.min(MAX_FRAME_RATE), 1);
        let sides = [self.width, self.height];
        let is_possible = sides.iter().all(|side| (16..=MAX_SIDE).contains(side))
            && (1..=MAX_BITRATE).contains(&self.bitrate)
            && self.audio <= MAX_BITRATE;
        let possible = frame_rate.filter(|_| is_possible);
        let rate = possible.ok_or_else(|| Problem::new("message", "A wish for what cannot be."))?;
        Ok((Size::new(self.width, self.height), rate))
    }
}

const MAX_SIDE: u32 = 16_384;
const MAX_FRAME_RATE: u32 = 240;
const MAX_BITRATE: u64 = 200_000_000;
