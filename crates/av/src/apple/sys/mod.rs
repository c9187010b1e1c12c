//! Declarations of the C functions and constants used, a file for each framework.
//!
//! They are written out here, and not taken from the `objc2-*` crates, because those
//! ask the linker for Apple's frameworks on every platform; these ask on Apple's
//! only, so that simulated frameworks can stand in for them elsewhere. On Apple
//! targets [`agrees`] holds each declaration against those crates'.
//!
//! No constant is newer than iOS 15 and macOS 12: a program that names one its system
//! does not have is killed as it starts.

pub(crate) mod audio_toolbox;
pub(crate) mod core_media;
pub(crate) mod core_video;
pub(crate) mod video_toolbox;

#[cfg(target_vendor = "apple")]
mod agrees;
