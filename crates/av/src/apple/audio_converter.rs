use std::ffi::c_void;
use std::ptr::{self, NonNull};

use super::sys::audio_toolbox as sys;
use super::{FourCharCode, Status};

pub(crate) use sys::AudioStreamBasicDescription;

/// An `AudioConverter` from interleaved samples to packets of another format.
pub(crate) struct AudioConverter {
    converter: NonNull<sys::OpaqueAudioConverter>,
    channels: u32,
}

// SAFETY: a converter may be used from any thread, one at a time, and it is only ever lent out by
// `&mut`, or by `&` to read properties on the thread that owns it: it is not `Sync`.
unsafe impl Send for AudioConverter {}

/// Interleaved samples on their way into a converter.
///
/// What a converter was given must stay where and as it is until it asks again
/// (`AudioConverter.h`). It has asked again by the time [`AudioConverter::fill`]
/// returns without a packet, and even so the samples given last are kept until
/// those that follow have been given.
pub(crate) struct Feed {
    samples: Vec<f32>,
    /// How many of `samples` were given.
    given: usize,
    /// Given before `samples`: untouched.
    before: Vec<f32>,
    channels: usize,
    is_over: bool,
}

impl AudioConverter {
    /// From interleaved samples in the format `source` to `destination`.
    pub(crate) fn new(
        source: &AudioStreamBasicDescription,
        destination: &AudioStreamBasicDescription,
    ) -> Result<Self, Status> {
        let mut converter = ptr::null_mut();
        // SAFETY: two descriptions, and a valid place for the answer.
        let status = unsafe { sys::AudioConverterNew(source, destination, &raw mut converter) };
        Status::check(status)?;
        Ok(Self {
            converter: NonNull::new(converter).ok_or(UNSPECIFIED)?,
            channels: source.channels_per_frame,
        })
    }

    /// A property's bytes.
    pub(crate) fn property(&self, property: FourCharCode) -> Result<Vec<u8>, Status> {
        let mut size = 0;
        // SAFETY: a live converter, and a valid place for the answer; null asks for none.
        let status = unsafe {
            sys::AudioConverterGetPropertyInfo(
                self.converter.as_ptr(),
                property.0,
                &raw mut size,
                ptr::null_mut(),
            )
        };
        Status::check(status)?;
        let mut data = vec![0; size as usize];
        // SAFETY: a live converter, and room for the `size` bytes it is told there are.
        let status = unsafe {
            sys::AudioConverterGetProperty(
                self.converter.as_ptr(),
                property.0,
                &raw mut size,
                data.as_mut_ptr().cast(),
            )
        };
        Status::check(status)?;
        data.truncate(size as usize);
        Ok(data)
    }

    /// Sets a property that is a `UInt32`.
    pub(crate) fn set(&mut self, property: FourCharCode, value: u32) -> Result<(), Status> {
        // SAFETY: a live converter, and as many bytes as are told.
        let status = unsafe {
            sys::AudioConverterSetProperty(
                self.converter.as_ptr(),
                property.0,
                u32::BITS / 8,
                (&raw const value).cast(),
            )
        };
        Status::check(status)
    }

    /// Converts what is in `feed` until there is a packet: how many bytes of `packet`
    /// it has. `None` when there is too little in `feed`, or, when that is over,
    /// nothing left inside. `feed` goes with this converter alone.
    pub(crate) fn fill(
        &mut self,
        feed: &mut Feed,
        packet: &mut [u8],
    ) -> Result<Option<usize>, Status> {
        let room = u32::try_from(packet.len()).unwrap_or(u32::MAX);
        let mut list = list(self.channels, packet.as_mut_ptr().cast(), room);
        let mut packets = 1;
        let mut description = sys::AudioStreamPacketDescription::default();
        // SAFETY: a live converter; `give` is given the feed, which nobody else has before this
        // returns; there is room for one packet, as is told, and for its description.
        let status = unsafe {
            sys::AudioConverterFillComplexBuffer(
                self.converter.as_ptr(),
                give,
                ptr::from_mut(feed).cast(),
                &raw mut packets,
                &raw mut list,
                &raw mut description,
            )
        };
        if status != NOTHING_NOW {
            Status::check(status)?;
        }
        let size = list.buffers[0].data_byte_size as usize;
        Ok((packets > 0).then_some(size.min(packet.len())))
    }
}

impl Drop for AudioConverter {
    fn drop(&mut self) {
        // SAFETY: a live converter, and nobody has it any more. Its status changes nothing.
        unsafe { sys::AudioConverterDispose(self.converter.as_ptr()) };
    }
}

impl Feed {
    /// For samples of this many channels.
    pub(crate) fn new(channels: usize) -> Self {
        Self {
            samples: Vec::new(),
            given: 0,
            before: Vec::new(),
            channels: channels.max(1),
            is_over: false,
        }
    }

    /// Adds equally long planes, one a channel.
    pub(crate) fn push(&mut self, planes: &[&[f32]]) {
        let left = self.samples.split_off(self.given);
        std::mem::swap(&mut self.before, &mut self.samples);
        self.samples.clear();
        self.samples.extend_from_slice(&left);
        self.given = 0;
        let frames = planes.first().map_or(0, |plane| plane.len());
        let frame = |at: usize| planes.iter().map(move |plane| plane[at]);
        self.samples.extend((0..frames).flat_map(frame));
    }

    /// Says that nothing more will come.
    pub(crate) const fn end(&mut self) {
        self.is_over = true;
    }

    /// The next frames, `most` at the most.
    fn next(&mut self, most: u32) -> &[f32] {
        let most = (most as usize).saturating_mul(self.channels);
        let count = most.min(self.samples.len() - self.given);
        self.given += count;
        &self.samples[self.given - count..self.given]
    }
}

/// Gives a converter what it asks for, or as much of it as there is. A panic ends the process
/// here: it may not unwind into frames of the system's.
unsafe extern "C" fn give(
    _converter: *mut sys::OpaqueAudioConverter,
    packets: *mut u32,
    output: *mut sys::AudioBufferList,
    _descriptions: *mut *mut sys::AudioStreamPacketDescription,
    feed: *mut c_void,
) -> i32 {
    // SAFETY: what `fill` gave along with this function, and lends to nobody else meanwhile.
    let feed = unsafe { &mut *feed.cast::<Feed>() };
    // SAFETY: the converter says here how much it wants. A packet of samples is a frame.
    let wanted = unsafe { packets.read() };
    let channels = u32::try_from(feed.channels).unwrap_or(u32::MAX);
    let status = if feed.is_over { 0 } else { NOTHING_NOW };
    let samples = feed.next(wanted);
    let frames = u32::try_from(samples.len()).unwrap_or(u32::MAX) / channels;
    let bytes = u32::try_from(size_of_val(samples)).unwrap_or(u32::MAX);
    // SAFETY: the converter is to be told here how much there is.
    unsafe { packets.write(frames) };
    // SAFETY: the converter has room here for its list, which is of one buffer, since samples are
    // interleaved. It does not write to what the buffer points to.
    unsafe { output.write(list(channels, samples.as_ptr().cast_mut().cast(), bytes)) };
    if frames == 0 { status } else { 0 }
}

const fn list(channels: u32, data: *mut c_void, size: u32) -> sys::AudioBufferList {
    sys::AudioBufferList {
        number_buffers: 1,
        buffers: [sys::AudioBuffer {
            number_channels: channels,
            data_byte_size: size,
            data,
        }],
    }
}

/// What `give` answers when there is nothing for now, which is no end: any status of
/// ours will do, for the converter hands it through and keeps what it has
/// (`AudioConverter.h`).
const NOTHING_NOW: i32 = i32::from_be_bytes(*b"none");
/// `kAudioConverterErr_UnspecifiedError`.
const UNSPECIFIED: Status = Status::of(*b"what");
