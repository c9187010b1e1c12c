//! The values of options: their limits, and why.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

use onair::media::{self, Bitrate, FrameRate, Size};

/// The default port of the pages.
pub(crate) const WEB: u16 = 8080;
/// The default port of RTMP.
pub(crate) const RTMP: u16 = 1935;
/// The default port of RTMPS.
pub(crate) const RTMPS: u16 = 443;

pub(crate) fn parse_size(text: &str) -> Result<Size, String> {
    let range = || "expected 16x16 to 7680x7680: no encoder takes another size".to_owned();
    let is_number = |side: &str| !side.is_empty() && side.bytes().all(|c| c.is_ascii_digit());
    let sides = text.split_once(['x', 'X']);
    let is_shaped = sides.is_some_and(|(width, height)| is_number(width) && is_number(height));
    let size: Size = parse_unit(text).map_err(|error| if is_shaped { range() } else { error })?;
    // Phones stand upright: either side may be the longer one.
    let sides = 16..=7680;
    match sides.contains(&size.width) && sides.contains(&size.height) {
        true => Ok(size),
        false => Err(range()),
    }
}

pub(crate) fn parse_fps(text: &str) -> Result<FrameRate, String> {
    let rate: FrameRate = parse_unit(text)?;
    match rate.as_f64() {
        1.0..=240.0 => Ok(rate),
        _ => Err("expected 1 to 240: slower is no video, faster is no camera's".to_owned()),
    }
}

pub(crate) fn parse_video_bitrate(text: &str) -> Result<Bitrate, String> {
    let rate: Bitrate = parse_unit(text).map_err(|_| "expected 10k to 200M, e.g. 2500k or 2.5M")?;
    match rate.as_bps() {
        0..10_000 => Err(
            "expected 10k to 200M: less than 10k shows nothing (is a k or M \
                          missing?)"
                .to_owned(),
        ),
        10_000..=200_000_000 => Ok(rate),
        _ => Err("expected 10k to 200M: no service takes more".to_owned()),
    }
}

pub(crate) fn parse_audio_bitrate(text: &str) -> Result<Bitrate, String> {
    let rate: Bitrate = parse_unit(text).map_err(|_| "expected 16k to 512k, e.g. 128k")?;
    match rate.as_bps() {
        16_000..=512_000 => Ok(rate),
        _ => Err("expected 16k to 512k, which is what AAC makes of two channels".to_owned()),
    }
}

/// A new viewer sees nothing until the next keyframe.
pub(crate) fn parse_keyframe(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text)?;
    if interval < Duration::from_millis(100) {
        return Err(
            "expected 100ms to 10s: more keyframes leave no bits for what moves".to_owned(),
        );
    }
    if interval > Duration::from_secs(10) {
        let words = "expected 100ms to 10s: who joins sees nothing until the next keyframe, and \
                     services want one every 2 s";
        return Err(words.to_owned());
    }
    Ok(interval)
}

/// A size, rate or bitrate; errors without the byte offset, which helps nobody here.
fn parse_unit<T: FromStr<Err = media::Error>>(text: &str) -> Result<T, String> {
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
        .filter(|time| !time.is_zero() && *time <= A_YEAR)
        .ok_or_else(|| "expected a time such as 10s, 1m30s, 2h or 500ms".to_owned())
}

/// Reads `500M`, `1.5GB` or a number of bytes.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let expected = || "expected a size like 500M, 2G or 0".to_owned();
    let end = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let unit = unit.to_ascii_uppercase();
    let scale = match unit.trim_end_matches('B') {
        "" => 1.0,
        "K" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        _ => return Err(expected()),
    };
    let bytes = number.trim().parse::<f64>().map_err(|_| expected())? * scale;
    if !(0.0..1e18).contains(&bytes) {
        return Err(expected());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is in range"
    )]
    Ok(bytes.round() as u64)
}

/// Longer than any show, and short enough for every clock.
const A_YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

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

/// An address to listen on: `192.0.2.1:8080`, `[::1]:8080`, `localhost:8080`, or one of these
/// without the port, which is then `PORT`; a port alone is on this machine.
pub(crate) fn parse_address<const PORT: u16>(text: &str) -> Result<SocketAddr, String> {
    let expected = || {
        let port = PORT;
        format!("expected ADDRESS:PORT, such as 127.0.0.1:{port} or localhost:{port}, or a port")
    };
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    if let Ok(ip) = bare.unwrap_or(text).parse() {
        return Ok(SocketAddr::new(ip, PORT));
    }
    if let Some(port) = text.strip_prefix(':') {
        return Err(match port.parse::<u16>() {
            Ok(port) => {
                format!("127.0.0.1:{port} is for this machine alone, 0.0.0.0:{port} for others too")
            }
            Err(_) => expected(),
        });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| expected())?),
        None => (text, PORT),
    };
    text.parse()
        .or_else(|_| look_up(host, port).ok_or_else(expected))
}

/// An address of a host, IPv4 if it has one.
fn look_up(host: &str, port: u16) -> Option<SocketAddr> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    // A system takes a bare number for an address.
    let has_letter = host.chars().any(|c| c.is_ascii_alphabetic());
    if !has_letter || !host.chars().all(is_name) {
        return None;
    }
    let found: Vec<_> = (host, port).to_socket_addrs().ok()?.collect();
    let older = found.iter().find(|address| address.is_ipv4());
    older.or_else(|| found.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("123", 123),
            ("500M", 500_000_000),
            ("1.5gb", 1_500_000_000),
            ("2 kB", 2000),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "-1M", "1X", "1MiB", "NaN", "1e30", "infinity"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

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
            "", "s", "1e-300", "10x", "-1s", "0", "0s", "1s2", "NaN", "inf", "1e300h", "9000h",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_read_as_people_write_them() {
        for (text, address) in [
            ("8081", "127.0.0.1:8081"),
            ("0", "127.0.0.1:0"),
            ("localhost:8081", "127.0.0.1:8081"),
            ("localhost", "127.0.0.1:8080"),
            ("0.0.0.0", "0.0.0.0:8080"),
            ("192.0.2.1:80", "192.0.2.1:80"),
            ("::1", "[::1]:8080"),
            ("[::1]", "[::1]:8080"),
            ("[::1]:81", "[::1]:81"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(parse_address::<WEB>(text), Ok(address), "{text}");
        }
        for text in [
            "",
            ":",
            "65536",
            "localhost:",
            "localhost:x",
            "a b:1",
            "rtmp://h:1",
            "[x]:1",
        ] {
            assert!(parse_address::<WEB>(text).is_err(), "{text}");
        }
        let choice = parse_address::<WEB>(":9000").unwrap_err();
        assert!(choice.contains("127.0.0.1:9000") && choice.contains("0.0.0.0:9000"));
    }

    #[test]
    fn what_is_out_of_range_is_told_the_range_and_why() {
        let wrong = [
            parse_video_bitrate("1").err(),
            parse_video_bitrate("1000M").err(),
            parse_audio_bitrate("1k").err(),
            parse_keyframe("100s").err(),
            parse_keyframe("1ms").err(),
            parse_fps("1000").err(),
            parse_size("8x8").err(),
            parse_size("99999x99999").err(),
            parse_video_bitrate("900G").err(),
        ];
        for words in wrong {
            let words = words.expect("it is out of range");
            assert!(
                words.starts_with("expected ") && words.contains(" to "),
                "{words}"
            );
        }
        assert_eq!(parse_keyframe("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_video_bitrate("10k"), Ok(Bitrate::kbps(10)));
    }
}
