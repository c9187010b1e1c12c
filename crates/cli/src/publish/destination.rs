//! Destinations: URLs, keys, passwords, trust.

use std::fmt::Display;
use std::path::Path;
use std::{env, fs};

use onair::{Address, AddressError, Credentials, Destination, RetryPolicy, Tls};

use super::Publish;
use crate::failure::Failure;
use crate::given::Given;

const PASSWORD: &str = "ONAIR_PASSWORD";

pub(crate) fn all(opts: &Publish, given: &Given) -> Result<Vec<Destination>, Failure> {
    if opts.key.is_some() && opts.to.len() > 1 {
        return Err(Failure::usage(
            "--key (or ONAIR_KEY) is for one server: put each key into its own --to URL",
        ));
    }
    if opts.key.as_deref().is_some_and(|key| key.trim().is_empty()) {
        return Err(Failure::usage("--key is empty"));
    }
    let credentials = credentials(opts.user.as_deref(), opts.password_file.as_deref())?;
    let backups = backups(opts, given)?;
    let key = opts.key.as_deref();
    let backup = |text: &&str| address("--backup", text, key);
    let destinations: Vec<_> = opts
        .to
        .iter()
        .zip(backups)
        .map(|(text, second)| {
            let mut destination = Destination::new(address("--to", text, key)?);
            destination.backup = second.as_ref().map(backup).transpose()?;
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

/// The second address of each destination, if it has one: that which was typed behind it.
fn backups<'a>(opts: &'a Publish, given: &Given) -> Result<Vec<Option<&'a str>>, Failure> {
    let typed = (given.indices("to"), given.indices("backup"));
    let owners = owners(opts.to.len(), opts.backup.len(), typed)?;
    let mut backups = vec![None; opts.to.len()];
    for (owner, text) in owners.into_iter().zip(&opts.backup) {
        if backups[owner].replace(text.as_str()).is_some() {
            return Err(Failure::usage("a --to has one --backup, not two"));
        }
    }
    Ok(backups)
}

/// Which destination each backup belongs to, by where they were typed.
fn owners(
    destinations: usize,
    backups: usize,
    (to, backup): (&[usize], &[usize]),
) -> Result<Vec<usize>, Failure> {
    if destinations == 1 {
        return Ok(vec![0; backups]);
    }
    if backup.len() != backups {
        return Err(Failure::usage("ONAIR_BACKUP is for a single --to"));
    }
    let before = |index: &usize| to.iter().filter(|other| *other < index).count();
    let owners = backup.iter().map(|index| before(index).checked_sub(1));
    let owners: Option<Vec<_>> = owners.collect();
    let words = "--backup goes behind the --to that it belongs to";
    owners.ok_or_else(|| Failure::usage(words))
}

/// Refuses the same stream twice: the second would be refused, or cut the first off.
fn refuse_twins(destinations: &[Destination]) -> Result<(), Failure> {
    let first = destinations.iter().map(|to| ("--to", Some(&to.address)));
    let second = destinations.iter();
    let second = second.map(|to| ("--backup", to.backup.as_ref()));
    let mut seen = Vec::new();
    for (option, address) in first.chain(second) {
        if let Some(address) = address {
            if seen.contains(&address) {
                let words = format_args!("{option} {address} is given twice");
                return Err(Failure::usage(words));
            }
            seen.push(address);
        }
    }
    Ok(())
}

/// The error never repeats the address: it may hold a key.
fn address(option: &str, text: &str, key: Option<&str>) -> Result<Address, Failure> {
    let text = text.trim();
    let parsed = match key {
        Some(key) => Address::from_server(text, key.trim()),
        None => text.parse(),
    };
    parsed.map_err(|error| match error {
        AddressError::TwoAddresses => {
            let variable = if option == "--to" {
                "ONAIR_URL"
            } else {
                "ONAIR_BACKUP"
            };
            Failure::usage(format_args!(
                "two addresses in one {option}: repeat {option} ({variable} holds one)"
            ))
        }
        AddressError::MissingScheme
        | AddressError::UnknownScheme(_)
        | AddressError::MissingKey(_)
        | AddressError::Unusable(_) => Failure::usage(format_args!("{option}: {error}")),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(destinations: usize, to: &[usize], backup: &[usize]) -> Option<Vec<usize>> {
        owners(destinations, backup.len(), (to, backup)).ok()
    }

    #[test]
    fn a_backup_belongs_to_the_destination_before_it() {
        assert_eq!(owner(3, &[2, 6, 8], &[4, 10]), Some(vec![0, 2]));
        assert_eq!(owner(2, &[2, 4], &[6, 8]), Some(vec![1, 1]));
        assert_eq!(owner(2, &[4, 6], &[2]), None, "before the first");
        for (to, backup) in [(&[4][..], &[2][..]), (&[2], &[4]), (&[], &[2])] {
            assert_eq!(owner(1, to, backup), Some(vec![0]));
        }
        assert!(
            owners(2, 1, (&[2, 4], &[])).is_err(),
            "from the environment"
        );
    }
}
