use onair_av::apple::audio_samples;
use onair_av::{AudioSamples, Error};
use onair_av_sim::{Pcm, Sim};
use onair_media::{Size, Timestamp};

const FLOAT: u32 = 1;
const BIG_ENDIAN: u32 = 2;
const SIGNED: u32 = 4;
const PACKED: u32 = 8;
const ALIGNED_HIGH: u32 = 16;
const APART: u32 = 32;

/// Two channels of 16 bit integers, interleaved: what an iPhone's microphone gives.
fn microphone() -> Pcm {
    Pcm {
        format: *b"lpcm",
        flags: SIGNED | PACKED,
        sample_rate: 44_100.0,
        channels: 2,
        bits: 16,
        bytes_per_frame: 4,
        buffers: vec![
            [0x4000_i16, -0x8000, 0x2000, 0]
                .map(i16::to_le_bytes)
                .concat(),
        ],
    }
}

fn read(sim: &Sim, pcm: &Pcm) -> Result<AudioSamples, Error> {
    audio_samples(&sim.audio_sample(pcm), Timestamp::from_millis(7))
}

#[test]
fn the_same_audio_in_every_layout_is_the_same_samples() {
    let sim = Sim::begin();
    let expected = read(&sim, &microphone()).unwrap();
    assert_eq!(expected.samples[..], [0.5, -1.0, 0.25, 0.0]);
    assert_eq!((expected.channels, expected.sample_rate), (2, 44_100));
    assert_eq!(expected.timestamp, Timestamp::from_millis(7));
    let [a, b, c, d] = [0.5_f32, -1.0, 0.25, 0.0];
    let floats = |all: &[f32]| all.iter().flat_map(|one| one.to_le_bytes()).collect();
    let integers = |all: [i32; 4]| all.map(i32::to_le_bytes).concat();
    let whole = [0x4000_0000, i32::MIN, 0x2000_0000, 0];
    let short = |all: [i16; 2]| all.map(i16::to_le_bytes).concat();
    let layouts = [
        (FLOAT | PACKED, 32, 8, vec![floats(&[a, b, c, d])]),
        (
            FLOAT | PACKED | APART,
            32,
            4,
            vec![floats(&[a, c]), floats(&[b, d])],
        ),
        (SIGNED | PACKED, 32, 8, vec![integers(whole)]),
        (SIGNED | ALIGNED_HIGH, 24, 8, vec![integers(whole)]),
        (
            SIGNED | PACKED | APART,
            16,
            2,
            vec![short([0x4000, 0x2000]), short([i16::MIN, 0])],
        ),
        (
            SIGNED | PACKED | BIG_ENDIAN,
            16,
            4,
            vec![
                [0x4000_i16, i16::MIN, 0x2000, 0]
                    .map(i16::to_be_bytes)
                    .concat(),
            ],
        ),
        (
            SIGNED | PACKED,
            24,
            6,
            vec![vec![0, 0, 0x40, 0, 0, 0x80, 0, 0, 0x20, 0, 0, 0]],
        ),
    ];
    for (flags, bits, bytes_per_frame, buffers) in layouts {
        let pcm = Pcm {
            flags,
            bits,
            bytes_per_frame,
            buffers,
            ..microphone()
        };
        assert_eq!(read(&sim, &pcm), Ok(expected.clone()), "{pcm:?}");
    }
    assert!(sim.living().is_empty());
}

#[test]
fn layouts_no_microphone_gives_are_refused_by_name() {
    let sim = Sim::begin();
    let changes: [fn(&mut Pcm); 6] = [
        |pcm| pcm.format = *b"aac ",
        |pcm| {
            pcm.flags = FLOAT | BIG_ENDIAN;
            (pcm.bits, pcm.bytes_per_frame) = (32, 8);
        },
        |pcm| pcm.flags = PACKED,
        |pcm| pcm.bits = 20,
        |pcm| (pcm.bits, pcm.bytes_per_frame) = (24, 8),
        |pcm| pcm.flags |= 24 << 7,
    ];
    for change in changes {
        let mut pcm = microphone();
        change(&mut pcm);
        let refusal = read(&sim, &pcm).unwrap_err();
        assert!(matches!(refusal, Error::Unsupported { .. }), "{pcm:?}");
        assert!(refusal.to_string().contains("would work"), "{refusal}");
    }
}

#[test]
fn a_buffer_that_contradicts_its_description_is_malformed() {
    let sim = Sim::begin();
    let changes: [fn(&mut Pcm); 5] = [
        |pcm| pcm.sample_rate = 0.0,
        |pcm| pcm.sample_rate = f64::NAN,
        |pcm| pcm.buffers[0].truncate(5),
        |pcm| pcm.buffers.clear(),
        |pcm| pcm.buffers.push(vec![0; 2]),
    ];
    for change in changes {
        let mut pcm = microphone();
        change(&mut pcm);
        let refusal = read(&sim, &pcm);
        assert!(matches!(refusal, Err(Error::Malformed { .. })), "{pcm:?}");
    }
    assert!(sim.living().is_empty());
}

#[test]
fn a_frame_is_not_audio() {
    let sim = Sim::begin();
    let frame = sim.camera_sample(Size::new(16, 16), 0);
    let refusal = audio_samples(&frame, Timestamp::ZERO);
    assert!(matches!(refusal, Err(Error::Unsupported { .. })));
}
