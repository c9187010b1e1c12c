//! Ways to the network besides the one that the system would choose.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// The interfaces with a default route, the system's favourite among them.
#[cfg(target_os = "linux")]
pub(crate) fn interfaces() -> Vec<String> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let mut found = of_v4(&read("/proc/net/route"));
    found.extend(of_v6(&read("/proc/net/ipv6_route")));
    found.sort_unstable();
    found.dedup();
    found.truncate(MAX_INTERFACES);
    found
}

/// None can be told.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn interfaces() -> Vec<String> {
    Vec::new()
}

/// More ways than this are not tried at once.
#[cfg(target_os = "linux")]
const MAX_INTERFACES: usize = 8;

/// The default routes of `/proc/net/route`: interface, destination, gateway, flags and so on, with
/// the mask in the eighth column.
#[cfg(any(target_os = "linux", test))]
fn of_v4(table: &str) -> Vec<String> {
    let columns = table.lines().map(|line| line.split_whitespace().collect());
    let is_default = |row: &Vec<&str>| {
        row.get(1) == Some(&"00000000") && row.get(7) == Some(&"00000000") && is_up(row.get(3))
    };
    let rows = columns.filter(is_default);
    rows.filter_map(|row| row.first().map(ToString::to_string))
        .collect()
}

/// The default routes of `/proc/net/ipv6_route`: destination, the length of its prefix, …, flags,
/// interface. Without a network the loopback rejects everything.
#[cfg(any(target_os = "linux", test))]
fn of_v6(table: &str) -> Vec<String> {
    let columns = table.lines().map(|line| line.split_whitespace().collect());
    let is_default = |row: &Vec<&str>| {
        let is_all = row.first().is_some_and(|to| to.bytes().all(|c| c == b'0'));
        is_all && row.get(1) == Some(&"00") && is_up(row.get(8)) && row.get(9) != Some(&"lo")
    };
    let rows = columns.filter(is_default);
    rows.filter_map(|row| row.get(9).map(ToString::to_string))
        .collect()
}

/// Whether a route's flags, in hexadecimal, have `RTF_UP` (`include/uapi/linux/route.h`).
#[cfg(any(target_os = "linux", test))]
fn is_up(flags: Option<&&str>) -> bool {
    let flags = flags.and_then(|flags| u32::from_str_radix(flags, 16).ok());
    flags.is_some_and(|flags| flags & 1 != 0)
}

/// The address from which the system would now reach `peer`; `None` where it knows no way. Sends
/// nothing.
pub(crate) fn source(peer: SocketAddr) -> Option<IpAddr> {
    let any = if peer.is_ipv6() {
        "[::]:0"
    } else {
        "0.0.0.0:0"
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(peer).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Whether the system would now reach `peer` from another address than `local`, or not at all: the
/// address or the route of a connection between the two is gone.
pub(crate) fn is_rerouted(local: SocketAddr, peer: SocketAddr) -> bool {
    source(peer) != Some(local.ip())
}

/// The addresses from which the system would reach the rest of the world, by either family.
pub(crate) fn sources() -> [Option<IpAddr>; 2] {
    ANYBODY.map(source)
}

/// Of the blocks for documentation (RFC 5737, RFC 3849): nobody is there, and all routes are
/// default ones.
const ANYBODY: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9),
    SocketAddr::new(
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1)),
        9,
    ),
];

/// Whether two addresses of this machine are on different interfaces, or the first is on none:
/// another temporary address of the same one is no other way.
#[cfg(target_os = "linux")]
pub(crate) fn are_apart(before: IpAddr, now: IpAddr) -> bool {
    let found = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let named: Vec<_> = found
        .filter_map(|one| Some((address(&one.address?)?, one.interface_name)))
        .collect();
    let interface = |address| named.iter().find(|(other, _)| *other == address);
    let [before, now] = [before, now].map(|address| interface(address).map(|(_, name)| name));
    before.is_none() || before != now
}

/// Nobody tells of changes here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn are_apart(before: IpAddr, now: IpAddr) -> bool {
    before != now
}

#[cfg(target_os = "linux")]
fn address(storage: &nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = storage.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| storage.as_sockaddr_in6().map(|v6| v6.ip().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interfaces_with_a_default_route_are_ways() {
        let v4 = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n\
            wlan0\t00000000\t0101630A\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
            eth0\t00000000\t0102630A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
            tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000080\t0\t0\t0\n\
            eth0\t0001630A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";
        assert_eq!(of_v4(v4), ["wlan0", "eth0"]);
        let zero = "0".repeat(32);
        let v6 = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 1 0 00450003 eth0\n\
             fe80{} 40 {zero} 00 {zero} 00000100 1 0 00000001 eth1\n\
             {zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo\n",
            "0".repeat(28)
        );
        assert_eq!(of_v6(&v6), ["eth0"]);
    }

    #[test]
    fn any_table_is_read_without_harm() {
        for text in [
            "",
            "\n",
            "a",
            "a 00000000",
            "0 00 0 0 0 0 0 0 zz lo",
            "é 0 é",
        ] {
            assert!(of_v4(text).is_empty() && of_v6(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_way_to_ones_own_machine_stays() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(!is_rerouted(at("127.0.0.1:5000"), at("127.0.0.1:1935")));
        assert!(is_rerouted(at("192.0.2.1:5000"), at("127.0.0.1:1935")));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_address_that_is_gone_is_apart_and_one_of_the_same_interface_is_not() {
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(!are_apart(at("127.0.0.1"), at("127.0.0.1")));
        assert!(are_apart(at("192.0.2.1"), at("127.0.0.1")));
    }
}
