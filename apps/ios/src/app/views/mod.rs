//! The parts of the controller's view, each drawn from its part of the `Screen`.

mod banner;
mod controls;
mod preview;
mod record;
mod status;
mod tool;

pub(crate) use banner::{BannerCard, Pill};
pub(crate) use controls::Controls;
pub(crate) use preview::Preview;
pub(crate) use status::StatusLine;
