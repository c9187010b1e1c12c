//! Records as FFmpeg writes them for libx265, with what ffprobe reads in the streams.

use crate::h264::ChromaFormat;

/// A golden hvcC.
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    pub(crate) record: &'static str,
    /// Profile, High tier, level.
    pub(super) profile: (u8, bool, u8),
    pub(super) size: (u32, u32),
    pub(super) bits: u8,
    pub(super) chroma: ChromaFormat,
    pub(super) reorder: u8,
    pub(super) codec: &'static str,
}

pub(crate) const GOLDEN: &[Golden] = &[
    Golden {
        name: "main_720p",
        record: "0101600000009000000000005df000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003005d928090a10001002a42010101600000030090000003000003005da00280802d16592a4932bc05a020000003002000000303c1a2000100074401c172b46240",
        profile: (1, false, 93),
        size: (1280, 720),
        bits: 8,
        chroma: ChromaFormat::Yuv420,
        reorder: 0,
        codec: "hvc1.1.6.L93.90",
    },
    Golden {
        name: "main_cropped",
        record: "0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003c959409a10001002a42010101600000030090000003000003003ca00a480b9c9596565924caf0168080000003008000000c84a2000100074401c172b46240",
        profile: (1, false, 60),
        size: (322, 182),
        bits: 8,
        chroma: ChromaFormat::Yuv420,
        reorder: 2,
        codec: "hvc1.1.6.L60.90",
    },
    Golden {
        name: "main10_high_tier",
        record: "01222000000090000000000099f000fcfdfafa00000f03a00001001840010c01ffff222000000300900000030000030099959809a10001002c420101222000000300900000030000030099a003c08010e4d96566924caf016808000003000800000301e040a2000100074401c172b46240",
        profile: (2, true, 153),
        size: (1920, 1080),
        bits: 10,
        chroma: ChromaFormat::Yuv420,
        reorder: 2,
        codec: "hvc1.2.4.H153.90",
    },
    Golden {
        name: "rext_444",
        record: "0104080000009e08000000003ff000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300003f928090a1000100274201010408000003009e0800000300003f9000a0402d2cb2549265780b40400000fa40001d4c02a2000100084401c172860c4624",
        profile: (4, false, 63),
        size: (640, 360),
        bits: 8,
        chroma: ChromaFormat::Yuv444,
        reorder: 0,
        codec: "hvc1.4.10.L63.9E.8",
    },
];
