//! The H.264 encoder, judged by what comes out of it.
#![cfg(not(target_vendor = "apple"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{decode, encode, settings, video_config};
use onair_av::capture::{Mark, TestCard, VideoSource};
use onair_av::encode::{VideoEncoder, VideoSettings, available};
use onair_av::{Error, I420, Surface, VideoFrame};
use onair_media::h264::{
    AvcDecoderConfig, LengthSize, NalUnitType, Sps, length_prefixed, nal_unit_type,
};
use onair_media::{Bitrate, FrameRate, Kind, Packet, Size, Timestamp, VideoCodec};

fn keyframes(packets: &[Packet]) -> Vec<usize> {
    let keyframes = packets.iter().enumerate().filter(|(_, p)| p.keyframe);
    keyframes.map(|(index, _)| index).collect()
}

fn sps(packet: &Packet) -> Sps {
    let record = AvcDecoderConfig::parse(&video_config(packet).decoder_config).unwrap();
    Sps::parse(&record.sps[0]).unwrap()
}

fn kinds(packet: &Packet) -> Vec<NalUnitType> {
    let units = length_prefixed(&packet.payload, LengthSize::Four);
    units
        .map(|unit| nal_unit_type(unit.unwrap()).unwrap())
        .collect()
}

#[test]
fn a_stream_is_what_its_settings_say() {
    let packets = encode(&settings(320, 180), 70, &[]);
    assert_eq!(packets.len(), 70);
    let sps = sps(&packets[0]);
    assert_eq!((sps.profile, sps.size), (100, Size::new(320, 180)));
    assert_eq!((sps.level, sps.reference_frames), (30, 1));
    assert_eq!(sps.reorder_frames, Some(0), "decoders need not wait");
    let config = video_config(&packets[0]);
    assert_eq!(config.size, Size::new(320, 180));
    assert_eq!(config.frame_rate, FrameRate::new(30, 1));
}

#[test]
fn times_are_the_frames_times() {
    let settings = settings(160, 90);
    for (index, packet) in (0..).zip(encode(&settings, 40, &[])) {
        let due = Timestamp::ZERO + settings.frame_rate.time_of(index);
        assert_eq!((packet.pts, packet.dts), (due, due));
    }
}

#[test]
fn keyframes_come_where_the_interval_puts_them_and_where_forced() {
    let settings = VideoSettings {
        keyframe_interval: Duration::from_secs(1),
        ..settings(160, 90)
    };
    let packets = encode(&settings, 100, &[47]);
    assert_eq!(keyframes(&packets), [0, 30, 47, 60, 90]);
}

#[test]
fn hard_cuts_make_no_keyframes_of_their_own() {
    let settings = settings(160, 90);
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut packets = Vec::new();
    for index in 0..20 {
        let level = if index / 5 % 2 == 0 { 20 } else { 230 };
        let data = vec![level; I420::len_of(settings.size)];
        let frame = VideoFrame {
            surface: Surface::I420(I420::new(settings.size, data).unwrap()),
            timestamp: Timestamp::ZERO + settings.frame_rate.time_of(index),
        };
        packets.extend(encoder.encode(&frame, false).unwrap());
    }
    assert_eq!((packets.len(), keyframes(&packets)), (20, vec![0]));
}

#[test]
fn parameter_sets_never_change_and_are_not_in_the_payload() {
    let packets = encode(&settings(160, 90), 130, &[20, 21, 22]);
    let first = video_config(&packets[0]);
    for packet in &packets {
        assert!(std::ptr::eq(first, video_config(packet)), "one allocation");
        let idr = kinds(packet).contains(&NalUnitType::Idr);
        assert_eq!(idr, packet.keyframe);
        let expected = if idr {
            NalUnitType::Idr
        } else {
            NalUnitType::Slice
        };
        assert!(kinds(packet).iter().all(|&kind| kind == expected));
    }
}

#[test]
fn a_new_bitrate_lands_without_a_keyframe_or_a_new_configuration() {
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(1200),
        keyframe_interval: Duration::from_secs(60),
        ..settings(320, 180)
    };
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut noise = Noise::new(settings.size);
    let mut run = |encoder: &mut VideoEncoder, frames: u64| -> (f64, Vec<Packet>) {
        let frames = (0..frames).map(|_| noise.next());
        let packets: Vec<Packet> = frames
            .flat_map(|frame| encoder.encode(&frame, false).unwrap())
            .collect();
        let settled = &packets[packets.len() / 2..];
        let bytes: usize = settled.iter().map(|packet| packet.payload.len()).sum();
        (
            bytes as f64 * 8.0 * 30.0 / settled.len() as f64 / 1000.0,
            packets,
        )
    };
    let (high, first) = run(&mut encoder, 90);
    encoder.set_bitrate(Bitrate::kbps(400)).unwrap();
    let (low, second) = run(&mut encoder, 90);
    encoder.set_bitrate(Bitrate::kbps(1600)).unwrap();
    let (higher, third) = run(&mut encoder, 90);
    assert!((900.0..1500.0).contains(&high), "1200 asked, {high} came");
    assert!((280.0..560.0).contains(&low), "400 asked, {low} came");
    assert!(
        (1200.0..2000.0).contains(&higher),
        "1600 asked, {higher} came"
    );
    for packet in second.iter().chain(&third) {
        assert!(!packet.keyframe && packet.config.same(&first[0].config));
    }
}

#[test]
fn every_even_size_decodes_to_itself() {
    for (width, height) in [(854, 480), (1918, 1078), (180, 320), (16, 16), (130, 98)] {
        let size = Size::new(width, height);
        let packets = encode(&settings(width, height), 3, &[]);
        assert_eq!(sps(&packets[0]).size, size);
        let Some(decoded) = decode(&packets, size) else {
            return;
        };
        assert_eq!(decoded.len(), 3, "{size}");
    }
}

#[test]
fn sizes_and_rates_that_cannot_be_are_refused_with_what_would_work() {
    let hevc = VideoSettings {
        codec: VideoCodec::Hevc,
        ..settings(320, 180)
    };
    let slow = VideoSettings {
        frame_rate: FrameRate::new(120, 1).unwrap(),
        ..settings(320, 180)
    };
    for (wrong, advice) in [
        (settings(853, 480), "852x480"),
        (settings(854, 479), "854x478"),
        (settings(8, 8), "16x16"),
        (settings(16_000, 16_000), "level 5.2"),
        (slow, "1 to 60"),
        (hevc, "H.264 would work"),
    ] {
        let refusal = VideoEncoder::open(&wrong).err().unwrap();
        assert!(matches!(refusal, Error::Unsupported { .. }));
        assert!(refusal.to_string().contains(advice), "{refusal}");
    }
}

#[test]
fn the_level_fits_the_frame() {
    for (width, height, fps, level) in [
        (320, 180, 30, 30),
        (1280, 720, 30, 31),
        (1280, 720, 60, 32),
        (1920, 1080, 30, 40),
        (1920, 1080, 60, 42),
        (1080, 1920, 30, 40),
    ] {
        let rate = FrameRate::new(fps, 1).unwrap();
        let settings = VideoSettings::new(Size::new(width, height), rate);
        let packets = encode(&settings, 1, &[]);
        assert_eq!(sps(&packets[0]).level, level, "{width}x{height}@{fps}");
    }
}

#[test]
fn marks_survive_encoding() {
    let settings = settings(320, 180);
    let packets = encode(&settings, 45, &[]);
    let Some(decoded) = decode(&packets, settings.size) else {
        return;
    };
    assert_eq!(decoded.len(), 45);
    for (index, luma) in (0..).zip(&decoded) {
        let mark = Mark::read_luma(luma, settings.size);
        assert_eq!(mark.map(|mark| mark.frame), Some(index));
    }
}

#[test]
fn an_idr_frame_given_again_and_again_is_decoded_each_time() {
    let settings = settings(320, 180);
    let first = encode(&settings, 40, &[20]);
    let repeated = vec![first[20].clone(); 5];
    // The encoder that comes back is another one.
    let second = encode(&settings, 10, &[]);
    let stream = [first, repeated, second].concat();
    let Some(decoded) = decode(&stream, settings.size) else {
        return;
    };
    let marks = decoded.iter().map(|luma| {
        let mark = Mark::read_luma(luma, settings.size);
        mark.map(|mark| mark.frame)
    });
    let expected = (0..40).chain([20; 5]).chain(0..10).map(Some);
    assert!(marks.eq(expected));
}

#[test]
fn two_encoders_work_side_by_side() {
    let workers: Vec<_> = [(160, 90), (320, 180)]
        .map(|(width, height)| {
            std::thread::spawn(move || encode(&settings(width, height), 20, &[]))
        })
        .into_iter()
        .collect();
    for worker in workers {
        assert_eq!(worker.join().unwrap().len(), 20);
    }
}

#[test]
fn the_encoder_is_listed_under_its_own_name() {
    let encoder = VideoEncoder::open(&settings(160, 90)).unwrap();
    let listed = available()
        .into_iter()
        .find(|info| info.kind == Kind::Video);
    assert_eq!(listed.unwrap().name, encoder.name());
}

#[test]
fn a_card_gives_its_buffers_back_while_encoding() {
    let settings = settings(160, 90);
    let mut card = TestCard::new(settings.size, settings.frame_rate);
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..30 {
        let frame = card.next_frame().unwrap().unwrap();
        let Surface::I420(image) = &frame.surface else {
            panic!("a picture in memory");
        };
        seen.insert(image.data().as_ptr());
        encoder.encode(&frame, false).unwrap();
    }
    assert_eq!(seen.len(), 1);
}

/// Where each size begins in a stream, and that each begins with an IDR frame of its own parameter
/// sets.
fn sizes(packets: &[Packet]) -> Vec<(usize, Size)> {
    let mut sizes: Vec<(usize, Size)> = Vec::new();
    for (index, packet) in packets.iter().enumerate() {
        let size = video_config(packet).size;
        assert_eq!(sps(packet).size, size);
        if sizes.last().is_none_or(|(_, before)| *before != size) {
            assert!(packet.keyframe, "{size} begins with an IDR frame");
            sizes.push((index, size));
        }
    }
    sizes
}

#[test]
fn the_size_changes_and_comes_back_while_time_and_keyframes_go_on() {
    let settings = VideoSettings {
        keyframe_interval: Duration::from_secs(1),
        ..settings(640, 360)
    };
    let mut card = TestCard::new(settings.size, settings.frame_rate);
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut packets = Vec::new();
    for index in 0..130 {
        match index {
            40 => packets.extend(encoder.scale_to(Size::new(480, 270)).unwrap()),
            70 => packets.extend(encoder.scale_to(Size::new(320, 180)).unwrap()),
            100 => packets.extend(encoder.scale_to(settings.size).unwrap()),
            _ => {}
        }
        let frame = card.next_frame().unwrap().unwrap();
        packets.extend(encoder.encode(&frame, false).unwrap());
    }
    let changes = [
        (0, (640, 360)),
        (40, (480, 270)),
        (70, (320, 180)),
        (100, (640, 360)),
    ];
    let changes = changes.map(|(at, (width, height))| (at, Size::new(width, height)));
    assert_eq!(sizes(&packets), changes);
    assert_eq!(keyframes(&packets), [0, 30, 40, 60, 70, 90, 100, 120]);
    for (index, packet) in (0..).zip(&packets) {
        assert_eq!(
            packet.pts,
            Timestamp::ZERO + settings.frame_rate.time_of(index)
        );
    }
    for part in [0..40, 40..70, 70..100, 100..130] {
        let size = video_config(&packets[part.start]).size;
        let Some(decoded) = decode(&packets[part.clone()], size) else {
            return;
        };
        let first = u32::try_from(part.start).unwrap();
        let marks = decoded.iter().map(|luma| {
            let luma = enlarged(luma, size, settings.size);
            Mark::read_luma(&luma, settings.size).map(|mark| mark.frame)
        });
        assert!(marks.eq((first..).map(Some).take(part.len())), "{size}");
    }
}

/// The nearest pixels, in another size.
fn enlarged(luma: &[u8], from: Size, to: Size) -> Vec<u8> {
    let near = |at: u32, from: u32, to: u32| (at * from / to) as usize;
    let rows = (0..to.height).map(|row| near(row, from.height, to.height));
    let pixel = |row: usize, column: u32| {
        luma[row * from.width as usize + near(column, from.width, to.width)]
    };
    rows.flat_map(|row| (0..to.width).map(move |column| pixel(row, column)))
        .collect()
}

#[test]
fn half_the_frames_get_the_whole_bitrate_without_a_keyframe() {
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(600),
        ..settings(320, 180)
    };
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut noise = Noise::new(settings.size);
    let mut packets = Vec::new();
    for index in 0..240 {
        let frame = noise.next();
        if index == 60 {
            encoder.set_frame_rate(FrameRate::new(15, 1).unwrap());
        }
        if index < 60 || index % 2 == 0 {
            packets.extend(encoder.encode(&frame, false).unwrap());
        }
    }
    // Every two seconds of media time, as before.
    assert_eq!(keyframes(&packets), [0, 60, 90, 120]);
    assert!(
        packets
            .iter()
            .all(|packet| packet.config.same(&packets[0].config))
    );
    assert_eq!(packets[70].duration, Some(Duration::from_secs(1) / 15));
    let bytes: usize = packets[90..]
        .iter()
        .map(|packet| packet.payload.len())
        .sum();
    let kbps = bytes as f64 * 8.0 / 4.0 / 1000.0;
    assert!((480.0..720.0).contains(&kbps), "600 asked, {kbps} came");
}

#[test]
fn no_keyframe_of_a_hard_picture_takes_the_line_for_long() {
    let size = Size::new(640, 360);
    for kbps in [400, 800, 1600] {
        let settings = VideoSettings {
            bitrate: Bitrate::kbps(kbps),
            keyframe_interval: Duration::from_secs(1),
            ..settings(size.width, size.height)
        };
        let mut encoder = VideoEncoder::open(&settings).unwrap();
        let mut noise = Noise::new(size);
        noise.grain = 128;
        let frames = (0..70).map(|_| noise.next());
        let packets: Vec<_> = frames
            .flat_map(|frame| encoder.encode(&frame, false).unwrap())
            .collect();
        assert_eq!(keyframes(&packets), [0, 30, 60]);
        for packet in packets.iter().filter(|packet| packet.keyframe) {
            let millis = packet.payload.len() as u64 * 8 / kbps;
            assert!(millis <= 400, "{millis} ms at {kbps} kbit/s");
        }
        let Some(decoded) = decode(&packets, size) else {
            return;
        };
        assert_eq!(decoded.len(), 70);
    }
}

#[test]
fn a_rate_that_rises_is_obeyed_at_once_whatever_the_pictures_before_took_too_much() {
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(100),
        ..settings(640, 360)
    };
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let mut noise = Noise::new(settings.size);
    noise.grain = 128;
    let mut kbps = |encoder: &mut VideoEncoder, frames: u64| {
        let packets = (0..frames).flat_map(|_| encoder.encode(&noise.next(), false).unwrap());
        let bytes: usize = packets.map(|packet| packet.payload.len()).sum();
        bytes as u64 * 8 * 30 / frames / 1000
    };
    let hard = kbps(&mut encoder, 90);
    assert!(hard > 200, "{hard} kbit/s are not too much");
    encoder.set_bitrate(Bitrate::kbps(4000)).unwrap();
    kbps(&mut encoder, 8);
    let risen = kbps(&mut encoder, 22);
    assert!((3400..4600).contains(&risen), "4000 asked, {risen} came");
}

/// How like the original, in decibels.
fn likeness(luma: &[u8], original: &[u8]) -> f64 {
    let error = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let sum: f64 = luma.iter().zip(original).map(error).sum();
    10.0 * (255.0 * 255.0 * luma.len() as f64 / sum.max(1.0)).log10()
}

#[test]
fn a_keyframe_of_a_still_picture_makes_no_pulse() {
    let settings = VideoSettings {
        bitrate: Bitrate::kbps(2500),
        ..settings(640, 360)
    };
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let still = Noise::new(settings.size).next();
    let Surface::I420(image) = &still.surface else {
        panic!("no other here")
    };
    let packets: Vec<_> = (0..200)
        .flat_map(|index| {
            let timestamp = Timestamp::ZERO + settings.frame_rate.time_of(index);
            let surface = still.surface.clone();
            let frame = VideoFrame { surface, timestamp };
            encoder.encode(&frame, false).unwrap()
        })
        .collect();
    let Some(decoded) = decode(&packets, settings.size) else {
        return;
    };
    let likeness: Vec<_> = decoded
        .iter()
        .map(|luma| likeness(luma, image.y()))
        .collect();
    for keyframe in [120, 180] {
        let (before, at) = (likeness[keyframe - 1], likeness[keyframe]);
        assert!(at > before - 2.0, "{at} dB after {before} dB");
        let millis = packets[keyframe].payload.len() * 8 / 2500;
        assert!(millis <= 300, "{millis} ms");
    }
}

/// Pictures that are hard enough for the rate control to have work to do.
struct Noise {
    size: Size,
    state: u64,
    index: u64,
    /// How much of each pixel is chance: 128 at most.
    grain: u8,
}

impl Noise {
    const fn new(size: Size) -> Self {
        let (state, index) = (0x2545_f491_4f6c_dd1d, 0);
        let grain = 24;
        Self {
            size,
            state,
            index,
            grain,
        }
    }

    fn next(&mut self) -> VideoFrame {
        let mut data = vec![128; I420::len_of(self.size)];
        let width = self.size.width as usize;
        let luma = width * self.size.height as usize;
        for (at, pixel) in data[..luma].iter_mut().enumerate() {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            let drift = usize::try_from(self.index).unwrap() * 3;
            let slope = (at % width + drift) / 2 + at / width;
            let grain = self.state.to_be_bytes()[0] % self.grain;
            *pixel = 40 + u8::try_from(slope % 80).unwrap() + grain;
        }
        let rate = FrameRate::new(30, 1).unwrap();
        let timestamp = Timestamp::ZERO + rate.time_of(self.index);
        self.index += 1;
        VideoFrame {
            surface: Surface::I420(I420::new(self.size, data).unwrap()),
            timestamp,
        }
    }
}
