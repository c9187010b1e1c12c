//! Lists a file's packets (`packets FILE`), or reads it as fast as it can be
//! read and says what a packet costs (`packets FILE time`), or surveys it
//! (`packets FILE survey`, `packets FILE json`).

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use onair_demux::{PacketSource, Survey, open};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("usage: packets FILE [time]")?;
    let start = Instant::now();
    let mut demux = open(Path::new(&path))?;
    let out = &mut std::io::stdout().lock();
    match args.next().as_deref() {
        Some("time") => time(demux.as_mut(), start, out),
        Some("survey") => Ok(writeln!(out, "{}", Survey::of(demux.as_mut()).report())?),
        Some("json") => Ok(writeln!(
            out,
            "{}",
            Survey::of(demux.as_mut()).report().to_json()
        )?),
        _ => list(demux.as_mut(), out),
    }
}

fn list(
    demux: &mut dyn PacketSource,
    out: &mut dyn Write,
) -> Result<(), Box<dyn std::error::Error>> {
    writeln!(out, "{:?} {:?}", demux.container(), demux.duration())?;
    for track in demux.tracks() {
        writeln!(out, "{track:?}")?;
    }
    while let Some(packet) = demux.next_packet()? {
        let kind = packet.kind();
        let (pts, dts) = (packet.pts.as_secs_f64(), packet.dts.as_secs_f64());
        let mark = if packet.keyframe { "K" } else { "_" };
        let size = packet.payload.len();
        writeln!(out, "{kind:?} {pts:.6} {dts:.6} {size} {mark}")?;
    }
    Ok(writeln!(out, "{:?}", demux.notes())?)
}

fn time(
    demux: &mut dyn PacketSource,
    start: Instant,
    out: &mut dyn Write,
) -> Result<(), Box<dyn std::error::Error>> {
    let opened = start.elapsed();
    let (mut packets, mut bytes) = (0_u128, 0_usize);
    while let Some(packet) = demux.next_packet()? {
        packets += 1;
        bytes += packet.payload.len();
    }
    let each = (start.elapsed() - opened).as_nanos() / packets.max(1);
    let container = demux.container();
    Ok(writeln!(
        out,
        "{container:?}: opened in {opened:?}, {packets} packets, {bytes} bytes, {each} ns a packet"
    )?)
}
