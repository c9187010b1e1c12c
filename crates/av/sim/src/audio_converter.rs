//! AudioToolbox: `AudioConverter.h`. AAC-LC by an encoder in pure Rust.
//!
//! Like Apple's it has 2112 samples of priming, asks for input when it has too little,
//! and may ask for more or less than an access unit. That the samples it is given stay
//! as they are until it asks again, it checks.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::mem::size_of;
use std::{ptr, slice};

use crate::knobs::{next, stage};
use crate::object::living;
use crate::properties::Value;

/// `AudioStreamBasicDescription`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StreamDescription {
    pub(crate) sample_rate: f64,
    pub(crate) format_id: u32,
    pub(crate) format_flags: u32,
    pub(crate) bytes_per_packet: u32,
    pub(crate) frames_per_packet: u32,
    pub(crate) bytes_per_frame: u32,
    pub(crate) channels_per_frame: u32,
    pub(crate) bits_per_channel: u32,
    pub(crate) reserved: u32,
}

/// `AudioBuffer`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct AudioBuffer {
    pub(crate) number_channels: u32,
    pub(crate) data_byte_size: u32,
    pub(crate) data: *mut c_void,
}

/// `AudioBufferList` of one buffer.
#[repr(C)]
pub(crate) struct AudioBufferList {
    pub(crate) number_buffers: u32,
    pub(crate) first: AudioBuffer,
}

/// `AudioStreamPacketDescription`.
#[repr(C)]
struct PacketDescription {
    start_offset: i64,
    variable_frames_in_packet: u32,
    data_byte_size: u32,
}

type InputProc = unsafe extern "C" fn(
    *mut Converter,
    &mut u32,
    &mut AudioBufferList,
    *mut *mut PacketDescription,
    *mut c_void,
) -> i32;

/// What an `AudioConverterRef` points to.
struct Converter {
    rate: u32,
    channels: u32,
    bitrate: u32,
    /// Made with the first samples: the bit rate is known by then.
    encoder: Option<syom::Encoder>,
    /// Interleaved samples that are not yet an access unit.
    pending: Vec<f32>,
    /// Access units that are ready.
    ready: VecDeque<Vec<u8>>,
    lent: Option<Lent>,
    is_over: bool,
}

/// Samples that an input procedure may not touch, and what they were.
struct Lent {
    samples: *const f32,
    copy: Vec<f32>,
}

impl Lent {
    /// # Panics
    ///
    /// When they are not what they were.
    fn check(&self) {
        // SAFETY: an input procedure keeps its samples until it is called again, which it was not.
        let now = unsafe { slice::from_raw_parts(self.samples, self.copy.len()) };
        assert!(
            now == self.copy,
            "samples changed before more was asked for"
        );
    }
}

impl Converter {
    fn new(source: &StreamDescription, destination: &StreamDescription) -> Result<Self, i32> {
        let channels = source.channels_per_frame;
        let rate = RATES
            .into_iter()
            .find(|rate| f64::from(*rate) == source.sample_rate);
        let rate = rate.ok_or(INPUT_SAMPLE_RATE_OUT_OF_RANGE)?;
        let floats = StreamDescription {
            sample_rate: rate.into(),
            format_id: code(*b"lpcm"),
            format_flags: FLOAT_PACKED,
            bytes_per_packet: 4 * channels,
            frames_per_packet: 1,
            bytes_per_frame: 4 * channels,
            channels_per_frame: channels,
            bits_per_channel: 32,
            reserved: 0,
        };
        let aac = StreamDescription {
            format_id: code(*b"aac "),
            format_flags: 0,
            bytes_per_packet: 0,
            frames_per_packet: 1024,
            bytes_per_frame: 0,
            bits_per_channel: 0,
            ..floats
        };
        if *source != floats || *destination != aac || !(1..=2).contains(&channels) {
            return Err(FORMAT_NOT_SUPPORTED);
        }
        let extra = (PRIMING - 1024) * channels;
        Ok(Self {
            rate,
            channels,
            bitrate: 64_000 * channels,
            encoder: None,
            pending: vec![0.0; extra as usize],
            ready: VecDeque::new(),
            lent: None,
            is_over: false,
        })
    }

    /// The bit rates of Apple's encoder, or much like them.
    fn applicable(&self) -> impl Iterator<Item = u32> {
        let (rate, channels) = (self.rate, self.channels);
        let per_channel = [12, 16, 24, 32, 48, 64, 80, 96, 128, 160].map(|kbps| kbps * 1000);
        let within = move |bits: &u32| (rate / 2..=rate * 4).contains(bits);
        per_channel
            .into_iter()
            .filter(within)
            .map(move |bits| bits * channels)
    }

    fn property(&self, property: u32) -> Result<Vec<u8>, i32> {
        let knobs = &stage().knobs.audio;
        if let Some(status) = knobs.refused.get(&property.to_be_bytes()) {
            return Err(*status);
        }
        match &property.to_be_bytes() {
            b"prim" => Ok([PRIMING, 0].map(u32::to_ne_bytes).concat()),
            b"brat" => Ok(self.bitrate.to_ne_bytes().to_vec()),
            b"xops" => Ok((768 * self.channels).to_ne_bytes().to_vec()),
            b"cmgc" => Ok(knobs.cookie.clone().unwrap_or_else(|| self.cookie())),
            b"aebr" => {
                let ranges = self.applicable().map(|bits| [f64::from(bits); 2]);
                Ok(ranges.flatten().flat_map(f64::to_ne_bytes).collect())
            }
            _ => Err(PROPERTY_NOT_SUPPORTED),
        }
    }

    /// An `ES_Descriptor` as Apple writes it, sizes of four bytes each.
    fn cookie(&self) -> Vec<u8> {
        let index = RATES.iter().position(|rate| *rate == self.rate);
        let index = u16::try_from(index.expect("a rate")).expect("small") + 3;
        let channels = u16::try_from(self.channels).expect("small");
        let config = (2 << 11 | index << 7 | channels << 3).to_be_bytes();
        let bits = self.bitrate.to_be_bytes();
        let info = [&[5, 0x80, 0x80, 0x80, 2], &config[..]].concat();
        let head = [&[0x40, 0x14, 0, 0x18, 0], &bits[..], &bits[..]].concat();
        let decoder = [&[4, 0x80, 0x80, 0x80, 20], &head[..], &info[..]].concat();
        let sync = [6, 0x80, 0x80, 0x80, 1, 2];
        [&[3, 0x80, 0x80, 0x80, 34, 0, 0, 0], &decoder[..], &sync].concat()
    }

    fn set(&mut self, property: u32, value: u32) -> Result<(), i32> {
        let mut stage = stage();
        if let Some(status) = stage.knobs.audio.refused.get(&property.to_be_bytes()) {
            return Err(*status);
        }
        match &property.to_be_bytes() {
            b"brat" if self.applicable().any(|bits| bits == value) => self.bitrate = value,
            b"acbf" if value <= 3 => {}
            b"brat" | b"acbf" => return Err(code(*b"!dat").cast_signed()),
            _ => return Err(PROPERTY_NOT_SUPPORTED),
        }
        let name = property.to_be_bytes().escape_ascii().to_string();
        stage.set.push((name, Value::Int(value.into())));
        Ok(())
    }

    /// Asks for input once; whether there was any.
    fn ask(&mut self, input: InputProc, user_data: *mut c_void) -> Result<bool, i32> {
        if let Some(lent) = self.lent.take() {
            lent.check();
        }
        let pending = u32::try_from(self.pending.len()).expect("small") / self.channels;
        let missing = 1024 - pending;
        let mut packets = stage().knobs.audio.asks.unwrap_or(missing);
        let mut list = AudioBufferList {
            number_buffers: 1,
            first: AudioBuffer {
                number_channels: self.channels,
                data_byte_size: 0,
                data: ptr::null_mut(),
            },
        };
        // SAFETY: the procedure and its data are the caller's own.
        let status = unsafe { input(self, &mut packets, &mut list, ptr::null_mut(), user_data) };
        if status != 0 {
            assert_eq!(packets, 0, "a procedure that fails gives nothing");
            return Err(status);
        }
        if packets > 0 {
            self.take(packets, &list);
        }
        Ok(packets > 0)
    }

    fn take(&mut self, packets: u32, list: &AudioBufferList) {
        let samples = packets * self.channels;
        assert_eq!(list.number_buffers, 1);
        assert_eq!(list.first.number_channels, self.channels);
        assert_eq!(list.first.data_byte_size, samples * 4);
        let given: *const f32 = list.first.data.cast_const().cast();
        // SAFETY: so many the procedure says there are.
        let copy = unsafe { slice::from_raw_parts(given, samples as usize) }.to_vec();
        self.pending.extend_from_slice(&copy);
        self.lent = Some(Lent {
            samples: given,
            copy,
        });
        self.encode();
    }

    /// Encodes what is pending in whole access units.
    fn encode(&mut self) {
        let length = 1024 * self.channels as usize;
        while self.pending.len() >= length {
            let unit: Vec<f32> = self.pending.drain(..length).collect();
            let channels = self.channels as usize;
            let plane = |first| unit.iter().skip(first).step_by(channels).copied();
            let planes: Vec<Vec<f32>> = (0..channels).map(|first| plane(first).collect()).collect();
            let planes: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
            let ready = &mut self.ready;
            let mut keep = |frame: syom::EncodedFrame<'_>| {
                ready.push_back(frame.payload.to_vec());
                Ok(())
            };
            let encoder = self.encoder.get_or_insert_with(|| {
                let options = syom::EncodeOptions::raw().with_bitrate_bps(self.bitrate);
                syom::Encoder::new(self.rate, channels, &options).expect("an encoder")
            });
            encoder
                .feed(&planes, &mut keep)
                .expect("samples like these");
        }
    }

    /// Encodes the rest, padded, when there is no more input.
    fn finish(&mut self) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let length = 1024 * self.channels as usize;
        let padded = self.pending.len().next_multiple_of(length);
        self.pending.resize(padded, 0.0);
        self.encode();
        let ready = &mut self.ready;
        if let Some(encoder) = &mut self.encoder {
            let keep = |frame: syom::EncodedFrame<'_>| {
                ready.push_back(frame.payload.to_vec());
                Ok(())
            };
            encoder.finish(keep).expect("an end");
        }
    }
}

#[unsafe(no_mangle)]
extern "C-unwind" fn AudioConverterNew(
    source: &StreamDescription,
    destination: &StreamDescription,
    converter: &mut *mut Converter,
) -> i32 {
    let status = next(&mut stage().knobs.audio.create);
    if status != 0 {
        return status;
    }
    match Converter::new(source, destination) {
        Ok(new) => {
            let new = Box::into_raw(Box::new(new));
            living().insert(new.addr(), NAME);
            *converter = new;
            0
        }
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn AudioConverterDispose(converter: *mut Converter) -> i32 {
    let known = living().remove(&converter.addr());
    assert_eq!(known, Some(NAME), "a converter is disposed of twice");
    // SAFETY: made by `AudioConverterNew`, and disposed of for the first time.
    drop(unsafe { Box::from_raw(converter) });
    0
}

#[unsafe(no_mangle)]
extern "C-unwind" fn AudioConverterGetPropertyInfo(
    converter: &Converter,
    property: u32,
    size: Option<&mut u32>,
    writable: Option<&mut u8>,
) -> i32 {
    assert!(writable.is_none(), "not simulated");
    match converter.property(property) {
        Ok(value) => {
            if let Some(size) = size {
                *size = length(&value);
            }
            0
        }
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn AudioConverterGetProperty(
    converter: &Converter,
    property: u32,
    size: &mut u32,
    data: *mut c_void,
) -> i32 {
    let value = match converter.property(property) {
        Ok(value) => value,
        Err(status) => return status,
    };
    if *size < length(&value) {
        return BAD_PROPERTY_SIZE;
    }
    *size = length(&value);
    // SAFETY: the caller has room for that many bytes.
    unsafe { ptr::copy_nonoverlapping(value.as_ptr(), data.cast(), value.len()) };
    0
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn AudioConverterSetProperty(
    converter: &mut Converter,
    property: u32,
    size: u32,
    data: *const c_void,
) -> i32 {
    if size as usize != size_of::<u32>() {
        return BAD_PROPERTY_SIZE;
    }
    // SAFETY: the caller says that there are four bytes.
    let value = unsafe { data.cast::<u32>().read_unaligned() };
    converter.set(property, value).err().unwrap_or(0)
}

#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn AudioConverterFillComplexBuffer(
    converter: &mut Converter,
    input: InputProc,
    user_data: *mut c_void,
    packets: &mut u32,
    output: &mut AudioBufferList,
    description: Option<&mut PacketDescription>,
) -> i32 {
    assert_eq!(*packets, 1, "more than one packet at once is not simulated");
    *packets = 0;
    let status = next(&mut stage().knobs.audio.fill);
    if status != 0 {
        return status;
    }
    converter.encode();
    while converter.ready.is_empty() && !converter.is_over {
        match converter.ask(input, user_data) {
            Ok(true) => {}
            Ok(false) => converter.finish(),
            Err(status) => {
                output.first.data_byte_size = 0;
                return status;
            }
        }
    }
    let unit = converter.ready.pop_front().unwrap_or_default();
    if output.first.data_byte_size < length(&unit) {
        return INVALID_OUTPUT_SIZE;
    }
    *packets = u32::from(!unit.is_empty());
    output.first.data_byte_size = length(&unit);
    if let Some(description) = description {
        description.start_offset = 0;
        description.variable_frames_in_packet = 0;
        description.data_byte_size = length(&unit);
    }
    // SAFETY: the caller has room for as many bytes as were asked about above.
    unsafe { ptr::copy_nonoverlapping(unit.as_ptr(), output.first.data.cast(), unit.len()) };
    0
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("small")
}

pub(crate) const fn code(characters: [u8; 4]) -> u32 {
    u32::from_be_bytes(characters)
}

const NAME: &str = "AudioConverter";
const PRIMING: u32 = 2112;
/// From index 3 of ISO/IEC 14496-3 table 1.18 on.
const RATES: [u32; 9] = [
    48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
];
/// `kAudioFormatFlagIsFloat | kAudioFormatFlagIsPacked`.
const FLOAT_PACKED: u32 = 1 | 8;

// AudioConverter.h
const FORMAT_NOT_SUPPORTED: i32 = code(*b"fmt?").cast_signed();
const PROPERTY_NOT_SUPPORTED: i32 = code(*b"prop").cast_signed();
const BAD_PROPERTY_SIZE: i32 = code(*b"!siz").cast_signed();
const INVALID_OUTPUT_SIZE: i32 = code(*b"otsz").cast_signed();
const INPUT_SAMPLE_RATE_OUT_OF_RANGE: i32 = code(*b"!isr").cast_signed();
