//! The fuzz body of what a browser says: it panics when a promise is broken.

use std::time::{Duration, Instant};

use bytes::Bytes;
use onair_media::Kind;
use onair_media::text::is_printable;

use super::advisor::Advisor;
use super::hello::{AudioSetup, Said, Setup};
use super::media::word;
use super::publisher::Publisher;
use super::socket::parse;

/// A browser's messages, whatever they are: pieces of a length (two bytes) and so much of it,
/// text when it begins like JSON. What comes out is in order, and no more than what came in; and
/// whatever it says of itself, the advice stays within its wish.
pub fn browser(mut data: &[u8]) {
    let mut publisher = Publisher::default();
    let _ = publisher.configure(&raw_audio());
    let (mut now, mut taken) = (Instant::now(), 0);
    let mut advisor = Advisor::new(true, now);
    let mut last = None;
    while let [high, low, rest @ ..] = data {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (message, rest) = rest.split_at(length);
        data = rest;
        taken += length;
        now += Duration::from_millis(10);
        if message.first() == Some(&b'{') {
            hear(
                &mut publisher,
                &mut advisor,
                &String::from_utf8_lossy(message),
            );
            continue;
        }
        advise(&mut advisor, message, now);
        for packet in publisher
            .take(Bytes::copy_from_slice(message))
            .unwrap_or_default()
        {
            if packet.kind() == Kind::Video {
                assert!(
                    last.is_none_or(|last| last < packet.dts),
                    "pictures are in order"
                );
                assert!(packet.payload.len() <= taken);
                last = Some(packet.dts);
            }
        }
    }
}

fn advise(advisor: &mut Advisor, message: &[u8], now: Instant) {
    advisor.receive(message.len() as u64);
    if let Ok(Some(word)) = word(Bytes::copy_from_slice(message)) {
        advisor.hear(word, now);
    }
    if let Some(advice) = advisor.look(now) {
        assert!(advice.bitrate <= advisor.most(), "{advice:?}");
        assert!(advice.side > 0 && advice.every > 0, "{advice:?}");
    }
}

fn hear(publisher: &mut Publisher, advisor: &mut Advisor, text: &str) {
    match parse(text) {
        Ok(Said::Config(setup)) => drop(publisher.configure(&setup)),
        Ok(Said::Hello(hello)) => {
            let _ = hello.check();
            assert!(hello.software().chars().all(is_printable));
        }
        Ok(Said::Wish(wish)) => drop(advisor.wish(wish)),
        Ok(Said::Bye) | Err(_) => {}
    }
}

fn raw_audio() -> Setup {
    Setup {
        video: None,
        audio: Some(AudioSetup {
            codec: "pcm-s16".to_owned(),
            description: None,
            sample_rate: 48_000,
            channels: 1,
        }),
    }
}
