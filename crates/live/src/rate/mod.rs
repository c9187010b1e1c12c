//! The bitrate of the video, and who decides it. Pure: time is an argument.
//!
//! ```text
//!   user     set_video_bitrate ─────────┐
//!   thermal  the director's ladder ─────┤ a wish each, with its      the least
//!   line     a RateLaw for each ────────┘ reason                ───► applies ───► the encoder
//!            destination, by LinkSamples
//! ```
//!
//! To add a law: one file beside [`Unlimited`]'s, and its name in `law`.

mod adaptive;
mod arbiter;
mod audio;
mod far_end;
mod follower;
mod law;
mod least;
mod picture;
mod telling;
mod unlimited;

pub use self::adaptive::Adaptive;
pub(crate) use self::arbiter::{Arbiter, Change, Holder};
pub use self::arbiter::{BitrateLimit, LimitedBy};
pub use self::audio::{AudioLadder, AudioSample, AudioStep};
pub use self::far_end::{FarEnd, SenderWord};
pub(crate) use self::follower::Follower;
pub use self::law::{LinkSample, RateAdvice, RateLaw};
pub use self::picture::{PictureLadder, PictureSample, PictureStep};
pub(crate) use self::telling::Telling;
pub use self::unlimited::Unlimited;

use onair_media::Bitrate;

/// The law that a new connection follows: down to `min`, or without a limit where nobody wants
/// video to adapt.
pub(crate) fn law(min: Option<Bitrate>) -> Box<dyn RateLaw> {
    match min {
        Some(min) => Box::new(Adaptive::new(min)),
        None => Box::new(Unlimited),
    }
}
