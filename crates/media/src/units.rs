use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Error;

/// Bits per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bitrate(u64);

impl Bitrate {
    /// `bits` bits per second.
    pub const fn bps(bits: u64) -> Self {
        Self(bits)
    }

    /// `kilobits` thousand bits per second.
    pub const fn kbps(kilobits: u64) -> Self {
        Self(kilobits.saturating_mul(1000))
    }

    /// Bits per second.
    pub const fn as_bps(self) -> u64 {
        self.0
    }

    /// Thousands of bits per second, rounded down.
    pub const fn as_kbps(self) -> u64 {
        self.0 / 1000
    }

    /// The rate at which `bytes` pass in `time`; zero when no time passes.
    pub fn of(bytes: u64, time: Duration) -> Self {
        let nanos = time.as_nanos();
        let bits = (u128::from(bytes) * 8_000_000_000).checked_div(nanos);
        Self(bits.map_or(0, |bits| u64::try_from(bits).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Bitrate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kbit/s", self.as_kbps())
    }
}

/// Reads `2500k`, `2.5M` or plain bits per second (`2500000`).
impl FromStr for Bitrate {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid("bitrate: expected e.g. 2500k, 2.5M or 2500000", 0);
        let (digits, scale) = match text.as_bytes().last() {
            Some(b'k' | b'K') => (&text[..text.len() - 1], 1e3),
            Some(b'm' | b'M') => (&text[..text.len() - 1], 1e6),
            _ => (text, 1.0),
        };
        let value = digits.parse::<f64>().map_err(|_| wrong())? * scale;
        if !(value.is_finite() && (1.0..=1e12).contains(&value)) {
            return Err(wrong());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to lie in 1..=1e12"
        )]
        Ok(Self(value.round() as u64))
    }
}

/// Width and height of a picture in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    /// A size of `width` columns and `height` rows.
    pub const fn new(width: u32, height: u32) -> Self {
        Self { width, height }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Reads `1280x720`.
impl FromStr for Size {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid("size: expected WIDTHxHEIGHT, e.g. 1280x720", 0);
        let (width, height) = text.split_once(['x', 'X']).ok_or_else(wrong)?;
        let side = |s: &str| s.parse().ok().filter(|n| (1..=16_384).contains(n));
        Ok(Self::new(
            side(width).ok_or_else(wrong)?,
            side(height).ok_or_else(wrong)?,
        ))
    }
}

/// Pictures per second as a fraction, so that 29.97 is exactly 30000/1001.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameRate {
    numerator: u32,
    denominator: u32,
}

impl FrameRate {
    /// `numerator / denominator` pictures per second; `None` when either is zero.
    pub const fn new(numerator: u32, denominator: u32) -> Option<Self> {
        if numerator == 0 || denominator == 0 {
            return None;
        }
        Some(Self {
            numerator,
            denominator,
        })
    }

    /// The numerator.
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// The denominator.
    pub const fn denominator(self) -> u32 {
        self.denominator
    }

    /// Pictures per second.
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }

    /// A rate given as a decimal: 29.97 is 2997/100, and only a number closer to 30000/1001 is
    /// that. `None` if it is no rate.
    pub fn from_f64(rate: f64) -> Option<Self> {
        let is_rate = rate > 0.0 && rate <= 4000.0;
        let fraction = |denominator: u32| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to lie between zero and what fits"
            )]
            let numerator = (rate * f64::from(denominator)).round() as u32;
            Self::new(numerator, denominator).filter(|_| is_rate)
        };
        let is_exact = |found: &Self| (found.as_f64() - rate).abs() < 1e-9;
        let mut exact = [1, 100, 1001, 1000].into_iter().filter_map(fraction);
        exact.find(is_exact).or_else(|| fraction(1_000_000))
    }

    /// When picture number `index` is due after picture 0, to the nanosecond.
    pub fn time_of(self, index: u64) -> Duration {
        let nanos = u128::from(index) * u128::from(self.denominator) * 1_000_000_000
            / u128::from(self.numerator);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for FrameRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.numerator.is_multiple_of(self.denominator) {
            return write!(f, "{}", self.numerator / self.denominator);
        }
        write!(f, "{:.2}", self.as_f64())
    }
}

/// Reads `30`, `29.97` or `30000/1001`.
impl FromStr for FrameRate {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || Error::invalid("frame rate: expected e.g. 30, 29.97 or 30000/1001", 0);
        let parsed = match text.split_once('/') {
            Some((n, d)) => (n.parse().ok(), d.parse().ok()),
            None => decimal(text),
        };
        let (Some(numerator), Some(denominator)) = parsed else {
            return Err(wrong());
        };
        Self::new(numerator, denominator)
            .filter(|rate| (0.1..=1000.0).contains(&rate.as_f64()))
            .ok_or_else(wrong)
    }
}

/// A decimal rate as a fraction; the NTSC rates get their exact 1001.
fn decimal(text: &str) -> (Option<u32>, Option<u32>) {
    match text {
        "23.976" | "23.98" => (Some(24_000), Some(1001)),
        "29.97" => (Some(30_000), Some(1001)),
        "59.94" => (Some(60_000), Some(1001)),
        _ => match text.split_once('.') {
            None => (text.parse().ok(), Some(1)),
            Some((whole, part)) if part.len() <= 4 => {
                let scale = 10_u32.pow(u32::try_from(part.len()).unwrap_or(0));
                (format!("{whole}{part}").parse().ok(), Some(scale))
            }
            Some(_) => (None, None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitrates_read_as_people_write_them() {
        for (text, bps) in [("2500k", 2_500_000), ("2.5M", 2_500_000), ("64000", 64_000)] {
            assert_eq!(text.parse(), Ok(Bitrate::bps(bps)), "{text}");
        }
        for text in ["", "k", "-1k", "0", "NaN", "1e30M", "2500kb"] {
            assert!(text.parse::<Bitrate>().is_err(), "{text}");
        }
    }

    #[test]
    fn bitrate_of_bytes_over_time() {
        assert_eq!(
            Bitrate::of(125, Duration::from_millis(1)),
            Bitrate::kbps(1000)
        );
        assert_eq!(Bitrate::of(125, Duration::ZERO), Bitrate::default());
    }

    #[test]
    fn sizes_read_and_print() {
        assert_eq!("1280x720".parse(), Ok(Size::new(1280, 720)));
        assert_eq!(Size::new(1280, 720).to_string(), "1280x720");
        for text in ["", "1280", "0x720", "1280x", "99999x1", "axb"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_frame_rate_that_is_a_number_stays_that_number() {
        for rate in [
            25.0,
            29.97,
            30_000.0 / 1001.0,
            23.976,
            12.5,
            59.94,
            14.985_015,
            0.1,
        ] {
            let fraction = FrameRate::from_f64(rate).unwrap();
            assert!((fraction.as_f64() - rate).abs() < 1e-6, "{rate}");
        }
        assert_eq!(FrameRate::from_f64(29.97), FrameRate::new(2997, 100));
        let ntsc = FrameRate::from_f64(30_000.0 / 1001.0);
        assert_eq!(ntsc, FrameRate::new(30_000, 1001));
        for wrong in [0.0, -25.0, f64::NAN, f64::INFINITY, 1e9, 1e-12] {
            assert_eq!(FrameRate::from_f64(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn frame_rates_are_exact() {
        assert_eq!(
            "29.97".parse(),
            Ok(FrameRate {
                numerator: 30_000,
                denominator: 1001
            })
        );
        assert_eq!(
            "12.5".parse(),
            Ok(FrameRate {
                numerator: 125,
                denominator: 10
            })
        );
        let ntsc = FrameRate::new(30_000, 1001).unwrap();
        assert_eq!(ntsc.time_of(30_000), Duration::from_secs(1001));
        assert_eq!(
            (ntsc.to_string(), FrameRate::new(30, 1).unwrap().to_string()),
            ("29.97".into(), "30".into())
        );
        for text in ["", "0", "1/0", "0/1", "1e3", "-5", "30.12345"] {
            assert!(text.parse::<FrameRate>().is_err(), "{text}");
        }
    }
}
