use std::future::pending;
use std::io;
use std::os::fd::AsRawFd;
use std::time::Instant;

use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, socket,
};
use tokio::net::UnixDatagram;

use super::burst::Burst;
use super::message::is_news;

/// A socket to which the kernel says what changes. It is no Unix socket, but one of datagrams, which
/// is all that waiting and receiving ask of it.
struct Routes(UnixDatagram);

/// Interfaces, and addresses and routes of both families (`include/uapi/linux/rtnetlink.h`).
const GROUPS: u32 = (libc::RTMGRP_LINK
    | libc::RTMGRP_IPV4_IFADDR
    | libc::RTMGRP_IPV4_ROUTE
    | libc::RTMGRP_IPV6_IFADDR
    | libc::RTMGRP_IPV6_ROUTE)
    .cast_unsigned();

pub(super) async fn watch(tell: impl Fn()) -> io::Result<()> {
    Routes::open()?.watch(tell).await
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => pending().await,
    }
}

impl Routes {
    fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let (family, protocol) = (AddressFamily::Netlink, SockProtocol::NetlinkRoute);
        let socket = socket(family, SockType::Raw, flags, protocol)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, GROUPS))?;
        Ok(Self(UnixDatagram::from_std(socket.into())?))
    }

    async fn watch(self, tell: impl Fn()) -> io::Result<()> {
        let mut burst = Burst::default();
        loop {
            tokio::select! {
                heard = self.is_news() => if heard? {
                    burst.hear(Instant::now());
                },
                () = reached(burst.deadline()) => if burst.poll(Instant::now()) {
                    tell();
                },
            }
        }
    }

    /// Waits for a datagram; whether it matters.
    async fn is_news(&self) -> io::Result<bool> {
        let mut buffer = [0; 8192];
        match self.0.recv(&mut buffer).await {
            Ok(length) => Ok(is_news(&buffer[..length])),
            // More came than was kept.
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::Duration;

    use nix::sched::{CloneFlags, unshare};
    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::*;

    fn ip(words: &str) -> bool {
        let command = Command::new("ip").args(words.split(' ')).status();
        command.is_ok_and(|status| status.success())
    }

    /// What happens in a network namespace of its own that ends with its thread.
    fn apart(test: impl FnOnce() + Send + 'static) {
        let ran = thread::spawn(|| {
            let is_apart = unshare(CloneFlags::CLONE_NEWNET).is_ok() && ip("link set lo up");
            is_apart.then(test).is_some()
        });
        if !ran.join().expect("it holds") {
            eprintln!("SKIPPED: a network namespace takes root and iproute2");
        }
    }

    async fn hear_of_an_address_and_of_a_route() {
        let (told, count) = (Notify::new(), AtomicU32::new(0));
        let mut watching = pin!(Routes::open().unwrap().watch(|| {
            count.fetch_add(1, Ordering::Relaxed);
            told.notify_one();
        }));
        let mut wait = async || {
            let limit = Duration::from_secs(5);
            tokio::select! {
                ended = &mut watching => panic!("{ended:?}"),
                result = timeout(limit, told.notified()) => result.expect("news"),
            }
        };
        assert!(ip("addr add 192.0.2.1/24 dev lo"));
        assert!(ip("route add default via 192.0.2.9 dev lo"));
        wait().await;
        assert!(ip("route del default"));
        wait().await;
        assert_eq!(count.load(Ordering::Relaxed), 2, "once of both, then once");
    }

    #[test]
    fn the_kernel_tells_of_an_address_and_of_a_route_and_once_of_both() {
        apart(|| {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(hear_of_an_address_and_of_a_route());
        });
    }
}
