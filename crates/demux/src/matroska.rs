//! Matroska and WebM (RFC 9559), read with `matroska-demuxer`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use matroska_demuxer::{
    ContentCompAlgo, ContentEncodingValue, DemuxError, Frame, MatroskaFile, TrackEntry, TrackType,
};
use onair_media::aac::AudioSpecificConfig;
use onair_media::h264::{AvcDecoderConfig, LengthSize, is_idr};
use onair_media::{Config, Kind, Packet, Timestamp, aac, h264};

use crate::codec::{matroska_name, unsupported};
use crate::interleave::Interleave;
use crate::reorder::Reorder;
use crate::source::{Blocks, Cursor, Progress, Storage};
use crate::track::Chosen;
use crate::{Container, Demux, Error, Track};

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
    length_size: LengthSize,
    /// Bytes taken off each frame's beginning by header stripping.
    stripped: Bytes,
    frame_duration: Option<Duration>,
    /// Codec delay to be taken off the times.
    delay: i64,
    /// The last frame's block time and the end it gave the frames of its lace.
    lace: Option<(u64, Timestamp)>,
}

impl Matroska {
    pub(crate) fn open(storage: Box<dyn Storage>) -> Result<Self, Error> {
        let mut blocks = Blocks::new(storage)?;
        let outline = Outline::parse(&mut blocks);
        let length = blocks.len();
        if outline.end.is_some_and(|end| end > length)
            && let Some(at) = outline.seek_head
        {
            // It leads to what was cut off, which the library does not forgive.
            blocks.replace(at, NO_SUCH_ID);
        }
        let (cursor, progress) = Cursor::new(blocks, MAX_HEADERS);
        let file = MatroskaFile::open(cursor).map_err(|e| error(&e, &progress, length))?;
        progress.lift_limit();
        let mut chosen = Chosen::default();
        for entry in file.tracks() {
            match entry.track_type() {
                TrackType::Video => chosen.offer(Kind::Video, Lane::parse(entry, Kind::Video)),
                TrackType::Audio => chosen.offer(Kind::Audio, Lane::parse(entry, Kind::Audio)),
                _ => {}
            }
        }
        let (picked, notes) = chosen.finish(Container::Matroska)?;
        let (lanes, tracks): (Vec<_>, Vec<_>) = picked.into_iter().unzip();
        Ok(Self {
            scale: file.info().timestamp_scale().get(),
            interleave: Interleave::new(tracks.len()),
            file,
            progress,
            end: outline.end,
            tracks,
            lanes,
            notes,
            ended: false,
            failure: None,
        })
    }

    fn step(&mut self) {
        let mut frame = Frame::default();
        match self.file.next_frame(&mut frame) {
            Ok(true) => self.take(frame),
            Ok(false) => self.finish(self.cut_short()),
            Err(e) => {
                let failure = error(&e, &self.progress, self.progress.length());
                self.finish(Some(failure));
            }
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
}

impl Lane {
    fn parse(entry: &TrackEntry, kind: Kind) -> Result<(Self, Track), Error> {
        let config = match kind {
            Kind::Video => video(entry)?,
            Kind::Audio => audio(entry)?,
        };
        let length_size = match &config {
            Config::Video(video) => {
                AvcDecoderConfig::parse(&video.record)
                    .map_err(|e| Error::media(&e, 0))?
                    .length_size
            }
            Config::Audio(_) => LengthSize::Four,
        };
        let lane = Self {
            number: entry.track_number().get(),
            reorder: match &config {
                Config::Video(video) => Some(Reorder::new(video)),
                Config::Audio(_) => None,
            },
            length_size,
            stripped: stripped(entry, kind)?,
            frame_duration: frame_duration(entry, &config),
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
            duration: ticks.map(Duration::from_nanos).or(self.frame_duration),
            keyframe: match self.config {
                Config::Audio(_) => true,
                Config::Video(_) => frame
                    .is_keyframe
                    .unwrap_or_else(|| is_idr(&payload, self.length_size)),
            },
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
            self.lace = Some((block, time + self.frame_duration.unwrap_or_default()));
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

fn video(entry: &TrackEntry) -> Result<Config, Error> {
    if entry.codec_id() != "V_MPEG4/ISO/AVC" {
        return Err(unsupported(Kind::Video, &matroska_name(entry.codec_id())));
    }
    let record = entry
        .codec_private()
        .ok_or_else(|| Error::invalid("Matroska H.264 track lacks its CodecPrivate", 0))?;
    let mut config =
        h264::video_config(Bytes::copy_from_slice(record)).map_err(|e| Error::media(&e, 0))?;
    if config.frame_rate.is_none() {
        config.frame_rate = entry.default_duration().and_then(|nanos| {
            onair_media::FrameRate::new(1_000_000_000, u32::try_from(nanos.get()).ok()?)
        });
    }
    Ok(Config::Video(Arc::new(config)))
}

fn audio(entry: &TrackEntry) -> Result<Config, Error> {
    if !entry.codec_id().starts_with("A_AAC") {
        return Err(unsupported(Kind::Audio, &matroska_name(entry.codec_id())));
    }
    let record = match entry.codec_private() {
        Some(record) if !record.is_empty() => Bytes::copy_from_slice(record),
        _ => described(entry)?,
    };
    aac::audio_config(record)
        .map(|config| Config::Audio(Arc::new(config)))
        .map_err(|e| Error::media(&e, 0))
}

/// The configuration of old files, which only name a rate and channels.
fn described(entry: &TrackEntry) -> Result<Bytes, Error> {
    let wrong = || Error::invalid("Matroska AAC track lacks its CodecPrivate", 0);
    let audio = entry.audio().ok_or_else(wrong)?;
    let channels = u8::try_from(audio.channels().get()).map_err(|_| wrong())?;
    let rate = audio.sampling_frequency().round();
    if !(1.0..=192_000.0).contains(&rate) {
        return Err(wrong());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie in 1..=192000"
    )]
    let rate = rate as u32;
    AudioSpecificConfig::aac_lc(rate, channels)
        .and_then(|config| config.write())
        .map_err(|_| wrong())
}

/// The bytes that header stripping (RFC 9559 §5.1.4.1.31.6) took off each frame.
fn stripped(entry: &TrackEntry, kind: Kind) -> Result<Bytes, Error> {
    let encodings = entry.content_encodings().unwrap_or_default();
    let mut prefix = Bytes::new();
    for encoding in encodings {
        match encoding.encoding() {
            ContentEncodingValue::Compression(c) if c.algo() == ContentCompAlgo::Stripping => {
                prefix = Bytes::copy_from_slice(c.settings().unwrap_or_default());
            }
            ContentEncodingValue::Encryption(_) => return Err(unsupported(kind, "encrypted")),
            _ => {
                return Err(unsupported(
                    kind,
                    "compressed inside Matroska (zlib or the like)",
                ));
            }
        }
    }
    Ok(prefix)
}

fn frame_duration(entry: &TrackEntry, config: &Config) -> Option<Duration> {
    let stated = entry
        .default_duration()
        .map(|d| Duration::from_nanos(d.get()));
    match config {
        Config::Video(_) => stated,
        Config::Audio(audio) => AudioSpecificConfig::parse(&audio.record)
            .map(|asc| asc.frame_duration())
            .ok()
            .or(stated),
    }
}

/// What a file's beginning says of its layout (RFC 8794 §4, RFC 9559 §4.5).
#[derive(Default)]
struct Outline {
    /// Where the segment ends, if it says so.
    end: Option<u64>,
    /// Where the last byte of the seek head's id is.
    seek_head: Option<u64>,
}

impl Outline {
    fn parse(blocks: &mut Blocks) -> Self {
        let size = blocks.len().min(MAX_EBML_HEADER);
        let head = blocks.bytes(0, size, "EBML header").unwrap_or_default();
        Self::read(&head).unwrap_or_default()
    }

    fn read(head: &[u8]) -> Option<Self> {
        let place = |rest: &[u8]| (head.len() - rest.len()) as u64;
        let mut rest = head;
        let (_, size) = element(&mut rest)?;
        rest = skip(rest, size)?;
        let (_, size) = element(&mut rest).filter(|(id, _)| *id == SEGMENT)?;
        let mut outline = Self {
            end: size.and_then(|size| place(rest).checked_add(size)),
            seek_head: None,
        };
        loop {
            let at = place(rest);
            match element(&mut rest) {
                Some((SEEK_HEAD, _)) => outline.seek_head = Some(at + 3),
                Some((_, size)) if outline.seek_head.is_none() => match skip(rest, size) {
                    Some(behind) => rest = behind,
                    None => return Some(outline),
                },
                _ => return Some(outline),
            }
        }
    }
}

fn skip(rest: &[u8], size: Option<u64>) -> Option<&[u8]> {
    rest.get(usize::try_from(size?).ok()?..)
}

/// An EBML element's id and size; no size when it is unknown.
fn element(input: &mut &[u8]) -> Option<(u64, Option<u64>)> {
    let (id, _) = variable(input, false)?;
    let (size, bits) = variable(input, true)?;
    Some((id, Some(size).filter(|size| *size != (1 << bits) - 1)))
}

/// An EBML variable-size number and how many bits it has; ids keep their marker.
fn variable(input: &mut &[u8], unmark: bool) -> Option<(u64, u32)> {
    let first = *input.split_off_first()?;
    let extra = first.leading_zeros();
    let marker = 0x80_u8.checked_shr(extra)?;
    let mut value = u64::from(if unmark { first & !marker } else { first });
    for _ in 0..extra {
        value = value << 8 | u64::from(*input.split_off_first()?);
    }
    Some((value, 7 * (extra + 1)))
}

fn error(error: &DemuxError, progress: &Progress, length: u64) -> Error {
    let at = progress.position();
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

/// `Segment`'s element id.
const SEGMENT: u64 = 0x1853_8067;

/// `SeekHead`'s element id.
const SEEK_HEAD: u64 = 0x114d_9b74;

/// A last byte that makes it the id of nothing.
const NO_SUCH_ID: u8 = 0x75;

/// Bytes looked at for the segment's header.
const MAX_EBML_HEADER: u64 = 4096;

/// Bytes of headers read before the first frame.
const MAX_HEADERS: u64 = 64 * 1024 * 1024;
