//! A video codec that RTMP did not know from the start is declared, and may be refused.

use onair_flv::amf0::Value;
use onair_media::{FourCc, VideoCodec};
use onair_rtmp::chunk::{Limits, Reader};
use onair_rtmp::publisher::{Config, Why};
use onair_rtmp::{Command, Error, Input, MessageKind, handshake};

use crate::common::{classic, config, start};
use crate::host::Host;
use crate::script::{Reply, exchanges, info, stay};

fn hevc(mut config: Config) -> Config {
    config.video_codec = Some(VideoCodec::Hevc);
    config
}

fn list(names: &[&str]) -> Value {
    Value::StrictArray(names.iter().map(|&name| name.into()).collect())
}

#[test]
fn quirk_b16_a_codec_is_declared_by_its_four_characters() {
    for config in [config(), classic()] {
        let done = stay(hevc(config), |command, reply| reply.politely(command));
        let said = &done.server.heard_command("connect").object;
        assert_eq!(said.get("fourCcList"), Some(&list(&["hvc1"])));
        let map = Value::object([("hvc1", Value::from(2.0))]);
        assert_eq!(said.get("videoFourCcInfoMap"), Some(&map));
        assert_eq!(said.get("capsEx"), None);
    }
}

#[test]
fn quirk_b16_the_declaration_is_left_out_after_a_close_before_the_answer() {
    for (config, why) in [
        (config(), Why::ClassicOrder),
        (classic(), Why::PlainConnect),
    ] {
        let (retries, end) = exchanges(hevc(config), |command, reply| {
            if command.object.get("fourCcList").is_some() {
                reply.closes = true;
            } else {
                assert_eq!(command.object.get("videoFourCcInfoMap"), None);
                reply.politely(command);
            }
        });
        assert_eq!(end, Ok(()));
        let whys: Vec<_> = retries.iter().map(|retry| retry.why).collect();
        assert_eq!(whys, [why]);
    }
}

/// Answers `connect` with `said` besides the usual, in one of the two objects.
fn answering(command: &Command, reply: &mut Reply, said: &[(&str, Value)], in_info: bool) {
    if command.name != "connect" {
        return reply.politely(command);
    }
    let mut info = info("status", "NetConnection.Connect.Success", "Good.");
    let mut object = Value::object([("fmsVer", Value::from("FMS/3,0,1,123"))]);
    let place = if in_info { &mut info } else { &mut object };
    if let Value::Object(pairs) = place {
        pairs.extend(
            said.iter()
                .map(|(name, value)| ((*name).into(), value.clone())),
        );
    }
    let result = Command::new("_result", command.transaction);
    reply.command(0, &result.object(object).argument(info));
}

#[test]
fn a_server_that_takes_other_codecs_only_is_told_apart_at_once() {
    let map = Value::object([("av01", Value::from(4.0)), ("vp09", Value::from(4.0))]);
    for said in [
        ("videoFourCcInfoMap", map),
        ("fourCcList", list(&["av01", "vp09"])),
    ] {
        for in_info in [true, false] {
            let (retries, end) = exchanges(hevc(config()), |command, reply| {
                answering(command, reply, std::slice::from_ref(&said), in_info);
            });
            let refused = Error::CodecRefused {
                codec: FourCc(*b"hvc1"),
                takes: "av01, vp09".into(),
            };
            assert_eq!(end, Err(refused));
            assert!(retries.is_empty());
        }
    }
}

#[test]
fn a_server_that_takes_it_or_any_or_says_nothing_is_published_to() {
    for said in [
        Some(("fourCcList", list(&["av01", "hvc1"]))),
        Some(("fourCcList", list(&["*"]))),
        Some((
            "videoFourCcInfoMap",
            Value::object([("*", Value::from(4.0))]),
        )),
        Some(("videoFourCcInfoMap", Value::from("nonsense"))),
        Some(("fourCcList", Value::Null)),
        None,
    ] {
        let (retries, end) = exchanges(hevc(config()), |command, reply| {
            answering(command, reply, said.as_slice(), true);
        });
        assert_eq!((retries.len(), end), (0, Ok(())), "{said:?}");
    }
}

#[test]
fn what_a_server_takes_is_no_matter_for_h_264() {
    let said = [("fourCcList", list(&["av01"]))];
    let (retries, end) = exchanges(config(), |command, reply| {
        answering(command, reply, &said, true);
    });
    assert_eq!((retries.len(), end), (0, Ok(())));
}

/// Our server's answer to a `connect` with `said`.
fn answered(said: &[(&str, Value)]) -> Value {
    let mut host = Host::new();
    let mut client = handshake::Client::new(3);
    while let Some(bytes) = client.poll_transmit() {
        host.input(Input::Receive(start(), &bytes));
        client.handle(&host.take_out()).unwrap();
    }
    let mut reply = Reply::new();
    let object = Value::object(said.iter().cloned());
    reply.command(0, &Command::new("connect", 1.0).object(object));
    host.input(Input::Receive(start(), &reply.take()));
    let mut reader = Reader::new(Limits::default());
    reader.feed(&host.take_out());
    let messages = std::iter::from_fn(|| reader.next().unwrap());
    let commands = messages.filter(|message| message.kind == MessageKind::CommandAmf0);
    let mut results = commands.map(|message| Command::parse(&message.payload).unwrap());
    results.next().expect("an answer").object
}

#[test]
fn our_server_says_what_it_takes_to_whoever_speaks_of_it() {
    let plain = answered(&[("app", "live".into())]);
    assert_eq!(plain.properties().len(), 2, "as for twenty years");
    for said in [
        ("fourCcList", list(&["av01"])),
        ("videoFourCcInfoMap", Value::object([("hvc1", 2.0.into())])),
        ("audioFourCcInfoMap", Value::object([("Opus", 2.0.into())])),
        ("capsEx", 1.0.into()),
    ] {
        let answer = answered(&[said]);
        assert_eq!(
            answer.get("fourCcList"),
            Some(&list(&["avc1", "hvc1", "mp4a"]))
        );
        let map = answer.get("videoFourCcInfoMap").unwrap();
        assert_eq!(map.get("hvc1"), Some(&Value::from(4.0)));
        let map = answer.get("audioFourCcInfoMap").unwrap();
        assert_eq!(map.get("mp4a"), Some(&Value::from(4.0)));
        let mod_ex_and_nanoseconds = Value::from(12.0);
        assert_eq!(answer.get("capsEx"), Some(&mod_ex_and_nanoseconds));
    }
}

#[test]
fn a_codec_that_a_server_can_only_encode_is_none_that_it_takes() {
    let map = Value::object([("hvc1", Value::from(2.0)), ("av01", Value::from(4.0))]);
    let (_, end) = exchanges(hevc(config()), |command, reply| {
        let said = [("videoFourCcInfoMap", map.clone())];
        answering(command, reply, &said, true);
    });
    let refused = Error::CodecRefused {
        codec: FourCc(*b"hvc1"),
        takes: "av01".into(),
    };
    assert_eq!(end, Err(refused));
}
