//! Accepts one publisher over a plain `TcpListener` and writes what it sends to an `.flv` file.
//!
//! ```text
//! cargo run --example sink -- 127.0.0.1:1935 show.flv
//! ```
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a program talks, and has a clock"
)]

use std::error::Error;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bytes::Buf;
use onair_flv::{Tag, file};
use onair_rtmp::server::{Config, Event};
use onair_rtmp::{Input, Machine, Output, Server};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match &args[..] {
        [address, path] => record(address, path),
        _ => Err("usage: sink ADDRESS FILE.flv".into()),
    };
    if let Err(error) = result {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn record(address: &str, path: &str) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let (mut socket, _) = listener.accept()?;
    socket.set_nodelay(true)?;
    let mut out = File::create(path)?;
    out.write_all(&file::header(true, true))?;
    let mut server = Server::new(Config::default(), Instant::now());
    loop {
        match server.poll_output() {
            Output::Transmit(mut bytes) => {
                socket.write_all(&bytes.copy_to_bytes(bytes.remaining()))?;
            }
            Output::Event(Event::Closed) => return Ok(()),
            Output::Event(Event::Media { tag, .. } | Event::Metadata { tag, .. }) => {
                write(&mut out, &tag)?;
            }
            Output::Event(event) => {
                println!("{event:?}");
                if let Event::Publish { stream, .. } = event {
                    server.accept(stream);
                }
            }
            Output::Timeout(at) => receive(&mut socket, &mut server, at)?,
        }
    }
}

fn write(out: &mut File, tag: &Tag) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(tag.len() + 15);
    file::write_tag(tag, &mut bytes);
    out.write_all(&bytes)
}

/// Waits until `at` for the client, and tells the server the result.
fn receive(socket: &mut TcpStream, server: &mut Server, at: Instant) -> Result<(), Box<dyn Error>> {
    let mut data = [0; 64 * 1024];
    let timeout = at.saturating_duration_since(Instant::now());
    socket.set_read_timeout(Some(timeout.max(Duration::from_millis(1))))?;
    let result = socket.read(&mut data);
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
    Ok(server.handle_input(input)?)
}
