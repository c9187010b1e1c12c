//! What publishing a ready file costs, as fast as the line takes it.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::measure::{self, Cost};
use crate::sink::{self, Sink};
use crate::table::{Group, median};
use crate::{media, peer};

const ROUNDS: usize = 3;

/// CPU per gigabyte and peak memory.
pub fn run() -> Result<Vec<Group>> {
    let (short, long) = (media::short()?, media::long()?);
    let sizes = [media::body_bytes(&short)?, media::body_bytes(&long)?];
    let (sink, discard) = (Sink::start()?, sink::discard()?.to_string());
    let mut cpu = Group::new("publish a file at full speed: CPU");
    let mut memory = Group::new("publish a file at full speed: peak memory");
    for who in [Who::Onair, Who::Floor, Who::Ffmpeg] {
        let program = match who.program() {
            Ok(program) => program,
            Err(why) => {
                cpu.skip(who.name(), &why.to_string());
                memory.skip(who.name(), &why.to_string());
                continue;
            }
        };
        let mut costs = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for ((file, size), costs) in [&short, &long].into_iter().zip(sizes).zip(&mut costs) {
                costs.push(match who {
                    Who::Floor => measure::run(&measure::floor_command(file, &discard)?)?,
                    _ => published(&who.command(&program, file, &sink.url()), &sink, size)?,
                });
            }
        }
        note(who.name(), &costs, sizes, (&mut cpu, &mut memory));
    }
    Ok(vec![cpu, memory])
}

#[derive(Clone, Copy)]
enum Who {
    Onair,
    Floor,
    Ffmpeg,
}

impl Who {
    const fn name(self) -> &'static str {
        match self {
            Self::Onair => "onair publish --pace max",
            Self::Floor => "read + write, 64 KiB pieces",
            Self::Ffmpeg => "ffmpeg -c copy",
        }
    }

    fn program(self) -> Result<String> {
        match self {
            Self::Onair => peer::onair(),
            Self::Floor => Ok(String::new()),
            Self::Ffmpeg => peer::ffmpeg(),
        }
    }

    fn command(self, program: &str, file: &str, url: &str) -> Vec<String> {
        let line = match self {
            Self::Ffmpeg => "-nostdin -loglevel error -i {} -c copy -f flv {}",
            _ => "publish --from {} --to {} --pace max --stats none",
        };
        peer::command(program, line, &[file, url])
    }
}

/// Runs a publisher and makes sure that everything arrived.
fn published(command: &[String], sink: &Sink, size: u64) -> Result<Cost> {
    sink.forget();
    let cost = measure::run(command)?;
    let session = sink.session(Duration::from_secs(10))?;
    let missing = size.abs_diff(session.body_bytes);
    // A publisher that leaves the server's acknowledgements unread resets the
    // connection at its end, and the last of what it sent is lost: FFmpeg does.
    ensure!(
        missing < size / 500,
        "{}: {} bytes of {size} arrived",
        command.join(" "),
        session.body_bytes
    );
    Ok(cost)
}

fn note(
    who: &str,
    [short, long]: &[Vec<Cost>; 2],
    [short_size, long_size]: [u64; 2],
    (cpu, memory): (&mut Group, &mut Group),
) {
    let per_gb = |costs: &[Cost], size| {
        let each = costs.iter().map(|cost| cost.cpu / size as f64 * 1e9);
        median(each.collect())
    };
    let peak = |costs: &[Cost]| median(costs.iter().map(|cost| cost.peak_mb).collect());
    let (short_cpu, long_cpu) = (per_gb(short, short_size), per_gb(long, long_size));
    let shown = format!("{long_cpu:>6.2} s/GB (a file of 70 MB: {short_cpu:.2} s/GB)");
    cpu.row(who, long_cpu, shown);
    let (short_peak, long_peak) = (peak(short), peak(long));
    let shown = format!("{long_peak:>6.1} MB (a file of 70 MB: {short_peak:.1} MB)");
    memory.row(who, long_peak, shown);
}
