//! How times and amounts are written.

use std::fmt;
use std::time::Duration;

/// Choices for a sentence: "a, b or c".
pub(crate) fn one_of<T: AsRef<str>>(choices: impl IntoIterator<Item = T>) -> String {
    let mut choices: Vec<_> = choices.into_iter().collect();
    let Some(last) = choices.pop() else {
        return String::new();
    };
    let others: Vec<_> = choices.iter().map(T::as_ref).collect();
    match &*others {
        [] => last.as_ref().to_owned(),
        others => format!("{} or {}", others.join(", "), last.as_ref()),
    }
}

/// `1:02:03`, to the nearest second.
pub(crate) struct Clock(pub(crate) Duration);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = Duration::from_millis(500);
        let whole = self.0.saturating_add(half).as_secs();
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

/// `1 picture`, `2 pictures`, `2 packets of sound`.
pub(crate) struct Count(pub(crate) u64, pub(crate) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count, name) = self;
        let (noun, rest) = name.split_at(name.find(' ').unwrap_or(name.len()));
        write!(
            f,
            "{count} {noun}{}{rest}",
            if *count == 1 { "" } else { "s" }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_print_short() {
        assert_eq!(
            Clock(Duration::from_millis(3_722_900)).to_string(),
            "1:02:03"
        );
        assert_eq!(Clock(Duration::MAX).to_string().len(), 22);
        assert_eq!(Bytes(999).to_string(), "999 bytes");
        assert_eq!(Bytes(1_234_567).to_string(), "1.2 MB");
        assert_eq!(Count(1, "picture").to_string(), "1 picture");
        assert_eq!(Count(0, "picture").to_string(), "0 pictures");
        assert_eq!(
            Count(2, "packet of sound").to_string(),
            "2 packets of sound"
        );
    }
}
