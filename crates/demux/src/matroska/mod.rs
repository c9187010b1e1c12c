//! Matroska and WebM (RFC 9559): `matroska-demuxer` reads the headers. The clusters are read here,
//! because the library adds up their numbers unchecked.

mod clusters;
mod coding;
mod element;
mod header;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use matroska_demuxer::{TrackEntry, TrackType};
use onair_media::{Config, Kind, Packet, Timestamp};

use crate::block_cache::{BlockCache, Storage};
use crate::reader::{Output, Reader, opened};
use crate::reorder::Reorder;
use crate::selection::{TrackSelection, Unusable};
use crate::{Container, Damage, Error, Opened, Track};
use clusters::{Clusters, Frame};
use coding::{audio, stripped, video};
use header::Header;

/// An open Matroska file.
struct Matroska {
    blocks: BlockCache,
    clusters: Clusters,
    /// Where the segment's header says it ends.
    end: Option<u64>,
    scale: u64,
    tracks: Vec<TrackState>,
}

/// What is known of a track besides its [`Track`].
struct TrackState {
    number: u64,
    config: Config,
    reorder: Option<Reorder>,
    /// Bytes taken off each frame's beginning by header stripping.
    stripped: Bytes,
    /// How long a frame of audio lasts.
    frame: Option<Duration>,
    /// How long a frame lasts where its block does not say.
    usual: Option<Duration>,
    /// Codec delay, subtracted from the times.
    delay: i64,
    /// The last frame's block time, and when that frame ends.
    lace: Option<(i64, Timestamp)>,
}

/// Whether a file that begins like this is one: EBML (RFC 8794 §8.1).
pub(crate) fn recognizes(head: &[u8]) -> bool {
    head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3])
}

/// Reads as far as the first cluster.
pub(crate) fn open(storage: Box<dyn Storage>) -> Result<Opened, Error> {
    let mut blocks = BlockCache::new(storage)?;
    let header = Header::read(&mut blocks)?;
    let mut chosen = TrackSelection::default();
    for entry in header.file.tracks() {
        match entry.track_type() {
            TrackType::Video => chosen.offer(Kind::Video, TrackState::parse(entry, Kind::Video)),
            TrackType::Audio => chosen.offer(Kind::Audio, TrackState::parse(entry, Kind::Audio)),
            _ => {}
        }
    }
    let selected = chosen.finish(Container::Matroska)?;
    let mut out = Output::new();
    let tracks: Vec<_>;
    (tracks, out.tracks) = selected.tracks.into_iter().unzip();
    out.notes = selected.notes;
    out.duration = duration(&header);
    let matroska = Matroska {
        scale: header.file.info().timestamp_scale().get(),
        clusters: Clusters::new(header.clusters, header.end),
        blocks,
        end: header.end,
        tracks,
    };
    opened(Container::Matroska, matroska, out, selected.refused)
}

impl Reader for Matroska {
    fn step(&mut self, out: &mut Output) {
        match self.clusters.next(&mut self.blocks) {
            Ok(Some(frame)) => self.take(frame, out),
            Ok(None) => self.finish(self.cut_short(), out),
            Err(failure) => self.finish(Some(failure), out),
        }
    }

    /// None: reading ends at the first wrong element.
    fn damage(&self) -> Damage {
        Damage::default()
    }
}

impl Matroska {
    fn take(&mut self, frame: Frame, out: &mut Output) {
        let mut tracks = self.tracks.iter_mut();
        if let Some(track) = tracks.find(|track| track.number == frame.track) {
            let packets = track.packets(frame, self.scale);
            packets.into_iter().for_each(|packet| out.push(packet));
        }
    }

    fn finish(&mut self, failure: Option<Error>, out: &mut Output) {
        let reorders = self
            .tracks
            .iter_mut()
            .filter_map(|track| track.reorder.as_mut());
        let rest = reorders.flat_map(Reorder::finish);
        rest.for_each(|packet| out.push(packet));
        out.end(failure);
    }

    /// The error, where the segment's size says that there should be more.
    fn cut_short(&self) -> Option<Error> {
        let length = self.blocks.len();
        let cut = self.end.is_some_and(|end| end > length);
        cut.then(|| Error::truncated("Matroska segment", length))
    }
}

impl TrackState {
    fn parse(entry: &TrackEntry, kind: Kind) -> Result<(Self, Track), Unusable> {
        let config = match kind {
            Kind::Video => video(entry)?,
            Kind::Audio => audio(entry)?,
        };
        let track = Self {
            number: entry.track_number().get(),
            reorder: match &config {
                Config::Video(video) => Some(Reorder::new(video)),
                Config::Audio(_) => None,
            },
            stripped: stripped(entry, kind)?,
            frame: config.frame_duration(),
            usual: entry
                .default_duration()
                .map(|d| Duration::from_nanos(d.get())),
            delay: i64::try_from(entry.codec_delay().unwrap_or(0)).unwrap_or(0),
            lace: None,
            config: config.clone(),
        };
        Ok((track, Track::new(config)))
    }

    /// Makes a packet of a frame; gives those whose decoding time is known.
    fn packets(&mut self, frame: Frame, scale: u64) -> VecDeque<Packet> {
        let ticks = frame.duration.map(|d| d.saturating_mul(scale));
        let pts = self.time(frame.time, scale);
        let payload = self.restore(frame.data);
        let packet = Packet {
            config: self.config.clone(),
            pts,
            dts: pts,
            duration: self
                .frame
                .or_else(|| ticks.map(Duration::from_nanos))
                .or(self.usual),
            keyframe: is_keyframe(&self.config, frame.keyframe, &payload),
            payload,
        };
        match &mut self.reorder {
            Some(reorder) => reorder.push(packet),
            None => VecDeque::from([packet]),
        }
    }

    /// A frame's time: its block's, or behind its neighbour in the same lace.
    fn time(&mut self, block: i64, scale: u64) -> Timestamp {
        let own = block.saturating_mul(i64::try_from(scale).unwrap_or(i64::MAX));
        let time = match self.lace {
            Some((last, end)) if last == block => end,
            _ => Timestamp::from_nanos(own).offset(-self.delay),
        };
        if self.config.kind() == Kind::Audio {
            self.lace = Some((block, time + self.frame.or(self.usual).unwrap_or_default()));
        }
        time
    }

    fn restore(&self, data: Bytes) -> Bytes {
        if self.stripped.is_empty() {
            return data;
        }
        [self.stripped.as_ref(), &data].concat().into()
    }
}

/// As the block says, or else as the bitstream shows.
fn is_keyframe(config: &Config, stated: Option<bool>, payload: &[u8]) -> bool {
    let Config::Video(video) = config else {
        return true;
    };
    stated.unwrap_or_else(|| video.is_random_access_point(payload))
}

/// The duration in the header.
fn duration(header: &Header) -> Option<Duration> {
    let info = header.file.info();
    let ticks = info.duration().filter(|ticks| *ticks > 0.0)?;
    #[expect(clippy::cast_precision_loss, reason = "a duration for people to read")]
    let seconds = ticks * info.timestamp_scale().get() as f64 / 1e9;
    Duration::try_from_secs_f64(seconds).ok()
}
