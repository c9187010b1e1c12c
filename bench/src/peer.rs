//! The programs that are compared, and the commands that start them.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Finds onair's own binary: `$ONAIR`, or a release build.
pub fn onair() -> Result<String> {
    if let Ok(path) = std::env::var("ONAIR") {
        return Ok(path);
    }
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let target = std::env::var("CARGO_TARGET_DIR").map(PathBuf::from);
    let path = target
        .unwrap_or_else(|_| root.join("target"))
        .join("release/onair");
    ensure!(
        path.exists(),
        "no {}: cargo build --release -p onair-cli, or set ONAIR",
        path.display()
    );
    Ok(path.to_str().context("a path in UTF-8")?.to_owned())
}

/// An older binary to measure beside that one.
pub fn before() -> Result<String> {
    std::env::var("ONAIR_BEFORE").context("no $ONAIR_BEFORE")
}

/// Finds FFmpeg, with the encoder it is compared by.
pub fn ffmpeg() -> Result<String> {
    let output = Command::new("ffmpeg")
        .args(["-hide_banner", "-encoders"])
        .stderr(Stdio::null())
        .output()
        .context("no ffmpeg")?;
    let encoders = String::from_utf8_lossy(&output.stdout);
    ensure!(encoders.contains("libx264"), "ffmpeg has no libx264");
    Ok("ffmpeg".to_owned())
}

/// A command from a program and a line of arguments, where each `{}` is the next of `values`.
pub fn command(program: &str, line: &str, values: &[&str]) -> Vec<String> {
    let mut values = values.iter();
    let argument = |word: &str| match word {
        "{}" => (*values.next().expect("a value for each {}")).to_owned(),
        word => word.to_owned(),
    };
    let arguments: Vec<String> = line.split_whitespace().map(argument).collect();
    [vec![program.to_owned()], arguments].concat()
}
