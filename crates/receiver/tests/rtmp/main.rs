//! The receiver over loopback: real sockets, no sleeps.
#![cfg(test)]

mod clients;
mod encoder;
mod hold;
mod hostile;
mod odd;
mod player;
mod publish;
mod record;
mod relay;
mod setup;
mod viewers;
