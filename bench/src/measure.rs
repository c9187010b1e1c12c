//! What a process cost: run by a small process of its own, since a child's
//! peak memory counts what its parent had when it forked.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What running a command took.
pub struct Cost {
    /// User and system time in seconds.
    pub cpu: f64,
    /// Peak resident memory in megabytes.
    pub peak_mb: f64,
}

/// Runs a command to its end; an exit code other than zero is an error.
pub fn run(command: &[String]) -> Result<Cost> {
    let output = Command::new(std::env::current_exe()?)
        .arg(MEASURE)
        .args(command)
        .output()?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{}: {}",
        command.join(" "),
        error.trim()
    );
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = text.split_whitespace().flat_map(str::parse).collect();
    let [cpu, peak_mb] = numbers[..] else {
        anyhow::bail!("not a measurement: {text:?}");
    };
    Ok(Cost { cpu, peak_mb })
}

/// Seconds of user and system time that the threads of a process have had so far.
pub fn processor_time(process: u32) -> Result<f64> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"))?;
    let of = |task: std::io::Result<fs::DirEntry>| -> Result<f64> {
        let stat = fs::read_to_string(task?.path().join("schedstat"))?;
        let nanos = stat
            .split_whitespace()
            .next()
            .context("an empty schedstat")?;
        Ok(nanos.parse::<f64>()? / 1e9)
    };
    tasks.map(of).sum()
}

/// The other side of [`run`], and the floor: what this program does when it starts itself. True
/// when it did.
pub fn role(arguments: &[String]) -> Result<bool> {
    match arguments {
        [role, command @ ..] if role == MEASURE => measure(command)?,
        [role, file, address] if role == FLOOR => floor(file, address)?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// The command that writes a file's bytes to a socket in pieces of 64 KiB.
pub fn floor_command(file: &str, address: &str) -> Result<Vec<String>> {
    let this = std::env::current_exe()?;
    let this = this.to_str().context("a path in UTF-8")?;
    Ok([this, FLOOR, file, address].map(str::to_owned).to_vec())
}

fn measure(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("a command")?;
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| program.clone())?;
    ensure!(status.success(), "{status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    println!("{} {}", cpu as f64 / 1e6, usage.max_rss() as f64 / 1024.0);
    Ok(())
}

fn floor(file: &str, address: &str) -> Result<()> {
    let (mut file, mut socket) = (File::open(file)?, TcpStream::connect(address)?);
    let mut piece = vec![0; 64 * 1024];
    loop {
        let len = file.read(&mut piece)?;
        if len == 0 {
            return Ok(());
        }
        socket.write_all(&piece[..len])?;
    }
}

const MEASURE: &str = "measure";
const FLOOR: &str = "floor";
