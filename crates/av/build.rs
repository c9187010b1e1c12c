//! Says whether openh264's x86 assembly can have been built: its own build
//! script falls back to C without a word when nasm is absent, at half the speed.

use std::env;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=OPENH264_NO_ASM");
    println!("cargo:rustc-env=ONAIR_OPENH264_ASM={}", assembly());
}

/// `yes`, `no nasm`, or `off` (asked for with `OPENH264_NO_ASM`).
fn assembly() -> &'static str {
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if env::var_os("OPENH264_NO_ASM").is_some() {
        "off"
    } else if !arch.starts_with("x86") || has_nasm() {
        "yes"
    } else {
        "no nasm"
    }
}

fn has_nasm() -> bool {
    Command::new("nasm")
        .arg("-v")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
