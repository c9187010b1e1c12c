//! Fuzz bodies: no input causes a panic or exceeds the memory limits.

use std::io::Cursor;

use crate::{Error, Format, PacketSource, open, read_lenient};

/// Any file, recognised by its first bytes.
pub fn any(data: &[u8]) {
    let opened = open::open_storage(Box::new(Cursor::new(data.to_vec())));
    drain(opened.map(|opened| opened.media));
}

/// A Flash Video stream.
pub fn flv(data: &[u8]) {
    drain(lenient(data, Format::Flv));
}

/// A transport stream.
pub fn ts(data: &[u8]) {
    drain(lenient(data, Format::Ts));
}

fn lenient(data: &[u8], format: Format) -> Result<Box<dyn PacketSource>, Error> {
    let opened = read_lenient(Box::new(Cursor::new(data.to_vec())), format);
    opened.map(|opened| opened.media)
}

/// Reads a limited number of packets into a survey: a few bytes of index can describe millions.
fn drain(demux: Result<Box<dyn PacketSource>, Error>) {
    let Ok(mut demux) = demux else { return };
    let mut survey = crate::Survey::new(demux.as_ref());
    for _ in 0..MAX_PACKETS {
        match demux.next_packet() {
            Ok(Some(packet)) => survey.push(&packet),
            Ok(None) => break,
            Err(error) => {
                survey.fail(&error);
                assert!(
                    matches!(demux.next_packet(), Ok(None)),
                    "an error is the end"
                );
                break;
            }
        }
    }
    survey.close(demux.as_ref());
    assert!(!survey.report().to_string().is_empty());
}

const MAX_PACKETS: usize = 2000;

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&[u8]; 10] = [
        include_bytes!("../testdata/bframes.mp4"),
        include_bytes!("../testdata/fragmented.mp4"),
        include_bytes!("../testdata/quicktime.mov"),
        include_bytes!("../testdata/trimmed.mp4"),
        include_bytes!("../testdata/plain.flv"),
        include_bytes!("../testdata/plain.ts"),
        include_bytes!("../testdata/plain.mkv"),
        include_bytes!("../testdata/hevc.mp4"),
        include_bytes!("../testdata/hevc.ts"),
        include_bytes!("../testdata/hevc.mkv"),
    ];

    /// Cases a file is put through in each test.
    const CASES: usize = 250;

    #[test]
    fn golden_files_pass_through() {
        FILES.iter().for_each(|file| any(file));
        flv(FILES[4]);
        ts(FILES[5]);
    }

    #[test]
    fn files_cut_anywhere_are_harmless() {
        for file in FILES {
            let step = file.len().div_ceil(CASES);
            for end in (0..file.len()).step_by(step) {
                any(&file[..end]);
            }
        }
    }

    #[test]
    #[ignore = "minutes: each prefix and each bit of each file"]
    fn every_prefix_and_every_bit_flip_is_harmless() {
        for file in FILES {
            (0..file.len()).for_each(|end| any(&file[..end]));
            for (at, bit) in (0..file.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut bytes = file.to_vec();
                bytes[at] ^= 1 << bit;
                any(&bytes);
            }
        }
    }

    #[test]
    fn files_with_one_byte_changed_are_harmless() {
        for (index, file) in FILES.iter().enumerate() {
            let mut random = Random(0x9e37_79b9 + index as u64);
            for _ in 0..CASES {
                let mut bytes = file.to_vec();
                let at = random.below(bytes.len());
                bytes[at] ^= 1 << random.below(8);
                any(&bytes);
            }
        }
    }

    #[test]
    fn indexes_with_any_byte_at_its_extremes_are_harmless() {
        for file in FILES {
            let start = if file[4..8] == *b"ftyp" {
                moov(file)
            } else {
                0
            };
            let end = file.len().min(start + 2400);
            for at in (start..end).step_by(3) {
                for value in [0x00, 0xff] {
                    let mut bytes = file.to_vec();
                    bytes[at] = value;
                    any(&bytes);
                }
            }
        }
    }

    #[test]
    fn noise_behind_a_good_beginning_is_harmless() {
        for (index, file) in FILES.iter().enumerate() {
            let mut random = Random(77 + index as u64);
            for _ in 0..CASES / 4 {
                let mut bytes = file.to_vec();
                let start = random.below(bytes.len());
                let size = random.below(64);
                for byte in bytes.iter_mut().skip(start).take(size) {
                    *byte = random.next().to_le_bytes()[3];
                }
                any(&bytes);
            }
        }
    }

    fn moov(file: &[u8]) -> usize {
        file.windows(4).position(|w| w == b"moov").unwrap_or(0)
    }

    /// Marsaglia's xorshift.
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0
        }

        fn below(&mut self, limit: usize) -> usize {
            usize::try_from(self.next() % limit as u64).unwrap()
        }
    }

    #[test]
    fn the_corpora_replay() {
        corpus::replay("demux_any", any);
        corpus::replay("demux_flv", flv);
        corpus::replay("demux_ts", ts);
    }
}
