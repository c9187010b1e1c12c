//! A fuzz body for the values of options, replayed here by a stable test.
//!
//! It panics if a promise is broken; words that make no sense are no fault.

use std::time::Duration;

use crate::values;

/// Whatever is typed is refused in words, or within the limits of its option.
pub(crate) fn values(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(size) = values::parse_size(text) {
        assert!((16..=7680).contains(&size.width) && (16..=7680).contains(&size.height));
    }
    if let Ok(rate) = values::parse_fps(text) {
        assert!((1.0..=240.0).contains(&rate.as_f64()));
    }
    if let Ok(rate) = values::parse_video_bitrate(text) {
        assert!((10_000..=200_000_000).contains(&rate.as_bps()));
    }
    if let Ok(rate) = values::parse_audio_bitrate(text) {
        assert!((16_000..=512_000).contains(&rate.as_bps()));
    }
    if let Ok(interval) = values::parse_keyframe(text) {
        assert!((Duration::from_millis(100)..=Duration::from_secs(10)).contains(&interval));
    }
    if let Ok(time) = values::parse_duration(text) {
        assert!(!time.is_zero() && time <= Duration::from_secs(366 * 24 * 3600));
    }
    if let Ok(bytes) = values::parse_bytes(text) {
        assert!(bytes <= 1_000_000_000_000_000_000);
    }
    address(text);
}

/// Names are left out: the network would look them up. An address reads as it prints.
fn address(text: &str) {
    if text.bytes().any(|byte| byte.is_ascii_alphabetic()) && !text.contains("::") {
        return;
    }
    if let Ok(address) = values::parse_address::<{ values::WEB }>(text) {
        assert_eq!(
            values::parse_address::<{ values::RTMP }>(&address.to_string()),
            Ok(address)
        );
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpus_holds() {
        corpus::replay("values", values);
    }
}
