use std::net::SocketAddr;
use std::time::Duration;

use onair_rtmp::{Scheme, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::output::stream::Stream;
use crate::output::tls::Trust;
use crate::output::transport::{self, Encryption, Remote, Ways};
use crate::{Failure, Pace};

/// Opens a connection to where `url` points.
pub(super) async fn connect(
    url: &Url,
    trust: &Trust,
    pace: Pace,
    ways: Ways,
) -> Result<Box<dyn Stream>, Failure> {
    let encryption = Encryption {
        trust,
        is_spoken_plainly: |peer| Box::pin(is_spoken_plainly(peer)),
        advice: "rtmp:// instead of rtmps://?",
    };
    let remote = Remote {
        host: url.host().trim_start_matches('[').trim_end_matches(']'),
        port: url.port(),
        encryption: match url.scheme() {
            Scheme::Rtmp => None,
            Scheme::Rtmps => Some(encryption),
        },
        ways,
    };
    transport::connect(&remote, pace).await
}

/// Whether RTMP is answered with RTMP at an address (RTMP 1.0, section 5.2): one connection, and
/// the first byte of the answer.
async fn is_spoken_plainly(peer: SocketAddr) -> bool {
    let asked = timeout(ANSWER, async {
        let mut socket = TcpStream::connect(peer).await?;
        let mut greeting = [0; 1537];
        greeting[0] = VERSION;
        socket.write_all(&greeting).await?;
        socket.read_u8().await
    });
    matches!(asked.await, Ok(Ok(VERSION)))
}

/// How long the answer to a greeting may take.
const ANSWER: Duration = Duration::from_secs(2);

/// The version in C0 and S0.
const VERSION: u8 = 3;
