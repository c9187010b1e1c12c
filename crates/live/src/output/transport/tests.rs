use std::collections::HashMap;

use tokio::time::{Instant, sleep};

use super::*;

#[test]
fn address_families_take_turns() {
    let parse = |text: &str| text.parse().unwrap();
    let given = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"].map(parse);
    let order = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"].map(parse);
    assert_eq!(alternate(given.to_vec()), order);
    assert_eq!(alternate(Vec::new()), []);
}

/// How an address behaves: when TCP has connected, and when TLS is agreed on; or not.
#[derive(Clone, Copy, Debug)]
enum Address {
    Good {
        tcp: u64,
        tls: u64,
    },
    /// Nothing answers.
    Dead,
    Refuses {
        after: u64,
    },
    /// Connects, and says nothing more.
    Hangs,
    /// Connects, and TLS fails.
    HangsUp {
        after: u64,
    },
}

async fn open(address: Address, shaking: Arc<AtomicUsize>) -> Result<(), Failure> {
    let wait = |millis| sleep(Duration::from_millis(millis));
    let failure = |stage| Err(Failure::new(stage, Fault::TimedOut, "no"));
    let (tcp, tls, is_well) = match address {
        Address::Good { tcp, tls } => (tcp, tls, true),
        Address::Dead => {
            sleep(CONNECT_TIMEOUT).await;
            return failure(FailureStage::Connect);
        }
        Address::Refuses { after } => {
            wait(after).await;
            return failure(FailureStage::Connect);
        }
        Address::Hangs => (10, 10_000, false),
        Address::HangsUp { after } => (10, after, false),
    };
    wait(tcp).await;
    shaking.fetch_add(1, Ordering::Relaxed);
    wait(tls).await;
    shaking.fetch_sub(1, Ordering::Relaxed);
    if is_well {
        Ok(())
    } else {
        failure(FailureStage::Tls)
    }
}

/// After how long there is a connection, or how far the failure came; and how many were begun.
async fn raced(addresses: &[Address]) -> (Result<u64, FailureStage>, usize) {
    let begun = AtomicUsize::new(0);
    let route = |port| ((std::net::Ipv4Addr::LOCALHOST, port).into(), None);
    let routes: Vec<Route> = (0..).map(route).take(addresses.len()).collect();
    let by_port: HashMap<u16, Address> = (0..).zip(addresses.iter().copied()).collect();
    let start = Instant::now();
    let won = race(routes, ATTEMPT_DELAY, |(address, _), shaking| {
        begun.fetch_add(1, Ordering::Relaxed);
        open(by_port[&address.port()], shaking)
    });
    let won = won.await.expect("there are routes");
    let after = u64::try_from(start.elapsed().as_millis()).unwrap();
    let result = won.map(|()| after).map_err(|failure| failure.stage);
    (result, begun.into_inner())
}

const GOOD: Address = Address::Good { tcp: 20, tls: 40 };

#[tokio::test(start_paused = true)]
async fn a_losing_address_delays_the_start_by_its_head_start_at_most() {
    use Address::{Dead, Good, Hangs, HangsUp, Refuses};
    let slow = Good { tcp: 200, tls: 400 };
    for (addresses, expected, begun) in [
        (&[GOOD, GOOD][..], Ok(60), 1),
        // A slow server is not asked twice.
        (&[slow, GOOD], Ok(600), 1),
        (&[Dead, GOOD], Ok(250 + 60), 2),
        (&[Refuses { after: 5 }, GOOD], Ok(5 + 60), 2),
        (&[HangsUp { after: 30 }, GOOD], Ok(40 + 60), 2),
        (&[Hangs, GOOD], Ok(2000 + 60), 2),
        (&[Hangs, Dead, GOOD], Ok(2000 + 2000 + 60), 3),
        (&[Dead, Dead, Dead, GOOD], Ok(750 + 60), 4),
        (&[GOOD, Dead], Ok(60), 1),
        // What connects late may still be first.
        (&[Good { tcp: 260, tls: 10 }, Dead], Ok(270), 2),
        (&[Dead, Refuses { after: 5 }], Err(FailureStage::Connect), 2),
        // The failure that came furthest says most.
        (&[HangsUp { after: 30 }, Dead], Err(FailureStage::Tls), 2),
        (&[Dead, HangsUp { after: 30 }], Err(FailureStage::Tls), 2),
    ] {
        assert_eq!(raced(addresses).await, (expected, begun), "{addresses:?}");
    }
}

#[tokio::test]
async fn without_a_route_there_is_nothing_to_say() {
    let open = |_, shaking| open(GOOD, shaking);
    assert!(race(Vec::new(), ATTEMPT_DELAY, open).await.is_none());
}
