use serde::Serialize;

/// Declares the faults once, so that the list of all of them cannot lack one.
macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What lies behind a failure, for whoever wants to name a cure beside the cause. The cure
        /// itself is each application's: where a setting is found differs.
        ///
        /// Whoever matches on it is told by the compiler of each fault that is added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
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
    /// The name cannot be resolved.
    UnknownHost,
    /// There is no way to the address, for a reason that the system names.
    Unreachable,
    /// A certificate is too old, or a clock is wrong.
    CertificateExpired,
    /// A certificate is for another name.
    CertificateName,
    /// A certificate is signed by nobody this system trusts.
    CertificateUntrusted,
    /// A certificate cannot be used for another reason.
    CertificateUnusable,
    /// The server speaks something else than TLS on this port.
    NotTls,
    /// TLS cannot be agreed on.
    TlsFailed,
    /// The server knows no such user name and password.
    LoginRejected,
    /// The server wants a user name and a password.
    LoginNeeded,
    /// The server does not let this key publish.
    KeyRejected,
    /// The server has no such application.
    AppUnknown,
    /// The server says which codecs it takes, and ours is none of them; or a file cannot hold ours.
    CodecRefused,
    /// The server sends us to where we do not go: out of TLS, in circles, or nowhere.
    RedirectRefused,
    /// The server said no, in words that name none of these.
    Refused,
    /// The address cannot be published to.
    AddressUnusable,
    /// The server agreed to the publish and dropped the stream soon after, again and again: as
    /// many do with a key they do not know, or with what their rules forbid.
    AcceptedThenDropped,
    /// The server closed the connection without a word.
    ServerClosed,
    /// The server broke its protocol, or asked for too much.
    ServerMisbehaved,
    /// The connection broke.
    ConnectionBroken,
    /// The line takes no more data.
    Stalled,
    /// Nobody answered in time.
    TimedOut,
    /// Nothing: the application wanted another connection.
    Renewed,
    /// The disk has no room left.
    DiskFull,
    /// The disk takes nothing any more, without a word.
    DiskStuck,
    /// The system does not let a file be written.
    FileUnwritable,
    /// A mistake of our own.
    Internal,
}
