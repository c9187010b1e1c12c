//! The pages: who may go live from them, their certificate, and their addresses.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use onair_receiver::{Builder, Receiver, Token, qr_code, tls};

use crate::failure::Failure;
use crate::outlet::{insist, say};

/// The secret in the go-live link: from `file`, or in the user's state folder, so that the link
/// survives a restart. If that is impossible, the link lasts as long as the program.
pub(crate) fn token(file: Option<&Path>) -> Result<Token, Failure> {
    if let Some(file) = file {
        return Token::open(file).map_err(Failure::usage);
    }
    let kept = Token::default_file().map(|file| Token::open(&file));
    match kept {
        Some(Ok(token)) => return Ok(token),
        Some(Err(error)) => say(format_args!(
            "{error}\n  The go-live link is another at each start."
        )),
        None => {}
    }
    Token::random().map_err(Failure::failed)
}

/// Serves with a certificate of this machine's own authority.
pub(crate) fn certify(builder: Builder) -> Result<Builder, Failure> {
    let nowhere = "there is no directory to keep a certificate authority in; use --tls-cert";
    let directory = tls::Authority::default_dir().ok_or_else(|| Failure::usage(nowhere))?;
    let authority = tls::Authority::open(&directory).map_err(Failure::usage)?;
    let names = tls::machine_names();
    if !authority.is_constrained() {
        say(format_args!(
            "The certificate authority in {} may vouch for any name. Remove it for one that vouches for \
             this machine alone; phones have to trust the new one.",
            directory.display()
        ));
    }
    let excluded = authority.excluded(&names);
    if !excluded.is_empty() {
        say(format_args!(
            "The certificate authority in {} was made before this machine was called {}: remove it for \
             one that knows; phones have to trust the new one.",
            directory.display(),
            excluded.join(", ")
        ));
    }
    if let Some(file) = authority_file() {
        let written = fs::write(&file, authority.certificate());
        written.map_err(|error| Failure::usage(format_args!("{}: {error}", file.display())))?;
    }
    let config = authority.server(&names).map_err(Failure::usage)?;
    Ok(builder.tls(config).authority(authority.certificate()))
}

/// The certificate of this machine's own authority, without its key, for publishers to trust.
pub(crate) fn authority_file() -> Option<PathBuf> {
    tls::Authority::default_dir().map(|directory| directory.join("ca.crt"))
}

/// How the pages are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// Over http.
    Plainly,
    /// Over https, with a given certificate.
    Certified,
    /// Over https, with this machine's own authority, which a phone does not know yet.
    ByOwnAuthority,
}

/// Says where the pages are. Only here is the link to go live, so -q does not hide it.
pub(crate) fn greet(receiver: &Receiver, served: Served, token: &Token) {
    for address in distinct(receiver.web_addresses()) {
        let base = format!("{}://{}", served.scheme(), shown(address));
        say(format_args!("Watch:    {base}/"));
        let link = format!("{base}/live#token={}", token.expose());
        insist(format_args!("Go live:  {link}"));
        let is_for_phones = !address.ip().is_loopback();
        if is_for_phones && served == Served::Plainly {
            say(NEEDS_HTTPS);
        } else if let Some(code) = qr_code(&link).filter(|_| is_for_phones) {
            say(code);
        }
        if served == Served::ByOwnAuthority {
            say(format_args!("Trust:    {base}/trust\n{TRUST}"));
        }
    }
}

/// The addresses without ::1 if there is 127.0.0.1 with the same port.
pub(crate) fn distinct(all: &[SocketAddr]) -> impl Iterator<Item = SocketAddr> {
    let has_twin = |address: &SocketAddr| {
        let twin = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
        address.ip() == IpAddr::V6(Ipv6Addr::LOCALHOST) && all.contains(&twin)
    };
    all.iter()
        .copied()
        .filter(move |address| !has_twin(address))
}

impl Served {
    pub(crate) const fn scheme(self) -> &'static str {
        match self {
            Self::Plainly => "http",
            Self::Certified | Self::ByOwnAuthority => "https",
        }
    }
}

const NEEDS_HTTPS: &str = "          From another machine that needs https: browsers lend the camera to \
                           secure pages only. --tls serves them.";
const TRUST: &str = "          Once on each phone, or its browser warns and lends no camera. iPhone: open that in\n\
                     \u{20}         Safari, download the certificate (/ca.crt), install it under Settings > General >\n\
                     \u{20}         VPN & Device Management, and switch it on under General > About > Certificate\n\
                     \u{20}         Trust Settings.";

/// An address to open: one that stands for all becomes one of this machine's.
pub(crate) fn shown(address: SocketAddr) -> SocketAddr {
    let of_this_family = |ip: &IpAddr| ip.is_ipv4() == address.is_ipv4();
    let ip = match address.ip() {
        ip if ip.is_unspecified() => tls::machine_addresses()
            .into_iter()
            .find(of_this_family)
            .unwrap_or(ip),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
