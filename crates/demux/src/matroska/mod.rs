//! Matroska and WebM (RFC 9559), read with `matroska-demuxer`.

mod coding;
mod outline;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use matroska_demuxer::{DemuxError, Frame, MatroskaFile, TrackEntry, TrackType};
use onair_media::h264::is_idr;
use onair_media::{Config, Kind, Packet, Timestamp, VideoCodec, hevc};

use crate::codec::frame_duration;
use crate::interleave::Interleave;
use crate::reorder::Reorder;
use crate::source::{Blocks, Cursor, Progress, Storage};
use crate::track::{Chosen, Unusable};
use crate::{Container, Damage, Demux, Error, Refused, Track};
use coding::{audio, stripped, video};
use outline::Outline;

/// An open Matroska file.
pub(crate) struct Matroska {
    file: MatroskaFile<Cursor>,
    progress: Progress,
    /// Where the segment's header says it ends.
    end: Option<u64>,
    scale: u64,
    tracks: Vec<Track>,
    lanes: Vec<Lane>,
    interleave: Interleave,
    notes: Vec<String>,
    ended: bool,
    failure: Option<Error>,
}

/// What is known of a track besides its [`Track`].
struct Lane {
    number: u64,
    config: Config,
    reorder: Option<Reorder>,
    /// Bytes taken off each frame's beginning by header stripping.
    stripped: Bytes,
    /// How long a frame of audio lasts.
    frame: Option<Duration>,
    /// How long a frame lasts where its block does not say.
    usual: Option<Duration>,
    /// Codec delay to be taken off the times.
    delay: i64,
    /// The last frame's block time and the end it gave the frames of its lace.
    lace: Option<(u64, Timestamp)>,
}

impl Matroska {
    /// Opens it; names the first track of each kind of which none can be sent.
    pub(crate) fn open(storage: Box<dyn Storage>) -> Result<(Self, Vec<Refused>), Error> {
        let mut blocks = Blocks::new(storage)?;
        let outline = Outline::parse(&mut blocks);
        let length = blocks.len();
        if outline.end.is_some_and(|end| end > length)
            && let Some(at) = outline.seek_head
        {
            // It leads to what was cut off, which the library does not forgive.
            blocks.replace(at, NO_SUCH_ID);
        }
        let headers = length.saturating_mul(HEADER_PASSES).min(MAX_HEADERS);
        let (cursor, progress) = Cursor::new(blocks, headers);
        let file = guarded(|| MatroskaFile::open(cursor), &progress)?;
        progress.lift_limit();
        let mut chosen = Chosen::default();
        for entry in file.tracks() {
            match entry.track_type() {
                TrackType::Video => chosen.offer(Kind::Video, Lane::parse(entry, Kind::Video)),
                TrackType::Audio => chosen.offer(Kind::Audio, Lane::parse(entry, Kind::Audio)),
                _ => {}
            }
        }
        let picked = chosen.finish(Container::Matroska)?;
        let (lanes, tracks): (Vec<_>, Vec<_>) = picked.tracks.into_iter().unzip();
        let matroska = Self {
            scale: file.info().timestamp_scale().get(),
            interleave: Interleave::new(tracks.len()),
            file,
            progress,
            end: outline.end,
            tracks,
            lanes,
            notes: picked.notes,
            ended: false,
            failure: None,
        };
        Ok((matroska, picked.refused))
    }

    fn step(&mut self) {
        let mut frame = Frame::default();
        match guarded(|| self.file.next_frame(&mut frame), &self.progress) {
            Ok(true) => self.take(frame),
            Ok(false) => self.finish(self.cut_short()),
            Err(failure) => self.finish(Some(failure)),
        }
    }

    fn take(&mut self, frame: Frame) {
        let Some(lane) = self
            .lanes
            .iter_mut()
            .find(|lane| lane.number == frame.track)
        else {
            return;
        };
        for packet in lane.packets(frame, self.scale) {
            self.interleave.push(packet);
        }
    }

    fn finish(&mut self, failure: Option<Error>) {
        for lane in &mut self.lanes {
            let rest = lane.reorder.as_mut().map(Reorder::finish);
            rest.into_iter()
                .flatten()
                .for_each(|packet| self.interleave.push(packet));
        }
        self.interleave.end();
        self.failure = failure;
        self.ended = true;
    }

    /// The library takes any early end for the end: the segment's size tells.
    fn cut_short(&self) -> Option<Error> {
        let length = self.progress.length();
        let cut = self.end.is_some_and(|end| end > length);
        cut.then(|| Error::truncated("Matroska segment", length))
    }
}

impl Demux for Matroska {
    fn container(&self) -> Container {
        Container::Matroska
    }

    fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        loop {
            if let Some(packet) = self.interleave.pop() {
                return Ok(Some(packet));
            }
            if self.ended {
                return self.failure.take().map_or(Ok(None), Err);
            }
            self.step();
        }
    }

    fn duration(&self) -> Option<Duration> {
        let info = self.file.info();
        let ticks = info.duration().filter(|ticks| *ticks > 0.0)?;
        #[expect(clippy::cast_precision_loss, reason = "a duration for people to read")]
        let seconds = ticks * self.scale as f64 / 1e9;
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// None: the library stops at the first element that is wrong.
    fn damage(&self) -> Damage {
        Damage::default()
    }
}

impl Lane {
    fn parse(entry: &TrackEntry, kind: Kind) -> Result<(Self, Track), Unusable> {
        let config = match kind {
            Kind::Video => video(entry)?,
            Kind::Audio => audio(entry)?,
        };
        let lane = Self {
            number: entry.track_number().get(),
            reorder: match &config {
                Config::Video(video) => Some(Reorder::new(video)),
                Config::Audio(_) => None,
            },
            stripped: stripped(entry, kind)?,
            frame: frame_duration(&config),
            usual: entry
                .default_duration()
                .map(|d| Duration::from_nanos(d.get())),
            delay: i64::try_from(entry.codec_delay().unwrap_or(0)).unwrap_or(0),
            lace: None,
            config: config.clone(),
        };
        Ok((lane, Track::new(config)))
    }

    /// Makes a packet of a frame; gives those whose decoding time is known.
    fn packets(&mut self, frame: Frame, scale: u64) -> VecDeque<Packet> {
        let ticks = frame.duration.map(|d| d.saturating_mul(scale));
        let pts = self.time(frame.timestamp, scale);
        let payload = self.restore(frame.data);
        let packet = Packet {
            config: self.config.clone(),
            pts,
            dts: pts,
            duration: self
                .frame
                .or_else(|| ticks.map(Duration::from_nanos))
                .or(self.usual),
            keyframe: is_keyframe(&self.config, frame.is_keyframe, &payload),
            payload,
        };
        match &mut self.reorder {
            Some(reorder) => reorder.push(packet),
            None => VecDeque::from([packet]),
        }
    }

    /// A frame's time: its block's, or behind its neighbour in the same lace.
    fn time(&mut self, block: u64, scale: u64) -> Timestamp {
        let own = i64::try_from(block.saturating_mul(scale)).unwrap_or(i64::MAX);
        let time = match self.lace {
            Some((last, end)) if last == block => end,
            _ => Timestamp::from_nanos(own).offset(-self.delay),
        };
        if self.config.kind() == Kind::Audio {
            self.lace = Some((block, time + self.frame.or(self.usual).unwrap_or_default()));
        }
        time
    }

    fn restore(&self, data: Vec<u8>) -> Bytes {
        if self.stripped.is_empty() {
            return data.into();
        }
        [self.stripped.as_ref(), &data].concat().into()
    }
}

/// As the block says, or else as the picture shows.
fn is_keyframe(config: &Config, stated: Option<bool>, payload: &[u8]) -> bool {
    let Config::Video(video) = config else {
        return true;
    };
    stated.unwrap_or_else(|| match video.codec {
        VideoCodec::Hevc => hevc::is_keyframe(payload, video.length_size()),
        _ => is_idr(payload, video.length_size()),
    })
}

/// Calls the library, whose sums overflow on a few hostile numbers: in a build
/// that checks sums this would be a panic. What panicked is not used again.
fn guarded<T>(
    call: impl FnOnce() -> Result<T, DemuxError>,
    progress: &Progress,
) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|e| error(&e, progress)),
        Err(_) => Err(Error::invalid(
            "Matroska number is out of range",
            progress.position(),
        )),
    }
}

fn error(error: &DemuxError, progress: &Progress) -> Error {
    let (at, length) = (progress.position(), progress.length());
    match error {
        DemuxError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            Error::truncated("Matroska file", length)
        }
        DemuxError::ElementSizeExceedsStream { .. } => Error::truncated("Matroska element", length),
        DemuxError::ElementNotFound(_) | DemuxError::CantFindCluster => {
            Error::invalid("Matroska file lacks its tracks or clusters", at)
        }
        DemuxError::IoError(e) if e.kind() == std::io::ErrorKind::FileTooLarge => {
            Error::invalid("Matroska headers are too large", at)
        }
        DemuxError::IoError(e) => Error::io("read the file", e.kind().into()),
        DemuxError::UnsupportedDocType(_) | DemuxError::UnsupportedDocTypeReadVersion(_) => {
            Error::invalid("EBML file, but not Matroska or WebM", at)
        }
        DemuxError::InvalidBlockSize => Error::invalid("Matroska block's size is wrong", at),
        _ => Error::invalid("Matroska element is wrong", at),
    }
}

/// A last byte that makes it the id of nothing.
const NO_SUCH_ID: u8 = 0x75;

/// Bytes of headers read before the first frame.
const MAX_HEADERS: u64 = 32 * 1024 * 1024;

/// A hostile seek head sends the library through the same bytes over and over;
/// an honest one needs no more than this many times the file.
const HEADER_PASSES: u64 = 4;
