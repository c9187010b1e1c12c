//! Configurations that make no sense.

use onair_ffi::feed::Feed;
use onair_ffi::{BroadcastConfig, Broadcaster, Codec, Destination};

use crate::support::{KEY, audio, video};

fn destination(url: &str, key: Option<&str>) -> Destination {
    Destination {
        url: url.to_owned(),
        key: key.map(str::to_owned),
        user: None,
        password: None,
        backup: None,
    }
}

/// The words with which a configuration is refused.
fn refusal(change: impl FnOnce(&mut BroadcastConfig)) -> String {
    let mut config = BroadcastConfig {
        destinations: vec![destination("rtmp://127.0.0.1:1/live", Some(KEY))],
        video: Some(video()),
        audio: Some(audio()),
        record: None,
    };
    change(&mut config);
    let words = Broadcaster::start(&config).unwrap_err().to_string();
    assert!(!words.contains(KEY), "{words}");
    words
}

#[test]
fn a_destination_is_refused_by_its_number_with_the_cure() {
    let second = |bad: Destination| refusal(|config| config.destinations.push(bad));
    for (bad, words) in [
        (
            destination("", None),
            "destination 2: the URL has no scheme: begin it with rtmp://",
        ),
        (
            destination("http://host/live", Some(KEY)),
            "destination 2: unknown scheme http://",
        ),
        (
            destination("rtmp://host/live", Some("")),
            "destination 2: the URL has no stream key",
        ),
        (
            destination("rtmp://host/live", Some("a b")),
            "destination 2: the URL has a space",
        ),
        (
            destination("rtmp://host", None),
            "destination 2: the URL has no application",
        ),
        (
            destination(&format!("rtmp://host:0/live/{KEY}"), None),
            "destination 2: the URL's port",
        ),
    ] {
        let refused = second(bad);
        assert!(refused.starts_with(words), "{refused}");
    }
    let mut anonymous = destination("rtmp://host/live", Some(KEY));
    anonymous.password = Some("sesame".to_owned());
    let refused = second(anonymous);
    assert_eq!(
        refused,
        "destination 2: there is a password but no user to go with it"
    );
}

#[test]
fn too_little_is_refused() {
    let refused = refusal(|config| config.destinations.clear());
    assert_eq!(refused, "a broadcast needs a destination");
    let refused = refusal(|config| (config.video, config.audio) = (None, None));
    assert!(
        refused.starts_with("a broadcast needs pictures, sound"),
        "{refused}"
    );
}

#[test]
fn what_cannot_be_encoded_is_refused_with_what_can() {
    for (width, height) in [(0, 48), (64, 0), (65, 48), (64, u32::MAX), (8194, 48)] {
        let refused = refusal(|config| {
            let video = config.video.as_mut().unwrap();
            (video.width, video.height) = (width, height);
        });
        assert!(
            refused.contains("even numbers from 16 to 8192"),
            "{refused}"
        );
    }
    for rate in [0, 241, u32::MAX] {
        let refused = refusal(|config| config.video.as_mut().unwrap().frame_rate = rate);
        assert!(refused.contains("1 to 240 will do"), "{refused}");
    }
    for seconds in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
        let refused = refusal(|config| config.video.as_mut().unwrap().keyframe_seconds = seconds);
        assert!(refused.contains("0.1 to 60 will do"), "{refused}");
    }
    for bitrate in [0, 1, u64::MAX] {
        let refused = refusal(|config| config.video.as_mut().unwrap().bitrate = Some(bitrate));
        assert!(refused.contains("200 million will do"), "{refused}");
    }
    for (sample_rate, channels, bitrate) in [
        (0, 1, 64_000),
        (47_999, 1, 64_000),
        (48_000, 0, 64_000),
        (48_000, 9, 64_000),
    ] {
        let refused = refusal(|config| {
            let audio = config.audio.as_mut().unwrap();
            (audio.sample_rate, audio.channels, audio.bitrate) = (sample_rate, channels, bitrate);
        });
        assert!(!refused.is_empty());
    }
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn a_codec_that_nothing_here_encodes_is_refused_by_its_name() {
    let refused = refusal(|config| config.video.as_mut().unwrap().codec = Some(Codec::Hevc));
    assert!(refused.contains("HEVC"), "{refused}");
}

#[test]
fn a_recording_that_cannot_be_written_is_refused() {
    let refused = refusal(|config| config.record = Some("/nowhere/at/all.flv".to_owned()));
    assert!(
        refused.starts_with("cannot record to /nowhere/at/all.flv"),
        "{refused}"
    );
}

#[test]
fn a_number_that_stands_for_nothing_is_no_feed() {
    assert!(Feed::of(0).is_none());
    assert!(Feed::of(u64::MAX).is_none());
}

#[test]
fn a_destination_prints_without_its_secrets() {
    let mut destination = destination("rtmp://alice:sesame@host/live", Some(KEY));
    destination.password = Some("open-door".to_owned());
    let mut shown = format!("{destination} {destination:?}");
    destination.user = Some("bob".to_owned());
    shown += &format!("{destination} {destination:?}");
    destination.url = format!("nonsense {KEY}");
    shown += &format!("{destination} {destination:?}");
    for secret in [KEY, "sesame", "open-door"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("rtmp://host/live/***"), "{shown}");
}
