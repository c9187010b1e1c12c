//! From a camera's tick to a frame's last byte at the server, 1080p30.
//!
//! This program is the camera: it writes raw frames into the publisher's standard input, each at
//! its tick, the same two seconds over and over. Latency counts from when a tick was *due*, so that
//! a publisher that holds up the camera pays for it. All pay for carrying 3 MB through a pipe.
//! Timestamps tell which frame arrived.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use onair_flv::TagKind;

use crate::sink::{Arrival, Session, Sink};
use crate::table::{Group, percentile};
use crate::{media, peer};

/// Frames that are shown; the first second is not counted.
const FRAMES: u32 = 300;
const WARM_UP: u32 = 30;

/// How often each has its turn: other work on the machine hits all alike.
const ROUNDS: usize = 2;

/// With and without sound.
pub fn run() -> Result<Vec<Group>> {
    let card = fs::read(media::card()?)?;
    let onair = "publish --from - --format y4m --to {} --bitrate 4500k --stats none --audio";
    let pipe = "-loglevel error -analyzeduration 0 -probesize 32 -f yuv4mpegpipe -i -";
    let sine = "-re -f lavfi -i sine=sample_rate=48000 -c:a aac -b:a 128k";
    let x264 = "-c:v libx264 -preset superfast -tune zerolatency -g 60 -b:v 4500k -flush_packets 1 -f flv {}";
    let silent = [format!("{onair} none"), format!("{pipe} {x264}")];
    let sounding = [format!("{onair} tone"), format!("{pipe} {sine} {x264}")];
    Ok(vec![
        group("1080p30, tick to last byte, video only", &silent, &card),
        group("1080p30, tick to last byte, with sound", &sounding, &card),
    ])
}

/// onair's command line and FFmpeg's.
fn group(what: &str, [onair, ffmpeg]: &[String; 2], card: &[u8]) -> Group {
    let once = |program: Result<String>, line| program.and_then(|p| latencies(&p, line, card));
    let (mut ours, mut theirs) = (Ok(Vec::new()), Ok(Vec::new()));
    for _ in 0..ROUNDS {
        collect(&mut ours, || once(peer::onair(), onair));
        collect(&mut theirs, || once(peer::ffmpeg(), ffmpeg));
    }
    let mut group = Group::new(what);
    note(&mut group, "onair", ours);
    note(&mut group, "ffmpeg x264 superfast zerolatency", theirs);
    group
}

fn collect(all: &mut Result<Vec<f64>>, run: impl FnOnce() -> Result<Vec<f64>>) {
    if let Ok(latencies) = all {
        match run() {
            Ok(more) => latencies.extend(more),
            Err(why) => *all = Err(why),
        }
    }
}

fn note(group: &mut Group, who: &str, latencies: Result<Vec<f64>>) {
    let mut latencies = match latencies {
        Ok(latencies) => latencies,
        Err(why) => return group.skip(who, &format!("{why:#}")),
    };
    let arrived = latencies.len();
    let [half, most] = [0.5, 0.95].map(|p| percentile(&mut latencies, p));
    let shown = format!(
        "p50 {half:>6.1} ms  p95 {most:>6.1} ms  ({arrived} of {} pictures)",
        (FRAMES - WARM_UP) as usize * ROUNDS
    );
    group.row(who, half, shown);
}

/// Milliseconds from each frame's tick to its arrival.
fn latencies(program: &str, line: &str, card: &[u8]) -> Result<Vec<f64>> {
    let sink = Sink::start()?;
    let command = peer::command(program, line, &[&sink.url()]);
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context(command[0].clone())?;
    let first = film(&mut child, card);
    stop(child)?;
    let session = sink.session(Duration::from_secs(5))?;
    compare(&session, first?)
}

/// Plays the camera; gives when the first tick was.
fn film(child: &mut Child, card: &[u8]) -> Result<Instant> {
    let mut pipe = child.stdin.take().context("a pipe")?;
    let head = card
        .iter()
        .position(|byte| *byte == b'\n')
        .context("a Y4M file")?
        + 1;
    let frame = b"FRAME\n".len() + 1920 * 1080 * 3 / 2;
    pipe.write_all(&card[..head])?;
    let frames: Vec<_> = card[head..].chunks_exact(frame).collect();
    // Starting the program is not what is measured.
    thread::sleep(Duration::from_millis(500));
    let first = Instant::now();
    for (index, frame) in (0..FRAMES).zip(frames.iter().cycle()) {
        thread::sleep(due(first, index).saturating_duration_since(Instant::now()));
        pipe.write_all(frame)?;
    }
    Ok(first)
}

fn due(first: Instant, index: u32) -> Instant {
    first + Duration::from_secs(1) * index / 30
}

/// The camera is gone: the publisher ends by itself, or is made to.
fn stop(mut child: Child) -> Result<()> {
    for _ in 0..30 {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

/// Identifies frames by their time after the first one. That holds if neither the first nor the
/// last was lost, which the time between them shows.
fn compare(session: &Session, first: Instant) -> Result<Vec<f64>> {
    let is_video = |tag: &&Arrival| tag.kind == TagKind::Video;
    let frames: Vec<_> = session.media.iter().filter(is_video).collect();
    let origin = frames.first().map_or(0, |tag| tag.timestamp);
    let index = |tag: &Arrival| (tag.timestamp.saturating_sub(origin) * 30 + 500) / 1000;
    let last = frames.last().map_or(0, |tag| index(tag));
    ensure!(
        last == FRAMES - 1,
        "the first or the last picture did not arrive: {} did, over {last} ticks",
        frames.len()
    );
    let counted = frames.iter().filter(|tag| index(tag) >= WARM_UP);
    let latency = |tag: &&Arrival| tag.at.saturating_duration_since(due(first, index(tag)));
    Ok(counted
        .map(|tag| latency(tag).as_secs_f64() * 1e3)
        .collect())
}
