//! Challenges, redirects and requests to reconnect (numbered as in the interoperability notes).

use onair_flv::amf0::Value;
use onair_rtmp::publisher::{Config, Event, Flight, Why};
use onair_rtmp::{Command, Credentials, Error};

use crate::common::{classic, config};
use crate::script::{Reply, exchanges, info, stay};

fn with_credentials() -> Config {
    let mut config = config();
    config.credentials = Some(Credentials::new("alice", "sesame"));
    config
}

fn app_of(command: &Command) -> String {
    let app = command.object.get("app").and_then(Value::as_str);
    app.unwrap_or_default().to_owned()
}

fn reject(command: &Command, reply: &mut Reply, description: &str) {
    let code = "NetConnection.Connect.Rejected";
    reply.error(command, info("error", code, description));
    reply.closes = true;
}

/// A server that wants Adobe's challenge answered: `app?authmod=adobe&user=alice` and so on.
fn adobe(command: &Command, reply: &mut Reply) {
    if command.name != "connect" {
        if !reply.closes {
            reply.politely(command);
        }
        return;
    }
    let app = app_of(command);
    if app.contains("&response=") {
        assert!(
            app.starts_with("app?authmod=adobe&user=alice&challenge="),
            "{app}"
        );
        assert!(app.ends_with("&opaque=b3BhcXVl"), "{app}");
        reply.politely(command);
    } else if app.contains("authmod=adobe") {
        let challenge = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=alice&salt=c2FsdA==&challenge=Y2hhbA==&opaque=b3BhcXVl";
        reject(command, reply, challenge);
    } else {
        reject(
            command,
            reply,
            "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
        );
    }
}

fn whys(config: Config, rule: fn(&Command, &mut Reply)) -> (Vec<Why>, Result<(), Error>) {
    let (retries, end) = exchanges(config, rule);
    (retries.iter().map(|retry| retry.why).collect(), end)
}

#[test]
fn quirk_c23_adobes_challenge_is_answered_on_the_third_connection() {
    let (whys, end) = whys(with_credentials(), adobe);
    assert_eq!(end, Ok(()));
    assert_eq!(whys, [Why::Authentication, Why::Authentication]);
}

#[test]
fn quirk_c23_the_url_may_carry_the_credentials() {
    let config = Config::new("rtmp://alice:sesame@live.example/app/key".parse().unwrap());
    let (whys, end) = whys(config, adobe);
    assert_eq!((whys.len(), end), (2, Ok(())));
}

#[test]
fn quirk_c23_without_credentials_the_error_says_what_is_missing() {
    let (whys, end) = whys(config(), adobe);
    assert!(whys.is_empty());
    let error = end.unwrap_err();
    assert!(
        matches!(error, Error::CredentialsNeeded { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("need auth"), "{error}");
}

#[test]
fn quirk_c23_a_wrong_password_ends_it() {
    for reason in ["authfailed", "nosuchuser"] {
        let (retries, end) = exchanges(with_credentials(), |command, reply| {
            if app_of(command).contains("&response=") {
                reject(
                    command,
                    reply,
                    &format!("[ authmod=adobe ] : ?reason={reason}&opaque=x"),
                );
            } else {
                adobe(command, reply);
            }
        });
        assert_eq!(retries.len(), 2);
        let Err(Error::CredentialsRejected { description }) = end else {
            panic!("{end:?}");
        };
        assert!(description.contains(reason));
    }
}

#[test]
fn quirk_c23_a_server_that_challenges_for_ever_is_left() {
    let (retries, end) = exchanges(with_credentials(), |command, reply| {
        reject(
            command,
            reply,
            "[authmod=adobe] : ?reason=needauth&salt=s&challenge=c&opaque=o",
        );
    });
    assert_eq!(retries.len(), 1);
    assert!(
        matches!(end, Err(Error::CredentialsRejected { .. })),
        "{end:?}"
    );
    let (retries, end) = exchanges(with_credentials(), |command, reply| {
        reject(command, reply, "code=403 need auth; authmod=adobe");
    });
    assert_eq!(retries.len(), 1);
    assert!(
        matches!(end, Err(Error::CredentialsRejected { .. })),
        "{end:?}"
    );
}

#[test]
fn quirk_c23_an_unknown_method_is_a_refusal_in_the_servers_words() {
    let (_, end) = exchanges(with_credentials(), |command, reply| {
        reject(command, reply, "code=403 need auth; authmod=rot13");
    });
    let Err(Error::Refused { description, .. }) = end else {
        panic!("{end:?}");
    };
    assert!(description.contains("rot13"));
}

#[test]
fn quirk_c23_each_round_is_classical_with_other_random_bytes_and_hides_its_answer() {
    let (retries, _) = exchanges(with_credentials(), adobe);
    assert!(
        retries
            .iter()
            .all(|retry| retry.config.flight == Flight::Classic)
    );
    assert_ne!(retries[0].config.seed, retries[1].config.seed);
    let shown = format!("{retries:?}");
    assert!(
        !shown.contains("sesame") && !shown.contains("&response="),
        "{shown}"
    );
}

#[test]
fn quirk_c24_limelights_challenge_is_answered_too() {
    let (retries, end) = exchanges(with_credentials(), |command, reply| {
        if command.name != "connect" {
            return reply.politely(command);
        }
        let app = app_of(command);
        if app.contains("&response=") {
            assert!(
                app.starts_with("app?authmod=llnw&user=alice&nonce=bm9uY2U&cnonce="),
                "{app}"
            );
            assert!(app.contains("&nc=00000001&response="), "{app}");
            reply.politely(command);
        } else if app.contains("authmod=llnw") {
            reject(
                command,
                reply,
                "[ authmod=llnw ] : ?reason=needauth&user=alice&nonce=bm9uY2U",
            );
        } else {
            reject(command, reply, "[ code=403 need auth; authmod=llnw ]");
        }
    });
    assert_eq!(end, Ok(()));
    assert_eq!(retries.len(), 2);
}

#[test]
fn quirk_c25_credentials_in_a_query_are_left_to_the_server() {
    let config = Config::new("rtmp://live.example/app/key?user=u&pass=p".parse().unwrap());
    assert_eq!(config.credentials, None);
    let (_, end) = exchanges(config, |command, reply| {
        if command.name == "publish" {
            assert_eq!(command.arguments[0], Value::from("key?user=u&pass=p"));
        }
        reply.politely(command);
    });
    assert_eq!(end, Ok(()));
}

/// A refusal of `connect` that sends the client to `target`.
fn redirect(command: &Command, reply: &mut Reply, name: &'static str, target: &str) {
    let ex = Value::object([("code", Value::from(302.0)), (name, Value::from(target))]);
    let info = Value::object([
        ("level", Value::from("error")),
        ("code", Value::from("NetConnection.Connect.Rejected")),
        ("description", Value::from("RTMP 302 Redirect")),
        ("ex", ex),
    ]);
    reply.error(command, info);
    reply.closes = true;
}

fn tc_url_of(command: &Command) -> String {
    let tc_url = command.object.get("tcUrl").and_then(Value::as_str);
    tc_url.unwrap_or_default().to_owned()
}

#[test]
fn quirk_c26_a_redirect_is_followed_with_the_same_key() {
    for (name, target) in [
        ("redirect", "rtmp://other.example:1936/edge"),
        (
            "redirect2",
            "rtmp://other.example:1936/edge/live_1234?x=%20y",
        ),
    ] {
        let (retries, end) = exchanges(config(), |command, reply| {
            match (command.name.as_str(), tc_url_of(command).contains("other")) {
                ("connect", false) => redirect(command, reply, name, target),
                _ if reply.closes => {}
                _ => reply.politely(command),
            }
        });
        assert_eq!(end, Ok(()));
        let [retry] = &retries[..] else {
            panic!("{retries:?}")
        };
        assert_eq!(
            (retry.why, retry.config.flight),
            (Why::Redirect, Flight::First)
        );
        assert_eq!(retry.config.url.tc_url(), "rtmp://other.example:1936/edge");
        assert_eq!(retry.config.url.key(), config().url.key());
    }
}

#[test]
fn quirk_c26_a_redirect_may_come_as_a_status() {
    let mut config = classic();
    config.seed = 3;
    let (retries, _) = exchanges(config, |command, reply| {
        if command.name == "connect" && !tc_url_of(command).contains("other") {
            let ex = Value::object([
                ("code", Value::from(302.0)),
                ("redirect", Value::from("rtmp://other.example/app")),
            ]);
            let info = Value::object([
                ("code", Value::from("NetConnection.Connect.Rejected")),
                ("ex", ex),
            ]);
            reply.command(0, &Command::new("onStatus", 0.0).argument(info));
        } else {
            reply.politely(command);
        }
    });
    assert_eq!(retries.len(), 1);
}

#[test]
fn quirk_c26_five_redirects_are_enough() {
    let mut hops = 0;
    let (retries, end) = exchanges(config(), |command, reply| {
        if command.name == "connect" {
            hops += 1;
            redirect(
                command,
                reply,
                "redirect",
                &format!("rtmp://hop{hops}.example/app"),
            );
        }
    });
    assert_eq!(retries.len(), 5);
    let error = end.unwrap_err();
    assert!(matches!(error, Error::Redirected { .. }), "{error:?}");
    assert!(error.to_string().contains("hop6.example"), "{error}");
}

#[test]
fn quirk_c26_no_redirect_leaves_tls_or_shows_the_key() {
    let config = Config::new("rtmps://live.example/app/live_1234".parse().unwrap());
    let (retries, end) = exchanges(config, |command, reply| {
        redirect(
            command,
            reply,
            "redirect2",
            "rtmp://live.example/app/live_1234",
        );
    });
    assert!(retries.is_empty());
    let error = end.unwrap_err();
    assert!(matches!(error, Error::Redirected { .. }), "{error:?}");
    assert!(
        !format!("{error} {error:?}").contains("live_1234"),
        "{error}"
    );
}

#[test]
fn quirk_c26_a_redirect_to_nonsense_is_an_error() {
    let (_, end) = exchanges(config(), |command, reply| {
        redirect(command, reply, "redirect", "http://[");
    });
    assert!(matches!(end, Err(Error::Redirected { .. })), "{end:?}");
}

/// A live publisher's event when it is asked to reconnect at `target`.
fn reconnect(config: Config, target: Option<&str>) -> Event {
    let done = stay(config, |command, reply| {
        reply.politely(command);
        if command.name == "publish" {
            let mut pairs = vec![
                ("level", Value::from("status")),
                (
                    "code",
                    Value::from("NetConnection.Connect.ReconnectRequest"),
                ),
                ("description", Value::from("we are leaving")),
            ];
            pairs.extend(target.map(|target| ("tcUrl", Value::from(target))));
            let info = Value::object(pairs);
            reply.command(0, &Command::new("onStatus", 0.0).argument(info));
        }
    });
    assert_eq!(done.client.error, None, "the stream goes on");
    let asked = |event: &Event| matches!(event, Event::ReconnectRequested { .. });
    done.client
        .told()
        .into_iter()
        .find(asked)
        .expect("no request was told")
}

#[test]
fn quirk_c27_a_request_to_reconnect_resolves_its_url() {
    for (target, expected) in [
        (
            "rtmp://new.example:1936/app2",
            "rtmp://new.example:1936/app2",
        ),
        ("//new.example/app2", "rtmp://new.example/app2"),
        ("/app2", "rtmp://live.example/app2"),
    ] {
        let Event::ReconnectRequested { url, description } = reconnect(config(), Some(target))
        else {
            panic!("{target}");
        };
        let url = url.unwrap();
        assert_eq!(
            (url.tc_url().as_str(), url.key()),
            (expected, config().url.key())
        );
        assert_eq!(description, "we are leaving");
    }
}

#[test]
fn quirk_c27_a_request_to_reconnect_may_mean_the_same_place() {
    let tls = Config::new("rtmps://live.example/app/key".parse().unwrap());
    for (config, target) in [
        (config(), None),
        (config(), Some("http://[")),
        (tls, Some("rtmp://new.example/app")),
    ] {
        let Event::ReconnectRequested { url, .. } = reconnect(config, target) else {
            panic!("{target:?}");
        };
        assert_eq!(url, None);
    }
}

#[test]
fn quirk_c27_caps_ex_is_declared_when_asked_for() {
    let mut config = config();
    config.reconnect_requests = true;
    let done = stay(config, |command, reply| reply.politely(command));
    let declared = done
        .server
        .heard_command("connect")
        .object
        .get("capsEx")
        .cloned();
    assert_eq!(declared, Some(Value::from(1.0)));
}

#[test]
fn quirk_c26_a_redirect_begins_authentication_anew() {
    let (retries, end) = exchanges(with_credentials(), |command, reply| {
        let is_answered = app_of(command).contains("&response=");
        if command.name == "connect" && tc_url_of(command).contains("other") {
            assert_eq!(app_of(command), "edge");
            reply.politely(command);
        } else if is_answered {
            redirect(command, reply, "redirect", "rtmp://other.example/edge");
        } else {
            adobe(command, reply);
        }
    });
    assert_eq!(end, Ok(()));
    let whys: Vec<Why> = retries.iter().map(|retry| retry.why).collect();
    let expected = [Why::Authentication, Why::Authentication, Why::Redirect];
    assert_eq!(whys, expected);
}
