//! A seeded byte link for tests: delay, rate, chop, stall and reset, in virtual time.
#![forbid(unsafe_code)]
