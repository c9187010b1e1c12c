//! From a camera's tick to a picture's last byte at the server, 1080p30.
//!
//! The camera is this program: it writes raw pictures into the publisher's
//! standard input, each at its tick, and the same two seconds of them over and
//! over. A picture's latency is counted from when its tick was *due*, so that a
//! publisher that holds the camera up pays for it. Carrying 3 MB through a pipe
//! is part of it for everybody. Which picture arrived is told by its timestamp.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use onair_flv::TagKind;

use crate::sink::{Session, Sink};
use crate::table::{Group, percentile};
use crate::{media, peer};

/// Pictures that are shown; the first second of them is not counted.
const PICTURES: u32 = 450;
const WARM_UP: u32 = 30;

/// With and without sound.
pub fn run() -> Result<Vec<Group>> {
    let card = fs::read(media::card()?)?;
    let onair = "publish --from - --format y4m --to {} --bitrate 4500k --stats none --audio";
    let ffmpeg =
        "-loglevel error -fflags nobuffer -analyzeduration 0 -probesize 32 -f yuv4mpegpipe -i -";
    let x264 = "-c:v libx264 -preset superfast -tune zerolatency -g 60 -b:v 4500k -flush_packets 1";
    let sine = "-re -f lavfi -i sine=sample_rate=48000 -c:a aac -b:a 128k";
    let contenders = [
        ("video only", "onair", format!("{onair} none")),
        (
            "video only",
            "ffmpeg x264 superfast zerolatency",
            format!("{ffmpeg} {x264} -f flv {{}}"),
        ),
        ("with sound", "onair", format!("{onair} tone")),
        (
            "with sound",
            "ffmpeg x264 superfast zerolatency",
            format!("{ffmpeg} {sine} {x264} -f flv {{}}"),
        ),
    ];
    let mut groups: Vec<Group> = Vec::new();
    for (index, (what, who, line)) in contenders.into_iter().enumerate() {
        if index % 2 == 0 {
            groups.push(Group::new(format!("1080p30, tick to last byte, {what}")));
        }
        let program = if who == "onair" {
            peer::onair()
        } else {
            peer::ffmpeg()
        };
        let group = groups.last_mut().expect("just pushed");
        match program.and_then(|program| latencies(&program, &line, &card)) {
            Ok(latencies) => note(group, who, latencies),
            Err(why) => group.skip(who, &format!("{why:#}")),
        }
    }
    Ok(groups)
}

fn note(group: &mut Group, who: &str, mut latencies: Vec<f64>) {
    let arrived = latencies.len();
    let [half, most] = [0.5, 0.95].map(|p| percentile(&mut latencies, p));
    let shown = format!(
        "p50 {half:>6.1} ms  p95 {most:>6.1} ms  ({arrived} of {} pictures)",
        PICTURES - WARM_UP
    );
    group.row(who, half, shown);
}

/// Milliseconds from each picture's tick to its arrival.
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
    let latencies = compare(&session, first?);
    ensure!(!latencies.is_empty(), "no picture arrived");
    Ok(latencies)
}

/// Plays camera; tells when the first tick was.
fn film(child: &mut Child, card: &[u8]) -> Result<Instant> {
    let mut pipe = child.stdin.take().context("a pipe")?;
    let head = card
        .iter()
        .position(|byte| *byte == b'\n')
        .context("a Y4M file")?
        + 1;
    let picture = b"FRAME\n".len() + 1920 * 1080 * 3 / 2;
    pipe.write_all(&card[..head])?;
    let pictures: Vec<_> = card[head..].chunks_exact(picture).collect();
    // Starting the program is not what is measured.
    thread::sleep(Duration::from_millis(500));
    let first = Instant::now();
    for (index, picture) in (0..PICTURES).zip(pictures.iter().cycle()) {
        thread::sleep(due(first, index).saturating_duration_since(Instant::now()));
        pipe.write_all(picture)?;
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

fn compare(session: &Session, first: Instant) -> Vec<f64> {
    let pictures = session
        .media
        .iter()
        .filter(|tag| tag.kind == TagKind::Video);
    let origin = session.media.iter().find(|tag| tag.kind == TagKind::Video);
    let origin = origin.map_or(0, |tag| tag.timestamp);
    let latency = |tag: &crate::sink::Arrival| {
        let index = (tag.timestamp.wrapping_sub(origin) * 30 + 500) / 1000;
        let late = tag.at.saturating_duration_since(due(first, index));
        (index >= WARM_UP).then_some(late.as_secs_f64() * 1e3)
    };
    pictures.filter_map(latency).collect()
}
