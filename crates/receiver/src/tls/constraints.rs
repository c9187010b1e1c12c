//! What the local authority may vouch for (RFC 5280 §4.2.1.10).

use std::net::IpAddr;

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The names and networks a certificate is limited to.
pub(super) struct Constraints {
    names: Vec<String>,
    /// An address and a mask of 4 or 16 bytes each.
    networks: Vec<Vec<u8>>,
}

/// Networks that are nobody's on the internet: who is behind such an address is for the network's
/// owner to say. Loopback, RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 §2.5.6.
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

/// This machine's names and addresses, and whatever address a private network may give it.
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
    /// Those of a certificate (PEM), if it has any.
    pub(super) fn of(pem: &str) -> Result<Option<Self>, String> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes());
        let der = der.map_err(|error| error.to_string())?;
        let (_, certificate) =
            X509Certificate::from_der(&der).map_err(|error| error.to_string())?;
        let found = certificate.name_constraints();
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.map(|found| {
            let mut limits = Self {
                names: Vec::new(),
                networks: Vec::new(),
            };
            for subtree in found.value.permitted_subtrees.iter().flatten() {
                match &subtree.base {
                    GeneralName::DNSName(name) => limits.names.push((*name).to_owned()),
                    GeneralName::IPAddress(network) => limits.networks.push(network.to_vec()),
                    _ => {}
                }
            }
            limits
        }))
    }

    /// Whether a name or an address is among them.
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
