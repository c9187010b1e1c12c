//! Small secrets that outlive the process: files that only their owner can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// The content of a file; a missing one is made, with its directory, to hold what `create` gives.
///
/// # Errors
///
/// In words: when the file cannot be read or made, or others may read it.
pub(crate) fn read_or_create(
    path: &Path,
    create: impl FnOnce() -> Result<String, String>,
) -> Result<String, String> {
    match fs::read_to_string(path) {
        Ok(text) => check_mode(path).map(|()| text),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let text = create()?;
            if let Some(dir) = path.parent() {
                make_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
            }
            write_once(path, &text).map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Writes the file whole or not at all; if another process was quicker, gives that one's text.
fn write_once(path: &Path, text: &str) -> std::io::Result<String> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let written = create_private(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::hard_link(&draft, path)
    });
    let _ = fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(text.to_owned()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(path),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

#[cfg(not(unix))]
fn make_dir(dir: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).create(dir)
}

/// A secret that others can read is none.
#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)
        .map_err(|error| error.to_string())?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let mode = mode & 0o777;
    Err(format!(
        "others may read it (mode {mode:o}): remove it, and a new one is made; or chmod 600"
    ))
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), String> {
    Ok(())
}
