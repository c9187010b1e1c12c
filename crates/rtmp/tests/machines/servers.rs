//! The quirks of other servers, one test each, numbered as in the interoperability notes.

use std::time::Duration;

use bytes::Bytes;
use onair_flv::amf0::{self, Value};
use onair_flv::{Tag, TagKind};
use onair_media::VideoCodec;
use onair_rtmp::publisher::{Event, Flight, Step, Why};
use onair_rtmp::{Command, Control, Error, LimitType, MessageKind, UserControl};

use crate::common::{KEY, audio, classic, config, metadata, picture, start};
use crate::script::{Reply, Script, exchange, exchange_of, exchanges, info, stay};

/// Both orders of speaking.
fn both() -> [onair_rtmp::publisher::Config; 2] {
    [config(), classic()]
}

#[test]
fn quirk_a10_strange_acknowledgements_are_survived() {
    for sequence in [0, 100, 0x7FFF_FFFF, 0xF000_0000, u32::MAX] {
        let done = exchange(config(), |command, reply| {
            reply.politely(command);
            reply.control(&Control::Acknowledgement(sequence));
            reply.control(&Control::Acknowledgement(sequence.wrapping_add(1)));
        });
        assert!(
            done.client.is_finished(),
            "{sequence}: {:?}",
            done.client.error
        );
    }
}

#[test]
fn quirk_a10_acknowledgements_are_sent_as_often_as_the_server_asks() {
    let mut client = crate::client::Client::new(config(), Vec::new());
    let mut server = Script::new(|command: &Command, reply: &mut Reply| {
        reply.politely(command);
        if command.name == "connect" {
            reply.control(&Control::WindowAckSize(10_000));
        }
        if command.name == "publish" {
            (0..100).for_each(|_| {
                reply.message(1, MessageKind::Other(99), &Bytes::from(vec![0; 1000]))
            });
        }
    });
    crate::common::run(
        Default::default(),
        &mut client,
        &mut server,
        Duration::from_secs(1),
    );
    let acks = server
        .messages
        .iter()
        .filter(|message| message.kind == MessageKind::Acknowledgement);
    assert!((10..=25).contains(&acks.count()));
}

#[test]
fn quirk_a11_pings_are_answered_with_their_own_bytes() {
    let done = exchange(config(), |command, reply| {
        reply.politely(command);
        if command.name == "publish" {
            reply.control(&Control::UserControl(UserControl::PingRequest(0xDEAD_BEEF)));
        }
    });
    let pong = Control::UserControl(UserControl::PingResponse(0xDEAD_BEEF));
    let is_pong = |message| Control::parse(message).unwrap() == Some(pong.clone());
    assert!(done.server.messages.iter().any(is_pong));
}

#[test]
fn quirk_a12_peer_bandwidth_is_answered_and_unknown_messages_are_skipped() {
    let done = exchange(config(), |command, reply| {
        reply.politely(command);
        let limit = LimitType::Other(77);
        reply.control(&Control::PeerBandwidth {
            size: 1_234_567,
            limit,
        });
        let odd = Control::UserControl(UserControl::Other {
            event: 31,
            data: Bytes::new(),
        });
        reply.control(&odd);
        reply.message(
            0,
            MessageKind::UserControl,
            &Bytes::from_static(b"\x00\x06"),
        );
        for kind in [
            MessageKind::SharedObjectAmf0,
            MessageKind::CommandAmf3,
            MessageKind::Other(200),
        ] {
            reply.message(0, kind, &Bytes::from_static(b"\x00garbage"));
        }
    });
    assert!(done.client.is_finished(), "{:?}", done.client.error);
    let announced = Control::WindowAckSize(1_234_567);
    let answers = done.server.messages.iter();
    let answers =
        answers.filter(|message| Control::parse(message).unwrap() == Some(announced.clone()));
    assert_eq!(answers.count(), 1, "once is enough");
}

#[test]
fn quirk_b13_the_tc_url_has_no_credentials_and_no_default_port() {
    for (url, expected) in [
        ("rtmp://u:p@host/app/key", "rtmp://host/app"),
        ("rtmp://host:1935/app/key", "rtmp://host/app"),
        ("rtmp://host:1936/app/key", "rtmp://host:1936/app"),
        ("rtmps://host:443/app/key", "rtmps://host/app"),
    ] {
        let mut config = config();
        config.url = url.parse().unwrap();
        let done = exchange(config, |command, reply| reply.politely(command));
        let connect = &done.server.heard_command("connect").object;
        assert_eq!(connect.get("tcUrl"), Some(&Value::from(expected)));
        assert_eq!(connect.get("swfUrl"), Some(&Value::from(expected)));
    }
}

#[test]
fn quirk_b14_the_key_arrives_byte_for_byte_wherever_it_is_said() {
    for config in both() {
        let done = exchange(config, |command, reply| reply.politely(command));
        for name in ["releaseStream", "FCPublish", "publish", "FCUnpublish"] {
            let command = done.server.heard_command(name);
            assert_eq!(command.arguments[0], Value::from(KEY), "{name}");
        }
        assert_eq!(
            done.server.heard_command("publish").arguments[1],
            Value::from("live")
        );
    }
}

#[test]
fn quirk_b14_the_app_keeps_its_slashes_and_its_query() {
    let mut config = config();
    config.url = config
        .url
        .with_app("live/_definst_?vhost=a.example")
        .unwrap();
    let done = exchange(config, |command, reply| reply.politely(command));
    let app = done
        .server
        .heard_command("connect")
        .object
        .get("app")
        .cloned();
    assert_eq!(app, Some(Value::from("live/_definst_?vhost=a.example")));
}

#[test]
fn quirk_b15_connect_says_what_obs_says_in_its_order() {
    let done = exchange(config(), |command, reply| reply.politely(command));
    let expected = Value::object([
        ("app", Value::from("app")),
        ("type", Value::from("nonprivate")),
        ("flashVer", Value::from("FMLE/3.0 (compatible; FMSc/1.0)")),
        ("swfUrl", Value::from("rtmp://live.example/app")),
        ("tcUrl", Value::from("rtmp://live.example/app")),
        ("objectEncoding", Value::from(0.0)),
    ]);
    assert_eq!(done.server.heard_command("connect").object, expected);
}

#[test]
fn quirk_b16_enhanced_keys_are_left_out_after_a_close_before_the_answer() {
    for (mut config, why) in [
        (classic(), Why::PlainConnect),
        (config(), Why::ClassicOrder),
    ] {
        config.reconnect_requests = true;
        let (retries, end) = exchanges(config, |command, reply| {
            match command.object.get("capsEx") {
                Some(_) => reply.closes = true,
                None => reply.politely(command),
            }
        });
        assert_eq!(end, Ok(()));
        let causes: Vec<_> = retries.iter().map(|retry| retry.why).collect();
        assert_eq!(causes, [why]);
    }
}

#[test]
fn quirk_b17_the_commands_come_in_order_and_the_unanswered_ones_are_not_waited_for() {
    for config in both() {
        let done = exchange(config, |command, reply| reply.politely(command));
        assert!(done.client.is_finished());
        let opening = [
            "connect",
            "releaseStream",
            "FCPublish",
            "createStream",
            "publish",
        ];
        assert_eq!(done.server.names()[..5], opening);
        let first = &done.server.messages[0];
        assert_eq!(
            first.kind,
            MessageKind::SetChunkSize,
            "before anything long"
        );
    }
}

#[test]
fn quirk_b17_errors_to_the_old_commands_are_normal() {
    for config in both() {
        let done = exchange(config, |command, reply| match command.name.as_str() {
            "releaseStream" | "FCPublish" | "_checkbw" => {
                reply.error(
                    command,
                    info("error", "NetConnection.Call.Failed", "unknown"),
                );
            }
            _ => reply.politely(command),
        });
        assert!(done.client.is_finished(), "{:?}", done.client.error);
    }
}

#[test]
fn quirk_b17_an_early_error_to_an_old_command_is_not_connects() {
    let done = exchange(config(), |command, reply| match command.name.as_str() {
        "connect" => {}
        "releaseStream" => {
            let unknown = info("error", "NetConnection.Call.Failed", "unknown");
            reply.error(command, unknown);
            reply.politely(&Command::new("connect", 1.0));
        }
        _ => reply.politely(command),
    });
    assert!(done.client.is_finished(), "{:?}", done.client.error);
}

#[test]
fn quirk_b17_a_bandwidth_check_is_asked_for_when_offered() {
    let done = exchange(classic(), |command, reply| {
        reply.politely(command);
        if command.name == "connect" {
            reply.command(
                0,
                &Command::new("onBWDone", 0.0).argument(Value::from(8192.0)),
            );
        }
    });
    assert!(done.server.names().contains(&"_checkbw"));
    assert!(done.client.is_finished());
}

#[test]
fn quirk_b17_the_classical_order_publishes_on_the_stream_the_server_names() {
    let done = exchange(classic(), |command, reply| match command.name.as_str() {
        "createStream" => reply.result(command, Value::from(5.0)),
        "publish" => reply.status(5, "status", "NetStream.Publish.Start", ""),
        _ => reply.politely(command),
    });
    assert!(done.client.is_finished());
    let media = done
        .server
        .messages
        .iter()
        .filter(|message| message.kind == MessageKind::Video);
    assert!(media.clone().count() > 0);
    assert!(media.into_iter().all(|message| message.stream_id == 5));
    let delete = done.server.heard_command("deleteStream");
    assert_eq!(delete.arguments, [Value::from(5.0)]);
}

#[test]
fn quirk_b17_the_first_flight_yields_where_the_server_names_another_stream() {
    let (retries, end) = exchanges(config(), |command, reply| match command.name.as_str() {
        "createStream" => reply.result(command, Value::from(2.0)),
        "publish" => reply.status(2, "status", "NetStream.Publish.Start", ""),
        _ => reply.politely(command),
    });
    assert_eq!(end, Ok(()));
    assert_eq!(retries.len(), 1);
    assert_eq!(
        (retries[0].why, retries[0].config.flight),
        (Why::ClassicOrder, Flight::Classic)
    );
}

#[test]
fn quirk_b18_publish_start_counts_on_stream_zero_too() {
    for config in both() {
        let done = exchange(config, |command, reply| match command.name.as_str() {
            "publish" => reply.status(0, "status", "NetStream.Publish.Start", ""),
            _ => reply.politely(command),
        });
        assert!(done.client.is_finished());
    }
}

#[test]
fn quirk_b18_a_refusal_after_publish_start_is_a_refusal() {
    for config in both() {
        let done = stay(config, |command, reply| {
            reply.politely(command);
            if command.name == "publish" {
                let code = "NetStream.Publish.Unauthorized";
                reply.status(1, "error", code, "Authorization required.");
            }
        });
        assert!(done.client.told().contains(&Event::Publishing));
        let Some(Error::Refused { code, description }) = done.client.error else {
            panic!("{:?}", done.client.error);
        };
        assert_eq!(code, "NetStream.Publish.Unauthorized");
        assert_eq!(description, "Authorization required.");
    }
}

#[test]
fn quirk_b18_on_fc_publish_is_not_the_start() {
    let done = exchange(classic(), |command, reply| match command.name.as_str() {
        "publish" => {
            let start = info("status", "NetStream.Publish.Start", "");
            reply.command(0, &Command::new("onFCPublish", 0.0).argument(start));
        }
        _ => reply.politely(command),
    });
    let waiting_for = "NetStream.Publish.Start";
    assert_eq!(done.client.error, Some(Error::TimedOut { waiting_for }));
}

/// Answers `publish` with an error of this code.
fn refuse(code: &str) -> impl FnMut(&Command, &mut Reply) + '_ {
    move |command, reply| match command.name.as_str() {
        "publish" => reply.status(1, "error", code, "in the server's own words"),
        _ => reply.politely(command),
    }
}

fn refused(code: &str) -> Error {
    let description = "in the server's own words".to_owned();
    Error::Refused {
        code: code.to_owned(),
        description,
    }
}

#[test]
fn quirk_b19_clear_refusals_are_final_in_either_order() {
    for code in [
        "NetStream.Publish.BadName",
        "NetStream.Publish.Denied",
        "NetStream.Publish.Rejected",
        "NetStream.Publish.Unauthorized",
        "NetConnection.Connect.Rejected",
        "NetConnection.Connect.InvalidApp",
    ] {
        for config in both() {
            let (retries, end) = exchanges(config, refuse(code));
            assert_eq!(end, Err(refused(code)));
            assert!(
                retries.is_empty(),
                "{code} has nothing to do with the order"
            );
        }
    }
}

#[test]
fn quirk_b19_vague_refusals_are_final_in_the_classical_order_only() {
    for code in [
        "NetStream.Publish.Failed",
        "NetStream.Failed",
        "NetConnection.Connect.Closed",
        "NetStream.Something.Else",
    ] {
        let (retries, end) = exchanges(config(), refuse(code));
        assert_eq!(end, Err(refused(code)));
        let [retry] = &retries[..] else {
            panic!("{retries:?}")
        };
        assert_eq!(
            (retry.why, &retry.cause),
            (Why::ClassicOrder, &Some(refused(code)))
        );
    }
}

#[test]
fn quirk_b19_a_refused_connect_says_why() {
    for config in both() {
        let (retries, end) = exchanges(config, |command, reply| {
            let code = "NetConnection.Connect.InvalidApp";
            reply.error(command, info("error", code, "no app called app"));
        });
        let description = "no app called app".to_owned();
        let code = "NetConnection.Connect.InvalidApp".to_owned();
        assert_eq!(end, Err(Error::Refused { code, description }));
        assert!(retries.is_empty());
    }
}

#[test]
fn quirk_b19_an_error_without_words_is_still_an_error() {
    let (_, end) = exchanges(config(), |command, reply| {
        reply.command(0, &Command::new("_error", command.transaction));
    });
    assert!(matches!(end, Err(Error::Refused { .. })), "{end:?}");
    let (_, end) = exchanges(config(), |command, reply| match command.name.as_str() {
        "createStream" => reply.error(command, Value::from("a bare string")),
        _ => reply.politely(command),
    });
    let Err(Error::Refused { description, .. }) = end else {
        panic!("{end:?}")
    };
    assert_eq!(description, "a bare string");
}

#[test]
fn quirk_b19_a_close_without_a_word_is_explained() {
    for (silent, during, hint) in [
        ("connect", Step::Connect, "application name"),
        ("createStream", Step::CreateStream, "publish"),
        ("publish", Step::Publish, "key"),
    ] {
        let (retries, end) = exchanges(config(), |command, reply| {
            if command.name == silent {
                reply.closes = true;
            } else if !reply.closes {
                reply.politely(command);
            }
        });
        let error = end.unwrap_err();
        assert_eq!(error, Error::Closed { during });
        assert!(error.to_string().contains(hint), "{error}");
        assert_eq!(retries.len(), 1, "the order might have been the trouble");
    }
}

#[test]
fn quirk_b20_a_ghost_session_is_told_from_other_refusals() {
    let (_, end) = exchanges(config(), refuse("NetStream.Publish.BadName"));
    assert!(end.unwrap_err().is_already_publishing());
    let (_, end) = exchanges(config(), refuse("NetStream.Publish.Denied"));
    assert!(!end.unwrap_err().is_already_publishing());
    let (retries, end) = exchanges(config(), |command, reply| match command.name.as_str() {
        "publish" => reply.status(1, "error", "NetStream.Publish.Failed", "Stream is busy"),
        _ => reply.politely(command),
    });
    assert!(retries.is_empty(), "another order would find the ghost too");
    assert!(end.unwrap_err().is_already_publishing());
}

#[test]
fn quirk_b21_the_stream_is_taken_down_in_order() {
    for config in both() {
        let done = exchange(config, |command, reply| reply.politely(command));
        let names = done.server.names();
        assert_eq!(
            names[names.len() - 3..],
            ["FCUnpublish", "deleteStream", "closeStream"]
        );
        assert!(
            done.client.is_finished(),
            "though the server answers none of it"
        );
    }
}

#[test]
fn quirk_b21_the_farewell_is_short_when_the_server_answers_it() {
    let done = exchange(config(), |command, reply| match command.name.as_str() {
        "deleteStream" => reply.status(1, "status", "NetStream.Unpublish.Success", ""),
        _ => reply.politely(command),
    });
    let at = |event| {
        done.client
            .events
            .iter()
            .find(|(_, told)| *told == event)
            .unwrap()
            .0
    };
    let closed = at(Event::Closed(onair_rtmp::publisher::End::Finished));
    assert_eq!(
        closed - at(Event::Publishing),
        Duration::from_millis(20),
        "one round trip"
    );
}

#[test]
fn quirk_b22_a_servers_close_ends_the_session_and_is_not_answered() {
    let done = stay(classic(), |command, reply| {
        reply.politely(command);
        if command.name == "publish" {
            reply.command(0, &Command::new("close", 0.0));
        }
    });
    assert_eq!(
        done.client.error,
        Some(Error::Closed { during: Step::Live })
    );
    assert!(!done.server.names().contains(&"close"));
    assert!(!done.server.names().contains(&"deleteStream"));
}

#[test]
fn quirk_b22_unknown_invokes_change_nothing() {
    for config in both() {
        let done = exchange(config, |command, reply| {
            reply.politely(command);
            for name in ["onFCPublish", "onMetaData", "makeCoffee", ""] {
                reply.command(0, &Command::new(name, 7.0).text("?"));
            }
            reply.message(
                0,
                MessageKind::CommandAmf0,
                &Bytes::from_static(b"\x11\x0A"),
            );
        });
        assert!(done.client.is_finished(), "{:?}", done.client.error);
    }
}

#[test]
fn quirk_d28_metadata_travels_in_set_data_frame() {
    let done = exchange(config(), |command, reply| reply.politely(command));
    let data = done
        .server
        .messages
        .iter()
        .find(|message| message.kind == MessageKind::DataAmf0);
    let values = amf0::read_all(&data.unwrap().payload).unwrap();
    assert_eq!(values[0], Value::from("@setDataFrame"));
    assert_eq!(values[1], Value::from("onMetaData"));
    assert_eq!(values[2].get("width"), Some(&Value::from(640.0)));
}

#[test]
fn quirk_d28_other_data_travels_as_it_is() {
    let mut body = Vec::new();
    Value::from("onTextData").write(&mut body);
    let text = Tag::from_body(TagKind::Script, 5, Bytes::from(body));
    let done = exchange_of(vec![text.clone()], config(), |command, reply| {
        reply.politely(command)
    });
    let data = done
        .server
        .messages
        .iter()
        .find(|message| message.kind == MessageKind::DataAmf0);
    assert_eq!(data.unwrap().payload, text.body());
}

#[test]
fn quirk_d29_and_d30_media_arrives_in_order_with_its_times() {
    let tags = vec![
        metadata(),
        picture(0, 9000),
        audio(0),
        picture(1, 200),
        audio(1),
    ];
    let done = exchange_of(tags.clone(), config(), |command, reply| {
        reply.politely(command)
    });
    let is_media = |kind| matches!(kind, MessageKind::Audio | MessageKind::Video);
    let media = done
        .server
        .messages
        .iter()
        .filter(|message| is_media(message.kind));
    let arrived: Vec<_> = media.map(|m| (m.timestamp, m.payload.clone())).collect();
    let sent: Vec<_> = tags[1..]
        .iter()
        .map(|tag| (tag.timestamp, tag.body()))
        .collect();
    assert_eq!(arrived, sent);
}

#[test]
fn a_status_that_means_nothing_to_us_is_passed_on() {
    let done = stay(config(), |command, reply| {
        reply.politely(command);
        if command.name == "publish" {
            reply.status(1, "warning", "NetStream.Publish.Slow", "hurry up");
        }
    });
    assert_eq!(done.client.error, None);
    let status = Event::Status {
        level: "warning".to_owned(),
        code: "NetStream.Publish.Slow".to_owned(),
        description: "hurry up".to_owned(),
    };
    assert!(done.client.told().contains(&status));
}

#[test]
fn an_unknown_complaint_about_a_live_stream_is_passed_on() {
    let done = stay(config(), |command, reply| {
        reply.politely(command);
        if command.name == "publish" {
            reply.status(1, "error", "NetStream.Record.NoAccess", "no disk");
        }
    });
    assert_eq!(done.client.error, None);
    assert_eq!(done.client.publisher.step(), Step::Live);
}

/// A server that falls silent at some command.
fn fall_silent(at: &str) -> impl FnMut(&Command, &mut Reply) + '_ {
    let mut is_silent = false;
    move |command, reply| {
        is_silent = command.name == at || (is_silent && command.name != "connect");
        if !is_silent {
            reply.politely(command);
        }
    }
}

#[test]
fn silence_in_each_state_is_named() {
    for (at, waiting_for) in [
        ("connect", "the answer to connect"),
        ("createStream", "the answer to createStream"),
        ("publish", "NetStream.Publish.Start"),
    ] {
        let (retries, end) = exchanges(config(), fall_silent(at));
        assert_eq!(end, Err(Error::TimedOut { waiting_for }));
        assert_eq!(retries.len(), 1);
        assert_eq!(retries[0].cause, Some(Error::TimedOut { waiting_for }));
    }
}

#[test]
fn silence_from_the_beginning_is_named() {
    let mut client = crate::client::Client::new(classic(), Vec::new());
    let later = start() + Duration::from_secs(10);
    client.input(onair_rtmp::Input::Timeout(later - Duration::from_millis(1)));
    assert_eq!(client.error, None, "too early");
    client.input(onair_rtmp::Input::Timeout(later));
    let waiting_for = "the server's handshake";
    assert_eq!(client.error, Some(Error::TimedOut { waiting_for }));
}

#[test]
fn an_answer_late_but_in_time_is_in_time() {
    let mut client = crate::client::Client::new(classic(), Vec::new());
    let mut server = Script::new(|command: &Command, reply: &mut Reply| reply.politely(command));
    let mut now = start();
    for _ in 0..6 {
        server.receive(&client.take_out());
        now += Duration::from_millis(9_900);
        let answer = std::iter::from_fn(|| onair_netsim::Peer::poll_transmit(&mut server, now));
        let answer: Vec<u8> = answer.flatten().collect();
        client.input(onair_rtmp::Input::Receive(now, &answer));
    }
    assert!(
        client.told().contains(&Event::Publishing),
        "{:?} {:?}",
        client.error,
        client.told()
    );
}

#[test]
fn what_is_said_against_our_farewell_changes_nothing_but_a_refusal_does() {
    let last_words = |code: &'static str| {
        exchange(config(), move |command, reply| {
            match command.name.as_str() {
                "FCUnpublish" => reply.status(1, "error", code, "late"),
                _ => reply.politely(command),
            }
        })
    };
    for code in ["NetStream.Failed", "NetConnection.Connect.Closed"] {
        let client = last_words(code).client;
        assert!(client.is_finished(), "{code}: {:?}", client.error);
    }
    let late = last_words("NetStream.Publish.Unauthorized").client.error;
    assert!(matches!(late, Some(Error::Refused { .. })), "{late:?}");
}

#[test]
fn garbage_after_our_farewell_changes_nothing() {
    let done = exchange(config(), |command, reply| match command.name.as_str() {
        "FCUnpublish" => reply.raw(&[0xC5; 64]),
        _ => reply.politely(command),
    });
    assert!(done.client.is_finished(), "{:?}", done.client.error);
}

#[test]
fn a_servers_words_neither_quote_the_key_nor_reach_for_the_terminal() {
    let words = format!("\x1b[31mapp/{KEY}\x07 is taken");
    for code in ["NetStream.Publish.Denied", "NetStream.Publish.Failed"] {
        let (retries, end) = exchanges(config(), |command, reply| match command.name.as_str() {
            "publish" => reply.status(1, "error", code, &words),
            _ => reply.politely(command),
        });
        let shown = format!("{retries:?} {end:?} {}", end.clone().unwrap_err());
        assert!(
            shown.contains("is taken") && !shown.contains("live_1234"),
            "{shown}"
        );
        assert!(
            !shown.contains(char::is_control) && !shown.contains("\\u{1b}"),
            "{shown}"
        );
    }
    let done = stay(config(), |command, reply| match command.name.as_str() {
        "connect" => {
            let version = Value::object([("fmsVer", Value::from("FMS\x1b]0;owned\x07"))]);
            reply.command(0, &Command::new("_result", 1.0).object(version));
        }
        "publish" => {
            reply.politely(command);
            reply.status(1, "status", "NetStream.Publish.Slow", &words);
        }
        _ => reply.politely(command),
    });
    assert_eq!(done.client.error, None);
    let shown = format!("{:?}", done.client.told());
    assert!(
        shown.contains("FMS") && shown.contains("is taken"),
        "{shown}"
    );
    assert!(
        !shown.contains("live_1234") && !shown.contains("\\u{1b}"),
        "{shown}"
    );
}

/// Like medooze-rtmp-server 1.30.1: drops whatever came before its answer to `connect`, and hangs
/// up on a `connect` with `fourCcList`.
fn medooze() -> impl FnMut(&Command, &mut Reply) {
    let mut connects = 0;
    move |command, reply| match command.name.as_str() {
        "connect" if command.object.get("fourCcList").is_some() => reply.closes = true,
        "connect" => {
            connects += 1;
            reply.politely(command);
        }
        // All of the first flight came before that; the second connection waits for it.
        _ if connects == 1 => {}
        _ => reply.politely(command),
    }
}

#[test]
fn quirk_e_a_server_that_drops_the_first_flight_is_asked_in_the_classical_order() {
    let (retries, end) = exchanges(config(), medooze());
    assert_eq!(end, Ok(()));
    let [retry] = &retries[..] else {
        panic!("{retries:?}")
    };
    assert_eq!(retry.why, Why::ClassicOrder);
    let cause = retry.cause.as_ref().map(ToString::to_string);
    let waited = "timed out waiting for the answer to createStream";
    assert_eq!(cause.as_deref(), Some(waited));
}

#[test]
fn quirk_e_a_server_that_also_hangs_up_on_enhanced_rtmp_is_asked_once_without() {
    for config in both() {
        let mut config = config;
        config.video_codec = Some(VideoCodec::Hevc);
        let (retries, end) = exchanges(config, |command, reply| {
            if command.object.get("fourCcList").is_some() {
                reply.closes = true;
            } else {
                reply.politely(command);
            }
        });
        assert_eq!((retries.len(), end), (1, Ok(())));
    }
}

/// When a publisher on a line with this delay gives up on its first flight.
fn gives_up_after(delay: Duration) -> Duration {
    let mut client = crate::client::Client::new(config(), vec![metadata()]);
    let mut server = Script::new(medooze());
    let line = onair_netsim::Profile {
        delay,
        ..Default::default()
    };
    crate::common::run(line, &mut client, &mut server, Duration::from_secs(60));
    assert!(client.retry().is_some(), "{:?}", client.error);
    client.events.last().unwrap().0 - start()
}

#[test]
fn quirk_e_a_first_flight_that_is_dropped_costs_two_seconds_or_eight_round_trips() {
    let round_trip = |delay: u64| Duration::from_millis(2 * delay);
    for delay in [10, 100] {
        let after = gives_up_after(Duration::from_millis(delay));
        let waited = after - round_trip(delay);
        assert!(waited >= Duration::from_secs(2), "{after:?}");
        assert!(waited < Duration::from_millis(2200), "{after:?}");
    }
    let after = gives_up_after(Duration::from_millis(400));
    let waited = after - round_trip(400);
    assert!(waited >= 8 * round_trip(400), "{after:?}");
    assert!(waited < Duration::from_secs(7), "{after:?}");
    // Never longer than for any other command.
    let after = gives_up_after(Duration::from_secs(2));
    assert!(after < Duration::from_secs(15), "{after:?}");
}

#[test]
fn quirk_e_a_server_that_takes_its_time_to_agree_is_waited_for() {
    let mut client = crate::client::Client::new(config(), vec![metadata()]);
    let mut server = Script::new(|command: &Command, reply: &mut Reply| {
        if command.name != "publish" {
            reply.politely(command);
        }
    });
    let line = onair_netsim::Profile::default();
    crate::common::run(line, &mut client, &mut server, Duration::from_secs(8));
    assert_eq!(client.publisher.step(), Step::Publish);
    assert!(client.retry().is_none());
}
