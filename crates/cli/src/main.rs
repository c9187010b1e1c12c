//! The onair command line.

fn main() {}
