//! Holds our declarations against those of the `objc2-*` crates, which are made from
//! Apple's headers by a program: as many arguments, each and the result of the same
//! size, or this does not compile.
#![expect(
    deprecated,
    reason = "the crates keep C's names beside the methods they prefer"
)]

use std::mem::size_of;

use objc2_audio_toolbox as at;
use objc2_core_audio_types as ca;
use objc2_core_media as cm;
use objc2_core_video as cv;
use objc2_video_toolbox as vt;

use super::{audio_toolbox, core_media, core_video, video_toolbox};

/// The sizes of a function's result and arguments, in this order.
trait Shape {
    const SIZES: &'static [usize];
}

macro_rules! shape {
    ($($argument:ident)*) => {
        impl<Result, $($argument),*> Shape for unsafe extern "C-unwind" fn($($argument),*) -> Result {
            const SIZES: &'static [usize] = &[size_of::<Result>(), $(size_of::<$argument>()),*];
        }
    };
}

shape!();
shape!(A);
shape!(A B);
shape!(A B C);
shape!(A B C D);
shape!(A B C D E);
shape!(A B C D E F);
shape!(A B C D E F G);
shape!(A B C D E F G H);
shape!(A B C D E F G H I J);

const fn sizes<F: Shape>(_: &F) -> &'static [usize] {
    F::SIZES
}

const fn same(ours: &[usize], theirs: &[usize]) -> bool {
    let mut index = 0;
    while index < ours.len() && index < theirs.len() && ours[index] == theirs[index] {
        index += 1;
    }
    ours.len() == theirs.len() && index == ours.len()
}

/// `agrees!(ours, theirs: function(an underscore for each argument), …)`
macro_rules! agrees {
    ($ours:ident, $theirs:ident: $($function:ident($($argument:tt)*),)*) => {$(
        const _: () = {
            let ours = $ours::$function as unsafe extern "C-unwind" fn($($argument)*) -> _;
            let theirs = $theirs::$function as unsafe extern "C-unwind" fn($($argument)*) -> _;
            assert!(same(sizes(&ours), sizes(&theirs)), stringify!($function));
        };
    )*};
}

const _: () = assert!(size_of::<core_media::CMTime>() == size_of::<cm::CMTime>());
const _: () = assert!(align_of::<core_media::CMTime>() == align_of::<cm::CMTime>());

/// `agrees_on!(structure, …)`: ours and theirs are as large and as aligned.
macro_rules! agrees_on {
    ($($structure:ident),* $(,)?) => {$(
        const _: () = {
            type Ours = audio_toolbox::$structure;
            type Theirs = ca::$structure;
            assert!(size_of::<Ours>() == size_of::<Theirs>(), stringify!($structure));
            assert!(align_of::<Ours>() == align_of::<Theirs>(), stringify!($structure));
        };
    )*};
}

agrees_on! { AudioStreamBasicDescription, AudioBuffer, AudioBufferList, AudioStreamPacketDescription }

agrees! { audio_toolbox, at:
    AudioConverterNew(_, _, _),
    AudioConverterDispose(_),
    AudioConverterGetPropertyInfo(_, _, _, _),
    AudioConverterGetProperty(_, _, _, _),
    AudioConverterSetProperty(_, _, _, _),
    AudioConverterFillComplexBuffer(_, _, _, _, _, _),
}

agrees! { core_media, cm:
    CMSampleBufferGetImageBuffer(_),
    CMSampleBufferGetDataBuffer(_),
    CMSampleBufferGetFormatDescription(_),
    CMSampleBufferGetPresentationTimeStamp(_),
    CMSampleBufferGetDecodeTimeStamp(_),
    CMSampleBufferGetDuration(_),
    CMSampleBufferGetSampleAttachmentsArray(_, _),
    CMSampleBufferGetAudioBufferListWithRetainedBlockBuffer(_, _, _, _, _, _, _, _),
    CMBlockBufferGetDataLength(_),
    CMBlockBufferGetDataPointer(_, _, _, _, _),
    CMBlockBufferCopyDataBytes(_, _, _, _),
    CMFormatDescriptionGetMediaSubType(_),
    CMAudioFormatDescriptionGetStreamBasicDescription(_),
    CMVideoFormatDescriptionGetH264ParameterSetAtIndex(_, _, _, _, _, _),
    CMVideoFormatDescriptionGetHEVCParameterSetAtIndex(_, _, _, _, _, _),
}

agrees! { core_video, cv:
    CVPixelBufferCreate(_, _, _, _, _, _),
    CVPixelBufferLockBaseAddress(_, _),
    CVPixelBufferUnlockBaseAddress(_, _),
    CVPixelBufferGetWidth(_),
    CVPixelBufferGetHeight(_),
    CVPixelBufferGetPixelFormatType(_),
    CVPixelBufferGetPlaneCount(_),
    CVPixelBufferGetBaseAddressOfPlane(_, _),
    CVPixelBufferGetBytesPerRowOfPlane(_, _),
    CVPixelBufferGetHeightOfPlane(_, _),
    CVPixelBufferPoolCreatePixelBuffer(_, _, _),
    CVBufferSetAttachment(_, _, _, _),
}

agrees! { video_toolbox, vt:
    VTCompressionSessionCreate(_, _, _, _, _, _, _, _, _, _),
    VTCompressionSessionPrepareToEncodeFrames(_),
    VTCompressionSessionEncodeFrame(_, _, _, _, _, _, _),
    VTCompressionSessionCompleteFrames(_, _),
    VTCompressionSessionGetPixelBufferPool(_),
    VTCompressionSessionInvalidate(_),
    VTSessionSetProperty(_, _, _),
}
