//! How many round trips pass before the first media is at the server: the slope
//! of the time it takes over the line's round-trip time.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::proxy::Proxy;
use crate::sink::{self, Sink};
use crate::table::{Group, median};
use crate::{media, peer};

const ROUNDS: usize = 5;
/// One way, in milliseconds: long enough that no delayed acknowledgement of the
/// loopback's (40 ms) is felt, which would bend the slope.
const DELAYS: [u64; 4] = [50, 75, 100, 150];
const TIMEOUT: Duration = Duration::from_secs(20);

/// onair's first flight, its patient order, and FFmpeg.
pub fn run() -> Result<Vec<Group>> {
    let file = media::short()?;
    let onair = "publish --from {} --to {} --stats none";
    let contenders = [
        ("onair, first flight", peer::onair(), onair.to_owned()),
        (
            "onair --patient",
            peer::onair(),
            format!("{onair} --patient"),
        ),
        (
            "ffmpeg -c copy",
            peer::ffmpeg(),
            "-nostdin -loglevel error -re -i {} -c copy -f flv {}".to_owned(),
        ),
    ];
    let mut group = Group::new("connect to first media at the server");
    for (who, program, line) in contenders {
        match program.and_then(|program| slope(&program, &line, &file)) {
            Ok(slope) => note(&mut group, who, &slope),
            Err(why) => group.skip(who, &format!("{why:#}")),
        }
    }
    Ok(vec![group])
}

struct Slope {
    round_trips: f64,
    /// What is left when the line has no delay, in milliseconds.
    rest: f64,
}

fn note(group: &mut Group, who: &str, slope: &Slope) {
    // The proxy does not delay the TCP connection, a real line does.
    let round_trips = slope.round_trips + 1.0;
    let shown = format!(
        "{round_trips:>6.2} round trips, TCP's included, + {:.1} ms",
        slope.rest
    );
    group.row(who, round_trips, shown);
}

fn slope(program: &str, line: &str, file: &str) -> Result<Slope> {
    let mut points = Vec::new();
    for delay in DELAYS {
        let times: Result<Vec<f64>> = (0..ROUNDS)
            .map(|_| first_media(program, line, file, Duration::from_millis(delay)))
            .collect();
        points.push((2.0 * delay as f64, median(times?)));
    }
    Ok(fit(&points))
}

/// Milliseconds from the publisher's connection to the first media.
fn first_media(program: &str, line: &str, file: &str, delay: Duration) -> Result<f64> {
    let sink = Sink::start()?;
    let proxy = Proxy::start(sink.address(), delay)?;
    let command = peer::command(program, line, &[file, &sink::url(proxy.address())]);
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context(command[0].clone())?;
    let measured = proxy.accepted(TIMEOUT).and_then(|accepted| {
        let media = sink.first_media(TIMEOUT)?;
        Ok(media.duration_since(accepted).as_secs_f64() * 1e3)
    });
    child.kill()?;
    child.wait()?;
    measured
}

/// The least-squares line through the points.
fn fit(points: &[(f64, f64)]) -> Slope {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let above: f64 = points
        .iter()
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let below: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let round_trips = above / below;
    Slope {
        round_trips,
        rest: mean_y - round_trips * mean_x,
    }
}
