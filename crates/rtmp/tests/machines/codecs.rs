//! A video codec that RTMP did not know from the start is declared, and may be refused.

use onair_flv::FourCc;
use onair_flv::amf0::Value;
use onair_rtmp::publisher::{Config, Why};
use onair_rtmp::{Command, Error};

use crate::common::{config, patient};
use crate::script::{Reply, info, stay, talks};

fn hevc(mut config: Config) -> Config {
    config.video_codec = Some(FourCc::HEVC);
    config
}

fn list(names: &[&str]) -> Value {
    Value::StrictArray(names.iter().map(|&name| name.into()).collect())
}

#[test]
fn quirk_b16_a_codec_is_declared_by_its_four_characters() {
    for config in [config(), patient()] {
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
        (config(), Why::PatientOrder),
        (patient(), Why::PlainConnect),
    ] {
        let (retries, end) = talks(hevc(config), |command, reply| {
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

/// Answers `connect` with `said` besides the usual, in the one or the other object.
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
            let (retries, end) = talks(hevc(config()), |command, reply| {
                answering(command, reply, std::slice::from_ref(&said), in_info);
            });
            let refused = Error::CodecRefused {
                codec: "hvc1".into(),
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
        let (retries, end) = talks(hevc(config()), |command, reply| {
            answering(command, reply, said.as_slice(), true);
        });
        assert_eq!((retries.len(), end), (0, Ok(())), "{said:?}");
    }
}

#[test]
fn what_a_server_takes_is_no_matter_for_h_264() {
    let said = [("fourCcList", list(&["av01"]))];
    let (retries, end) = talks(config(), |command, reply| {
        answering(command, reply, &said, true);
    });
    assert_eq!((retries.len(), end), (0, Ok(())));
}
