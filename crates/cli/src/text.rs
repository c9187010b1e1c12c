//! How times and amounts are read and written.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use onair::media;

/// A size, rate or bitrate; what is wrong without the byte offset, which helps nobody here.
pub(crate) fn parse_unit<T: FromStr<Err = media::Error>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error| match error {
        media::Error::Invalid { what, .. } => what.to_owned(),
        other => other.to_string(),
    })
}

/// Reads `10s`, `1m30s`, `2h`, `500ms`, `1.5s`, or plain seconds.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let seconds = match text.parse::<f64>() {
        Ok(plain) => Some(plain),
        Err(_) => sum_of_parts(text),
    };
    seconds
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a time such as 10s, 1m30s, 2h or 500ms".to_owned())
}

fn sum_of_parts(mut text: &str) -> Option<f64> {
    let mut sum = 0.0;
    while !text.is_empty() {
        let letters = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, rest) = text.split_at(letters);
        let end = rest.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, rest) = rest.split_at(end.unwrap_or(rest.len()));
        sum += number.parse::<f64>().ok()? * seconds_in(unit)?;
        text = rest;
    }
    Some(sum)
}

fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

/// `1:02:03`, from seconds, to the nearest.
pub(crate) struct Clock(pub(crate) f64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = Duration::try_from_secs_f64(self.0.round());
        let whole = time.unwrap_or_default().as_secs();
        write!(
            f,
            "{}:{:02}:{:02}",
            whole / 3600,
            whole / 60 % 60,
            whole % 60
        )
    }
}

/// `1.2 MB`.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let bytes = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} bytes", self.0),
            1_000..1_000_000 => write!(f, "{:.0} kB", bytes / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.2} GB", bytes / 1e9),
        }
    }
}

/// `1 picture`, `2 pictures`.
pub(crate) struct Count(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}{}",
            self.0,
            self.1,
            if self.0 == 1 { "" } else { "s" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, millis) in [
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("2h", 7_200_000),
            ("500ms", 500),
            ("1.5s", 1500),
            ("90", 90_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
        for text in [
            "", "s", "10x", "-1s", "0", "0s", "1s2", "NaN", "inf", "1e300h",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_print_short() {
        assert_eq!(Clock(3722.9).to_string(), "1:02:03");
        assert_eq!(Clock(f64::NAN).to_string(), "0:00:00");
        assert_eq!(Bytes(999).to_string(), "999 bytes");
        assert_eq!(Bytes(1_234_567).to_string(), "1.2 MB");
        assert_eq!(Count(1, "picture").to_string(), "1 picture");
        assert_eq!(Count(0, "picture").to_string(), "0 pictures");
    }
}
