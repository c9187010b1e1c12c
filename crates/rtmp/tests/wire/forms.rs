//! Runs `docs/rtmp-urls.md`: the forms in which publishers name a stream.

use onair_rtmp::{Error, Target, Url, UrlError};

const TABLE: &str = include_str!("../../../../docs/rtmp-urls.md");

/// Path, who, app, key, stream, secret.
fn rows() -> Vec<[&'static str; 6]> {
    let cells = |line: &'static str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').collect();
        let plain = |cell: &'static str| cell.trim().trim_matches('`');
        cells.try_into().map(|cells: [_; 6]| cells.map(plain)).ok()
    };
    let rows = TABLE.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| cells(line).unwrap_or_else(|| panic!("{line}")))
        .collect()
}

#[test]
fn a_server_finds_stream_and_secret_in_every_form() {
    assert!(rows().len() > 15);
    for [path, who, app, key, stream, secret] in rows() {
        let target = Target::new(app, key);
        let found = [target.app(), target.name()].join("/");
        assert_eq!(found.trim_matches('/'), stream, "{path} by {who}");
        let mut secrets = target.secrets();
        if secret.is_empty() {
            assert_eq!(secrets.next(), None, "{path} by {who}");
        } else {
            assert!(secrets.any(|found| found == secret), "{path} by {who}");
        }
    }
}

#[test]
fn a_publisher_cuts_as_the_table_says() {
    let ours = rows().into_iter().filter(|[_, who, ..]| {
        *who == "everybody" || who.split([',', ';', ' ']).any(|who| who == "onair")
    });
    let mut count = 0;
    for [path, _, app, key, ..] in ours {
        let url: Url = format!("rtmp://host/{path}").parse().unwrap();
        assert_eq!((url.app(), url.key().expose()), (app, key), "{path}");
        count += 1;
    }
    assert!(count > 9);
}

#[test]
fn a_key_given_apart_meets_no_second_one() {
    let apart = |server: &str| Url::from_server(server, "sesame");
    for server in [
        "rtmp://h/app/key",
        "rtmp://h/app/inst/key?x=1",
        "rtmp://h/a/cam?key=s",
    ] {
        let refused = apart(server).unwrap_err();
        assert_eq!(refused, Error::Url(UrlError::TwoKeys), "{server}");
        assert!(refused.to_string().contains("end it with /"));
    }
    for (server, app) in [
        ("rtmp://h/app", "app"),
        ("rtmp://h/app/", "app"),
        ("rtmp://h/app/inst/", "app/inst"),
        ("rtmp://h/app/_definst_", "app/_definst_"),
        ("rtmp://h/app/_definst_?x=1", "app/_definst_?x=1"),
        ("rtmp://h/live2?backup=1", "live2?backup=1"),
        ("rtmp://h/live2?backup=1/", "live2?backup=1"),
        // The same key again, and what a URL shows instead of it.
        ("rtmp://h/app/sesame", "app"),
        ("rtmp://h/app/***", "app"),
    ] {
        let url = apart(server).unwrap_or_else(|error| panic!("{server}: {error}"));
        assert_eq!((url.app(), url.key().expose()), (app, "sesame"), "{server}");
        let shown = url.to_string();
        assert!(!shown.contains("sesame"), "{shown}");
    }
    assert_eq!(apart("rtmp://h/"), Err(Error::Url(UrlError::MissingApp)));
}

#[test]
fn what_a_url_shows_is_refused_as_a_url() {
    for text in [
        "rtmp://u:p@h/app/key",
        "rtmp://h/app?token=t/key?sig=s",
        "rtmp://h/cam?user=a&pass=b",
    ] {
        let shown = text.parse::<Url>().unwrap().to_string();
        let again = shown.parse::<Url>();
        assert_eq!(again, Err(Error::Url(UrlError::HiddenKey)), "{shown}");
    }
    let half = Url::from_server("rtmp://h/app?***/", "key");
    assert_eq!(half, Err(Error::Url(UrlError::HiddenKey)));
    let stars = Url::from_server("rtmp://h/app", "***");
    assert_eq!(stars, Err(Error::Url(UrlError::HiddenKey)));
}

#[test]
fn a_url_without_a_key_says_so() {
    let url: Url = "rtmp://h/cam?".parse().unwrap();
    assert_eq!((url.app(), url.key().expose()), ("cam", ""));
    assert_eq!(url.tc_url(), "rtmp://h/cam");
    let other = url.resolve("rtmp://elsewhere/cam").unwrap();
    assert_eq!(other.key().expose(), "");
}

#[test]
fn a_target_shows_no_secret() {
    for (app, key) in [
        ("live?key=sesame", "cam"),
        ("live", "sesame"),
        ("sesame", ""),
    ] {
        let shown = format!("{:?}", Target::new(app, key));
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
