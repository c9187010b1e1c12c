//! What the local authority may vouch for (RFC 5280 §4.2.1.10).

use std::net::IpAddr;

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReaderSeq, Tag};

/// The names and networks a certificate is limited to.
#[derive(Default)]
pub(super) struct Constraints {
    names: Vec<String>,
    /// An address and a mask of 4 or 16 bytes each.
    networks: Vec<Vec<u8>>,
}

/// Private networks, whose owner decides who has which address. Loopback, RFC 1918, RFC 6598, RFC
/// 3927; RFC 4193, RFC 4291 §2.5.6.
const PRIVATE: [(&str, u8); 9] = [
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("100.64.0.0", 10),
    ("169.254.0.0", 16),
    ("::1", 128),
    ("fc00::", 7),
    ("fe80::", 10),
];

/// This machine's names and addresses, and any address that a private network may give it.
pub(super) fn for_machine(names: &[String]) -> NameConstraints {
    let private = PRIVATE
        .iter()
        .filter_map(|(address, prefix)| Some((address.parse().ok()?, *prefix)));
    let mut permitted: Vec<_> = private.map(network).collect();
    permitted.extend(names.iter().map(|name| match name.parse::<IpAddr>() {
        Ok(address) => network((address, if address.is_ipv4() { 32 } else { 128 })),
        Err(_) => GeneralSubtree::DnsName(name.clone()),
    }));
    NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: Vec::new(),
    }
}

fn network((address, prefix): (IpAddr, u8)) -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
}

impl Constraints {
    /// Reads what a certificate's `NameConstraints` permit; what they exclude is ignored.
    pub(super) fn read(sequence: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Self> {
        let mut limits = Self::default();
        sequence.read_optional(|reader| {
            reader.read_tagged_implicit(Tag::context(0), |reader| {
                reader.read_sequence_of(|reader| reader.read_sequence(|base| limits.add(base)))
            })
        })?;
        sequence.read_optional(|reader| reader.read_tagged_der())?;
        Ok(limits)
    }

    /// A `GeneralSubtree`: its minimum is 0, which DER omits, and it has no maximum.
    fn add(&mut self, subtree: &mut BERReaderSeq<'_, '_>) -> ASN1Result<()> {
        let base = subtree.next().read_tagged_der()?;
        match base.tag() {
            DNS_NAME => self.names.push(text(base.value())?),
            IP_ADDRESS => self.networks.push(base.value().to_vec()),
            _ => {}
        }
        Ok(())
    }

    /// Whether a name or an address is permitted.
    pub(super) fn permit(&self, name: &str) -> bool {
        match name.parse() {
            Ok(IpAddr::V4(address)) => self.has_address(&address.octets()),
            Ok(IpAddr::V6(address)) => self.has_address(&address.octets()),
            Err(_) => self.names.iter().any(|own| is_below(name, own)),
        }
    }

    fn has_address(&self, address: &[u8]) -> bool {
        let of_family = self
            .networks
            .iter()
            .filter(|bytes| bytes.len() == 2 * address.len());
        of_family
            .map(|bytes| bytes.split_at(address.len()))
            .any(|(base, mask)| {
                let bytes = address.iter().zip(base).zip(mask);
                bytes
                    .into_iter()
                    .all(|((byte, base), mask)| byte & mask == base & mask)
            })
    }
}

const DNS_NAME: Tag = Tag {
    tag_class: yasna::TagClass::ContextSpecific,
    tag_number: 2,
};
const IP_ADDRESS: Tag = Tag {
    tag_class: yasna::TagClass::ContextSpecific,
    tag_number: 7,
};

/// The text of any of ASN.1's strings that are UTF-8 or part of it.
pub(super) fn text(bytes: &[u8]) -> ASN1Result<String> {
    let text = str::from_utf8(bytes).map_err(|_| ASN1Error::new(ASN1ErrorKind::Invalid))?;
    Ok(text.to_owned())
}

/// A name permits itself and all below it.
fn is_below(name: &str, own: &str) -> bool {
    let rest = name
        .len()
        .checked_sub(own.len())
        .map(|at| name.split_at_checked(at));
    let Some(Some((above, end))) = rest else {
        return false;
    };
    end.eq_ignore_ascii_case(own) && (above.is_empty() || above.ends_with('.'))
}
