//! A machine made up here, over a connection made up here.

use std::collections::VecDeque;
use std::ops::Range;
use std::task::Waker;

use bytes::Bytes;
use onair_rtmp::Slices;

use super::*;

/// Says each thing once, and tells of what it heard.
#[derive(Default)]
struct Machine {
    says: VecDeque<Slices>,
    heard: VecDeque<String>,
}

impl onair_rtmp::Machine for Machine {
    type Event = String;

    fn handle_input(&mut self, input: Input<'_>) -> Result<(), onair_rtmp::Error> {
        self.heard.push_back(match input {
            Input::Timeout(_) => "timeout".to_owned(),
            Input::Receive(_, data) => String::from_utf8_lossy(data).into_owned(),
            Input::Closed(_) => "closed".to_owned(),
        });
        Ok(())
    }

    fn poll_output(&mut self) -> Output<String> {
        if let Some(says) = self.says.pop_front() {
            return Output::Transmit(says);
        }
        match self.heard.pop_front() {
            Some(heard) => Output::Event(heard),
            None => Output::Timeout(Instant::now()),
        }
    }
}

/// What the other side does.
#[derive(Default)]
struct Peer {
    incoming: VecDeque<Result<&'static [u8], ErrorKind>>,
    /// How many bytes of each write it takes; then it waits.
    takes: VecDeque<usize>,
    is_reset: bool,
    /// Where the pieces of each write lay in memory.
    writes: Vec<Vec<Range<usize>>>,
}

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Error>> {
        match self.incoming.pop_front() {
            None => Poll::Pending,
            Some(Ok(data)) => {
                buffer.put_slice(data);
                Poll::Ready(Ok(()))
            }
            Some(Err(kind)) => Poll::Ready(Err(kind.into())),
        }
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Error>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize, Error>> {
        if self.is_reset {
            return Poll::Ready(Err(ErrorKind::ConnectionReset.into()));
        }
        let Some(takes) = self.takes.pop_front() else {
            return Poll::Pending;
        };
        let places = pieces.iter().map(|piece| place(piece)).collect();
        self.writes.push(places);
        let given: usize = pieces.iter().map(|piece| piece.len()).sum();
        Poll::Ready(Ok(given.min(takes)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }
}

/// Where bytes lie in memory.
fn place(bytes: &[u8]) -> Range<usize> {
    let range = bytes.as_ptr_range();
    range.start.addr()..range.end.addr()
}

const LIMITS: ReadLimits = ReadLimits {
    bytes: 1024,
    unwritten: 100,
};

fn pump(says: &[&Bytes], peer: Peer) -> Pump<Peer, Machine> {
    let mut machine = Machine::default();
    for payload in says {
        let mut slices = Slices::new();
        slices.copy_from(b"header");
        slices.push((*payload).clone());
        machine.says.push_back(slices);
    }
    Pump::new(peer, machine, Instant::now())
}

fn waker() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

#[tokio::test]
async fn payloads_reach_the_socket_from_where_they_lay_in_one_write() {
    let payloads = [Bytes::from(vec![1; 50]), Bytes::from(vec![2; 60])];
    let takes = VecDeque::from([6 + 10, 1000]);
    let peer = Peer {
        takes,
        ..Peer::default()
    };
    let mut pump = pump(&[&payloads[0], &payloads[1]], peer);
    let now = Instant::now();
    assert_eq!(pump.next_event(now), None);
    let mut written = Vec::new();
    while let Poll::Ready(result) = pump.poll_write(&mut waker(), now) {
        written.push(result.unwrap());
    }
    assert_eq!((written, pump.unwritten()), (vec![16, 106], 0));
    let lay = payloads.each_ref().map(|payload| place(payload));
    let writes = &pump.stream().writes;
    assert_eq!((writes[0].len(), writes[1].len()), (4, 3));
    assert_eq!([&writes[0][1], &writes[0][3]], [&lay[0], &lay[1]]);
    assert_eq!(writes[1][0], lay[0].start + 10..lay[0].end);
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_not_read_from() {
    let (payload, now) = (Bytes::from(vec![1; 95]), Instant::now());
    let peer = Peer {
        incoming: VecDeque::from([Ok(&b"a question"[..])]),
        takes: VecDeque::from([1]),
        ..Peer::default()
    };
    let mut pump = pump(&[&payload], peer);
    pump.next_event(now);
    assert!(pump.poll_read(&mut waker(), LIMITS, now).is_pending());
    assert!(matches!(
        pump.poll_write(&mut waker(), now),
        Poll::Ready(Ok(1))
    ));
    let Poll::Ready(received) = pump.poll_read(&mut waker(), LIMITS, now) else {
        panic!("as many wait as may");
    };
    assert_eq!((received.bytes, received.result), (10, Ok(())));
    assert_eq!(pump.next_event(now).as_deref(), Some("a question"));
}

#[tokio::test]
async fn what_a_peer_said_before_the_connection_broke_is_heard_and_nothing_is_kept_for_it() {
    let (payload, now) = (Bytes::from(vec![1; 500]), Instant::now());
    let peer = Peer {
        incoming: VecDeque::from([Ok(&b"last words"[..]), Err(ErrorKind::ConnectionReset)]),
        is_reset: true,
        ..Peer::default()
    };
    let mut pump = pump(&[&payload], peer);
    pump.next_event(now);
    let Poll::Ready(Err(broken)) = pump.poll_write(&mut waker(), now) else {
        panic!("it is reset");
    };
    assert_eq!(broken.unwritten, 506);
    assert!(!pump.is_writable() && pump.poll_write(&mut waker(), now).is_pending());
    pump.machine.says.push_back({
        let mut slices = Slices::new();
        slices.push(payload);
        slices
    });
    let mut heard = Vec::new();
    while let Poll::Ready(received) = pump.poll_read(&mut waker(), LIMITS, now) {
        heard.push((received.bytes, received.broken.is_some()));
        heard.extend(pump.next_event(now).map(|_| (0, false)));
        assert_eq!(pump.unwritten(), 0);
    }
    assert_eq!(heard, [(10, false), (0, false), (0, true), (0, false)]);
    assert!(pump.poll_read(&mut waker(), LIMITS, now).is_pending());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_moves_to_later_is_kept_and_one_that_moves_to_sooner_too() {
    let start = tokio::time::Instant::now().into_std();
    let mut pump = pump(&[], Peer::default());
    let at = |seconds| start + Duration::from_secs(seconds);
    assert!(!pump.poll_timer(&mut waker(), at(90)) || !pump.poll_timer(&mut waker(), at(90)));
    for (deadline, late) in [(at(5), at(6)), (at(40), at(41))] {
        let rings = std::future::poll_fn(|cx| {
            let is_time = tokio::time::Instant::now().into_std() >= deadline;
            while !is_time && pump.poll_timer(cx, deadline) {}
            if is_time {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        rings.await;
        let now = tokio::time::Instant::now().into_std();
        assert!(now >= deadline && now < late, "{:?}", now - start);
    }
}
