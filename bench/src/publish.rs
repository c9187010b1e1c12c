//! What publishing a finished file costs, as fast as the connection takes it.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::measure::{self, Cost};
use crate::sink::{self, Sink};
use crate::table::{Group, median};
use crate::{media, peer};

const ROUNDS: usize = 5;

/// CPU per gigabyte and peak memory.
pub fn run() -> Result<Vec<Group>> {
    let files = [File::new(media::short()?)?, File::new(media::long()?)?];
    let mut contenders = contenders()?;
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.race(&files);
        }
    }
    let mut cpu = Group::new("publish a file at full speed: CPU");
    let mut memory = Group::new("publish a file at full speed: peak memory");
    for contender in contenders {
        contender.note(&files, &mut cpu, &mut memory);
    }
    Ok(vec![cpu, memory])
}

struct File {
    path: String,
    body_bytes: u64,
}

impl File {
    fn new(path: String) -> Result<Self> {
        let body_bytes = media::body_bytes(&path)?;
        Ok(Self { path, body_bytes })
    }
}

/// Publishes a file once.
type Run = Box<dyn Fn(&File) -> Result<Cost>>;

struct Contender {
    who: &'static str,
    run: Run,
    /// By file.
    costs: [Vec<Cost>; 2],
    failed: Option<String>,
}

fn contenders() -> Result<Vec<Contender>> {
    let onair = "publish --from {} --to {} --pace max --stats none";
    let ffmpeg = "-nostdin -loglevel error -i {} -c copy -f flv {}";
    let discard = sink::discard()?.to_string();
    let floor = move |file: &File| measure::run(&measure::floor_command(&file.path, &discard)?);
    let mut contenders = vec![
        Contender::new(
            "onair publish --pace max",
            publisher(peer::onair, onair, 4096)?,
        ),
        Contender::new("read + write, 64 KiB pieces", floor),
        Contender::new("ffmpeg -c copy", publisher(peer::ffmpeg, ffmpeg, 4096)?),
        Contender::new(
            "ffmpeg, server's chunks 128",
            publisher(peer::ffmpeg, ffmpeg, 128)?,
        ),
    ];
    if peer::before().is_ok() {
        let before = publisher(peer::before, onair, 4096)?;
        contenders.insert(1, Contender::new("$ONAIR_BEFORE publish", before));
    }
    Ok(contenders)
}

/// FFmpeg takes over the chunk size that the server announces: most announce
/// 4096 or more, some nothing, which leaves it at 128.
fn publisher(
    program: fn() -> Result<String>,
    line: &'static str,
    chunks: u32,
) -> Result<impl Fn(&File) -> Result<Cost>> {
    let sink = Sink::with_chunks(chunks)?;
    Ok(move |file: &File| {
        let command = peer::command(&program()?, line, &[&file.path, &sink.url()]);
        sink.forget();
        let cost = measure::run(&command)?;
        let arrived = sink.session(Duration::from_secs(10))?.body_bytes;
        let missing = file.body_bytes.abs_diff(arrived);
        // A publisher that leaves the server's acknowledgements unread resets the
        // connection at its end, and the last of what it sent is lost: FFmpeg does.
        ensure!(
            missing < file.body_bytes / 100,
            "{arrived} bytes of {} arrived",
            file.body_bytes
        );
        Ok(cost)
    })
}

impl Contender {
    fn new(who: &'static str, run: impl Fn(&File) -> Result<Cost> + 'static) -> Self {
        Self {
            who,
            run: Box::new(run),
            costs: [Vec::new(), Vec::new()],
            failed: None,
        }
    }

    fn race(&mut self, files: &[File; 2]) {
        for (file, costs) in files.iter().zip(&mut self.costs) {
            if self.failed.is_some() {
                return;
            }
            match (self.run)(file) {
                Ok(cost) => costs.push(cost),
                Err(why) => self.failed = Some(format!("{why:#}")),
            }
        }
    }

    fn note(self, files: &[File; 2], cpu: &mut Group, memory: &mut Group) {
        if let Some(why) = self.failed {
            cpu.skip(self.who, &why);
            return memory.skip(self.who, &why);
        }
        let of = |index: usize, cost: fn(&Cost) -> f64| -> f64 {
            median(self.costs[index].iter().map(cost).collect())
        };
        let per_gb =
            |index: usize| of(index, |cost| cost.cpu) / files[index].body_bytes as f64 * 1e9;
        let [short, long] = [per_gb(0), per_gb(1)];
        let shown = format!("{long:>6.2} s/GB (a file of 70 MB: {short:.2} s/GB)");
        cpu.row(self.who, long, shown);
        let [short, long] = [0, 1].map(|index| of(index, |cost| cost.peak_mb));
        let shown = format!("{long:>6.1} MB (a file of 70 MB: {short:.1} MB)");
        memory.row(self.who, long, shown);
    }
}
