use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use onair_media::{Bitrate, FrameRate, Packet, Size, Timestamp};

use super::backend::fake::Fake;
use super::{VideoEncoder, VideoSettings};
use crate::{Error, I420, Surface, VideoFrame};

const SIZE: Size = Size::new(16, 16);

fn settings() -> VideoSettings {
    VideoSettings::new(SIZE, FrameRate::new(30, 1).unwrap())
}

fn encoder(delay: usize) -> VideoEncoder {
    VideoEncoder::with(Box::new(Fake::new(delay)), &settings())
}

fn frame(timestamp: Timestamp) -> VideoFrame {
    VideoFrame {
        surface: Surface::I420(I420::black(SIZE)),
        timestamp,
    }
}

/// The times in milliseconds of the keyframes of frames at `times`.
fn keyframes(times: impl Iterator<Item = Timestamp>, forced: impl Fn(usize) -> bool) -> Vec<i64> {
    let mut encoder = encoder(0);
    let packets = times.enumerate().flat_map(|(index, time)| {
        let packets = encoder.encode(&frame(time), forced(index));
        packets.unwrap()
    });
    let keyframes = packets.filter(|packet| packet.keyframe);
    keyframes.map(|packet| packet.pts.as_millis()).collect()
}

fn at_rate(rate: FrameRate, count: u64) -> impl Iterator<Item = Timestamp> {
    (0..count).map(move |index| Timestamp::ZERO + rate.time_of(index))
}

#[test]
fn keyframes_fall_on_a_grid_of_media_time() {
    let rate = FrameRate::new(30, 1).unwrap();
    assert_eq!(
        keyframes(at_rate(rate, 200), |_| false),
        [0, 2000, 4000, 6000]
    );
}

#[test]
fn a_forced_keyframe_does_not_move_the_grid() {
    let rate = FrameRate::new(30, 1).unwrap();
    let times = keyframes(at_rate(rate, 130), |index| index == 15);
    assert_eq!(times, [0, 500, 2000, 4000]);
}

#[test]
fn the_frame_nearest_to_the_grid_is_the_keyframe() {
    let rate = FrameRate::new(30_000, 1001).unwrap();
    assert_eq!(
        keyframes(at_rate(rate, 200), |_| false),
        [0, 2002, 4004, 6006]
    );
    let early = at_rate(FrameRate::new(30, 1).unwrap(), 130).map(|time| match time.as_millis() {
        0 => time,
        _ => time.offset(-4_000_000),
    });
    assert_eq!(keyframes(early, |_| false), [0, 1996, 3996]);
}

#[test]
fn a_pause_costs_one_keyframe_and_the_grid_stays() {
    let times = [0, 33, 9100, 9133, 9990, 10_023, 12_000];
    let times = times.into_iter().map(Timestamp::from_millis);
    assert_eq!(keyframes(times, |_| false), [0, 9100, 9990, 12_000]);
}

#[test]
fn a_stream_that_begins_late_has_its_grid_there() {
    let rate = FrameRate::new(30, 1).unwrap();
    let times = at_rate(rate, 70).map(|time| time + Duration::from_millis(700));
    assert_eq!(keyframes(times, |_| false), [700, 2700]);
}

#[test]
fn frames_held_back_come_out_at_the_end() {
    let mut encoder = encoder(3);
    let mut packets: Vec<Packet> = Vec::new();
    for time in at_rate(FrameRate::new(30, 1).unwrap(), 10) {
        packets.extend(encoder.encode(&frame(time), false).unwrap());
    }
    assert_eq!(packets.len(), 7);
    packets.extend(encoder.finish().unwrap());
    assert_eq!(packets.len(), 10);
    assert!(packets.is_sorted_by(|a, b| a.dts < b.dts));
}

/// What 30 frames a second give while the encoder is away: time, and whether it is a keyframe.
fn given(fake: Fake, frames: u64) -> (Vec<(i64, bool)>, VideoEncoder) {
    let mut encoder = VideoEncoder::with(Box::new(fake), &settings());
    let mut given = Vec::new();
    for time in at_rate(FrameRate::new(30, 1).unwrap(), frames) {
        let packets = encoder.encode(&frame(time), false).unwrap();
        given.extend(packets.iter().map(|p| (p.pts.as_millis(), p.keyframe)));
        assert!(packets.iter().all(|packet| packet.pts == packet.dts));
    }
    (given, encoder)
}

#[test]
fn while_the_encoder_is_away_its_last_idr_frame_goes_out_twice_a_second() {
    let fake = Fake {
        away: 500..1900,
        ..Fake::default()
    };
    let (given, encoder) = given(fake, 60);
    let meanwhile = given.iter().filter(|(time, _)| (470..1900).contains(time));
    let expected = [(966, true), (1466, true)];
    assert_eq!(meanwhile.copied().collect::<Vec<_>>(), expected);
    let after = given.iter().find(|(time, _)| *time >= 1900);
    assert_eq!(
        after,
        Some(&(1900, true)),
        "it comes back with an IDR picture"
    );
    assert_eq!((encoder.is_lost(), encoder.lost_frames()), (false, 42));
    assert!(given.is_sorted_by(|a, b| a.0 < b.0));
}

#[test]
fn a_loss_is_told_and_lasts_until_an_idr_frame_comes() {
    let fake = Fake {
        away: 500..600,
        deaf: 600..700,
        ..Fake::default()
    };
    let (given, encoder) = given(fake, 21);
    assert!(given.iter().all(|(time, _)| *time < 500), "{given:?}");
    let words = "fake: the encoder was lost: -12903";
    assert_eq!(encoder.loss().unwrap().to_string(), words);
    assert_eq!(encoder.lost_frames(), 6);
}

#[test]
fn an_encoder_lost_before_its_first_frame_gives_nothing_and_does_not_fail() {
    let fake = Fake {
        away: 0..2000,
        ..Fake::default()
    };
    let (given, mut encoder) = given(fake, 60);
    assert!(given.is_empty() && encoder.is_lost());
    let back = encoder.encode(&frame(Timestamp::from_millis(2000)), false);
    assert!(back.unwrap()[0].keyframe && !encoder.is_lost());
}

#[test]
fn what_a_lost_encoder_still_holds_counts_for_nothing() {
    let fake = Fake {
        delay: 3,
        away: 500..9000,
        ..Fake::default()
    };
    let (_, mut encoder) = given(fake, 30);
    assert!(encoder.finish().unwrap().is_empty() && encoder.is_lost());
}

#[test]
fn an_encoder_whose_idr_frame_was_still_inside_is_back_at_the_end() {
    let fake = Fake {
        delay: 3,
        away: 500..910,
        ..Fake::default()
    };
    let (_, mut encoder) = given(fake, 30);
    assert!(encoder.is_lost());
    let rest = encoder.finish().unwrap();
    assert!(rest[0].keyframe && !encoder.is_lost());
}

fn frame_of(size: Size, millis: i64) -> VideoFrame {
    VideoFrame {
        surface: Surface::I420(I420::black(size)),
        timestamp: Timestamp::from_millis(millis),
    }
}

const SMALL: Size = Size::new(8, 8);

#[test]
fn another_size_gives_the_rest_of_the_old_one_and_begins_with_an_idr_frame() {
    let mut encoder = encoder(2);
    encoder.open = |_| Ok(Box::new(Fake::new(0)));
    for millis in [0, 33, 66] {
        encoder.encode(&frame_of(SIZE, millis), false).unwrap();
    }
    let rest = encoder.resize(SMALL).unwrap();
    let times: Vec<_> = rest.iter().map(|packet| packet.pts.as_millis()).collect();
    assert_eq!((times, encoder.settings().size), (vec![33, 66], SMALL));
    let packets = encoder.encode(&frame_of(SMALL, 100), false).unwrap();
    assert!(packets[0].keyframe);
    let wrong = encoder.encode(&frame_of(SIZE, 133), false);
    assert!(matches!(wrong, Err(Error::WrongSize { .. })));
}

#[test]
fn another_size_keeps_the_bitrate_that_was_set_last() {
    let mut encoder = encoder(0);
    encoder.set_bitrate(Bitrate::kbps(321)).unwrap();
    encoder.open = |settings| {
        assert_eq!(settings.bitrate, Bitrate::kbps(321));
        Ok(Box::new(Fake::new(0)))
    };
    encoder.resize(SMALL).unwrap();
    assert_eq!(encoder.settings().bitrate, Bitrate::kbps(321));
}

#[test]
fn a_frame_that_is_still_being_encoded_is_not_overtaken_by_an_old_one() {
    let mut encoder = encoder(0);
    encoder.encode(&frame_of(SIZE, 0), false).unwrap();
    encoder.open = |_| Ok(Box::new(Fake::new(1)));
    encoder.resize(SMALL).unwrap();
    let at_first = encoder.encode(&frame_of(SMALL, 500), false).unwrap();
    assert!(at_first.is_empty());
    let packets = encoder.encode(&frame_of(SMALL, 1000), false).unwrap();
    assert!(packets[0].keyframe && packets[0].pts.as_millis() == 500);
}

#[test]
fn a_size_nothing_encodes_is_a_failure() {
    let mut encoder = encoder(0);
    encoder.open = |_| Err(Error::backend("fake", "too small"));
    assert!(encoder.resize(SMALL).is_err());
}

#[test]
fn where_no_encoder_can_be_had_for_another_size_yet_the_old_frame_stays() {
    let mut encoder = encoder(0);
    encoder.encode(&frame_of(SIZE, 0), false).unwrap();
    encoder.open = |_| {
        let what = "in the background".to_owned();
        Err(Error::Lost {
            backend: "fake",
            what,
        })
    };
    encoder.resize(SMALL).unwrap();
    assert!(
        encoder
            .encode(&frame_of(SMALL, 33), false)
            .unwrap()
            .is_empty()
    );
    let old = encoder.encode(&frame_of(SMALL, 533), false).unwrap();
    let onair_media::Config::Video(config) = &old[0].config else {
        panic!("video");
    };
    assert!(old[0].keyframe && config.size == SIZE && encoder.is_lost());
    encoder.open = |_| Ok(Box::new(Fake::new(0)));
    let too_soon = encoder.encode(&frame_of(SMALL, 566), false).unwrap();
    assert!(too_soon.is_empty() && encoder.is_lost());
    let new = encoder.encode(&frame_of(SMALL, 800), false).unwrap();
    assert!(new[0].keyframe && new[0].pts.as_millis() == 800 && !encoder.is_lost());
}

#[test]
fn what_goes_wrong_after_a_frame_was_given_is_outlived() {
    let mut encoder = VideoEncoder::with(
        Box::new(Fake {
            broken: 100..200,
            ..Fake::default()
        }),
        &settings(),
    );
    encoder.open = |_| Ok(Box::new(Fake::new(0)));
    encoder.encode(&frame_of(SIZE, 66), false).unwrap();
    let nothing = encoder.encode(&frame_of(SIZE, 100), false).unwrap();
    assert!(nothing.is_empty());
    let why = encoder.loss().unwrap().to_string();
    assert!(why.contains("out of order"), "{why}");
    let new = encoder.encode(&frame_of(SIZE, 133), false).unwrap();
    assert!(new[0].keyframe && !encoder.is_lost());
}

#[test]
fn what_goes_wrong_before_is_a_failure() {
    let fake = Fake {
        broken: 0..200,
        ..Fake::default()
    };
    let mut encoder = VideoEncoder::with(Box::new(fake), &settings());
    let failure = encoder.encode(&frame_of(SIZE, 0), false);
    assert!(matches!(failure, Err(Error::Backend { .. })), "{failure:?}");
}

#[test]
fn a_size_nothing_encodes_in_the_middle_of_a_stream_is_outlived() {
    let mut encoder = encoder(0);
    encoder.encode(&frame_of(SIZE, 0), false).unwrap();
    encoder.open = |_| Err(Error::backend("fake", "too small"));
    assert!(encoder.resize(SMALL).unwrap().is_empty());
    let old = encoder.encode(&frame_of(SMALL, 500), false).unwrap();
    assert!(old[0].keyframe && encoder.loss().unwrap().to_string().contains("too small"));
    encoder.open = |_| Ok(Box::new(Fake::new(0)));
    encoder.resize(SIZE).unwrap();
    let back = encoder.encode(&frame_of(SIZE, 533), false).unwrap();
    assert!(back[0].keyframe && !encoder.is_lost());
}

#[test]
fn an_encoder_that_opens_and_never_works_is_opened_a_few_times_a_second() {
    static OPENED: AtomicUsize = AtomicUsize::new(0);
    let mut encoder = encoder(0);
    encoder.encode(&frame_of(SIZE, 0), false).unwrap();
    encoder.open = |_| {
        OPENED.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(Fake {
            broken: 0..9000,
            ..Fake::default()
        }))
    };
    encoder.resize(SMALL).unwrap();
    for millis in (33..1033).step_by(33) {
        encoder.encode(&frame_of(SMALL, millis), false).unwrap();
    }
    // At the change of size, and every quarter of a second after it.
    assert_eq!(OPENED.load(Ordering::Relaxed), 4);
}

#[test]
fn a_bitrate_that_was_refused_is_not_what_the_next_encoder_is_opened_with() {
    let fake = Fake {
        refuses_bitrates: true,
        ..Fake::default()
    };
    let mut encoder = VideoEncoder::with(Box::new(fake), &settings());
    encoder.encode(&frame_of(SIZE, 0), false).unwrap();
    assert!(encoder.set_bitrate(Bitrate::kbps(9)).is_err());
    assert_eq!(encoder.settings().bitrate, settings().bitrate);
}

#[test]
fn a_bitrate_set_while_the_encoder_is_away_is_set_when_it_is_back() {
    let fake = Fake {
        away: 0..100,
        ..Fake::default()
    };
    let told = fake.bitrate.clone();
    let mut encoder = VideoEncoder::with(Box::new(fake), &settings());
    encoder.encode(&frame_of(SIZE, 0), false).unwrap();
    encoder.set_bitrate(Bitrate::kbps(5)).unwrap();
    assert_eq!(*told.lock().unwrap(), None);
    encoder.encode(&frame_of(SIZE, 50), false).unwrap();
    assert_eq!(*told.lock().unwrap(), None);
    encoder.encode(&frame_of(SIZE, 100), false).unwrap();
    encoder.encode(&frame_of(SIZE, 133), false).unwrap();
    assert_eq!(*told.lock().unwrap(), Some(Bitrate::kbps(5)));
}

#[test]
fn time_that_does_not_pass_is_refused() {
    let mut encoder = encoder(0);
    let five = Timestamp::from_millis(5);
    encoder.encode(&frame(five), false).unwrap();
    let refused = encoder.encode(&frame(five), false);
    assert!(matches!(refused, Err(Error::Invalid { .. })));
    assert!(
        encoder
            .encode(&frame(Timestamp::from_millis(6)), false)
            .is_ok()
    );
}

#[test]
fn a_frame_of_another_size_is_refused() {
    let mut other = frame(Timestamp::ZERO);
    other.surface = Surface::I420(I420::black(Size::new(32, 16)));
    let refused = encoder(0).encode(&other, false);
    assert!(matches!(refused, Err(Error::WrongSize { .. })));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let nothing = VideoSettings {
        bitrate: Bitrate::bps(0),
        ..settings()
    };
    let endless = VideoSettings {
        keyframe_interval: Duration::ZERO,
        ..settings()
    };
    let flat = VideoSettings {
        size: Size::new(16, 0),
        ..settings()
    };
    for wrong in [nothing, endless, flat] {
        let refused = VideoEncoder::open(&wrong).err();
        assert!(matches!(refused, Some(Error::Invalid { .. })), "{wrong:?}");
    }
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn an_unknown_encoder_is_refused_by_name() {
    let wanted = VideoSettings {
        encoder: Some("x264".into()),
        ..settings()
    };
    let refusal = VideoEncoder::open(&wanted).err().unwrap().to_string();
    assert!(refusal.contains("x264"), "{refusal}");
}

#[cfg(not(target_vendor = "apple"))]
#[test]
fn each_kind_has_one_default_encoder() {
    for kind in [onair_media::Kind::Video, onair_media::Kind::Audio] {
        let defaults = super::available()
            .into_iter()
            .filter(|e| e.kind == kind && e.default);
        assert_eq!(defaults.count(), 1);
    }
}
