//! Publishes an `.flv` file over a plain `TcpStream`, at the file's own pace or (with `--max`) as
//! fast as the line takes it: the protocol needs no other runtime.
//!
//! ```text
//! cargo run --example blocking -- show.flv rtmp://127.0.0.1/live/key [--patient] [--max]
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program talks, and has a clock"
)]

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use onair_flv::{Tag, file};
use onair_rtmp::publisher::{Config, End, Event, Flight, Step};
use onair_rtmp::{Input, Machine, Output, Publisher, Slices};

fn main() {
    if let Err(error) = run() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, url, options @ ..] = &args[..] else {
        return Err("usage: blocking FILE.flv URL [--patient] [--max]".into());
    };
    let tags = read(path)?;
    let is_paced = !options.iter().any(|option| option == "--max");
    let mut config = Config::new(url.parse()?);
    if options.iter().any(|option| option == "--patient") {
        config.flight = Flight::Classic;
    }
    while let End::Retry(retry) = publish(config, &tags, is_paced)? {
        println!("again, for {}", retry.why);
        config = retry.config;
    }
    Ok(())
}

fn read(path: &str) -> Result<Vec<Tag>, Box<dyn Error>> {
    let mut parser = file::Parser::new();
    parser.push(Bytes::from(std::fs::read(path)?));
    let mut tags = Vec::new();
    while let Some(tag) = parser.next()? {
        tags.push(tag);
    }
    Ok(tags)
}

/// One connection, from its opening to its end.
fn publish(config: Config, tags: &[Tag], is_paced: bool) -> Result<End, Box<dyn Error>> {
    let mut socket = TcpStream::connect((config.url.host(), config.url.port()))?;
    socket.set_nodelay(true)?;
    let start = Instant::now();
    let mut publisher = Publisher::new(config, start);
    let mut tags = tags.iter().peekable();
    loop {
        let mut wake = match publisher.poll_output() {
            Output::Transmit(bytes) => {
                write(&mut socket, bytes)?;
                continue;
            }
            Output::Event(Event::Closed(end)) => return Ok(end),
            Output::Event(event) => {
                println!("{:>9.3?} {event:?}", start.elapsed());
                continue;
            }
            Output::Timeout(at) => at,
        };
        let now = Instant::now();
        if publisher.ready()
            && let Some(tag) = tags.peek()
        {
            let due = start + Duration::from_millis(tag.timestamp.into());
            if due <= now || !is_paced {
                publisher.send(tag)?;
                tags.next();
                wake = now;
            } else {
                wake = wake.min(due);
            }
        } else if publisher.step() == Step::Live {
            publisher.close(now);
            continue;
        }
        receive(
            &mut socket,
            &mut publisher,
            wake.saturating_duration_since(now),
        )?;
    }
}

fn write(socket: &mut TcpStream, mut bytes: Slices) -> std::io::Result<()> {
    while bytes.has_remaining() {
        let mut pieces = [std::io::IoSlice::new(&[]); 64];
        let count = bytes.chunks_vectored(&mut pieces);
        let written = socket.write_vectored(&pieces[..count])?;
        bytes.advance(written);
    }
    Ok(())
}

/// Waits up to `timeout` for the server, and tells the publisher the result.
fn receive(
    socket: &mut TcpStream,
    publisher: &mut Publisher,
    timeout: Duration,
) -> Result<(), Box<dyn Error>> {
    let mut data = [0; 16 * 1024];
    socket.set_nonblocking(timeout.is_zero())?;
    socket.set_read_timeout(Some(timeout.max(Duration::from_millis(1))))?;
    let result = socket.read(&mut data);
    socket.set_nonblocking(false)?;
    let now = Instant::now();
    let input = match result {
        Ok(0) => Input::Closed(now),
        Ok(count) => Input::Receive(now, &data[..count]),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Input::Timeout(now),
            ErrorKind::ConnectionReset => Input::Closed(now),
            _ => return Err(error.into()),
        },
    };
    Ok(publisher.handle_input(input)?)
}
