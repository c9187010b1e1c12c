//! AudioToolbox: `AudioConverter.h`. Not simulated yet: no converter opens, so that
//! sound goes to the software encoder.

use std::ffi::c_void;

#[unsafe(no_mangle)]
extern "C-unwind" fn AudioConverterNew(
    _source: *const c_void,
    _destination: *const c_void,
    _converter: *mut *mut c_void,
) -> i32 {
    FORMAT_NOT_SUPPORTED
}

/// What takes a converter is called by nobody while there is none.
macro_rules! unreached {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        extern "C-unwind" fn $name() -> i32 {
            panic!("there is no converter")
        }
    )*};
}

unreached! {
    AudioConverterDispose
    AudioConverterFillComplexBuffer
    AudioConverterGetProperty
    AudioConverterGetPropertyInfo
    AudioConverterSetProperty
}

/// `kAudioConverterErr_FormatNotSupported`.
const FORMAT_NOT_SUPPORTED: i32 = i32::from_be_bytes(*b"fmt?");
