//! Says whether openh264's x86 assembly can have been built (its own build script
//! falls back to C without a word when nasm is absent, at half the speed), and
//! whether Apple's media frameworks are there: the real ones, or simulated for tests.

use std::env;
use std::process::{Command, Stdio};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=OPENH264_NO_ASM");
    println!("cargo:rustc-env=ONAIR_OPENH264_ASM={}", assembly());
    println!("cargo:rustc-check-cfg=cfg(apple_media)");
    if has_apple_media() {
        println!("cargo:rustc-cfg=apple_media");
    }
}

fn has_apple_media() -> bool {
    let is_apple = env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple");
    is_apple || env::var_os("CARGO_FEATURE__SIM").is_some()
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
