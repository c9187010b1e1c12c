//! A TCP proxy on loopback that delivers each byte a fixed time after it came.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// A proxy in front of one server.
pub struct Proxy {
    address: SocketAddr,
    accepted: Receiver<Instant>,
}

impl Proxy {
    /// A proxy that adds `delay` in each direction. The TCP connection itself
    /// is not delayed: that is the kernel's, and happens at once.
    pub fn start(server: SocketAddr, delay: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (sender, accepted) = mpsc::channel();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if sender.send(Instant::now()).is_err() || join(client, server, delay).is_err() {
                    return;
                }
            }
        });
        Ok(Self { address, accepted })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the next connection began.
    pub fn accepted(&self, timeout: Duration) -> Result<Instant> {
        self.accepted
            .recv_timeout(timeout)
            .context("nobody connected")
    }
}

fn join(client: TcpStream, server: SocketAddr, delay: Duration) -> Result<()> {
    let server = TcpStream::connect(server)?;
    carry(client.try_clone()?, server.try_clone()?, delay)?;
    carry(server, client, delay)
}

fn carry(from: TcpStream, to: TcpStream, delay: Duration) -> Result<()> {
    to.set_nodelay(true)?;
    let (sender, due) = mpsc::channel();
    thread::spawn(move || receive(from, &sender, delay));
    thread::spawn(move || deliver(to, &due));
    Ok(())
}

fn receive(mut from: TcpStream, sender: &Sender<(Instant, Vec<u8>)>, delay: Duration) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(len) = from.read(&mut buffer) {
        let due = Instant::now() + delay;
        if sender.send((due, buffer[..len].to_vec())).is_err() || len == 0 {
            return;
        }
    }
}

fn deliver(mut to: TcpStream, due: &Receiver<(Instant, Vec<u8>)>) {
    for (due, bytes) in due {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if bytes.is_empty() || to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
