//! One stream to many players: onair's receiver beside nginx-rtmp, each in a
//! process of its own; the publisher and the players are the same for both.

use std::fmt;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::measure::processor_time;
use crate::player::{self, Heard};
use crate::table::{Group, median};
use crate::{media, peer};

/// How many players.
const PLAYERS: usize = 200;

/// For how long the server's processor time is counted.
const WINDOW: Duration = Duration::from_secs(15);

/// How often each server has its turn.
const ROUNDS: usize = 3;

type Start = fn() -> Result<Server>;

pub fn run() -> Result<Vec<Group>> {
    let file = media::fanout()?;
    let mut contenders = vec![
        Contender::new("onair receive", || onair(peer::onair)),
        Contender::new("nginx-rtmp", nginx),
    ];
    if peer::before().is_ok() {
        let before = Contender::new("$ONAIR_BEFORE receive", || onair(peer::before));
        contenders.insert(1, before);
    }
    for _ in 0..ROUNDS {
        for contender in &mut contenders {
            contender.race(&file);
        }
    }
    let mut group = Group::new(format!(
        "fan-out of 2.5 Mbit/s to {PLAYERS}: CPU per player"
    ));
    for contender in contenders {
        contender.note(&mut group);
    }
    Ok(vec![group])
}

struct Contender {
    who: &'static str,
    start: Start,
    seen: Vec<Fan>,
    failed: Option<String>,
}

impl Contender {
    const fn new(who: &'static str, start: Start) -> Self {
        Self {
            who,
            start,
            seen: Vec::new(),
            failed: None,
        }
    }

    fn race(&mut self, file: &str) {
        if self.failed.is_none() {
            match (self.start)().and_then(|server| measure(&server, file)) {
                Ok(fan) => self.seen.push(fan),
                Err(why) => self.failed = Some(format!("{why:#}")),
            }
        }
    }

    fn note(self, group: &mut Group) {
        if let Some(why) = self.failed {
            return group.skip(self.who, &why);
        }
        let of = |cost: fn(&Fan) -> f64| median(self.seen.iter().map(cost).collect());
        let fan = Fan {
            cpu: of(|fan| fan.cpu),
            memory_mb: of(|fan| fan.memory_mb),
            lost: self.seen.iter().map(|fan| fan.lost).sum(),
        };
        group.row(self.who, fan.cpu, fan.to_string());
    }
}

/// A server in a process of its own, ended when this goes.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = Pid::from_raw(self.process.id().cast_signed());
        let _gone = kill(pid, Signal::SIGTERM);
        let _gone = self.process.wait();
    }
}

/// What was seen.
struct Fan {
    /// Share of a core for each player.
    cpu: f64,
    memory_mb: f64,
    lost: usize,
}

impl fmt::Display for Fan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cpu, memory, lost) = (self.cpu * 100.0, self.memory_mb, self.lost);
        write!(
            f,
            "{cpu:.3} % of a core, {memory:.0} MB in all, {lost} pictures lost"
        )
    }
}

fn onair(program: fn() -> Result<String>) -> Result<Server> {
    let address = free_address()?;
    let mut command = Command::new(program()?);
    command.args(["receive", "--listen", &address.to_string()]);
    up(&mut command, address)
}

fn nginx() -> Result<Server> {
    let address = free_address()?;
    let module = ["/usr/lib/nginx/modules", "/usr/lib64/nginx/modules"]
        .map(|folder| format!("{folder}/ngx_rtmp_module.so"))
        .into_iter()
        .find(|path| fs::exists(path).unwrap_or(false))
        .context("no nginx-rtmp module")?;
    let folder = std::env::temp_dir().join(format!("onair-fanout-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let config = folder.join("nginx.conf");
    let folder = folder.display();
    // One process does it all, as onair's does.
    let text = format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/log error;\n\
         load_module {module};\n\
         events {{ worker_connections 2048; }}\n\
         rtmp {{ server {{ listen {address}; chunk_size 4096;\n\
         application live {{ live on; }} }} }}\n"
    );
    fs::write(&config, text)?;
    up(Command::new("nginx").arg("-c").arg(&config), address)
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Starts a server, and waits until it listens.
fn up(command: &mut Command, address: SocketAddr) -> Result<Server> {
    let process = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut server = Server { process, address };
    let give_up = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).is_err() {
        if let Some(status) = server.process.try_wait()? {
            bail!("the server ended: {status}");
        }
        ensure!(Instant::now() < give_up, "the server does not listen");
        thread::sleep(Duration::from_millis(20));
    }
    Ok(server)
}

fn measure(server: &Server, file: &str) -> Result<Fan> {
    let url = format!("rtmp://{}/live/fan", server.address);
    let mut publisher = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-re", "-i", file])
        .args(["-c", "copy", "-f", "flv", &url])
        .spawn()?;
    // The publisher has to be there before a player.
    thread::sleep(Duration::from_secs(1));
    let (sender, playing) = mpsc::channel();
    let players: Vec<JoinHandle<Result<Heard>>> = (0..PLAYERS)
        .map(|_| {
            let (address, sender) = (server.address, sender.clone());
            thread::spawn(move || player::play(address, "live", "fan", &sender))
        })
        .collect();
    for _ in 0..PLAYERS {
        playing.recv_timeout(Duration::from_secs(10))?;
    }
    let (before, from) = (processor_time(server.process.id())?, Instant::now());
    thread::sleep(WINDOW);
    let used = processor_time(server.process.id())? - before;
    let cpu = used / from.elapsed().as_secs_f64() / PLAYERS as f64;
    let memory_mb = memory(server)?;
    ensure!(publisher.wait()?.success(), "ffmpeg failed");
    let heard = players.into_iter().map(|player| {
        let heard = player.join();
        heard.unwrap_or_else(|_| bail!("a player panicked"))
    });
    let heard: Vec<Heard> = heard.collect::<Result<_>>()?;
    Ok(Fan {
        cpu,
        memory_mb,
        lost: lost(&heard, &media::last_video(file)?),
    })
}

/// How many frames are missing: steps of more than one frame's time, and the file's last one where
/// a player did not get it.
fn lost(heard: &[Heard], last: &Bytes) -> usize {
    let in_between = |heard: &Heard| -> usize {
        let steps = heard.frames.windows(2);
        let missing = steps.map(|pair| pair[1].wrapping_sub(pair[0]).div_ceil(PERIOD + 1));
        missing.map(|steps| steps.saturating_sub(1) as usize).sum()
    };
    let at_the_end = |heard: &Heard| usize::from(heard.last != *last);
    heard
        .iter()
        .map(|heard| in_between(heard) + at_the_end(heard))
        .sum()
}

/// Milliseconds from one frame to the next, rounded up.
const PERIOD: u32 = 34;

/// Megabytes resident.
fn memory(server: &Server) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process.id()))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    Ok(kilobytes.context("no VmRSS")? / 1024.0)
}
