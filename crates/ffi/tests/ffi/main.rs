//! The interface as Swift sees it, over loopback: real sockets, no sleeps.
#![cfg(test)]

mod broadcaster;
mod header;
mod hostile;
mod studio;
mod support;
