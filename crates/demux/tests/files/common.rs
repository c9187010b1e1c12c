//! Golden files and what ffprobe says of them.

use std::path::PathBuf;

use onair_demux::PacketSource;
use onair_media::{Kind, Packet};

/// A file of `testdata`.
pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("testdata")
        .join(name)
}

/// All packets of a file that must be whole.
pub(crate) fn packets(demux: &mut dyn PacketSource) -> Vec<Packet> {
    std::iter::from_fn(|| demux.next_packet().expect("the file is whole")).collect()
}

/// The packets of one kind.
pub(crate) fn of_kind(packets: &[Packet], kind: Kind) -> Vec<Packet> {
    let all = packets.iter().filter(|packet| packet.kind() == kind);
    all.cloned().collect()
}

/// A line of ffprobe's about one packet; times in microseconds.
#[derive(Debug, PartialEq)]
pub(crate) struct Probed {
    pub(crate) kind: Kind,
    pub(crate) pts: i64,
    pub(crate) dts: Option<i64>,
    pub(crate) size: usize,
    pub(crate) keyframe: bool,
    pub(crate) discard: bool,
}

/// What ffprobe says of a file's packets of one kind.
pub(crate) fn probed(name: &str, kind: Kind) -> Vec<Probed> {
    let text = std::fs::read_to_string(path(&format!("{name}.packets"))).expect("golden text");
    let lines = text.lines().map(parse);
    lines.filter(|probed| probed.kind == kind).collect()
}

fn parse(line: &str) -> Probed {
    let fields: Vec<_> = line.split(',').collect();
    let time = |text: &str| text.parse::<f64>().ok().map(|s| micros(s * 1e6));
    Probed {
        kind: if fields[0] == "video" {
            Kind::Video
        } else {
            Kind::Audio
        },
        pts: time(fields[1]).expect("every packet has a pts"),
        dts: time(fields[2]),
        size: fields[3].parse().expect("a size"),
        keyframe: fields[4].starts_with('K'),
        discard: fields[4].ends_with('D'),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a short file")]
fn micros(value: f64) -> i64 {
    value.round() as i64
}
