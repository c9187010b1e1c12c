use std::time::Duration;

use super::{LinkSample, RateAdvice, RateLaw};

/// The law that limits nothing: what is too much for the line waits, and is shed when late.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

impl RateLaw for Unlimited {
    fn interval(&self) -> Option<Duration> {
        None
    }

    fn update(&mut self, _sample: &LinkSample) -> RateAdvice {
        RateAdvice::default()
    }
}
