use onair::{FailureStage, Fault, Refusal};

/// Why a connection was lost or never came about, or a destination was given up.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Failure {
    /// What happened, in words, without a full stop.
    pub words: String,
    /// How far the connection had come.
    pub stage: FailureStage,
    /// The cause, which decides what to do about it.
    pub fault: Fault,
    /// The server's refusal, if it gave one in its protocol's way.
    pub refusal: Option<Refusal>,
}

impl From<onair::Failure> for Failure {
    fn from(failure: onair::Failure) -> Self {
        Self {
            words: failure.to_string(),
            stage: failure.stage,
            fault: failure.fault,
            refusal: failure.refusal,
        }
    }
}

/// How a server refused.
#[uniffi::remote(Record)]
pub struct Refusal {
    /// The protocol's code, for instance `NetStream.Publish.BadName`.
    pub code: String,
    /// The server's description, often empty.
    pub description: String,
}

/// How far a connection had come when it failed.
#[uniffi::remote(Enum)]
pub enum FailureStage {
    /// The host's name was being looked up.
    Resolve,
    /// A connection was being opened.
    Connect,
    /// TLS was being agreed on.
    Tls,
    /// The server was being told who we are and which application we want.
    Negotiate,
    /// The server was being asked to take the stream.
    Publish,
    /// On air; or, for a file, while it was being written.
    Live,
    /// The stream was being taken down; or, for a file, while it was being closed.
    End,
}

/// The cause of a failure.
#[uniffi::remote(Enum)]
pub enum Fault {
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
    /// The server takes other codecs.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn every_cause_reaches_swift_as_it_is() {
        for &fault in Fault::ALL {
            let failure = onair::Failure::new(FailureStage::Live, fault, "it rains");
            let ended = Event::from(onair::Event::DestinationEnded {
                destination: 1,
                failure: Some(failure.clone()),
            });
            let Event::DestinationEnded {
                failure: Some(seen),
                ..
            } = ended
            else {
                panic!("{ended:?}");
            };
            assert_eq!((seen.fault, &*seen.words), (fault, "it rains"));
            assert_eq!(seen, Failure::from(failure));
        }
    }
}
