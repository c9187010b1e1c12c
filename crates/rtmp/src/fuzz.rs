//! Fuzz bodies: plain functions over arbitrary bytes, replayed by stable tests.
