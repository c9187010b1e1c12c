use std::sync::Arc;

use bytes::Bytes;
use onair_media::{AudioConfig, Config, VideoConfig};
use onair_samples::{Configs, audio_config, video_config};

use super::*;

/// A publisher's pictures, 40 ms apart, and its audio.
#[derive(Clone)]
struct Publisher {
    number: u64,
    video: Option<Config>,
    audio: Option<Config>,
    /// Its own time at the beginning, in milliseconds.
    origin: i64,
    gop: i64,
}

impl Publisher {
    fn new(number: u64, origin: i64) -> Self {
        Self {
            number,
            video: Some(Config::Video(video_config())),
            audio: Some(Config::Audio(audio_config())),
            origin,
            gop: 50,
        }
    }

    /// What it makes in these milliseconds since it began.
    fn packets(&self, span: std::ops::Range<i64>) -> Vec<Packet> {
        let picture = |index: i64| self.video.clone().map(|config| self.picture(config, index));
        let frame = |index: i64| self.audio.clone().map(|config| self.frame(config, index));
        let pictures = (span.start / 40..span.end / 40).filter_map(picture);
        let frames = span.start * 3 / 64..span.end * 3 / 64;
        let mut all: Vec<_> = pictures.chain(frames.filter_map(frame)).collect();
        all.sort_by_key(|packet| packet.dts);
        all
    }

    fn picture(&self, config: Config, index: i64) -> Packet {
        let keyframe = index % self.gop == 0;
        let kind = if keyframe { 0x65 } else { 0x41 };
        let index = u8::try_from(index % 256).unwrap();
        let dts = Timestamp::from_millis(self.origin + i64::from(index) * 40);
        let number = u8::try_from(self.number).unwrap();
        Packet {
            config,
            pts: dts,
            dts,
            duration: None,
            keyframe,
            payload: Bytes::from(vec![0, 0, 0, 3, kind, number, index]),
        }
    }

    fn frame(&self, config: Config, index: i64) -> Packet {
        let dts = Timestamp::from_millis(self.origin + index * 64 / 3);
        Packet {
            config,
            pts: dts,
            dts,
            duration: None,
            keyframe: true,
            payload: Bytes::from_static(b"sound"),
        }
    }
}

/// A hold in virtual time, driven as a relay does.
struct Show {
    hold: Hold,
    began: Instant,
    /// Milliseconds since then.
    now: i64,
    presence: Presence,
    out: Vec<Packet>,
    events: Vec<HoldEvent>,
}

impl Show {
    fn new(slate: HoldSlate) -> Self {
        Self {
            hold: Hold::new(slate),
            began: Instant::now(),
            now: 0,
            presence: Presence {
                publisher: 0,
                is_gone: false,
            },
            out: Vec::new(),
            events: Vec::new(),
        }
    }

    fn instant(&self) -> Instant {
        self.began + Duration::from_millis(self.now.unsigned_abs())
    }

    /// A publisher is live for this part of its stream, which begins now.
    fn live(&mut self, publisher: &Publisher, span: std::ops::Range<i64>) {
        self.presence = Presence {
            publisher: publisher.number,
            is_gone: false,
        };
        let begin = self.now - span.start;
        for packet in publisher.packets(span.clone()) {
            let at = packet.dts.as_millis() - publisher.origin + begin;
            self.pass(at.max(self.now));
            self.take(packet);
        }
        self.pass(begin + span.end);
    }

    /// What came late comes at once.
    fn burst(&mut self, publisher: &Publisher, span: std::ops::Range<i64>) {
        publisher
            .packets(span)
            .into_iter()
            .for_each(|packet| self.take(packet));
    }

    fn take(&mut self, packet: Packet) {
        let now = self.instant();
        self.hold
            .handle_packet(packet, self.presence.publisher, now);
        self.drain();
    }

    fn gone(&mut self) {
        self.presence.is_gone = true;
        self.hold.handle_presence(self.presence, self.instant());
        self.drain();
    }

    /// Nothing comes until then.
    fn pass(&mut self, until: i64) {
        while self.now < until {
            let deadline = self.hold.deadline(self.presence);
            let due = deadline.map(|then| then.saturating_duration_since(self.began));
            let due = due.map_or(until, |due| i64::try_from(due.as_millis()).unwrap() + 1);
            if due >= until {
                self.now = until;
                return;
            }
            self.now = due.max(self.now);
            let now = self.instant();
            self.hold.handle_presence(self.presence, now);
            self.hold.handle_timeout(now);
            self.drain();
        }
    }

    fn drain(&mut self) {
        self.out
            .extend(std::iter::from_fn(|| self.hold.poll_packet()));
        self.events
            .extend(std::iter::from_fn(|| self.hold.poll_event()));
    }

    fn video(&self) -> Vec<&Packet> {
        self.of(Kind::Video)
    }

    fn of(&self, kind: Kind) -> Vec<&Packet> {
        self.out
            .iter()
            .filter(|packet| packet.kind() == kind)
            .collect()
    }

    /// What any viewer needs: times that only increase, pictures that follow on what they refer to,
    /// pictures often enough, and audio without holes.
    fn check(&self) {
        for kind in [Kind::Video, Kind::Audio] {
            for pair in self.of(kind).windows(2) {
                assert!(pair[0].dts < pair[1].dts, "{:?} {:?}", pair[0], pair[1]);
            }
        }
        for pair in self.video().windows(2) {
            assert!(pair[1].keyframe || follows(pair[0], pair[1]), "{pair:?}");
            let gap = pair[1].dts.since(pair[0].dts);
            assert!(gap <= Duration::from_millis(1700), "{gap:?} {pair:?}");
        }
        for pair in self.of(Kind::Audio).windows(2) {
            let gap = pair[1].dts.nanos_from(pair[0].dts + FRAME);
            assert!(gap.abs() <= 12_000_000, "{gap} {pair:?}");
        }
    }

    /// How much later than its publisher's time the last packet of a kind is, in milliseconds.
    fn offset(&self, kind: Kind, made: &[Packet]) -> i64 {
        let last = made.iter().rfind(|packet| packet.kind() == kind).unwrap();
        let out = self.of(kind);
        let out = out.last().unwrap();
        assert_eq!(out.payload, last.payload);
        out.dts.nanos_from(last.dts) / 1000
    }
}

const FRAME: Duration = Duration::from_nanos(21_333_333);

/// Whether a picture refers to the one before it.
fn follows(first: &Packet, second: &Packet) -> bool {
    if !first.config.same(&second.config) {
        return false;
    }
    match (&first.payload[..], &second.payload[..]) {
        (&[0, 0, 0, 3, _, number, index], &[0, 0, 0, 3, _, other, next]) => {
            number == other && index + 1 == next
        }
        (first, second) => first.len() != 7 && second.len() != 7,
    }
}

fn words(events: &[HoldEvent]) -> Vec<&str> {
    let name = |event: &HoldEvent| match event {
        HoldEvent::Held { is_gone: true } => "gone",
        HoldEvent::Held { is_gone: false } => "stalled",
        HoldEvent::Back { .. } => "back",
        HoldEvent::Lacking(_) => "lacking",
    };
    events.iter().map(name).collect()
}

#[test]
fn a_publisher_that_is_there_is_passed_on_untouched() {
    let (mut show, publisher) = (Show::new(HoldSlate::None), Publisher::new(0, 5000));
    show.live(&publisher, 0..9000);
    assert_eq!(show.out, publisher.packets(0..9000));
    assert_eq!(show.events, []);
}

#[test]
fn a_publisher_that_is_gone_and_comes_back_anew_leaves_no_hole_and_stays_in_step() {
    let (mut show, first) = (Show::new(HoldSlate::Words), Publisher::new(0, 0));
    show.live(&first, 0..6300);
    show.gone();
    show.pass(18_000);
    show.check();
    let before = show.out.len();
    let second = Publisher::new(1, 777_000);
    // It begins amid a GOP: pictures that lean on others come first.
    show.live(&second, 1000..4000);
    show.check();
    assert_eq!(words(&show.events), ["gone", "back"]);
    let Some(HoldEvent::Back { after }) = show.events.last() else {
        unreachable!()
    };
    assert!((12_000..13_000).contains(&after.as_millis()), "{after:?}");
    let back = show.out[before..]
        .iter()
        .find(|packet| packet.keyframe && packet.payload.len() == 7);
    assert_eq!(back.unwrap().payload[5..], [1, 50], "the first IDR picture");
    let made = second.packets(1000..4000);
    let offset = show.offset(Kind::Video, &made);
    assert_eq!(offset, show.offset(Kind::Audio, &made));
    for pair in show.of(Kind::Audio).windows(2) {
        let seam = pair[1].dts.nanos_from(pair[0].dts + FRAME).abs();
        assert!(seam <= 1_500_000, "the wire's milliseconds alone: {seam}");
    }
    // 19 s after the beginning its own time was 779 s.
    assert!((offset + 760_000_000).abs() <= 100_000, "{offset}");
}

#[test]
fn the_last_picture_stays_for_three_seconds_and_then_the_slate_comes_at_the_publishers_rate() {
    let (mut show, publisher) = (Show::new(HoldSlate::Words), Publisher::new(0, 0));
    show.live(&publisher, 0..5000);
    show.gone();
    show.pass(15_000);
    show.check();
    let after = |millis: i64| Timestamp::from_millis(millis);
    let pictures = show.video();
    let shown_again: Vec<_> = pictures
        .iter()
        .filter(|packet| packet.dts > after(4960) && packet.payload.len() == 7)
        .collect();
    assert_eq!(shown_again.len(), 2, "not once more just before the slate");
    assert!(shown_again.iter().all(|packet| packet.payload[6] == 100));
    let slate: Vec<_> = pictures
        .iter()
        .filter(|packet| packet.payload.len() != 7)
        .collect();
    let (first, last) = (slate[0], slate[slate.len() - 1]);
    assert!(
        first.keyframe && first.dts >= after(7900) && first.dts <= after(8100),
        "{first:?}"
    );
    let Config::Video(config) = &first.config else {
        unreachable!()
    };
    assert_eq!(config.size, video_config().size);
    let rate = (slate.len() - 1) as f64 / last.dts.since(first.dts).as_secs_f64();
    assert!((rate - 25.0).abs() < 0.2, "{rate}");
    let keyframes = slate.iter().filter(|packet| packet.keyframe).count();
    assert_eq!(keyframes, 4, "one every two seconds");
    assert!(
        show.hold.kept_bytes() < 500_000,
        "{}",
        show.hold.kept_bytes()
    );
}

#[test]
fn a_stalled_publisher_keeps_its_offset_and_what_came_late_is_left_out() {
    let (mut show, publisher) = (Show::new(HoldSlate::None), Publisher::new(0, 0));
    show.live(&publisher, 0..3000);
    show.pass(7500);
    show.burst(&publisher, 3000..7500);
    show.live(&publisher, 7500..10_000);
    show.check();
    assert_eq!(words(&show.events), ["stalled", "back"]);
    let made = publisher.packets(0..10_000);
    assert_eq!(show.offset(Kind::Video, &made), 0);
    assert_eq!(show.offset(Kind::Audio, &made), 0);
    let silent = show
        .of(Kind::Audio)
        .iter()
        .filter(|packet| &packet.payload[..] != b"sound")
        .count();
    assert!((230..=245).contains(&silent), "from 3 to 8 s: {silent}");
}

#[test]
fn a_publisher_whose_clock_stood_still_comes_back_all_the_same() {
    let (mut show, publisher) = (Show::new(HoldSlate::None), Publisher::new(0, 0));
    show.live(&publisher, 0..3000);
    show.pass(20_000);
    show.live(&publisher, 3000..10_000);
    show.check();
    assert_eq!(words(&show.events), ["stalled", "back"]);
    let made = publisher.packets(0..10_000);
    let offset = show.offset(Kind::Video, &made);
    assert_eq!(offset, show.offset(Kind::Audio, &made));
    assert!((offset - 17_000_000).abs() <= 100_000, "{offset}");
}

#[test]
fn a_publisher_that_takes_over_begins_at_an_idr_picture() {
    let (mut show, first) = (Show::new(HoldSlate::None), Publisher::new(0, 0));
    show.live(&first, 0..3000);
    show.live(&Publisher::new(1, 3033), 400..4000);
    show.check();
    assert_eq!(words(&show.events), ["gone", "back"]);
}

#[test]
fn one_that_flaps_is_held_each_time_and_nothing_grows() {
    let mut show = Show::new(HoldSlate::Words);
    for number in 0..60 {
        show.live(
            &Publisher::new(number, 1000 * number.cast_signed().rem_euclid(7)),
            0..3000,
        );
        show.gone();
        let until = show.now + 500 + 200 * number.cast_signed().rem_euclid(5);
        show.pass(until);
    }
    show.check();
    assert_eq!(show.events.len(), 119);
    assert!(show.hold.kept_bytes() < 500_000);
}

#[test]
fn other_parameters_come_with_the_idr_picture() {
    let (mut show, first) = (Show::new(HoldSlate::None), Publisher::new(0, 0));
    show.live(&first, 0..3000);
    show.gone();
    show.pass(5000);
    let [_, other] = Configs::new().video;
    let second = Publisher {
        video: Some(Config::Video(other.clone())),
        ..Publisher::new(1, 0)
    };
    show.live(&second, 0..3000);
    show.check();
    let pictures = show.video();
    let first_of_it = pictures
        .iter()
        .find(|packet| packet.config.same(&Config::Video(other.clone())));
    assert!(first_of_it.unwrap().keyframe);
}

#[test]
fn a_broadcast_of_audio_or_of_pictures_alone_is_held_too() {
    for (has_video, has_audio) in [(true, false), (false, true)] {
        let only = |number, origin| Publisher {
            video: has_video.then(|| Config::Video(video_config())),
            audio: has_audio.then(|| Config::Audio(audio_config())),
            ..Publisher::new(number, origin)
        };
        let mut show = Show::new(HoldSlate::Words);
        show.live(&only(0, 0), 0..3000);
        show.gone();
        show.pass(9000);
        show.live(&only(1, 50), 0..3000);
        show.check();
        assert_eq!(words(&show.events), ["gone", "back"]);
        let end = show.out.iter().map(|packet| packet.dts).max().unwrap();
        assert!((11_900..12_100).contains(&end.as_millis()), "{end}");
    }
}

#[test]
fn one_that_comes_back_without_pictures_is_heard_and_its_pictures_wait_for_an_idr_picture() {
    let (mut show, first) = (Show::new(HoldSlate::None), Publisher::new(0, 0));
    show.live(&first, 0..3000);
    show.gone();
    show.pass(5000);
    let second = Publisher::new(1, 0);
    let silent = Publisher {
        video: None,
        ..second.clone()
    };
    show.live(&silent, 0..4200);
    assert_eq!(words(&show.events), ["gone", "back"]);
    show.live(&second, 4200..8000);
    let pictures = show.video();
    assert!(
        pictures
            .windows(2)
            .all(|pair| pair[1].keyframe || follows(pair[0], pair[1]))
    );
    assert_eq!(pictures.last().unwrap().payload[5], 1);
}

#[test]
fn pictures_shown_before_the_entry_are_left_out_and_times_increase_with_reordering() {
    let mut show = Show::new(HoldSlate::None);
    let publisher = Publisher {
        audio: None,
        ..Publisher::new(0, 0)
    };
    // Shown three pictures later than decoded; after each keyframe two that are shown before it.
    let reordered = |packet: Packet, index: i64| {
        let later = match index % 50 {
            1 | 2 => 0,
            _ => 120,
        };
        Packet {
            pts: packet.dts + Duration::from_millis(later),
            ..packet
        }
    };
    let live = |show: &mut Show, publisher: &Publisher, span: std::ops::Range<i64>| {
        show.presence = Presence {
            publisher: publisher.number,
            is_gone: false,
        };
        for (packet, index) in publisher
            .packets(span.clone())
            .into_iter()
            .zip(span.start / 40..)
        {
            show.pass(show.now + 40);
            show.take(reordered(packet, index));
        }
    };
    live(&mut show, &publisher, 0..4000);
    show.gone();
    show.pass(show.now + 4000);
    let before = show.out.len();
    live(
        &mut show,
        &Publisher {
            number: 1,
            ..publisher
        },
        0..2000,
    );
    assert!(show.out.windows(2).all(|pair| pair[0].dts < pair[1].dts));
    let shown: Vec<_> = show.out[before..]
        .iter()
        .map(|packet| packet.payload[6])
        .collect();
    assert_eq!(
        shown[..3],
        [0, 3, 4],
        "what leans on the pictures before is left out"
    );
    let latest = show.out[..before].iter().map(|packet| packet.pts).max();
    assert!(
        show.out[before..]
            .iter()
            .all(|packet| Some(packet.pts) > latest)
    );
}

#[test]
fn what_cannot_be_shown_or_heard_is_said() {
    let he_aac = AudioConfig::aac(Bytes::from_static(&[0x2B, 0x92, 0x08, 0x00])).unwrap();
    let hvcc = include_bytes!("../../../../flv/testdata/main_720p.hvcc");
    let hevc = VideoConfig::hevc(Bytes::from_static(hvcc)).unwrap();
    let publisher = Publisher {
        audio: Some(Config::Audio(Arc::new(he_aac))),
        video: Some(Config::Video(Arc::new(hevc))),
        ..Publisher::new(0, 0)
    };
    let mut show = Show::new(HoldSlate::Words);
    // Its NAL units say that no picture is one of HEVC's IDR pictures.
    show.live(&publisher, 0..3000);
    let before = show.out.len();
    show.gone();
    show.pass(9000);
    assert_eq!(words(&show.events), ["gone", "lacking", "lacking"]);
    assert_eq!(show.out.len(), before);
    show.live(
        &Publisher {
            number: 1,
            ..publisher
        },
        0..3000,
    );
    assert_eq!(words(&show.events)[3..], ["back"]);
}

#[test]
fn a_picture_that_is_too_large_is_not_kept() {
    let mut show = Show::new(HoldSlate::None);
    let publisher = Publisher::new(0, 0);
    let config = publisher.video.clone().unwrap();
    let mut large = vec![0, 0x30, 0, 0, 0x65];
    large.resize(4 + 0x30_0000, 1);
    show.take(Packet {
        payload: large.into(),
        ..publisher.picture(config, 0)
    });
    show.gone();
    assert_eq!(show.hold.kept_bytes(), 0);
    assert_eq!(words(&show.events), ["gone", "lacking"]);
}

#[test]
fn a_machine_that_slept_goes_on_at_the_present() {
    let (mut show, publisher) = (Show::new(HoldSlate::None), Publisher::new(0, 0));
    show.live(&publisher, 0..3000);
    show.gone();
    show.now += 7_200_000;
    show.hold.handle_timeout(show.instant());
    show.drain();
    assert!(show.out.len() < 400, "{}", show.out.len());
    show.live(&Publisher::new(1, 0), 0..3000);
    assert_eq!(words(&show.events), ["gone", "back"]);
    let end = show.out.last().unwrap().dts.as_millis();
    assert!((7_205_900..7_206_100).contains(&end), "{end}");
}
