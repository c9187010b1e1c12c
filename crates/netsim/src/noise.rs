use std::ops::RangeInclusive;

/// Seeded noise (xorshift64*): the same seed gives the same numbers, always.
#[derive(Clone, Debug)]
pub struct Noise(u64);

impl Noise {
    /// Noise from a seed.
    pub const fn new(seed: u64) -> Self {
        // xorshift never leaves zero; the odd factor spreads small seeds out.
        let state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self(if state == 0 { 1 } else { state })
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number in `range`; its start when the range is empty.
    pub fn within(&mut self, range: &RangeInclusive<usize>) -> usize {
        let (start, end) = (*range.start(), *range.end());
        let span = u64::try_from(end.saturating_sub(start)).unwrap_or(u64::MAX);
        let step = self.next_u64() % span.saturating_add(1);
        start.saturating_add(usize::try_from(step).unwrap_or(0))
    }

    /// Fills `bytes`.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next_u64().to_be_bytes()[0];
        }
    }
}
