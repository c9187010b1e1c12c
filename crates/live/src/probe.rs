//! Single steps of reaching a server, for an application that says which of them fails.

pub use crate::output::rtmp::failure as conversation_failure;
pub use crate::output::tls::probe::{Encrypted, Handshake, check, shake_hands};
