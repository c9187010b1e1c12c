//! Where to: URLs, keys, passwords, trust.

use std::path::Path;
use std::{env, fs};

use onair::rtmp::{self, Credentials, Url};
use onair::{Destination, RetryPolicy, Tls};

use crate::args::Publish;
use crate::failure::Failure;

const PASSWORD: &str = "ONAIR_PASSWORD";

pub(crate) fn all(opts: &Publish) -> Result<Vec<Destination>, Failure> {
    if opts.key.is_some() && opts.to.len() > 1 {
        return Err(Failure::usage(
            "--key (or ONAIR_KEY) is for one server: put each key into its own --to URL",
        ));
    }
    let credentials = credentials(opts)?;
    opts.to
        .iter()
        .map(|text| {
            let mut destination = Destination::new(url(text, opts.key.as_deref())?);
            destination.credentials.clone_from(&credentials);
            destination.tls = tls(opts);
            destination.patient = opts.patient;
            destination.retry = retry(opts);
            Ok(destination)
        })
        .collect()
}

/// The error never repeats the URL: it may hold a key.
fn url(text: &str, key: Option<&str>) -> Result<Url, Failure> {
    let text = text.trim();
    let parsed = match key {
        Some(key) => Url::from_server(text, key.trim()),
        None => text.parse(),
    };
    parsed.map_err(|error: rtmp::Error| Failure::usage(format_args!("--to: {error}")))
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

fn credentials(opts: &Publish) -> Result<Option<Credentials>, Failure> {
    let Some(user) = &opts.user else {
        return Ok(None);
    };
    let password = match &opts.password_file {
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
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format_args!("{}: {error}", path.display())))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(Failure::usage(format_args!(
            "{}: the first line is empty, and should be the password",
            path.display()
        ))),
    }
}
