//! FFmpeg commands that turn a file into one that can be sent. A test of the command
//! line runs each on a file of its kind.

use std::fmt;

use onair_media::Size;

/// What a conversion does with a kind of track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Plan {
    /// It stays as it is.
    #[default]
    Copy,
    /// It is encoded again.
    Encode,
    /// There is none, and none is needed.
    Absent,
    /// There is none: a black or silent one is added.
    Add,
}

/// A conversion, which displays as a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conversion {
    pub(crate) video: Plan,
    pub(crate) audio: Plan,
    /// The frame size, where known.
    pub(crate) size: Option<Size>,
    /// No more rows than this.
    pub(crate) rows: Option<u32>,
    /// At most this many frames a second.
    pub(crate) fps: Option<u32>,
}

impl fmt::Display for Conversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ffmpeg -i INPUT")?;
        if self.audio == Plan::Add {
            f.write_str(" -f lavfi -i anullsrc=r=48000:cl=stereo -shortest")?;
        }
        if self.video == Plan::Add {
            f.write_str(" -f lavfi -i color=c=black:s=1280x720:r=30 -shortest")?;
        }
        match self.video {
            Plan::Copy => f.write_str(" -c:v copy")?,
            Plan::Encode | Plan::Add => self.encode_video(f)?,
            Plan::Absent => {}
        }
        match self.audio {
            Plan::Copy => f.write_str(" -c:a copy")?,
            Plan::Encode | Plan::Add => f.write_str(" -c:a aac -b:a 160k -ar 48000 -ac 2")?,
            Plan::Absent => {}
        }
        f.write_str(" OUTPUT.mp4")
    }
}

impl Conversion {
    /// H.264 that every service takes: 8 bits, 4:2:0, a keyframe every two
    /// seconds whatever the frame rate.
    fn encode_video(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size.unwrap_or(Size::new(0, 0));
        let short = size.width.min(size.height);
        match self.rows.filter(|rows| short > *rows) {
            Some(rows) if size.width < size.height => write!(f, " -vf scale={rows}:-2")?,
            Some(rows) => write!(f, " -vf scale=-2:{rows}")?,
            // 4:2:0 has no odd sides.
            None if size.width % 2 + size.height % 2 > 0 => {
                f.write_str(" -vf \"crop=trunc(iw/2)*2:trunc(ih/2)*2\"")?;
            }
            None => {}
        }
        if let Some(fps) = self.fps {
            write!(f, " -fpsmax {fps}")?;
        }
        f.write_str(
            " -c:v libx264 -preset veryfast -pix_fmt yuv420p -maxrate 6000k -bufsize 12000k \
             -force_key_frames \"expr:gte(t,n_forced*2)\"",
        )
    }
}
