//! What the kernel says of routes, addresses and interfaces (rtnetlink(7)). Pure.

/// Whether a datagram tells of anything that could change the way to a server.
pub(crate) fn is_news(mut bytes: &[u8]) -> bool {
    while let Some((message, rest)) = Message::parse(bytes) {
        if message.is_news() {
            return true;
        }
        bytes = rest;
    }
    false
}

/// A `struct nlmsghdr` and what follows it (`include/uapi/linux/netlink.h`).
struct Message<'a> {
    kind: u16,
    payload: &'a [u8],
}

/// The size of a `struct nlmsghdr`.
const HEADER: usize = 16;

impl<'a> Message<'a> {
    /// The first message, and what comes behind it; `None` where none is whole.
    fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let length = u32::from_ne_bytes(*bytes.first_chunk()?);
        let length = usize::try_from(length).ok()?;
        let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
        let payload = bytes.get(HEADER..length)?;
        let rest = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((Self { kind, payload }, rest))
    }

    fn is_news(&self) -> bool {
        match self.kind {
            RTM_NEWLINK | RTM_DELLINK | RTM_NEWADDR | RTM_DELADDR => true,
            RTM_NEWROUTE | RTM_DELROUTE => is_way(self.payload),
            _ => false,
        }
    }
}

/// Whether a route (`struct rtmsg`) leads out of this machine, or forbids to leave, and is not one
/// connection's alone.
fn is_way(route: &[u8]) -> bool {
    let (Some(&kind), Some(flags)) = (route.get(7), route.get(8..12)) else {
        return false;
    };
    let flags = flags
        .iter()
        .fold([0; 4], |[_, a, b, c], byte| [a, b, c, *byte]);
    let is_inside = [RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST].contains(&kind);
    !is_inside && u32::from_ne_bytes(flags) & RTM_F_CLONED == 0
}

// `include/uapi/linux/rtnetlink.h`.
const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTN_LOCAL: u8 = 2;
const RTN_BROADCAST: u8 = 3;
const RTN_ANYCAST: u8 = 4;
const RTN_MULTICAST: u8 = 5;
const RTM_F_CLONED: u32 = 0x200;

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + payload.len()).unwrap();
        let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10]].concat();
        let mut whole = [&head, payload].concat();
        whole.resize(whole.len().next_multiple_of(4), 0);
        whole
    }

    fn route(message_kind: u16, kind: u8, flags: u32) -> Vec<u8> {
        let head = [2, 0, 0, 0, 254, 3, 0, kind];
        message(message_kind, &[&head[..], &flags.to_ne_bytes()].concat())
    }

    #[test]
    fn ways_out_of_this_machine_are_news_and_all_else_is_not() {
        let (unicast, unreachable) = (1, 7);
        for (datagram, expected) in [
            (route(RTM_NEWROUTE, unicast, 0), true),
            (route(RTM_DELROUTE, unreachable, 0), true),
            (route(RTM_NEWROUTE, unicast, RTM_F_CLONED), false),
            (route(RTM_NEWROUTE, RTN_LOCAL, 0), false),
            (route(RTM_NEWROUTE, RTN_BROADCAST, 0), false),
            (message(RTM_NEWADDR, &[2; 8]), true),
            (message(RTM_DELADDR, &[2; 8]), true),
            (message(RTM_NEWLINK, &[0; 16]), true),
            // A neighbour, an error, the end of a dump.
            (message(28, &[2; 12]), false),
            (message(2, &[0; 20]), false),
            (message(3, &[0; 4]), false),
            (Vec::new(), false),
        ] {
            assert_eq!(is_news(&datagram), expected, "{datagram:?}");
            // Behind something else, of odd length.
            let behind = [message(28, &[1; 13]), datagram].concat();
            assert_eq!(is_news(&behind), expected, "{behind:?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_mangled_is_read_without_harm() {
        let whole = [message(28, &[1; 13]), route(RTM_NEWROUTE, 1, 0)].concat();
        for end in 0..whole.len() {
            assert!(!is_news(&whole[..end]), "{end}");
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut mangled = whole.clone();
                mangled[at] ^= 1 << bit;
                is_news(&mangled);
            }
        }
    }
}
