use onair_av::apple::{FourCharCode, PixelBuffer, SampleBuffer};
use onair_av::capture::{Mark, TestCard, VideoSource};
use onair_av::encode::{VideoEncoder, VideoSettings};
use onair_av::{Error, I420, Surface, VideoFrame};
use onair_av_sim::{Canned, Delivery, Sim};
use onair_media::h264::AvcDecoderConfig;
use onair_media::{Size, Timestamp};

use crate::common::{decode, encode, video_config};
use crate::rig::{Rig, settings, time_of};

const SIZE: Size = Size::new(320, 180);

fn card() -> I420 {
    let mut card = TestCard::new(SIZE, settings().frame_rate);
    match card.next_frame().unwrap().unwrap().surface {
        Surface::I420(image) => image,
        other => panic!("{other:?}"),
    }
}

fn frame(buffer: &PixelBuffer, timestamp: Timestamp) -> VideoFrame {
    VideoFrame {
        surface: Surface::PixelBuffer(buffer.clone()),
        timestamp,
    }
}

#[test]
fn a_payload_is_the_encoders_own_memory() {
    let sim = Sim::begin();
    let packets = encode(&settings(), 10, &[]);
    for packet in &packets {
        assert!(sim.are_in_a_block_buffer(&packet.payload));
    }
    assert_eq!(sim.living()["CMBlockBuffer"], 10);
    drop(packets);
    assert!(!sim.living().contains_key("CMBlockBuffer"));
}

#[test]
fn a_payload_in_pieces_is_copied_once_and_says_the_same() {
    let sim = Sim::begin();
    let canned = canned();
    sim.turn(|knobs| knobs.canned = Some(canned.clone()));
    for pieces in [1, 2, 3, 100] {
        sim.turn(|knobs| knobs.pieces = pieces);
        let packets = encode(&settings(), 2, &[]);
        assert_eq!(packets[0].payload, canned.keyframe);
        assert_eq!(packets[1].payload, canned.other);
        let is_in_place = sim.are_in_a_block_buffer(&packets[0].payload);
        assert_eq!(is_in_place, pieces == 1);
    }
}

/// What the simulated encoder makes of two frames, to be given again.
fn canned() -> Canned {
    let packets = encode(&settings(), 2, &[]);
    let record = AvcDecoderConfig::parse(&video_config(&packets[0]).decoder_config).unwrap();
    let sets = record.sps.iter().chain(&record.pps);
    Canned {
        sets: sets.map(|set| set.to_vec()).collect(),
        keyframe: packets[0].payload.to_vec(),
        other: packets[1].payload.to_vec(),
    }
}

#[test]
fn a_camera_s_frame_goes_in_as_it_is() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    let image = PixelBuffer::from_i420(&card()).unwrap();
    let mut rig = Rig::open();
    for index in 0..5 {
        let frame = frame(&image, time_of(index));
        assert!(rig.encoder.encode(&frame, false).unwrap().is_empty());
    }
    assert_eq!(sim.living()["CVPixelBuffer"], 1);
    assert_eq!(rig.finish().len(), 5);
}

#[test]
fn a_frame_in_memory_is_copied_once() {
    let sim = Sim::begin();
    sim.turn(|knobs| knobs.delivery = Delivery::Held);
    let mut rig = Rig::open();
    rig.steps(5);
    assert_eq!(sim.living()["CVPixelBuffer"], 5);
}

#[test]
fn a_frame_of_another_size_is_refused() {
    let _sim = Sim::begin();
    let other = PixelBuffer::from_i420(&I420::black(Size::new(180, 320))).unwrap();
    let refused = Rig::open()
        .encoder
        .encode(&frame(&other, Timestamp::ZERO), false);
    assert!(matches!(refused, Err(Error::WrongSize { .. })));
}

#[test]
fn the_software_encoder_takes_a_pixel_buffer_too() {
    let _sim = Sim::begin();
    let image = PixelBuffer::from_i420(&card()).unwrap();
    let settings = VideoSettings {
        encoder: Some("openh264".to_owned()),
        ..settings()
    };
    let mut encoder = VideoEncoder::open(&settings).unwrap();
    let frame = frame(&image, Timestamp::ZERO);
    let packets = encoder.encode(&frame, false).unwrap();
    let Some(frames) = decode(&packets, SIZE) else {
        return;
    };
    let mark = Mark::read_luma(&frames[0], SIZE);
    assert_eq!(mark.map(|mark| mark.frame), Some(0));
}

#[test]
fn a_pixel_buffer_has_the_frame_and_says_what_its_colours_mean() {
    let sim = Sim::begin();
    for size in [SIZE, Size::new(34, 18), Size::new(5, 3)] {
        let mut data = vec![0; I420::len_of(size)];
        for (index, byte) in (0_u8..=255).cycle().zip(&mut data) {
            *byte = index;
        }
        let image = I420::new(size, data).unwrap();
        let buffer = PixelBuffer::from_i420(&image).unwrap();
        assert_eq!(
            (buffer.size(), buffer.format().to_string()),
            (size, "420v".into())
        );
        assert_eq!(buffer.to_i420().unwrap().data(), image.data());
        for key in ["ColorPrimaries", "TransferFunction", "YCbCrMatrix"] {
            let tag = sim.attachment(&buffer, &format!("CVImageBuffer{key}"));
            assert_eq!(tag.as_deref(), Some("ITU_R_709_2"));
        }
    }
}

#[test]
fn a_plane_has_rows_and_there_are_two() {
    let _sim = Sim::begin();
    let buffer = PixelBuffer::from_i420(&card()).unwrap();
    let locked = buffer.lock().unwrap();
    let rows = |plane| locked.plane(plane).map(|plane| plane.rows().count());
    assert_eq!((rows(0), rows(1), rows(2)), (Some(180), Some(90), None));
    let luma = locked.plane(0).unwrap();
    assert_eq!(luma.rows().next().unwrap()[..320], card().y()[..320]);
}

#[test]
fn a_camera_s_sample_buffer_has_a_frame_and_a_time() {
    let sim = Sim::begin();
    let sample = sim.camera_sample(SIZE, 1_234_567_890);
    let image = sample.image_buffer().unwrap();
    assert_eq!(
        (image.size(), image.format()),
        (SIZE, FourCharCode(u32::from_be_bytes(*b"420v")))
    );
    assert_eq!(sample.presentation_time().nanos(), Some(1_234_567_890));
    assert_eq!(
        (sample.decode_time().nanos(), sample.duration().nanos()),
        (None, None)
    );
    assert!(sample.data_buffer().is_none() && sample.format_description().is_none());
    assert!(sample.is_sync());
    drop(sample);
    assert_eq!(sim.living().len(), 1, "the picture stays");
}

#[test]
#[expect(unsafe_code, reason = "what is lent comes as a pointer")]
fn what_is_lent_is_retained_only_if_it_is_what_it_should_be() {
    let sim = Sim::begin();
    let sample = sim.camera_sample(SIZE, 0);
    let image = sample.image_buffer().unwrap();
    // SAFETY: null is allowed.
    assert!(unsafe { SampleBuffer::retain(std::ptr::null()) }.is_none());
    // SAFETY: a living object, of another kind.
    assert!(unsafe { SampleBuffer::retain(image.as_ptr()) }.is_none());
    // SAFETY: a living object, of another kind.
    assert!(unsafe { PixelBuffer::retain(sample.as_ptr()) }.is_none());
    // SAFETY: a living object.
    assert!(unsafe { PixelBuffer::retain(image.as_ptr()) }.is_some());
}
