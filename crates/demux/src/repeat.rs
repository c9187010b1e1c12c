use std::path::{Path, PathBuf};
use std::time::Duration;

use onair_media::{Config, Kind, Packet, Timestamp};

use crate::reader::{Output, Reader, source};
use crate::{Damage, Error, PacketSource, open};

/// Plays a file over and over. At its end it is opened again, and the timeline goes on without a
/// jump, an overlap or a step back.
///
/// A pass lasts from the earliest start to the latest end of its tracks,
/// lengthened so that audio goes on in whole frames.
pub fn open_repeated(path: &Path) -> Result<Box<dyn PacketSource>, Error> {
    let current = open(path)?;
    let mut out = Output::new();
    out.tracks = current.tracks().to_vec();
    out.notes = current.notes().to_vec();
    let container = current.container();
    let repeated = Repeated {
        path: path.to_owned(),
        current,
        offset: 0,
        video: None,
        audio: None,
        damage: Damage::default(),
    };
    Ok(source(container, repeated, out))
}

struct Repeated {
    path: PathBuf,
    current: Box<dyn PacketSource>,
    /// Nanoseconds by which the current pass is moved.
    offset: i64,
    video: Option<Span>,
    audio: Option<Span>,
    /// What earlier passes could not read.
    damage: Damage,
}

impl Reader for Repeated {
    /// The end of one pass is interleaved with the beginning of the next.
    fn step(&mut self, out: &mut Output) {
        match self.next() {
            Ok(Some(packet)) => out.push(packet),
            Ok(None) => match self.rewind() {
                Ok(true) => {}
                Ok(false) => out.end(None),
                Err(error) => out.end(Some(error)),
            },
            Err(error) => out.end(Some(error)),
        }
    }

    fn damage(&self) -> Damage {
        self.damage.and(self.current.damage())
    }
}

impl Repeated {
    /// The next packet of this pass, measured and moved to this pass's time.
    fn next(&mut self) -> Result<Option<Packet>, Error> {
        let Some(mut packet) = self.current.next_packet()? else {
            return Ok(None);
        };
        let span = match packet.kind() {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        let span = span.get_or_insert_with(|| Span::new(&packet));
        span.add(&packet);
        if packet.config.same(&span.config) {
            packet.config = span.config.clone();
        }
        packet.dts = packet.dts.offset(self.offset);
        packet.pts = packet.pts.offset(self.offset);
        Ok(Some(packet))
    }

    /// Begins the next pass; false when there is nothing to repeat.
    fn rewind(&mut self) -> Result<bool, Error> {
        let period = period(self.video.as_ref(), self.audio.as_ref());
        if period <= 0 {
            return Ok(false);
        }
        self.offset = self.offset.saturating_add(period);
        self.damage = self.damage.and(self.current.damage());
        self.current = open(&self.path)?;
        for span in [&mut self.video, &mut self.audio].into_iter().flatten() {
            span.restart();
        }
        Ok(true)
    }
}

/// What a track covers in one pass.
struct Span {
    config: Config,
    /// How many nanoseconds an audio frame lasts, where known.
    frame: Option<i64>,
    bounds: Option<Bounds>,
}

#[derive(Clone, Copy)]
struct Bounds {
    start: Timestamp,
    end: Timestamp,
    first_dts: Timestamp,
    last_dts: Timestamp,
    /// How many nanoseconds the last packet lasts.
    last: i64,
}

impl Span {
    fn new(packet: &Packet) -> Self {
        Self {
            config: packet.config.clone(),
            frame: packet.config.frame_duration().map(nanos),
            bounds: None,
        }
    }

    const fn restart(&mut self) {
        self.bounds = None;
    }

    fn add(&mut self, packet: &Packet) {
        let since = self.bounds.map(|b| packet.dts.nanos_from(b.last_dts));
        let stated = self.frame.or_else(|| packet.duration.map(nanos));
        let last = stated.or(since).filter(|d| *d > 0).unwrap_or(USUAL_FRAME);
        let end = packet.pts.offset(last);
        let bounds = self.bounds.unwrap_or(Bounds {
            start: packet.pts,
            end,
            first_dts: packet.dts,
            last_dts: packet.dts,
            last,
        });
        self.bounds = Some(Bounds {
            start: bounds.start.min(packet.pts),
            end: bounds.end.max(end),
            last_dts: packet.dts,
            last,
            ..bounds
        });
    }
}

impl Bounds {
    const fn shown(&self) -> i64 {
        self.end.nanos_from(self.start)
    }

    const fn decoded(&self) -> i64 {
        self.last_dts.nanos_from(self.first_dts) + self.last
    }
}

/// Nanoseconds from one pass to the next.
fn period(video: Option<&Span>, audio: Option<&Span>) -> i64 {
    let bounds: Vec<_> = [video, audio]
        .into_iter()
        .filter_map(|span| span?.bounds)
        .collect();
    let start = bounds.iter().map(|b| b.start).min();
    let end = bounds.iter().map(|b| b.end).max();
    let whole = start
        .zip(end)
        .map_or(0, |(start, end)| end.nanos_from(start));
    let own = bounds.iter().map(|b| b.shown().max(b.decoded())).max();
    let least = whole.max(own.unwrap_or(0));
    let Some((length, frame)) = audio.and_then(|a| Some((a.bounds?.shown(), a.frame?))) else {
        return least;
    };
    let length = whole_frames(length, frame);
    let missing = least - length;
    let shown = video
        .and_then(|v| v.bounds)
        .map_or(0, |b| b.shown().max(b.decoded()));
    if missing < ROUNDING && shown <= length {
        return length;
    }
    length
        + missing
            .div_euclid(frame)
            .saturating_add(i64::from(missing % frame > 0))
            * frame
}

/// Rounds to whole frames, where a container rounded to milliseconds: the errors would add up pass
/// by pass.
const fn whole_frames(shown: i64, frame: i64) -> i64 {
    let whole = shown.saturating_add(frame / 2) / frame * frame;
    if (shown - whole).abs() < ROUNDING {
        whole
    } else {
        shown
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

/// How long a lone frame of unknown duration lasts.
const USUAL_FRAME: i64 = 40_000_000;

/// By how much a container's milliseconds can be off.
const ROUNDING: i64 = 1_000_000;
