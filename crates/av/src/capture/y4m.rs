//! YUV4MPEG2, the raw video that FFmpeg and mjpegtools pipe to each other.

use std::io::{ErrorKind, Read, Write};

use onair_media::{FrameRate, Size, Timestamp};

use super::{LiveFrames, VideoSource};
use crate::{Error, I420, Surface, VideoFrame};

/// Frames from a YUV4MPEG2 stream of 8-bit 4:2:0.
pub struct Y4m<R> {
    reader: R,
    size: Size,
    frame_rate: FrameRate,
    index: u64,
}

impl<R: Read + Send> Y4m<R> {
    /// Reads the stream's header. The reader should be buffered.
    pub fn new(mut reader: R) -> Result<Self, Error> {
        let line = line(&mut reader)?.ok_or_else(|| malformed("the stream is empty"))?;
        let (size, frame_rate) = header(&line)?;
        Ok(Self {
            reader,
            size,
            frame_rate,
            index: 0,
        })
    }
}

impl<R: Read + Send> VideoSource for Y4m<R> {
    fn size(&self) -> Size {
        self.size
    }

    fn frame_rate(&self) -> FrameRate {
        self.frame_rate
    }

    /// A stream may end between two frames; inside one it is cut short.
    fn next_frame(&mut self) -> Result<Option<VideoFrame>, Error> {
        let Some(line) = line(&mut self.reader)? else {
            return Ok(None);
        };
        if line.split(' ').next() != Some("FRAME") {
            return Err(malformed("a frame does not begin with FRAME"));
        }
        let wanted = I420::len_of(self.size);
        let mut data = Vec::new();
        let mut reader = (&mut self.reader).take(wanted as u64);
        if reader.read_to_end(&mut data)? < wanted {
            let number = self.index + 1;
            return Err(malformed(format!(
                "ends inside picture {number}: the stream is cut short"
            )));
        }
        let timestamp = Timestamp::ZERO + self.frame_rate.time_of(self.index);
        self.index += 1;
        Ok(Some(VideoFrame {
            surface: Surface::I420(I420::new(self.size, data)?),
            timestamp,
        }))
    }

    fn live_frames(&self) -> Option<&LiveFrames> {
        None
    }

    fn can_run_dry(&self) -> bool {
        true
    }
}

/// Writes frames as a YUV4MPEG2 stream.
pub struct Y4mWriter<W> {
    writer: W,
    size: Size,
}

impl<W: Write> Y4mWriter<W> {
    /// Writes the stream's header.
    pub fn new(mut writer: W, size: Size, rate: FrameRate) -> Result<Self, Error> {
        let (width, height) = (size.width, size.height);
        let (numerator, denominator) = (rate.numerator(), rate.denominator());
        writeln!(
            writer,
            "YUV4MPEG2 W{width} H{height} F{numerator}:{denominator} Ip A1:1 C420mpeg2"
        )?;
        Ok(Self { writer, size })
    }

    /// Writes one frame.
    pub fn write(&mut self, image: &I420) -> Result<(), Error> {
        let (expected, got) = (self.size, image.size());
        if expected != got {
            return Err(Error::WrongSize { expected, got });
        }
        self.writer.write_all(b"FRAME\n")?;
        Ok(self.writer.write_all(image.data())?)
    }
}

/// A line of the stream without its end, or `None` at the stream's end.
fn line(reader: &mut impl Read) -> Result<Option<String>, Error> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < LONGEST_LINE {
        match reader.read_exact(&mut byte) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof && line.is_empty() => {
                return Ok(None);
            }
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(malformed("ends inside a header: the stream is cut short"));
            }
            result => result?,
        }
        if byte == *b"\n" {
            return String::from_utf8(line)
                .map(Some)
                .map_err(|_| malformed("a header is not text"));
        }
        line.push(byte[0]);
    }
    Err(malformed("a header line does not end"))
}

fn header(line: &str) -> Result<(Size, FrameRate), Error> {
    let mut words = line.split(' ');
    if words.next() != Some("YUV4MPEG2") {
        return Err(malformed("no YUV4MPEG2 at the beginning"));
    }
    let (mut width, mut height, mut rate) = (None, None, None);
    for word in words.filter(|word| !word.is_empty()) {
        let Some((tag, value)) = word.split_at_checked(1) else {
            return Err(malformed("a header is not text"));
        };
        match tag {
            "W" => width = side(value),
            "H" => height = side(value),
            "F" => rate = frame_rate(value),
            "C" => check_colour(value)?,
            "I" => check_interlacing(value)?,
            "X" => check_comment(value)?,
            _ => {} // A: pixel shape
        }
    }
    match (width, height, rate) {
        (Some(width), Some(height), Some(rate)) => Ok((Size::new(width, height), rate)),
        _ => Err(malformed(
            "the header needs a width, a height and a frame rate",
        )),
    }
}

fn side(value: &str) -> Option<u32> {
    value
        .parse()
        .ok()
        .filter(|side| (1..=16_384).contains(side))
}

fn frame_rate(value: &str) -> Option<FrameRate> {
    let (numerator, denominator) = value.split_once(':')?;
    FrameRate::new(numerator.parse().ok()?, denominator.parse().ok()?)
}

fn check_colour(value: &str) -> Result<(), Error> {
    match value {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Ok(()),
        other => Err(Error::unsupported(format!(
            "Y4M in {other}: 8-bit 4:2:0 would work (ffmpeg: -pix_fmt yuv420p)"
        ))),
    }
}

fn check_interlacing(value: &str) -> Result<(), Error> {
    match value {
        "p" | "?" => Ok(()),
        _ => Err(Error::unsupported(
            "interlaced Y4M: progressive would work (ffmpeg: -vf yadif)",
        )),
    }
}

/// Comments mean nothing, except that FFmpeg states the range in one.
fn check_comment(value: &str) -> Result<(), Error> {
    if value == "COLORRANGE=FULL" {
        let what = "full-range Y4M: limited would work (ffmpeg: -vf scale=out_range=tv)";
        return Err(Error::unsupported(what));
    }
    Ok(())
}

fn malformed(what: impl Into<String>) -> Error {
    Error::Malformed {
        format: "Y4M",
        what: what.into(),
    }
}

/// No real stream has a longer header line.
const LONGEST_LINE: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    fn stream(header: &str, frames: &[&[u8]]) -> Vec<u8> {
        let mut out = format!("{header}\n").into_bytes();
        for frame in frames {
            out.extend_from_slice(b"FRAME\n");
            out.extend_from_slice(frame);
        }
        out
    }

    fn golden() -> Vec<u8> {
        let header = "YUV4MPEG2 W4 H2 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG";
        stream(header, &[&[1; 12], &[2; 12]])
    }

    #[test]
    fn frames_are_read_with_their_times() {
        let golden = golden();
        let mut source = Y4m::new(&golden[..]).unwrap();
        assert_eq!(source.size(), Size::new(4, 2));
        assert_eq!(source.frame_rate(), FrameRate::new(30_000, 1001).unwrap());
        for (value, nanos) in [(1, 0), (2, 33_366_666)] {
            let frame = source.next_frame().unwrap().unwrap();
            let Surface::I420(image) = frame.surface;
            assert_eq!(image.data(), [value; 12]);
            assert_eq!(frame.timestamp.as_nanos(), nanos);
        }
        assert!(source.next_frame().unwrap().is_none());
    }

    #[test]
    fn a_stream_that_ends_inside_a_frame_says_so() {
        let golden = golden();
        let image = golden.len() - 12;
        for (end, place) in [
            (image + 5, "inside picture 2"),
            (image - 3, "inside a header"),
        ] {
            let mut source = Y4m::new(&golden[..end]).unwrap();
            assert!(source.next_frame().unwrap().is_some());
            let error = source.next_frame().err().unwrap().to_string();
            assert!(error.contains(place), "{error}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let (size, rate) = (Size::new(5, 3), FrameRate::new(25, 1).unwrap());
        let image = I420::new(size, (0..27).collect()).unwrap();
        let mut bytes = Vec::new();
        let mut writer = Y4mWriter::new(&mut bytes, size, rate).unwrap();
        writer.write(&image).unwrap();
        assert!(writer.write(&I420::black(Size::new(2, 2))).is_err());
        let mut source = Y4m::new(&bytes[..]).unwrap();
        let frame = source.next_frame().unwrap().unwrap();
        let Surface::I420(read) = frame.surface;
        assert_eq!(read.data(), image.data());
    }

    #[test]
    fn other_formats_are_refused_with_advice() {
        for (header, advice) in [
            ("YUV4MPEG2 W4 H2 F25:1 C444", "yuv420p"),
            ("YUV4MPEG2 W4 H2 F25:1 C420p10", "yuv420p"),
            ("YUV4MPEG2 W4 H2 F25:1 It", "yadif"),
            ("YUV4MPEG2 W4 H2 F25:1 XCOLORRANGE=FULL", "out_range=tv"),
        ] {
            let error = Y4m::new(&stream(header, &[])[..]).err().unwrap();
            assert!(error.to_string().contains(advice), "{header}: {error}");
        }
    }

    #[test]
    fn broken_headers_are_malformed() {
        for header in [
            "",
            "YUV4MPEG3 W4 H2 F25:1",
            "YUV4MPEG2 W4 F25:1",
            "YUV4MPEG2 W0 H2 F25:1",
            "YUV4MPEG2 W4 H99999 F25:1",
            "YUV4MPEG2 W4 H2 F25:0",
            "YUV4MPEG2 W4 H2 F25",
        ] {
            let error = Y4m::new(&stream(header, &[])[..]).err().unwrap();
            assert!(
                matches!(error, Error::Malformed { .. }),
                "{header}: {error}"
            );
        }
    }

    #[test]
    fn every_prefix_and_every_flip_is_an_error_or_an_end() {
        let golden = golden();
        for end in 0..golden.len() {
            fuzz::y4m(&golden[..end]);
        }
        for index in 0..golden.len() {
            for bit in 0..8 {
                let mut flipped = golden.clone();
                flipped[index] ^= 1 << bit;
                fuzz::y4m(&flipped);
            }
        }
    }

    #[test]
    fn noise_is_an_error_or_an_end() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2000 {
            let mut data = golden();
            for _ in 0..4 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let at = usize::try_from(state % data.len() as u64).unwrap();
                data[at] = state.to_be_bytes()[0];
            }
            fuzz::y4m(&data);
        }
    }
}
