//! `scheme://user:password@host:port`.

use super::{Scheme, Url, UrlError};
use crate::{Credentials, Secret};

/// Everything up to the path, and the path without its first `/`.
pub(super) fn parse_authority(text: &str) -> Result<(Url, &str), UrlError> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").ok_or(UrlError::MissingScheme)?;
    let scheme = parse_scheme(scheme)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (userinfo, host_port) = match authority.rsplit_once('@') {
        Some((userinfo, host_port)) => (Some(userinfo), host_port),
        None => (None, authority),
    };
    let (host, port) = parse_host_port(host_port)?;
    let url = Url {
        scheme,
        credentials: userinfo.map(parse_userinfo).transpose()?,
        host: host.to_owned(),
        port: port.unwrap_or_else(|| scheme.default_port()),
        app: String::new(),
        key: Secret::default(),
    };
    Ok((url, path.strip_prefix('/').unwrap_or_default()))
}

fn parse_scheme(scheme: &str) -> Result<Scheme, UrlError> {
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "rtmp" => Ok(Scheme::Rtmp),
        "rtmps" => Ok(Scheme::Rtmps),
        "rtmpt" | "rtmpts" | "rtmpe" | "rtmpte" | "rtmfp" => {
            Err(UrlError::UnsupportedScheme(scheme))
        }
        "" => Err(UrlError::MissingScheme),
        // Anything else in front of :// may be a pasted secret.
        _ if scheme.len() > 16 => Err(UrlError::MissingScheme),
        _ => Err(UrlError::UnknownScheme(scheme)),
    }
}

/// `host`, `host:port`, `[v6]` or `[v6]:port`.
fn parse_host_port(host_port: &str) -> Result<(&str, Option<u16>), UrlError> {
    let (host, port) = match host_port.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(UrlError::InvalidHost)?;
            let address = host.split('%').next().unwrap_or_default();
            address
                .parse::<std::net::Ipv6Addr>()
                .map_err(|_| UrlError::InvalidHost)?;
            (host, port)
        }
        None => host_port.split_at(host_port.find(':').unwrap_or(host_port.len())),
    };
    let port = match port.strip_prefix(':') {
        Some(port) if port.contains(':') => return Err(UrlError::InvalidHost),
        Some(port) => port,
        None if port.is_empty() => "",
        None => return Err(UrlError::InvalidHost),
    };
    check_host(host)?;
    Ok((host, parse_port(port)?))
}

fn check_host(host: &str) -> Result<(), UrlError> {
    if host.is_empty() {
        return Err(UrlError::MissingHost);
    }
    let bad = |c: char| c.is_whitespace() || c.is_control() || "[]@#\\\"<>^`{|}".contains(c);
    if host.contains(bad) {
        return Err(UrlError::InvalidHost);
    }
    Ok(())
}

fn parse_port(port: &str) -> Result<Option<u16>, UrlError> {
    if port.is_empty() {
        return Ok(None);
    }
    if !port.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(UrlError::InvalidPort);
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(UrlError::InvalidPort),
        Ok(port) => Ok(Some(port)),
    }
}

fn parse_userinfo(userinfo: &str) -> Result<Credentials, UrlError> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let user = percent_decode(user).ok_or(UrlError::InvalidCredentials)?;
    let password = percent_decode(password).ok_or(UrlError::InvalidCredentials)?;
    Ok(Credentials::new(user, password))
}

pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (&[high, low], tail) = rest.split_first_chunk::<2>()?;
        bytes.push(hex(high)? << 4 | hex(low)?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}
