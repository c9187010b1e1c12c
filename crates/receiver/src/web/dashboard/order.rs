//! What a page may ask for. Pure.

use onair_media::Bitrate;
use onair_media::text::clean;
use serde::Deserialize;

/// An order from a dashboard's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// `{"type":"bitrate","bps":2500000}`: encode video at this rate, 10 kbit/s to 200 Mbit/s.
    Bitrate(Bitrate),
    /// `{"type":"mute","muted":true}`: send silence, or what the source gives.
    Mute(bool),
    /// `{"type":"end"}`: end the broadcast.
    End,
}

/// The longest message from a page, in bytes.
pub(super) const MAX_LENGTH: usize = 4096;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Said {
    Bitrate { bps: u64 },
    Mute { muted: bool },
    End {},
}

impl Order {
    /// Reads an order; the error is in words, for whoever gave it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err("an order is shorter".to_owned());
        }
        let said = serde_json::from_str(text);
        // The words may repeat what was said.
        let said = said.map_err(|error| clean(&format!("no order: {error}"), 200))?;
        Ok(match said {
            Said::Bitrate {
                bps: bps @ 10_000..=200_000_000,
            } => Self::Bitrate(Bitrate::bps(bps)),
            Said::Bitrate { .. } => return Err("a bitrate is 10 kbit/s to 200 Mbit/s".to_owned()),
            Said::Mute { muted } => Self::Mute(muted),
            Said::End {} => Self::End,
        })
    }
}

/// The fuzz body: whatever is said is an order within its limits, or refused in printable words.
#[cfg(any(test, fuzzing))]
pub fn fuzz_order(data: &[u8]) {
    match Order::parse(&String::from_utf8_lossy(data)) {
        Ok(Order::Bitrate(rate)) => assert!((10_000..=200_000_000).contains(&rate.as_bps())),
        Ok(Order::Mute(_) | Order::End) => {}
        Err(words) => {
            assert!(words.chars().all(onair_media::text::is_printable) && words.len() < 1000);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: [(&str, Order); 3] = [
        (
            r#"{"type":"bitrate","bps":2500000}"#,
            Order::Bitrate(Bitrate::kbps(2500)),
        ),
        (r#"{"type":"mute","muted":true}"#, Order::Mute(true)),
        (r#"{"type":"end"}"#, Order::End),
    ];

    #[test]
    fn orders_are_understood() {
        for (text, order) in ORDERS {
            assert_eq!(Order::parse(text), Ok(order), "{text}");
        }
    }

    #[test]
    fn what_is_no_order_is_refused_in_words() {
        for text in [
            "",
            "null",
            "[]",
            r#"{"type":"reboot"}"#,
            r#"{"type":"end","now":true}"#,
            r#"{"type":"bitrate","bps":9999}"#,
            r#"{"type":"bitrate","bps":200000001}"#,
            r#"{"type":"bitrate","bps":-1}"#,
            r#"{"type":"bitrate","bps":2.5e6}"#,
            r#"{"type":"mute","muted":"yes"}"#,
            r#"{"type":"mute","muted":true,"muted":false}"#,
            r#"{"type":"mute"}"#,
        ] {
            assert!(Order::parse(text).is_err(), "{text}");
        }
        let long = format!(r#"{{"type":"end"{}}}"#, " ".repeat(MAX_LENGTH));
        assert!(Order::parse(&long).is_err());
    }

    #[test]
    fn every_prefix_and_flip_of_an_order_is_an_order_or_refused() {
        for (text, _) in ORDERS {
            (0..text.len()).for_each(|end| fuzz_order(&text.as_bytes()[..end]));
            for index in 0..text.len() {
                for bit in 0..8 {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[index] ^= 1 << bit;
                    fuzz_order(&bytes);
                }
            }
        }
    }
}
