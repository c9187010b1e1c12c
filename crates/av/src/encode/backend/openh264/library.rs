//! Where openh264 itself comes from: built in from source, or Cisco's own binary, loaded.
//!
//! Cisco pays the fees of the H.264 patent pool for its own binary alone, which the user's machine
//! has to download from Cisco (<https://www.openh264.org/faq.html>). `docs/licences.md` has the rest.

use std::sync::OnceLock;

use openh264_sys2::DynamicAPI;

use crate::Error;

/// Names the file of Cisco's binary, with the feature `openh264-cisco`.
#[cfg(feature = "openh264-cisco")]
const VARIABLE: &str = "ONAIR_OPENH264";

/// openh264's entry points; the same for the life of the process.
pub(super) fn loaded() -> Result<&'static DynamicAPI, Error> {
    static LIBRARY: OnceLock<Result<DynamicAPI, Error>> = OnceLock::new();
    LIBRARY.get_or_init(find).as_ref().map_err(Clone::clone)
}

/// What people should know before using it.
pub(super) fn note() -> Option<String> {
    match loaded() {
        Ok(library) => about(library),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(feature = "openh264-source")]
fn about(library: &DynamicAPI) -> Option<String> {
    if matches!(library, DynamicAPI::Source(_)) {
        return missing_assembly().map(str::to_owned);
    }
    Some(CISCO.to_owned())
}

#[cfg(not(feature = "openh264-source"))]
fn about(_: &DynamicAPI) -> Option<String> {
    Some(CISCO.to_owned())
}

const CISCO: &str = "Cisco's own binary, loaded";

/// For the encoder that is built in.
#[cfg(feature = "openh264-source")]
fn missing_assembly() -> Option<&'static str> {
    match env!("ONAIR_OPENH264_ASM") {
        "no nasm" => Some(
            "built without assembly, which costs twice the CPU: install nasm, then \
             `cargo clean -p openh264-sys2 -p onair-av` and build again",
        ),
        "off" => Some("built without assembly, as OPENH264_NO_ASM asked: twice the CPU"),
        _ => None,
    }
}

#[cfg(feature = "openh264-cisco")]
fn find() -> Result<DynamicAPI, Error> {
    match std::env::var_os(VARIABLE) {
        Some(file) => load(&file),
        None => built_in(),
    }
}

#[cfg(not(feature = "openh264-cisco"))]
fn find() -> Result<DynamicAPI, Error> {
    built_in()
}

/// Loads only what Cisco published: the file's SHA-256 must be a known one, since another version
/// has other structures under the same names.
#[cfg(feature = "openh264-cisco")]
fn load(file: &std::ffi::OsStr) -> Result<DynamicAPI, Error> {
    use openh264_sys2::Error as Refusal;

    DynamicAPI::from_blob_path(file).map_err(|refusal| {
        let why = match refusal {
            Refusal::InvalidHash(_) => "it is not openh264 2.6.0 as Cisco published it".to_owned(),
            other => other.to_string(),
        };
        let file = file.to_string_lossy();
        Error::backend(
            super::NAME,
            format!("{VARIABLE}={file} cannot be loaded: {why}"),
        )
    })
}

#[cfg(feature = "openh264-source")]
#[expect(
    clippy::unnecessary_wraps,
    reason = "a build without the source has none"
)]
const fn built_in() -> Result<DynamicAPI, Error> {
    Ok(DynamicAPI::from_source())
}

#[cfg(not(feature = "openh264-source"))]
fn built_in() -> Result<DynamicAPI, Error> {
    let what = if cfg!(feature = "openh264-cisco") {
        "this build has none of its own: let ONAIR_OPENH264 name the file of Cisco's openh264 2.6.0"
    } else {
        "this build was made without it: features openh264-source and openh264-cisco"
    };
    Err(Error::backend(super::NAME, what))
}

#[cfg(all(test, feature = "openh264-cisco"))]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_loaded_but_what_cisco_published() {
        let own = std::env::current_exe().unwrap();
        let refusal = load(own.as_os_str()).err().unwrap().to_string();
        assert!(refusal.ends_with("as Cisco published it"), "{refusal}");
        let refusal = load("no such file".as_ref()).err().unwrap().to_string();
        assert!(
            refusal.contains("no such file cannot be loaded"),
            "{refusal}"
        );
    }
}
