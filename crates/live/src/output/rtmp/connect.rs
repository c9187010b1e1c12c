use std::future::poll_fn;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use onair_net::Pump;
use onair_rtmp::publisher::{Config, End, Event, Flight};
use onair_rtmp::{Publisher, Scheme, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::session::READ;
use crate::output::stream::Stream;
use crate::output::tls::Trust;
use crate::output::transport::{self, Encryption, Opened, Remote, Ways};
use crate::{Failure, Pace};

/// Opens a connection to where `url` points.
pub(super) async fn connect(
    url: &Url,
    trust: &Trust,
    pace: Pace,
    ways: Ways,
) -> Result<Box<dyn Stream>, Failure> {
    let opened = connect_elsewhere(url, trust, pace, ways, &[]).await?;
    Ok(opened.stream)
}

/// The same, but not at one of these addresses if there are others.
pub(super) async fn connect_elsewhere(
    url: &Url,
    trust: &Trust,
    pace: Pace,
    ways: Ways,
    avoid: &[SocketAddr],
) -> Result<Opened, Failure> {
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
    transport::connect(&remote, avoid, pace).await
}

/// Whether a server answers up to `connect`, soon. It is asked for no stream.
pub(super) async fn answers(mut config: Config, trust: &Trust) -> bool {
    config.flight = Flight::Classic;
    let asked = timeout(PROBE, async {
        let connected = connect(&config.url, trust, Pace::Realtime, Ways::Usual).await;
        let now = Instant::now();
        let stream = connected.ok()?;
        let mut pump = Pump::new(stream, Publisher::new(config, now), now);
        poll_fn(|cx| poll_answer(&mut pump, cx)).await.then_some(())
    });
    matches!(asked.await, Ok(Some(())))
}

/// Whether the server said yes to `connect`, or asked for another connection.
fn poll_answer(pump: &mut Pump<Box<dyn Stream>, Publisher>, cx: &mut Context<'_>) -> Poll<bool> {
    loop {
        let now = Instant::now();
        if let Some(said) = pump.next_event(now) {
            match said {
                Event::Connected { .. } | Event::Closed(End::Retry(_)) => return Poll::Ready(true),
                Event::Closed(End::Finished) => return Poll::Ready(false),
                Event::Publishing
                | Event::Acknowledged { .. }
                | Event::Status { .. }
                | Event::ReconnectRequested { .. } => continue,
            }
        }
        if let Poll::Ready(Err(_)) = pump.poll_write(cx, now) {
            return Poll::Ready(false);
        }
        match ready!(pump.poll_read(cx, READ, now)).result {
            Ok(()) => {}
            Err(_) => return Poll::Ready(false),
        }
    }
}

/// How long a server may take to answer before it is asked again much later.
const PROBE: Duration = Duration::from_secs(5);

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

#[cfg(test)]
pub(super) mod tests {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener};
    use std::thread;

    use bytes::Buf;
    use onair_rtmp::server;
    use onair_rtmp::{Input, Machine, Output, Server};

    use super::*;
    use crate::Tls;

    pub(crate) const fn is_publish(event: &server::Event) -> bool {
        matches!(event, server::Event::Publish { .. })
    }

    /// What a server hears of one that publishes, up to that; unless it is well, it hangs up.
    pub(crate) fn serve(socket: &mut std::net::TcpStream, is_well: bool) -> Vec<server::Event> {
        let mut machine = Server::new(server::Config::default(), Instant::now());
        let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
        while is_well
            && !heard.iter().any(is_publish)
            && let Ok(count @ 1..) = socket.read(&mut buffer)
        {
            let input = Input::Receive(Instant::now(), &buffer[..count]);
            machine.handle_input(input).unwrap();
            loop {
                match machine.poll_output() {
                    Output::Transmit(mut slices) => {
                        let bytes = slices.copy_to_bytes(slices.remaining());
                        let _gone = socket.write_all(&bytes);
                    }
                    Output::Event(event) => heard.push(event),
                    Output::Timeout(_) => break,
                }
            }
        }
        socket.shutdown(Shutdown::Both).ok();
        heard
    }

    #[tokio::test]
    async fn a_server_answers_or_hangs_up_and_hears_of_no_stream() {
        for is_well in [true, false] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let at = listener.local_addr().unwrap();
            let served = thread::spawn(move || serve(&mut listener.accept().unwrap().0, is_well));
            let url: Url = format!("rtmp://{at}/live/key").parse().unwrap();
            let trust = Trust::new(&Tls::default(), false).unwrap();
            assert_eq!(answers(Config::new(url), &trust).await, is_well);
            let heard = served.join().unwrap();
            assert!(!heard.iter().any(is_publish), "{heard:?}");
        }
    }

    #[tokio::test]
    async fn nobody_is_no_answer() {
        let at = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let url: Url = format!("rtmp://{at}/live/key").parse().unwrap();
        let trust = Trust::new(&Tls::default(), false).unwrap();
        assert!(!answers(Config::new(url), &trust).await);
    }
}
