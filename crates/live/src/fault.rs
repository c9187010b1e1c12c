use serde::{Deserialize, Serialize};

/// Declares the faults once, so that the list of them is complete.
macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What lies behind a failure, so that an application can name a cure. It words the cure
        /// itself: each has its settings elsewhere.
        ///
        /// The compiler tells whoever matches on it about each new fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            /// Each of them once.
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

faults! {
    /// Another publisher uses the key, or the server thinks so.
    KeyInUse,
    /// Nothing listens at the address.
    NobodyListens,
    /// The host's name cannot be resolved.
    UnknownHost,
    /// There is no route to the address, for a reason that the system names.
    Unreachable,
    /// A certificate is too old, or a clock is wrong.
    CertificateExpired,
    /// A certificate is for another name.
    CertificateName,
    /// A certificate is signed by nobody this system trusts.
    CertificateUntrusted,
    /// A certificate cannot be used for another reason.
    CertificateUnusable,
    /// The server does not speak TLS on this port.
    NotTls,
    /// TLS could not be negotiated.
    TlsFailed,
    /// The server knows no such user name and password.
    LoginRejected,
    /// The server wants a user name and a password.
    LoginNeeded,
    /// The server does not let this key publish.
    KeyRejected,
    /// The server has no such application.
    AppUnknown,
    /// The server takes other codecs, or a file cannot hold ours.
    CodecRefused,
    /// The server redirects to where we do not go: out of TLS, in circles, or nowhere.
    RedirectRefused,
    /// The server refused, in words that name none of these.
    Refused,
    /// The address cannot be published to.
    AddressUnusable,
    /// The server agreed to the publish and dropped the stream soon after, again and again, as many
    /// do for an unknown key or a stream that their rules forbid.
    AcceptedThenDropped,
    /// The stream that is to be watched is not there, or nothing comes of it.
    NothingToWatch,
    /// The server closed the connection without a word.
    ServerClosed,
    /// The server broke the protocol, or asked for too much.
    ServerMisbehaved,
    /// The connection broke.
    ConnectionBroken,
    /// The line takes no more data.
    Stalled,
    /// The server did not answer in time.
    TimedOut,
    /// No fault: the application wanted another connection.
    Renewed,
    /// The disk has no room left.
    DiskFull,
    /// The disk silently takes nothing any more.
    DiskStuck,
    /// The system does not let the file be written.
    FileUnwritable,
    /// A mistake of our own.
    Internal,
}
