//! URLs as people paste them.

use onair_rtmp::{Error, Scheme, Secret, Url, UrlError};

fn url(text: &str) -> Url {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn fault(text: &str) -> UrlError {
    match text.parse::<Url>() {
        Err(Error::Url(fault)) => fault,
        other => panic!("{text}: {other:?}"),
    }
}

/// App, key and tcUrl of what the URL says.
fn parts(text: &str) -> (String, String, String) {
    let url = url(text);
    let key = url.key().expose().to_owned();
    (url.app().to_owned(), key, url.tc_url())
}

#[test]
fn an_ordinary_url_has_all_its_parts() {
    let url = url("rtmp://live.example/app/key");
    assert_eq!(url.scheme(), Scheme::Rtmp);
    assert_eq!((url.host(), url.port()), ("live.example", 1935));
    assert_eq!((url.app(), url.key().expose()), ("app", "key"));
    assert_eq!(url.credentials(), None);
}

#[test]
fn the_default_port_follows_the_scheme() {
    assert_eq!(url("rtmps://h/app/key").port(), 443);
    assert_eq!(url("RTMPS://h:8443/app/key").port(), 8443);
    assert_eq!(url("rtmp://h:/app/key").port(), 1935);
}

#[test]
fn an_ipv6_address_loses_its_brackets_as_a_host_and_keeps_them_in_the_tc_url() {
    let url = url("rtmp://[2001:db8::1]:1936/app/key");
    assert_eq!((url.host(), url.port()), ("2001:db8::1", 1936));
    assert_eq!(url.tc_url(), "rtmp://[2001:db8::1]:1936/app");
    assert_eq!("rtmp://[::1]/a/k".parse::<Url>().unwrap().port(), 1935);
    assert_eq!(fault("rtmp://2001:db8::1/app/key"), UrlError::InvalidHost);
    assert_eq!(fault("rtmp://[2001:db8::1/app/key"), UrlError::InvalidHost);
    assert_eq!(
        fault("rtmp://[live.example]/app/key"),
        UrlError::InvalidHost
    );
}

#[test]
fn userinfo_is_percent_decoded() {
    let url = url("rtmp://al%40ice:p%2Fw%3A%25@host/app/key");
    let credentials = url.credentials().unwrap();
    assert_eq!(credentials.user, "al@ice");
    assert_eq!(credentials.password.expose(), "p/w:%");
    assert_eq!(
        fault("rtmp://a:%zz@h/app/key"),
        UrlError::InvalidCredentials
    );
    assert_eq!(fault("rtmp://a:%f@h/app/key"), UrlError::InvalidCredentials);
    assert_eq!(
        fault("rtmp://a:%FF@h/app/key"),
        UrlError::InvalidCredentials
    );
}

#[test]
fn quirk_b13_the_tc_url_has_no_userinfo_and_no_default_port() {
    assert_eq!(url("rtmp://u:p@h:1935/a/k").tc_url(), "rtmp://h/a");
    assert_eq!(url("rtmps://u:p@h:443/a/k").tc_url(), "rtmps://h/a");
    assert_eq!(url("rtmp://h:443/a/k").tc_url(), "rtmp://h:443/a");
    assert_eq!(url("rtmps://h:1935/a/k").tc_url(), "rtmps://h:1935/a");
}

#[test]
fn quirk_b13_a_tc_url_beyond_256_bytes_is_told() {
    let of_length = |n: usize| url(&format!("rtmp://h/{}/key", "a".repeat(n - 9)));
    assert_eq!(of_length(256).tc_url().len(), 256);
    assert!(!of_length(256).has_long_tc_url());
    assert!(of_length(257).has_long_tc_url());
}

#[test]
fn quirk_b14_the_last_slash_begins_the_key() {
    let cases = [
        ("rtmp://h/app/inst/key", "app/inst", "key"),
        ("rtmp://h/app/_definst_/key", "app/_definst_", "key"),
        ("rtmp://h/a/b/c/d", "a/b/c", "d"),
        ("rtmp://h/app//key", "app", "key"),
        ("  rtmp://h/app/key\n", "app", "key"),
    ];
    for (text, app, key) in cases {
        assert_eq!(
            parts(text),
            (app.into(), key.into(), format!("rtmp://h/{app}"))
        );
    }
}

#[test]
fn quirk_b14_a_query_stays_with_the_app_the_key_or_both() {
    let cases = [
        ("rtmp://h/live2?backup=1/KEY", "live2?backup=1", "KEY"),
        (
            "rtmp://h/app/key?bandwidthtest=true",
            "app",
            "key?bandwidthtest=true",
        ),
        ("rtmp://h/app?vhost=v/key?t=1", "app?vhost=v", "key?t=1"),
        ("rtmp://h/app/key?sign=a/b/c", "app", "key?sign=a/b/c"),
        (
            "rtmp://h/app?x=1/key?u=http://y/z",
            "app?x=1",
            "key?u=http://y/z",
        ),
        ("rtmp://h/app/_definst_?x=1/key", "app/_definst_?x=1", "key"),
        (
            "rtmp://h/rtmp/FB-1?s_bl=1&a=Ab%2Fx#y",
            "rtmp",
            "FB-1?s_bl=1&a=Ab%2Fx#y",
        ),
    ];
    for (text, app, key) in cases {
        assert_eq!(
            parts(text),
            (app.into(), key.into(), format!("rtmp://h/{app}"))
        );
    }
}

#[test]
fn quirk_b14_the_key_is_never_percent_decoded() {
    let (_, key, _) = parts("rtmp://h/app/k%20e%2Fy+%");
    assert_eq!(key, "k%20e%2Fy+%");
}

#[test]
fn quirk_b14_app_and_key_may_be_given_apart() {
    let url = Url::from_tc_url("rtmp://h/app/inst?x=1/2", "some/key?a=b").unwrap();
    assert_eq!(url.app(), "app/inst?x=1/2");
    assert_eq!(url.key().expose(), "some/key?a=b");
    let pasted = Url::from_tc_url("rtmps://h:443/rtmp/", "FB-1?s_bl=1").unwrap();
    assert_eq!(
        (pasted.app(), &*pasted.tc_url()),
        ("rtmp", "rtmps://h/rtmp")
    );
    let moved = url.with_app("other").unwrap().with_key("k").unwrap();
    assert_eq!((moved.app(), moved.key().expose()), ("other", "k"));
}

#[test]
fn a_missing_app_or_key_says_what_to_add() {
    for text in [
        "rtmp://h",
        "rtmp://h/",
        "rtmp://h//key",
        "rtmp://h?x=1",
        "rtmp://h/?x=1",
    ] {
        assert_eq!(fault(text), UrlError::MissingApp, "{text}");
    }
    for text in ["rtmp://h/app", "rtmp://h/app/", "rtmp://h/app?x=1/"] {
        assert_eq!(fault(text), UrlError::MissingKey, "{text}");
    }
    assert!(
        UrlError::MissingApp
            .to_string()
            .contains("rtmp://host/app/key")
    );
    assert!(
        UrlError::MissingKey
            .to_string()
            .contains("rtmp://host/app/KEY")
    );
    let apart = |text, key: &str| Url::from_tc_url(text, key).unwrap_err();
    assert_eq!(apart("rtmp://h/", "k"), Error::Url(UrlError::MissingApp));
    assert_eq!(apart("rtmp://h/app", ""), Error::Url(UrlError::MissingKey));
}

#[test]
fn an_unknown_scheme_names_the_known_ones() {
    assert_eq!(
        fault("rtmpt://h/a/k"),
        UrlError::UnsupportedScheme("rtmpt".into())
    );
    assert_eq!(
        fault("RTMPE://h/a/k"),
        UrlError::UnsupportedScheme("rtmpe".into())
    );
    assert_eq!(
        fault("http://h/a/k"),
        UrlError::UnknownScheme("http".into())
    );
    assert_eq!(fault("h/a/k"), UrlError::MissingScheme);
    assert_eq!(fault("://h/a/k"), UrlError::MissingScheme);
    for text in ["rtmpt://h/a/k", "srt://h/a/k", "h/a/k"] {
        let said = fault(text).to_string();
        assert!(
            said.contains("rtmp://") && said.contains("rtmps://"),
            "{said}"
        );
    }
}

#[test]
fn a_bad_host_or_port_is_refused() {
    assert_eq!(fault("rtmp:///app/key"), UrlError::MissingHost);
    assert_eq!(fault("rtmp://:1935/app/key"), UrlError::MissingHost);
    assert_eq!(fault("rtmp://a b/app/key"), UrlError::InvalidHost);
    for port in ["0", "65536", "-1", "+1", "x", "1 "] {
        assert_eq!(
            fault(&format!("rtmp://h:{port}/a/k")),
            UrlError::InvalidPort
        );
    }
    assert_eq!(fault("rtmp://h/app/k\tey"), UrlError::InvalidCharacter);
    assert_eq!(fault("rtmp://h/app/k ey"), UrlError::InvalidCharacter);
}

#[test]
fn nothing_secret_prints() {
    let url = url("rtmp://alice:sesame@h:99/app?token=topsecret/live_1234?sig=abcd");
    assert_eq!(url.to_string(), "rtmp://h:99/app?***/***");
    assert_eq!(format!("{url:?}"), "Url(rtmp://h:99/app?***/***)");
    let faults = [
        fault("rtmp://alice:sesame%@h/app/live_1234"),
        fault("rtmp://alice:sesame@h/live_1234"),
        fault("live_1234live_1234://h/app"),
    ];
    let said = format!("{faults:?} {faults:#?}");
    assert!(
        !said.contains("sesame") && !said.contains("live_1234"),
        "{said}"
    );
}

#[test]
fn a_reference_is_resolved_against_the_current_tc_url() {
    let base = url("rtmps://u:p@old.example:8443/app/inst?x=1/key?y=2");
    let base = base.with_app("app/inst?x=1").unwrap();
    let to = |reference: &str| base.resolve(reference).unwrap().tc_url();
    assert_eq!(to("rtmp://new.example/live"), "rtmp://new.example/live");
    assert_eq!(to("//new.example/live"), "rtmps://new.example/live");
    assert_eq!(to("/live"), "rtmps://old.example:8443/live");
    assert_eq!(to("other"), "rtmps://old.example:8443/app/other");
    assert_eq!(to(" /a/b?c=/d "), "rtmps://old.example:8443/a/b?c=/d");
    assert_eq!(base.resolve(""), Ok(base.clone()));
    assert!(base.resolve("//host").is_err());
    assert!(base.resolve("http://web.example/").is_err());
}

#[test]
fn a_resolved_reference_keeps_the_key_and_leaves_credentials_with_their_host() {
    let base = url("rtmp://u:p@h/app/key?y=2");
    let near = base.resolve("/other").unwrap();
    assert_eq!(near.key(), &Secret::new("key?y=2"));
    assert_eq!(near.credentials(), base.credentials());
    let far = base.resolve("//elsewhere/app").unwrap();
    assert_eq!(far.key(), &Secret::new("key?y=2"));
    assert_eq!(far.credentials(), None);
}

#[test]
fn every_prefix_and_every_flipped_byte_of_a_url_is_read_or_refused() {
    let golden = "rtmps://al%40ice:pw@[2001:db8::1]:8443/app/inst?x=1/key?y=2";
    let sane = |text: &str| {
        if let Ok(url) = text.parse::<Url>() {
            assert!(!url.app().is_empty());
            let again = url.resolve(&url.tc_url()).unwrap();
            let (a, b) = (again.tc_url(), url.tc_url());
            assert_eq!((a, again.host(), again.port()), (b, url.host(), url.port()));
        }
    };
    for end in 0..golden.len() {
        sane(&golden[..end]);
        for byte in 0..=127 {
            let mut bytes = golden.as_bytes().to_vec();
            bytes[end] = byte;
            sane(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[test]
fn two_urls_in_one_are_refused_and_a_url_in_a_query_is_not() {
    for text in [
        "rtmp://h/live/a,rtmp://h/live/b",
        "rtmp://h/live/a;rtmps://h/live/b",
        "rtmp://h/live/a?x=1,rtmp://h/live/b",
        "rtmp://h,rtmp://i/live/b",
        "rtmp://h/live/artmp://i/live/b",
    ] {
        assert_eq!(fault(text), UrlError::TwoUrls, "{text}");
        let apart = Url::from_server(text, "k");
        assert_eq!(apart, Err(Error::Url(UrlError::TwoUrls)), "{text}");
    }
    let query = "rtmp://h/live/a?from=rtmp://i/b";
    assert!(query.parse::<Url>().is_ok());
}
