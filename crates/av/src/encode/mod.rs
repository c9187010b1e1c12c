//! Encoders: raw frames and samples in, [`Packet`](onair_media::Packet)s out.
//!
//! No backend is named in public: settings say what is wanted,
//! [`available`] says what there is, and `auto` takes the first that opens.
//!
//! **Time.** A video packet keeps its frame's timestamp (no B-frames: dts and
//! pts are equal). An audio packet's time is counted in samples from the first
//! sample's timestamp, *minus the encoder's priming*: AAC begins with access units
//! that decode to nothing, 1024 samples of it or, from Apple's encoder, 2112, and the
//! first is stamped that long before the first audio, so that everything heard stays
//! in step with everything seen. FLV and RTMP have no edit list to say this any other
//! way.

mod audio;
mod backend;
mod drift;
mod intake;
mod mix;
mod recovery;
mod resample;
mod scale;
mod settings;
mod video;

#[cfg(test)]
mod tests;

pub use audio::AudioEncoder;
pub use backend::{EncoderInfo, available};
#[cfg(any(test, fuzzing, target_vendor = "apple"))]
pub(crate) use intake::Intake;
pub use settings::{AudioSettings, VideoSettings};
pub use video::VideoEncoder;
