//! Destinations: URLs, keys, passwords, trust.

use std::fmt::Display;
use std::path::Path;
use std::{env, fs};

use onair::{Address, AddressError, Credentials, Destination, RetryPolicy, Tls};

use super::Publish;
use crate::failure::Failure;

const PASSWORD: &str = "ONAIR_PASSWORD";

pub(crate) fn all(opts: &Publish) -> Result<Vec<Destination>, Failure> {
    if opts.key.is_some() && opts.to.len() > 1 {
        return Err(Failure::usage(
            "--key (or ONAIR_KEY) is for one server: put each key into its own --to URL",
        ));
    }
    if opts.key.as_deref().is_some_and(|key| key.trim().is_empty()) {
        return Err(Failure::usage("--key is empty"));
    }
    let credentials = credentials(opts.user.as_deref(), opts.password_file.as_deref())?;
    let destinations: Vec<_> = opts
        .to
        .iter()
        .map(|text| {
            let mut destination = Destination::new(address(text, opts.key.as_deref())?);
            destination.credentials.clone_from(&credentials);
            destination.tls = tls(opts);
            destination.pipelining = !opts.patient;
            destination.retry = retry(opts);
            Ok(destination)
        })
        .collect::<Result<_, Failure>>()?;
    refuse_twins(&destinations)?;
    Ok(destinations)
}

/// Refuses the same stream twice: the second would be refused, or cut the first off.
fn refuse_twins(destinations: &[Destination]) -> Result<(), Failure> {
    let addresses = || destinations.iter().map(|to| &to.address);
    let twin = addresses()
        .enumerate()
        .find(|(n, address)| addresses().take(*n).any(|other| other == *address));
    twin.map_or(Ok(()), |(_, address)| {
        Err(Failure::usage(format_args!(
            "--to {address} is given twice"
        )))
    })
}

/// The error never repeats the address: it may hold a key.
fn address(text: &str, key: Option<&str>) -> Result<Address, Failure> {
    let text = text.trim();
    let parsed = match key {
        Some(key) => Address::from_server(text, key.trim()),
        None => text.parse(),
    };
    parsed.map_err(|error| match error {
        AddressError::TwoAddresses => {
            Failure::usage("two addresses in one --to: repeat --to (ONAIR_URL holds one)")
        }
        AddressError::MissingScheme
        | AddressError::UnknownScheme(_)
        | AddressError::MissingKey(_)
        | AddressError::Unusable(_) => Failure::usage(format_args!("--to: {error}")),
    })
}

fn tls(opts: &Publish) -> Tls {
    Tls {
        ca: opts.ca.clone(),
        insecure: opts.insecure,
    }
}

fn retry(opts: &Publish) -> RetryPolicy {
    match opts.retries {
        _ if opts.no_reconnect => RetryPolicy::NEVER,
        Some(0) => RetryPolicy::NEVER,
        Some(max_attempts) => RetryPolicy {
            enabled: true,
            max_attempts,
        },
        None => RetryPolicy::default(),
    }
}

/// A user name, and the password that a file or the environment has for it.
pub(crate) fn credentials(
    user: Option<&str>,
    password_file: Option<&Path>,
) -> Result<Option<Credentials>, Failure> {
    let Some(user) = user else {
        return Ok(None);
    };
    let password = match password_file {
        Some(path) => read_password(path)?,
        None => env::var(PASSWORD)
            .ok()
            .filter(|password| !password.is_empty())
            .ok_or_else(|| {
                Failure::usage(format_args!(
                    "--user {user} needs a password: --password-file FILE or {PASSWORD}"
                ))
            })?,
    };
    Ok(Some(Credentials::new(user, password)))
}

fn read_password(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| about_password(path, error))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(about_password(
            path,
            "the first line is empty, and should be the password",
        )),
    }
}

fn about_password(path: &Path, what: impl Display) -> Failure {
    Failure::usage(format_args!("--password-file {}: {what}", path.display()))
}
