use std::fmt;

use serde::Serialize;

use crate::codec::kind_name;
use crate::{Damage, Refused};

/// A finished [`Survey`](crate::Survey): `Display` for people, `Serialize` for
/// programs. Times are in the units their names end in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The container's name.
    pub container: Option<String>,
    /// From the earliest start to the latest end.
    pub duration_s: Option<f64>,
    /// Degrees to turn video clockwise.
    pub rotation: Option<u16>,
    /// The tracks, video first.
    pub tracks: Vec<TrackReport>,
    /// How much later than video audio starts.
    pub start_skew_ms: Option<f64>,
    /// How much later than video audio ends.
    pub end_skew_ms: Option<f64>,
    /// The largest distance of the two tracks' decoding times.
    pub interleave_ms: f64,
    /// What was left out or looked odd.
    pub notes: Vec<String>,
    /// The error that ended reading, if one did.
    pub error: Option<String>,
    /// Whether that is the media's fault.
    #[serde(skip)]
    pub(super) ends_damaged: bool,
    /// What could not be read, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<Damage>,
    /// Tracks that cannot be sent as they are.
    pub refused: Vec<Refused>,
    /// What services will say.
    pub verdicts: Vec<Verdict>,
    /// A command that converts it into what all these services take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
}

/// One track's figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackReport {
    /// `video` or `audio`.
    pub kind: &'static str,
    /// RFC 6381 codec string.
    pub codec: String,
    /// The profile's name, e.g. `High 10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The level, e.g. 4.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<f64>,
    /// Bits in a luma sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_depth: Option<u8>,
    /// How colour is sampled: `4:2:0`, `4:2:2`, `4:4:4` or `4:0:0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chroma: Option<&'static str>,
    /// Whether frames may be coded as fields, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interlaced: Option<bool>,
    /// Frame size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Samples per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u8>,
    /// Frames per second according to the stream or its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    /// Frames per second by their times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fps_measured: Option<Span>,
    /// Packets.
    pub packets: u64,
    /// Bytes of payload.
    pub bytes: u64,
    /// Average bits per second.
    pub bitrate_bps: u64,
    /// The most bits in any one second.
    pub peak_bitrate_bps: u64,
    /// Whether frames are decoded in another order than shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_frames: Option<bool>,
    /// Whether decoding can start with the first packet.
    pub starts_with_keyframe: bool,
    /// From keyframe to keyframe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gops: Option<Gops>,
    /// The largest keyframe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_keyframe_bytes: Option<usize>,
    /// How many decoder configurations it has.
    pub configurations: u64,
    /// What is wrong with its times.
    pub faults: Faults,
}

/// A smallest, an average and a largest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Span {
    /// The smallest.
    pub min: f64,
    /// The average.
    pub avg: f64,
    /// The largest.
    pub max: f64,
}

/// Groups of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gops {
    /// How many keyframes there are.
    pub keyframes: u64,
    /// How long a group lasts.
    pub seconds: Span,
    /// How many frames a group has.
    pub frames: Span,
}

/// A fault in a track's decoding times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Faults {
    /// They go back.
    pub dts_back: Fault,
    /// They repeat.
    pub dts_repeated: Fault,
    /// Something is missing between them.
    pub gaps: Fault,
}

/// How often a fault occurs, how badly, and where first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Fault {
    /// How often.
    pub count: u64,
    /// By how much at most.
    pub largest_ms: f64,
    /// When first.
    pub first_at_s: Option<f64>,
}

/// Whether a service will accept the stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The service.
    pub service: &'static str,
    /// Whether it can be sent there untouched.
    pub ready: bool,
    /// Why not, or what could be better.
    pub reasons: Vec<String>,
    /// The same, each with the rule it breaks.
    pub objections: Vec<Objection>,
}

/// A rule that a stream does not keep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Objection {
    /// What speaks against the stream.
    pub reason: String,
    /// Whether the service needs it to be otherwise, or only asks for it.
    pub needed: bool,
    /// Where the service says so.
    pub source: &'static str,
}

impl Report {
    /// One JSON object on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let container = self.container.as_deref().unwrap_or("stream");
        write!(f, "{container}")?;
        if let Some(duration) = self.duration_s {
            write!(f, ", {duration:.3} s")?;
        }
        if let Some(rotation) = self.rotation {
            write!(f, ", to be turned {rotation} degrees clockwise")?;
        }
        for track in &self.tracks {
            write!(f, "\n{track}")?;
        }
        for track in &self.refused {
            let kind = kind_name(track.kind);
            write!(f, "\n{kind}  {track}: cannot be sent as it is")?;
        }
        if let (Some(start), Some(end)) = (self.start_skew_ms, self.end_skew_ms) {
            write!(
                f,
                "\nsync   sound starts {} and ends {}",
                late(start),
                late(end)
            )?;
            write!(f, "; tracks at most {:.0} ms apart", self.interleave_ms)?;
        }
        for note in &self.notes {
            write!(f, "\nnote   {note}")?;
        }
        if let Some(error) = &self.error {
            write!(f, "\nerror  {error}")?;
        }
        if let Some(damage) = self.damage {
            write!(f, "\ndamage {damage}")?;
        }
        self.verdicts.iter().try_for_each(|v| write!(f, "\n{v}"))?;
        match &self.cure {
            Some(command) => write!(f, "\nready for all of them after\n  {command}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TrackReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.kind, self.codec)?;
        self.write_profile(f)?;
        if let Some(size) = &self.size {
            write!(f, ", {size}")?;
        }
        if let (Some(rate), Some(channels)) = (self.sample_rate, self.channels) {
            write!(
                f,
                ", {rate} Hz, {channels} channel{}",
                plural(u64::from(channels))
            )?;
        }
        if let Some(fps) = self.fps {
            write!(f, ", {fps} fps")?;
        }
        let kbit = |bits: u64| bits.div_ceil(1000);
        let (average, peak) = (kbit(self.bitrate_bps), kbit(self.peak_bitrate_bps));
        write!(
            f,
            ", {average} kbit/s (peak {peak}), {} packets",
            self.packets
        )?;
        if let Some(fps) = self.fps_measured {
            write!(
                f,
                "\n       measured {} fps (min {}, max {})",
                fps.avg, fps.min, fps.max
            )?;
        }
        if let Some(gops) = &self.gops {
            let Span { min, avg, max } = gops.seconds;
            write!(
                f,
                "\n       {} keyframe{}",
                gops.keyframes,
                plural(gops.keyframes)
            )?;
            write!(f, " every {avg:.2} s (min {min:.2}, max {max:.2})")?;
        }
        if let Some(bytes) = self.largest_keyframe_bytes {
            write!(f, ", largest {bytes} bytes")?;
        }
        if let Some(reordered) = self.b_frames {
            f.write_str(if reordered {
                ", B-frames"
            } else {
                ", no B-frames"
            })?;
        }
        if self.configurations > 1 {
            write!(f, "\n       {} configurations", self.configurations)?;
        }
        write!(f, "{}", self.faults)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (&self.dts_back, "decoding times go back"),
            (&self.dts_repeated, "decoding times repeat"),
            (&self.gaps, "gaps"),
        ];
        for (fault, what) in all.into_iter().filter(|(fault, _)| fault.count > 0) {
            let first = fault.first_at_s.unwrap_or(0.0);
            write!(
                f,
                "\n       {what}: {} times, first at {first:.3} s",
                fault.count
            )?;
            if fault.largest_ms > 0.0 {
                write!(f, ", at most {:.0} ms", fault.largest_ms)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = if self.ready { "ready" } else { "not ready" };
        write!(f, "{answer} for {}", self.service)?;
        if !self.reasons.is_empty() {
            write!(f, ": {}", self.reasons.join("; "))?;
        }
        let mut sources: Vec<_> = self.objections.iter().map(|o| o.source).collect();
        sources.retain(|source| source.starts_with("https://"));
        sources.dedup();
        sources
            .iter()
            .try_for_each(|s| write!(f, "\n       see {s}"))
    }
}

impl TrackReport {
    /// As in ` (High, level 3.1, 8 bits, 4:2:0)`.
    fn write_profile(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.profile.clone(),
            self.level.map(|level| format!("level {level}")),
            self.bit_depth.map(|bits| format!("{bits} bits")),
            self.chroma.map(str::to_owned),
            (self.interlaced == Some(true)).then(|| "interlaced".to_owned()),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        if parts.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", parts.join(", "))
    }
}

fn late(skew: f64) -> String {
    match skew {
        s if s.abs() < 0.5 => "with the picture".to_owned(),
        s if s > 0.0 => format!("{s:.0} ms after the picture"),
        s => format!("{:.0} ms before the picture", -s),
    }
}

const fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
