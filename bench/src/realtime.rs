//! What publishing in real time costs: many publishers of one file at once, and the processor time
//! of them all.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::measure::processor_time;
use crate::sink::Sink;
use crate::table::{Group, median};
use crate::{media, peer};

/// How many publish at once.
const PUBLISHERS: usize = 100;

/// For how long each may take to begin.
const BEGINNING: Duration = Duration::from_secs(5);

/// For how long processor time is counted.
const WINDOW: Duration = Duration::from_secs(10);

/// How often each contender has its turn.
const ROUNDS: usize = 3;

type Program = fn() -> Result<String>;

pub fn run() -> Result<Vec<Group>> {
    let onair = "publish --from {} --to {} --stats none";
    let ffmpeg = "-nostdin -loglevel error -re -i {} -c copy -f flv {}";
    let mut contenders = vec![Contender::new("onair publish", peer::onair, onair)];
    if peer::before().is_ok() {
        contenders.push(Contender::new("$ONAIR_BEFORE publish", peer::before, onair));
    }
    contenders.push(Contender::new("ffmpeg -re -c copy", peer::ffmpeg, ffmpeg));
    let (file, sink) = (media::short()?, Sink::start()?);
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.race(&file, &sink);
        }
    }
    let mut group = Group::new(format!("{PUBLISHERS} publish 4.5 Mbit/s in real time: CPU"));
    for contender in contenders {
        contender.note(&mut group);
    }
    Ok(vec![group])
}

struct Contender {
    who: &'static str,
    program: Program,
    line: &'static str,
    costs: Vec<Cost>,
    failed: Option<String>,
}

/// What was seen of all publishers.
struct Cost {
    /// Share of a core.
    cpu: f64,
    /// Of one publisher.
    wake_ups: f64,
    threads: f64,
    private_mb: f64,
}

impl Contender {
    const fn new(who: &'static str, program: Program, line: &'static str) -> Self {
        Self {
            who,
            program,
            line,
            costs: Vec::new(),
            failed: None,
        }
    }

    fn race(&mut self, file: &str, sink: &Sink) {
        if self.failed.is_none() {
            match self.publish(file, sink) {
                Ok(cost) => self.costs.push(cost),
                Err(why) => self.failed = Some(format!("{why:#}")),
            }
        }
    }

    fn publish(&self, file: &str, sink: &Sink) -> Result<Cost> {
        let command = peer::command(&(self.program)()?, self.line, &[file, &sink.url()]);
        let start = |_| Publisher::start(&command);
        let mut publishers: Vec<Publisher> = (0..PUBLISHERS).map(start).collect::<Result<_>>()?;
        thread::sleep(BEGINNING);
        let (before, from) = (sum(&publishers, Publisher::used)?, Instant::now());
        let woken = sum(&publishers, Publisher::wake_ups)?;
        thread::sleep(WINDOW);
        let used = sum(&publishers, Publisher::used)? - before;
        let woken = sum(&publishers, Publisher::wake_ups)? - woken;
        let seconds = from.elapsed().as_secs_f64();
        let count = PUBLISHERS as f64;
        let cost = Cost {
            cpu: used / seconds,
            wake_ups: woken / seconds / count,
            threads: sum(&publishers, |publisher| publisher.status("Threads:"))? / count,
            private_mb: sum(&publishers, |publisher| publisher.status("RssAnon:"))?
                / count
                / 1024.0,
        };
        for publisher in &mut publishers {
            ensure!(publisher.0.try_wait()?.is_none(), "a publisher has ended");
        }
        Ok(cost)
    }

    fn note(self, group: &mut Group) {
        if let Some(why) = self.failed {
            return group.skip(self.who, &why);
        }
        let of = |cost: fn(&Cost) -> f64| median(self.costs.iter().map(cost).collect());
        let shown = format!(
            "{:.1} % of a core; each {:.0} wake-ups/s, {:.0} threads, {:.1} MB",
            of(|cost| cost.cpu) * 100.0,
            of(|cost| cost.wake_ups),
            of(|cost| cost.threads),
            of(|cost| cost.private_mb),
        );
        group.row(self.who, of(|cost| cost.cpu), shown);
    }
}

fn sum(publishers: &[Publisher], of: impl Fn(&Publisher) -> Result<f64>) -> Result<f64> {
    publishers.iter().map(of).sum()
}

/// A process that publishes, ended when this goes.
struct Publisher(Child);

impl Publisher {
    fn start(command: &[String]) -> Result<Self> {
        let (program, arguments) = command.split_first().context("a command")?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self(process.with_context(|| program.clone())?))
    }

    /// Seconds of user and system time so far.
    fn used(&self) -> Result<f64> {
        processor_time(self.0.id())
    }

    /// How often a thread of it has gone to sleep so far.
    fn wake_ups(&self) -> Result<f64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.0.id()))?;
        let of = |task: std::io::Result<fs::DirEntry>| -> Result<f64> {
            let status = fs::read_to_string(task?.path().join("status"))?;
            field(&status, "voluntary_ctxt_switches:")
        };
        tasks.map(of).sum()
    }

    /// A number from its status.
    fn status(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        field(&status, name)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn field(status: &str, name: &str) -> Result<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("no {name}"))
}
