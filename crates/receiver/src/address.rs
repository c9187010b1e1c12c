use std::collections::HashMap;
use std::net::IpAddr;

/// Who counts as one peer: an IPv6 network of 64 bits belongs to one household or host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Neighbour(IpAddr);

impl From<IpAddr> for Neighbour {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) if !v6.is_loopback() => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                IpAddr::V6(network.into())
            }
            other => other,
        })
    }
}

/// Of the things that neighbours hold, each with its age, the oldest of the neighbour that holds
/// the most. If several hold as many, the one with the older oldest thing.
pub(crate) fn oldest_of_most<T: Ord>(held: impl Iterator<Item = (Neighbour, T)>) -> Option<T> {
    let mut each = HashMap::<_, (usize, T)>::new();
    for (from, thing) in held {
        match each.get_mut(&from) {
            Some((count, oldest)) => {
                *count += 1;
                if thing < *oldest {
                    *oldest = thing;
                }
            }
            None => drop(each.insert(from, (1, thing))),
        }
    }
    let most = each
        .into_values()
        .max_by(|(count, oldest), (other, older)| count.cmp(other).then(older.cmp(oldest)));
    most.map(|(_, oldest)| oldest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_one_neighbour() {
        let of = |text: &str| Neighbour::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_ne!(of("::1"), of("::2"));
    }
}
