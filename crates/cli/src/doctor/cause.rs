//! What can be wrong, each with its name for programs and its cure.

use onair::Fault;

use crate::explain;

/// Declares what only the doctor finds out.
macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident: $name:literal, $cure:literal;)*) => {
        /// Why a broadcast would not work, or not as well as it could.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Cause {
            /// What any broadcast can fail with.
            Known(Fault),
            $($(#[$doc])* $variant,)*
        }

        impl Cause {
            /// Those that only the doctor knows, each once.
            #[cfg(test)]
            pub(crate) const OWN: &[Self] = &[$(Self::$variant),*];

            /// The cause's name in JSON.
            pub(crate) fn name(self) -> String {
                match self {
                    Self::Known(fault) => explain::name(fault),
                    $(Self::$variant => $name.to_owned(),)*
                }
            }

            /// What to do about it.
            pub(crate) const fn cure(self) -> &'static str {
                match self {
                    Self::Known(fault) => match explain::cure(fault) {
                        Some(cure) => cure,
                        None => ASK,
                    },
                    $(Self::$variant => $cure,)*
                }
            }
        }
    };
}

causes! {
    /// The address has no stream key.
    KeyMissing: "key-missing",
        "Put the stream key behind the last /, or give it with --key: the service shows it beside \
         its server address.";
    /// The address has no application.
    AppMissing: "app-missing",
        "Put the application between host and key: rtmp://HOST/APP/KEY.";
    /// The application of a service is not what it should be.
    AppOdd: "app-odd",
        "Take the server address from the service's own page, and put the key behind it.";
    /// Application and key have changed places.
    KeyMisplaced: "key-misplaced",
        "The application comes first, the key last: rtmp://HOST/APP/KEY.";
    /// The key is a parameter of the application.
    KeyInQuery: "key-in-query",
        "Put the key behind the last /, as it is, without a name and a question mark.";
    /// The key is what stands for a key in an example.
    KeyPlaceholder: "key-placeholder",
        "That key stands for a key in an example: put your own in its place.";
    /// There is a space in the address.
    SpaceInside: "space-inside",
        "Copy the address and the key once more, without what stands around them.";
    /// There are quotation marks or brackets in the address.
    QuotesInside: "quotes-inside",
        "Leave the quotation marks and brackets out: they are no part of the key.";
    /// The service takes TLS alone.
    TlsNeeded: "tls-needed",
        "Write rtmps:// in place of rtmp://.";
    /// The port is another protocol's.
    PortOdd: "port-odd",
        "The usual ports are 1935 for rtmp:// and 443 for rtmps://; leave the port out to have them.";
    /// A service's rule is broken by what was asked for.
    RuleBroken: "rule-broken",
        "Ask for what the service takes: --bitrate, --size, --fps, --keyframe.";
    /// One address family does not work, and the other does.
    FamilyBroken: "family-broken",
        "A broadcast takes the family that works; the network's owner can mend the other.";
    /// The name has addresses of a family that this machine does not have.
    FamilyMissing: "family-missing",
        "Use a network that has this family (a phone's hotspot often has both), or another name of \
         the server.";
    /// Another of the usual ports is open.
    OtherPort: "other-port",
        "Give the port that is open: it goes behind the host, as in rtmp://HOST:1935/APP/KEY.";
    /// Apple's systems refuse a local address to a program without permission.
    LocalNetworkPermission: "local-network-permission",
        "Allow it: System Settings > Privacy & Security > Local Network (on an iPhone: Settings > \
         Privacy & Security > Local Network), for the terminal or the app that runs onair.";
    /// A network's log-in page answers.
    CaptivePortal: "captive-portal",
        "Open any page in a browser, and log in to this network; or use another one.";
    /// A proxy answers.
    Proxy: "proxy",
        "RTMP does not go through a web proxy: use a network without one, or ask its owner to let \
         the port through.";
    /// A web server answers.
    WebServer: "web-server",
        "This port is a web server's. The server address of a service begins with rtmp:// or \
         rtmps://, and is not the address of its pages.";
    /// A server for remote logins answers.
    SshServer: "ssh-server",
        "This port is SSH's: RTMP has another, mostly 1935.";
    /// Another protocol's server answers.
    OtherProtocol: "other-protocol",
        "Another kind of server has this port: look for the one that RTMP has, mostly 1935.";
    /// TLS is spoken where it was not asked for.
    TlsPort: "tls-port",
        "Write rtmps:// in place of rtmp://: this port has TLS.";
    /// RTMP without TLS is spoken where TLS was asked for.
    PlainPort: "plain-port",
        "Write rtmp:// in place of rtmps://, or find the port that has TLS.";
    /// The handshake is of a version that is not ours.
    OtherVersion: "other-version",
        "The server speaks another kind of RTMP (RTMPE has 6): ask its owner for one of version 3.";
    /// What answers is no protocol known here.
    Garbage: "garbage",
        "What answers is no RTMP: check host and port.";
    /// The handshake ends in the middle.
    CutShort: "cut-short",
        "Something ends the connection early: try again, then without a VPN, a firewall or an \
         antivirus program in between.";
    /// The connection is taken and closed before a word.
    ClosedAtOnce: "closed-at-once",
        "Often a load balancer with no server behind it, a firewall, or a list of addresses that \
         may publish: ask the server's owner.";
    /// The server closed at connect without a word.
    ClosedAtConnect: "closed-at-connect",
        "Most often the application: what stands between the host and the key in the URL. Some \
         servers also close when they have too many connections.";
    /// The server closed at publish without a word.
    ClosedAtPublish: "closed-at-publish",
        "Most often the stream key: mistyped, expired, in use, or one of another server.";
    /// The server's certificate is signed by itself.
    SelfSigned: "self-signed",
        "If the server is yours, name its certificate: --ca FILE. If it is a service's, do not go \
         on: somebody else answers in its place.";
    /// Somebody in between reads along.
    Intercepted: "intercepted",
        "A company's firewall, a school's filter or an antivirus program opens TLS here, and reads \
         the stream key. Use another network, or have this host left out.";
    /// The certificate's time has not come.
    NotYetValid: "not-yet-valid",
        "The server's owner has to correct it.";
    /// This machine's clock is wrong.
    ClockWrong: "clock-wrong",
        "Set this machine's clock, best by the network, and try again.";
    /// No such user.
    UserUnknown: "user-unknown",
        "The server does not know this user name: check --user.";
    /// The password is wrong.
    PasswordWrong: "password-wrong",
        "The server knows the name, and not this password: check it.";
    /// The certificate is not looked at.
    NotChecked: "not-checked",
        "Leave --insecure out to have the certificate checked.";
    /// The server takes the stream and does not read it.
    NothingRead: "nothing-read",
        "The server takes the stream and does not read it: it is overloaded, or stuck. Start it \
         again, or ask its owner.";
    /// The line carries less than is wanted.
    LineTooSlow: "line-too-slow",
        "Ask for less with --bitrate; use a cable in place of Wi-Fi; end other uploads.";
    /// The line carries what is wanted, and no more.
    LineTight: "line-tight",
        "Ask for less with --bitrate: the line has no room for anything else.";
}

/// Where nobody here knows more.
const ASK: &str = "Ask the server's owner, and show these words: more is not known here.";

impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        Self::Known(fault)
    }
}
