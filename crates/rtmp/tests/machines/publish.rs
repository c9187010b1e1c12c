//! A publisher and our own server in virtual time: both orders, their cost and their bounds.

use std::time::Duration;

use crate::client::Client;
use crate::common::{KEY, bytes_of, classic, config, metadata, picture, run, show, start};
use crate::host::Host;
use onair_flv::TagKind;
use onair_netsim::{Duplex, Profile};
use onair_rtmp::publisher::{self, Flight, Step};
use onair_rtmp::{Error, Input, Machine, Output, Publisher, Server, server};

const ONE_WAY: Duration = Duration::from_millis(50);

fn line() -> Profile {
    Profile {
        delay: ONE_WAY,
        ..Profile::default()
    }
}

/// Publishes a show to our server over `line`.
fn publish(config: publisher::Config, line: Profile) -> (Client, Host) {
    let mut client = Client::new(config, show(30));
    let mut host = Host::new();
    run(line, &mut client, &mut host, Duration::from_secs(60));
    (client, host)
}

fn assert_whole(client: &Client, host: &Host) {
    assert_eq!((&client.error, &host.error), (&None, &None));
    assert!(client.is_finished(), "{:?}", client.told());
    let arrived: Vec<_> = host.tags().into_iter().map(|(_, tag)| tag).collect();
    assert_eq!(arrived, show(30));
    let [.., server::Event::Ended { .. }, server::Event::Closed] = &host.told()[..] else {
        panic!("the server does not see the end");
    };
}

/// One-way trips until the first media arrives, including TCP's own opening.
fn trips(config: publisher::Config) -> f64 {
    let (client, host) = publish(config, line());
    assert_whole(&client, &host);
    let tags = host.tags();
    let (first, _) = tags
        .iter()
        .find(|(_, tag)| tag.kind == TagKind::Video)
        .unwrap();
    let opening = 2.0;
    opening + first.duration_since(start()).div_duration_f64(ONE_WAY)
}

#[test]
fn the_first_flight_has_media_there_after_one_and_a_half_round_trips() {
    assert_eq!(trips(config()) / 2.0, 1.5);
}

#[test]
fn the_classical_order_has_media_there_after_five_and_a_half_round_trips() {
    assert_eq!(trips(classic()) / 2.0, 5.5);
}

#[test]
fn the_server_learns_who_publishes_what() {
    for config in [config(), classic()] {
        let (_, host) = publish(config, line());
        let told = host.told();
        let connected = server::Event::Connected {
            app: "app".into(),
            tc_url: "rtmp://live.example/app".into(),
            flash_version: "FMLE/3.0 (compatible; FMSc/1.0)".to_owned(),
        };
        assert_eq!(told[0], connected);
        let server::Event::Publish {
            app, key, tc_url, ..
        } = &told[1]
        else {
            panic!("{told:?}");
        };
        assert_eq!((&**app, key.expose()), ("app", KEY));
        assert_eq!(&**tc_url, "rtmp://live.example/app");
        assert!(!format!("{told:?}").contains("live_1234"), "the key shows");
    }
}

#[test]
fn the_publisher_tells_of_its_progress_in_order() {
    for config in [config(), classic()] {
        let (client, _) = publish(config, line());
        let told: Vec<_> = client.told();
        let [
            publisher::Event::Connected { server: Some(name) },
            publisher::Event::Publishing,
            ..,
            publisher::Event::Closed(publisher::End::Finished),
        ] = &told[..]
        else {
            panic!("{told:?}");
        };
        assert_eq!(name, "FMS/3,0,1,123");
    }
}

#[test]
fn bytes_may_arrive_in_any_pieces() {
    for chop in [1..=1, 2..=2, 3..=7, 1..=3000] {
        for config in [config(), classic()] {
            let line = Profile {
                chop: chop.clone(),
                ..line()
            };
            let (client, host) = publish(config, line);
            assert_whole(&client, &host);
        }
    }
}

#[test]
fn the_servers_first_words_may_be_split_at_every_byte() {
    let whole = {
        let (mut client, mut host) = (Client::new(config(), show(1)), Host::new());
        host.input(Input::Receive(start(), &client.take_out()));
        host.take_out()
    };
    for cut in 0..=whole.len() {
        let mut client = Client::new(config(), show(1));
        client.closes = false;
        let (head, tail) = whole.split_at(cut);
        client.input(Input::Receive(start(), head));
        client.input(Input::Receive(start(), tail));
        assert_eq!(client.error, None, "cut at {cut}");
        assert!(
            client.told().contains(&publisher::Event::Publishing),
            "cut at {cut}"
        );
    }
}

#[test]
fn a_clients_first_flight_may_be_split_at_every_byte() {
    let whole = Client::new(config(), show(1)).take_out();
    for cut in 0..=whole.len() {
        let mut host = Host::new();
        let (head, tail) = whole.split_at(cut);
        host.input(Input::Receive(start(), head));
        host.input(Input::Receive(start(), tail));
        let arrived: Vec<_> = host.tags().into_iter().map(|(_, tag)| tag).collect();
        assert_eq!(arrived, show(1), "cut at {cut}");
    }
}

#[test]
fn a_narrow_line_only_takes_longer() {
    let line = Profile {
        rate: vec![(start(), 200_000)],
        buffer: 8192,
        ..line()
    };
    let (client, host) = publish(config(), line);
    assert_whole(&client, &host);
}

#[test]
fn what_leaves_before_the_server_agrees_is_bounded() {
    let mut config = config();
    config.flight_limit = 100_000;
    let tags: Vec<_> = (0..50).map(|index| picture(index, 30_000)).collect();
    let mut client = Client::new(config, tags);
    assert_eq!(
        client.sent, 120_000,
        "the limit, and the tag that reached it"
    );
    assert!(!client.publisher.ready());
    let refused = client.publisher.send(&metadata());
    assert!(matches!(refused, Err(Error::Misuse { .. })), "{refused:?}");
    let mut host = Host::new();
    run(line(), &mut client, &mut host, Duration::from_secs(60));
    assert_eq!(host.tags().len(), 50);
    assert!(client.is_finished());
}

#[test]
fn the_classical_order_sends_nothing_before_the_server_agrees() {
    let client = Client::new(classic(), show(3));
    assert_eq!(client.sent, 0);
    assert!(!client.publisher.ready());
}

#[test]
fn the_server_holds_early_media_until_the_publish_is_accepted() {
    let mut client = Client::new(config(), show(5));
    client.closes = false;
    let mut host = Host::new();
    host.hesitates = true;
    let opening = client.take_out();
    host.input(Input::Receive(start(), &opening));
    assert!(host.tags().is_empty());
    let Some(server::Event::Publish { stream, .. }) = host.told().pop() else {
        panic!("{:?}", host.told());
    };
    host.server.accept(stream);
    host.drain(start());
    assert_eq!(host.tags().len(), show(5).len());
}

#[test]
fn the_server_refuses_to_hold_more_early_media_than_it_said() {
    let mut limits = server::Config::default();
    limits.pending_limit = 50_000;
    let mut host = Host::with(limits);
    host.hesitates = true;
    let opening = Client::new(config(), show(30)).take_out();
    host.input(Input::Receive(start(), &opening));
    assert!(
        matches!(host.error, Some(Error::LimitExceeded { .. })),
        "{:?}",
        host.error
    );
}

#[test]
fn a_servers_refusal_arrives_in_its_own_words() {
    for config in [config(), classic()] {
        let mut client = Client::new(config, show(3));
        let mut host = Host::new();
        host.refuses = Some(("NetStream.Publish.Denied", "this key has expired"));
        run(line(), &mut client, &mut host, Duration::from_secs(60));
        let refused = Error::Refused {
            code: "NetStream.Publish.Denied".to_owned(),
            description: "this key has expired".to_owned(),
        };
        assert_eq!(client.error, Some(refused));
        assert!(host.tags().is_empty());
    }
}

#[test]
fn closing_early_says_farewell_where_a_stream_may_exist() {
    let mut client = Client::new(config(), show(1));
    client.close(start());
    let mut host = Host::new();
    run(line(), &mut client, &mut host, Duration::from_secs(60));
    assert_eq!(
        client.told(),
        [publisher::Event::Closed(publisher::End::Finished)]
    );
    assert!(
        host.told()
            .iter()
            .any(|event| matches!(event, server::Event::Ended { .. }))
    );

    let mut client = Client::new(classic(), show(1));
    client.close(start());
    assert!(client.is_finished(), "nothing to take down");
}

#[test]
fn a_silent_client_is_pinged_and_then_given_up() {
    let mut client = Client::new(config(), show(1));
    client.closes = false;
    let mut host = Host::new();
    host.input(Input::Receive(start(), &client.take_out()));
    host.take_out();
    let later = start() + Duration::from_secs(30);
    host.input(Input::Timeout(later));
    assert!(!host.take_out().is_empty(), "no ping");
    host.input(Input::Timeout(later + Duration::from_secs(30)));
    let waiting_for = "a sign of life from the client";
    assert_eq!(host.error, Some(Error::TimedOut { waiting_for }));
}

#[test]
fn a_live_stream_outlasts_pings() {
    let mut client = Client::new(config(), show(1));
    client.closes = false;
    let mut host = Host::new();
    run(line(), &mut client, &mut host, Duration::from_secs(600));
    assert_eq!((client.error, host.error), (None, None));
}

#[test]
fn a_reset_at_any_moment_is_an_error_or_another_attempt() {
    for config in [config(), classic()] {
        for after in (0..700).step_by(10) {
            let mut client = Client::new(config.clone(), show(30));
            client.closes = false;
            let mut host = Host::new();
            let mut line = Duplex::new(7, line());
            let moment = start() + Duration::from_millis(after);
            line.run(start(), moment, &mut client, &mut host);
            let step = client.publisher.step();
            line.reset(moment);
            let later = moment + Duration::from_secs(60);
            line.run(moment, later, &mut client, &mut host);
            let retry = client.retry().map(|retry| retry.cause);
            let during = Error::Closed { during: step };
            match step {
                Step::Live => assert_eq!(client.error, Some(during)),
                _ if config.flight == Flight::First => assert_eq!(retry, Some(Some(during))),
                _ => assert_eq!(client.error, Some(during)),
            }
            assert_eq!(host.told().pop(), Some(server::Event::Closed));
        }
    }
}

#[test]
fn a_stall_in_the_opening_is_waited_out() {
    for config in [config(), classic()] {
        let mut client = Client::new(config, show(30));
        let mut host = Host::new();
        let mut line = Duplex::new(7, line());
        let stalled = start() + Duration::from_millis(60);
        line.stall(stalled, stalled + Duration::from_secs(5));
        line.run(
            start(),
            start() + Duration::from_secs(60),
            &mut client,
            &mut host,
        );
        assert_whole(&client, &host);
    }
}

#[test]
fn a_url_with_a_query_for_its_key_publishes_as_ffmpeg_does() {
    for flight in [Flight::First, Flight::Classic] {
        let mut config = publisher::Config::new("rtmp://host/cam?user=a&pass=b".parse().unwrap());
        config.flight = flight;
        let (mut client, mut host) = (Client::new(config, show(2)), Host::new());
        let span = Duration::from_secs(5);
        run(Profile::default(), &mut client, &mut host, span);
        assert!(client.is_finished(), "{:?}", client.error);
        let asked = host.told().into_iter().find_map(|event| match event {
            server::Event::Publish { app, key, .. } => Some((app, key)),
            _ => None,
        });
        let (app, key) = asked.expect("it publishes");
        assert_eq!((&*app, key.expose()), ("cam?user=a&pass=b", ""));
        assert_eq!(host.tags().len(), show(2).len());
    }
}

/// What a machine says and tells before it waits.
fn drain<M: Machine>(machine: &mut M) -> (Vec<u8>, Vec<M::Event>) {
    let (mut bytes, mut events) = (Vec::new(), Vec::new());
    loop {
        match machine.poll_output() {
            Output::Transmit(slices) => bytes.extend(bytes_of(&slices)),
            Output::Event(event) => events.push(event),
            Output::Timeout(_) => return (bytes, events),
        }
    }
}

#[test]
fn a_refusal_that_comes_with_all_the_answers_is_one_of_the_publish() {
    let now = start();
    let mut publisher = Publisher::new(config(), now);
    let mut server = Server::new(server::Config::default(), now);
    loop {
        let (said, _) = drain(&mut publisher);
        server.handle_input(Input::Receive(now, &said)).unwrap();
        let (mut answers, asked) = drain(&mut server);
        for event in asked {
            if let server::Event::Publish { stream, .. } = event {
                server.refuse(stream, "NetStream.Publish.Denied", "no such key");
                answers.extend(drain(&mut server).0);
            }
        }
        let before = publisher.step();
        if let Err(error) = publisher.handle_input(Input::Receive(now, &answers)) {
            assert!(matches!(error, Error::Refused { .. }), "{error}");
            assert_eq!((before, publisher.step()), (Step::Handshake, Step::Closed));
            return assert_eq!(publisher.reached(), Step::Publish);
        }
    }
}
