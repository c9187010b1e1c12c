//! `onair receive`: a server of one's own.

mod options;
pub(crate) mod pages;
mod slate;
mod watch;
mod words;

pub(crate) use self::options::{RULES, Receive};

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use onair::Secret;
use onair_receiver::{
    Builder, Error, HoldSettings, Keys, Limits, Receiver, RegistryConfig, RelayTarget, Token, tls,
};

use self::watch::Watch;
use crate::failure::Failure;
use crate::given::Given;
use crate::interrupt::Interrupt;
use crate::outlet::say;

const ONE_STREAM: &str = "--relay leads to one stream key, and there are several keys to publish \
     with: their streams would cut each other off\n  \
     Put {stream} into the URL, as in rtmp://HOST/{app}/{stream}, or give one --key.";

pub(crate) fn run(opts: &Receive, given: &Given) -> Result<(), Failure> {
    given.refuse_without_effect(RULES, opts)?;
    refuse_shared(opts)?;
    let pairs = pairs(&opts.keys, given.has("key"));
    let mut keys = keys(&pairs)?;
    require_to_play(&mut keys, opts.play_key.as_deref())?;
    make_room(opts.max_connections.into());
    let token = opts.web.map(|_| pages::token(opts.token.as_deref()));
    let token = token.transpose()?;
    let interrupt = Interrupt::listen()?;
    let mut builder = certify(opts, builder(opts, pairs.len())?.keys(keys), &interrupt)?;
    if let Some(token) = &token {
        builder = builder.token(token.clone());
    }
    let receiver = builder.start().map_err(cannot_start)?;
    let (events, registry) = (receiver.events(), receiver.registry().clone());
    let receiver = Arc::new(receiver);
    let stopped = receiver.clone();
    interrupt.stops(move || stopped.stop());
    greet(opts, &receiver, token.as_ref());
    // Events end with the last copy, which goes with the signal handler.
    drop(receiver);
    Watch::new(opts.stats).run(events, &registry)
}

fn builder(opts: &Receive, keys: usize) -> Result<Builder, Failure> {
    let mut limits = Limits::default();
    limits.connections = opts.max_connections.into();
    limits.viewers_per_address = limits.connections.div_ceil(4);
    let mut registry = RegistryConfig::default();
    registry.takeover = opts.takeover;
    let mut builder = Receiver::builder().limits(limits).registry(registry);
    for address in &opts.listen {
        builder = match *address == DEFAULT_RTMP {
            true => builder.listen_localhost(address.port()),
            false => builder.listen(*address),
        };
    }
    for address in &opts.listen_tls {
        builder = builder.listen_tls(*address);
    }
    for name in &opts.host {
        builder = builder.host(name);
    }
    if let Some(directory) = &opts.record {
        builder = builder.record(directory).keep_free(opts.keep_free);
    }
    for url in &opts.relay {
        let target: RelayTarget = url
            .parse()
            .map_err(|error| Failure::usage(format_args!("--relay: {error}")))?;
        if target.takes_one_stream() && keys > 1 {
            return Err(Failure::usage(ONE_STREAM));
        }
        builder = builder.relay(target);
    }
    if let Some(limit) = opts.hold {
        let slate = slate::open(opts.slate.as_deref())?;
        builder = builder.hold(HoldSettings { limit, slate });
    }
    Ok(match opts.web {
        Some(DEFAULT_WEB) => builder.web_localhost(DEFAULT_WEB.port(), opts.is_certified()),
        Some(address) if opts.is_certified() => builder.web_tls(address),
        Some(address) => builder.web(address),
        None => builder,
    })
}

/// Refuses an address for two things: the second would find it taken by this very program.
fn refuse_shared(opts: &Receive) -> Result<(), Failure> {
    let plain = opts.listen.iter().map(|address| ("--listen", address));
    let secure = opts
        .listen_tls
        .iter()
        .map(|address| ("--listen-tls", address));
    let web = opts.web.iter().map(|address| ("--web", address));
    let mut seen: Vec<(&str, &SocketAddr)> = Vec::new();
    for (option, address) in plain.chain(secure).chain(web) {
        let twin = seen
            .iter()
            .find(|(_, other)| *other == address && address.port() != 0);
        if let Some((other, _)) = twin {
            return Err(Failure::usage(format_args!(
                "{other} and {option} have the same address, {address}: each needs its own"
            )));
        }
        seen.push((option, address));
    }
    Ok(())
}

/// By default `localhost`, which may be of either family.
const DEFAULT_RTMP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1935);
const DEFAULT_WEB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

fn cannot_start(error: Error) -> Failure {
    let source = match &error {
        Error::Listen { source, .. } => source,
        Error::Directory { path, .. } if path.is_file() => {
            let path = path.display();
            return Failure::usage(format_args!("--record wants a directory: {path} is a file"));
        }
        _ => return Failure::usage(error),
    };
    let cure = match source.kind() {
        io::ErrorKind::AddrInUse => {
            "\n  Another program has it, perhaps another onair: end that, or see --listen and --web."
        }
        io::ErrorKind::AddrNotAvailable => "\n  It is no address of this machine's.",
        io::ErrorKind::PermissionDenied => "\n  Ports below 1024 are the administrator's.",
        _ => "",
    };
    Failure::failed(format_args!("{error}{cure}"))
}

/// Gives the builder its certificate, if one is wanted; a hang-up rereads its files.
fn certify(opts: &Receive, builder: Builder, interrupt: &Interrupt) -> Result<Builder, Failure> {
    if let (Some(chain), Some(key)) = (&opts.tls_cert, &opts.tls_key) {
        let files = tls::CertificateFiles::open(chain, key).map_err(Failure::usage)?;
        let config = files.server().map_err(Failure::usage)?;
        interrupt.reloads(move || match files.reload() {
            Ok(()) => say("The certificates were read anew."),
            Err(error) => say(format_args!("{error}\n  Those read before are served on.")),
        });
        return Ok(builder.tls(config));
    }
    if !opts.tls && !opts.listen_tls.is_empty() {
        return Err(Failure::usage(
            "rtmps and https need a certificate: --tls makes one, --tls-cert and --tls-key give one",
        ));
    }
    if !opts.tls {
        return Ok(builder);
    }
    pages::certify(builder)
}

/// One NAME=KEY after each `--key`, or all of them in the variable.
fn pairs(given: &[String], are_typed: bool) -> Vec<String> {
    match are_typed {
        true => given.to_vec(),
        false => given.iter().flat_map(|text| split(text)).collect(),
    }
}

fn keys(pairs: &[String]) -> Result<Keys, Failure> {
    let mut keys = Keys::none();
    for pair in pairs {
        add_key(&mut keys, pair)?;
    }
    Ok(keys)
}

/// Sets the key to watch, if there is one.
fn require_to_play(keys: &mut Keys, play_key: Option<&str>) -> Result<(), Failure> {
    let Some(key) = play_key else {
        return Ok(());
    };
    let added = keys.require_to_play(&Secret::from(key));
    added.map_err(|error| Failure::usage(format_args!("--play-key: {error}")))
}

fn add_key(keys: &mut Keys, pair: &str) -> Result<(), Failure> {
    let expected = "a key is given as NAME=KEY (in ONAIR_KEYS a comma in a key is \\,)";
    let (name, key) = pair
        .split_once('=')
        .ok_or_else(|| Failure::usage(expected))?;
    if name.is_empty() {
        return Err(Failure::usage(format_args!(
            "--key: NAME is empty: {expected}"
        )));
    }
    let added = keys.add(name, &Secret::from(key));
    added.map_err(|error| Failure::usage(format_args!("--key: {error}")))
}

/// The parts between commas; after a backslash a comma is part of the text.
fn split(text: &str) -> Vec<String> {
    let hidden = text.replace("\\,", "\0");
    let parts = hidden.split(',').filter(|part| !part.is_empty());
    parts.map(|part| part.replace('\0', ",")).collect()
}

/// Asks the system for as many descriptors as `connections` need.
#[cfg(unix)]
fn make_room(connections: usize) {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    // With half-open ones, those of the pages on both of localhost's addresses, and files.
    let wanted = u64::try_from(connections)
        .unwrap_or(u64::MAX)
        .saturating_add(2048);
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    // If the system refuses, that shows when there are so many connections.
    let _refused = setrlimit(Resource::RLIMIT_NOFILE, soft.max(wanted.min(hard)), hard);
}

#[cfg(not(unix))]
const fn make_room(_connections: usize) {}

/// Says where everything is, the page first.
fn greet(opts: &Receive, receiver: &Receiver, token: Option<&Token>) {
    if let Some(token) = token {
        pages::greet(receiver, opts.served(), token);
    }
    if opts.play_key.is_some() {
        say(
            "Who watches needs the key: #key=KEY behind the pages' address, ?key=KEY behind a player's.",
        );
    }
    let name = if opts.keys.is_empty() { "NAME" } else { "KEY" };
    let all = receiver.rtmp_addresses();
    let (plain, secure) = all.split_at(all.len() - opts.listen_tls.len());
    let plain = pages::distinct(plain).map(|address| ("rtmp", address));
    let secure = pages::distinct(secure).map(|address| ("rtmps", address));
    for (scheme, address) in plain.chain(secure) {
        say(format_args!(
            "Publish:  {scheme}://{}/live/{name}",
            pages::shown(address)
        ));
    }
    if let Some(file) = pages::authority_file().filter(|_| opts.tls && !opts.listen_tls.is_empty())
    {
        let file = file.display();
        say(format_args!(
            "Trust:    who publishes over rtmps needs this file: --ca {file}"
        ));
    }
    if opts.keys.is_empty()
        && opts
            .listen
            .iter()
            .any(|address| !address.ip().is_loopback())
    {
        say("Whoever reaches this address may publish: --key sets a key.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_keys_in_the_variable_alone() {
        let typed = ["cam=se,x=cret".to_owned()];
        assert_eq!(pairs(&typed, true), typed);
        assert_eq!(pairs(&typed, false), ["cam=se", "x=cret"]);
        let escaped = [r"cam=se\,x=cret,stage=two".to_owned()];
        assert_eq!(pairs(&escaped, false), ["cam=se,x=cret", "stage=two"]);
    }
}
