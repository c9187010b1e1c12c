//! The thin safe wrapper around openh264's C interface: all its pointers stop here.
#![expect(unsafe_code, reason = "a foreign library's only door")]

use std::os::raw::{c_int, c_longlong, c_void};
use std::ptr::{self, NonNull};
use std::slice;

use openh264_sys2 as sys;
use openh264_sys2::API as _;

use super::{NAME, library};
use crate::{Error, I420};

/// An owned encoder and the description of its latest output.
pub(super) struct Raw {
    library: &'static sys::DynamicAPI,
    handle: NonNull<sys::ISVCEncoder>,
    /// A copy of the object's method table, which is constant.
    methods: sys::ISVCEncoderVtbl,
    /// Where [`Raw::encode`] has the encoder describe its output; boxed, as it is
    /// several kilobytes.
    output: Box<sys::SFrameBSInfo>,
    initialized: bool,
}

// SAFETY: the encoder is one heap object without thread affinity; upstream only
// asks that calls do not overlap, and all of them here take `&mut self` or give
// out borrows of `self`.
unsafe impl Send for Raw {}

impl Raw {
    /// An encoder that prints nothing: upstream's trace goes to standard error,
    /// and initialising already traces.
    pub(super) fn create() -> Result<Self, Error> {
        let library = library::loaded()?;
        let mut handle: *mut sys::ISVCEncoder = ptr::null_mut();
        // SAFETY: `handle` is a valid place for the new object's address.
        let status = unsafe { library.WelsCreateSVCEncoder(&raw mut handle) };
        succeeded("creating the encoder", status)?;
        let handle = NonNull::new(handle)
            .ok_or_else(|| Error::backend(NAME, "creating the encoder gave none"))?;
        // SAFETY: a C++ object begins with the address of its method table, and
        // this one was just created.
        let table = unsafe { handle.read() };
        // SAFETY: the table is static data of the library, which is never unloaded.
        let methods = unsafe { table.read() };
        let mut raw = Self {
            library,
            handle,
            methods,
            output: Box::default(),
            initialized: false,
        };
        raw.set_option(sys::ENCODER_OPTION_TRACE_LEVEL, sys::WELS_LOG_QUIET)?;
        Ok(raw)
    }

    /// Upstream's own defaults.
    pub(super) fn default_parameters(&self) -> Result<sys::SEncParamExt, Error> {
        let method = present(self.methods.GetDefaultParams)?;
        let mut parameters = sys::SEncParamExt::default();
        // SAFETY: the object is alive and `parameters` is a valid place for the answer.
        let status = unsafe { method(self.handle.as_ptr(), &raw mut parameters) };
        succeeded("asking for default parameters", status)?;
        Ok(parameters)
    }

    /// Must succeed, once, before anything is encoded.
    pub(super) fn initialize(&mut self, parameters: &sys::SEncParamExt) -> Result<(), Error> {
        let method = present(self.methods.InitializeExt)?;
        // SAFETY: the object is alive; the parameters are only read, during the call.
        let status = unsafe { method(self.handle.as_ptr(), parameters) };
        succeeded("initialising", status)?;
        self.initialized = true;
        let format: c_int = sys::videoFormatI420;
        self.set_option(sys::ENCODER_OPTION_DATAFORMAT, format)
    }

    /// Makes the next frame an IDR frame.
    pub(super) fn force_idr(&mut self) -> Result<(), Error> {
        self.check_initialized()?;
        let method = present(self.methods.ForceIntraFrame)?;
        // SAFETY: the object is alive and initialised.
        let status = unsafe { method(self.handle.as_ptr(), true) };
        succeeded("forcing a keyframe", status)
    }

    /// Aims for `bits` per second from the next frame on.
    pub(super) fn set_bitrate(&mut self, bits: c_int) -> Result<(), Error> {
        self.check_initialized()?;
        let rate = sys::SBitrateInfo {
            iLayer: sys::SPATIAL_LAYER_ALL,
            iBitrate: bits,
        };
        self.set_option(sys::ENCODER_OPTION_BITRATE, rate)
    }

    /// Expects `rate` frames a second from the next one on.
    pub(super) fn set_frame_rate(&mut self, rate: f32) -> Result<(), Error> {
        self.check_initialized()?;
        self.set_option(sys::ENCODER_OPTION_FRAME_RATE, rate)
    }

    /// The mean quantiser of the latest frame; zero before the first.
    pub(super) fn quantiser(&mut self) -> Result<u32, Error> {
        self.check_initialized()?;
        let method = present(self.methods.GetOption)?;
        let mut statistics = sys::SEncoderStatistics::default();
        let value = (&raw mut statistics).cast::<c_void>();
        let option = sys::ENCODER_OPTION_GET_STATISTICS;
        // SAFETY: the object is alive and initialised; `value` is of the type the option gives, and
        // only used during the call.
        let status = unsafe { method(self.handle.as_ptr(), option, value) };
        succeeded("asking for the quantiser", status)?;
        Ok(statistics.uiAverageFrameQP)
    }

    /// Encodes a frame of the size initialised for, and gives its NAL units
    /// without start codes; none if it was skipped.
    pub(super) fn encode(&mut self, frame: &I420, millis: c_longlong) -> Result<Vec<&[u8]>, Error> {
        self.check_initialized()?;
        let method = present(self.methods.EncodeFrame)?;
        let source = describe(frame, millis)?;
        let output = &raw mut *self.output;
        // SAFETY: the object is alive and initialised. `source` points into
        // `picture`, whose planes have the described sizes and outlive the call;
        // upstream reads them and nothing more. `output` is a valid place for
        // the answer.
        let status = unsafe { method(self.handle.as_ptr(), &raw const source, output) };
        succeeded("encoding", status)?;
        match self.output.eFrameType {
            sys::videoFrameTypeInvalid => Err(Error::backend(NAME, "encoding gave no frame")),
            sys::videoFrameTypeSkip => Ok(Vec::new()),
            _ => self.nal_units(),
        }
    }

    /// The NAL units of the frame just encoded.
    fn nal_units(&self) -> Result<Vec<&[u8]>, Error> {
        let count = usize::try_from(self.output.iLayerNum).unwrap_or(0);
        let layers = self.output.sLayerInfo.get(..count);
        let layers = layers.ok_or_else(|| Error::backend(NAME, "too many layers"))?;
        let mut units = Vec::new();
        for layer in layers {
            units.extend(self.layer_units(layer)?);
        }
        Ok(units)
    }

    /// One layer's NAL units. `layer` is of `self.output`, just filled in.
    fn layer_units(&self, layer: &sys::SLayerBSInfo) -> Result<Vec<&[u8]>, Error> {
        let count = usize::try_from(layer.iNalCount).unwrap_or(0);
        if count == 0 || layer.pNalLengthInByte.is_null() || layer.pBsBuf.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: upstream lists `iNalCount` lengths there, and keeps them until
        // the encoder is next called, which takes `&mut self`.
        let lengths = unsafe { slice::from_raw_parts(layer.pNalLengthInByte, count) };
        let lengths: Result<Vec<usize>, _> = lengths.iter().map(|&n| n.try_into()).collect();
        let lengths = lengths.map_err(|_| Error::backend(NAME, "a NAL unit of negative length"))?;
        // SAFETY: upstream puts the NAL units there one after another, as long as
        // it says, and keeps them until the encoder is next called.
        let mut bytes = unsafe { slice::from_raw_parts(layer.pBsBuf, lengths.iter().sum()) };
        let mut units = Vec::with_capacity(count);
        for length in lengths {
            let (unit, rest) = bytes.split_at(length);
            units.push(without_start_code(unit)?);
            bytes = rest;
        }
        Ok(units)
    }

    fn set_option<T>(&mut self, option: sys::ENCODER_OPTION, mut value: T) -> Result<(), Error> {
        let method = present(self.methods.SetOption)?;
        let value = (&raw mut value).cast::<c_void>();
        // SAFETY: the object is alive; `value` is of the type the option takes
        // (the callers are all in this file) and is only used during the call.
        let status = unsafe { method(self.handle.as_ptr(), option, value) };
        succeeded("setting an option", status)
    }

    fn check_initialized(&self) -> Result<(), Error> {
        if self.initialized {
            return Ok(());
        }
        Err(Error::backend(NAME, "used before it was initialised"))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // SAFETY: the object is alive, owned here, and not used again; destroying
        // it also uninitialises it.
        unsafe { self.library.WelsDestroySVCEncoder(self.handle.as_ptr()) }
    }
}

fn describe(frame: &I420, millis: c_longlong) -> Result<sys::SSourcePicture, Error> {
    let int = |side: usize| c_int::try_from(side).map_err(|_| Error::invalid("a huge picture"));
    let size = frame.size();
    let (width, chroma) = (int(size.width as usize)?, int(frame.chroma_width())?);
    let plane = |plane: &[u8]| plane.as_ptr().cast_mut();
    Ok(sys::SSourcePicture {
        iColorFormat: sys::videoFormatI420,
        iStride: [width, chroma, chroma, 0],
        pData: [
            plane(frame.y()),
            plane(frame.u()),
            plane(frame.v()),
            ptr::null_mut(),
        ],
        iPicWidth: width,
        iPicHeight: int(size.height as usize)?,
        uiTimeStamp: millis,
        ..sys::SSourcePicture::default()
    })
}

/// Annex B of ITU-T H.264: zeros and a one come before each NAL unit.
fn without_start_code(unit: &[u8]) -> Result<&[u8], Error> {
    let zeros = unit.iter().take_while(|&&byte| byte == 0).count();
    match unit.get(zeros..) {
        Some([1, nal @ ..]) if zeros >= 2 && !nal.is_empty() => Ok(nal),
        _ => Err(Error::backend(NAME, "a NAL unit without a start code")),
    }
}

fn present<F>(method: Option<F>) -> Result<F, Error> {
    method.ok_or_else(|| Error::backend(NAME, "a method is missing"))
}

fn succeeded(doing: &str, status: c_int) -> Result<(), Error> {
    if status == 0 {
        return Ok(());
    }
    Err(Error::backend(
        NAME,
        format!("{doing} failed with status {status}"),
    ))
}
