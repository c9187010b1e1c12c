//! Recordings: one fragmented MP4 after another for each stream.

mod file;
mod tape;

pub(crate) use file::record;
