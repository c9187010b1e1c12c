//! Tells whether Apple's media frameworks exist: the real ones, or simulated ones for tests.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-check-cfg=cfg(apple_media)");
    let is_apple = env::var("CARGO_CFG_TARGET_VENDOR").is_ok_and(|vendor| vendor == "apple");
    if is_apple || env::var_os("CARGO_FEATURE__SIM").is_some() {
        println!("cargo:rustc-cfg=apple_media");
    }
}
