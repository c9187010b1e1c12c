//! Ways to the network besides the one that the system would choose.

use std::net::{SocketAddr, UdpSocket};

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

/// Whether the system would now reach `peer` from another address than `local`, or not at all: the
/// address or the route of a connection between the two is gone. Sends nothing.
pub(crate) fn is_rerouted(local: SocketAddr, peer: SocketAddr) -> bool {
    let any = if peer.is_ipv6() {
        "[::]:0"
    } else {
        "0.0.0.0:0"
    };
    let Ok(socket) = UdpSocket::bind(any) else {
        return false;
    };
    match socket.connect(peer).and_then(|()| socket.local_addr()) {
        Ok(now) => now.ip() != local.ip(),
        Err(_) => true,
    }
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
}
