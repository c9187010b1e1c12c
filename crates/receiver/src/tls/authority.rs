use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use time::{Duration, OffsetDateTime};

use super::constraints::{self, Constraints};
use super::stated::Stated;
use crate::{Error, private_file};

/// This machine's own certificate authority, for `https` on a network without a public name.
///
/// A browser gives a page the camera only over `https`, and a phone trusts only whom it was told to
/// trust. So the authority is made once, its key readable by its owner only, and its certificate is
/// offered to the phone. It vouches only for this machine's names and for addresses of private
/// networks, so that a thief of its key cannot pose as a bank to that phone. The servers'
/// certificates are made anew at each start and never touch the disk.
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    constraints: Option<Constraints>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl Authority {
    /// Where the authority lives by default: in the user's data directory.
    pub fn default_dir() -> Option<PathBuf> {
        dirs::data_dir().map(|dir| dir.join("onair"))
    }

    /// The authority in a directory, made if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read or made, or others may read its key.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(FILE);
        let made = || create(&machine_names()).map_err(|error| error.to_string());
        let pem = private_file::read_or_create(&path, made);
        let pem = pem.map_err(|reason| refuse(&path, reason))?;
        Self::parse(&path, &pem)
    }

    fn parse(path: &Path, pem: &str) -> Result<Self, Error> {
        let start = pem
            .find(CERTIFICATE)
            .ok_or_else(|| refuse(path, "no certificate in it"))?;
        let key = KeyPair::from_pem(pem).map_err(|error| refuse(path, error))?;
        let certificate = pem[start..].to_owned();
        let stated = Stated::of(&certificate).map_err(|error| refuse(path, error))?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(authority(stated.subject), key),
            constraints: stated.constraints,
        })
    }

    /// Those of these names and addresses that it cannot vouch for, for instance because this
    /// machine was renamed since.
    pub fn excluded<'a>(&self, names: &'a [String]) -> Vec<&'a str> {
        let names = names.iter().map(String::as_str);
        names.filter(|name| !self.permits(name)).collect()
    }

    /// Whether it vouches only for this machine's names and private networks; one made by an
    /// earlier version may vouch for anything.
    pub const fn is_constrained(&self) -> bool {
        self.constraints.is_some()
    }

    fn permits(&self, name: &str) -> bool {
        self.constraints
            .as_ref()
            .is_none_or(|limits| limits.permit(name))
    }

    /// The certificate (PEM) that a phone has to trust.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A server's configuration for these names and addresses without the
    /// [excluded](Self::excluded) ones, valid for 13 months.
    ///
    /// # Errors
    ///
    /// When one of the names is invalid, or all are excluded.
    pub fn server(&self, names: &[String]) -> Result<Arc<ServerConfig>, Error> {
        let wrong = |error: &dyn std::fmt::Display| refuse(Path::new("for this machine"), error);
        let key = new_key().map_err(|error| wrong(&error))?;
        let names: Vec<_> = names
            .iter()
            .filter(|name| self.permits(name))
            .cloned()
            .collect();
        if names.is_empty() {
            return Err(wrong(&"this authority can vouch for none of its names"));
        }
        let leaf = leaf(&names).and_then(|leaf| leaf.signed_by(&key, &self.issuer));
        let leaf = leaf.map_err(|error| wrong(&error))?;
        let secret = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes());
        let secret = secret.map_err(|error| wrong(&error))?;
        let config = super::server(vec![leaf.der().clone()], secret);
        config.map(Arc::new).map_err(|error| wrong(&error))
    }
}

/// The names and addresses by which others reach this machine, loopback included.
pub fn machine_names() -> Vec<String> {
    let host = gethostname::gethostname().to_string_lossy().to_lowercase();
    let bare = host.trim_end_matches(".local").to_owned();
    let is_name = |name: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        !name.is_empty() && name.bytes().all(plain)
    };
    let mut names = vec!["localhost".to_owned()];
    if is_name(&bare) && bare != "localhost" {
        names.extend([bare.clone(), format!("{bare}.local")]);
    }
    names.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    names.extend(machine_addresses().iter().map(IpAddr::to_string));
    names
}

/// The addresses at which others reach this machine, without loopback and link-local ones.
pub fn machine_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let reachable = |address: &IpAddr| match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
    };
    let addresses = interfaces.iter().map(if_addrs::Interface::ip);
    addresses.filter(reachable).collect()
}

/// A new authority: its key and its certificate in one text.
fn create(names: &[String]) -> Result<String, rcgen::Error> {
    let host = gethostname::gethostname();
    let mut params = authority(named(&format!("onair on {}", host.to_string_lossy())));
    params.name_constraints = Some(constraints::for_machine(names));
    live_for(&mut params, 3650);
    let made = CertifiedIssuer::self_signed(params, new_key()?)?;
    Ok(format!("{}{}", made.key().serialize_pem(), made.pem()))
}

/// An authority that signs servers' certificates but no other authority's.
fn authority(subject: DistinguishedName) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named(names.first().map_or("onair", String::as_str));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    live_for(&mut params, 396);
    Ok(params)
}

fn new_key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
}

fn named(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// From yesterday on, since a phone's clock may be behind.
fn live_for(params: &mut CertificateParams, days: i64) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(days);
}

fn refuse(path: &Path, reason: impl std::fmt::Display) -> Error {
    Error::Certificate {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

const FILE: &str = "authority.pem";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

#[cfg(test)]
mod tests {
    use std::fs;

    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

    use super::*;

    fn fresh_dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("onair-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn an_authority_is_made_once() {
        let dir = fresh_dir("once");
        let made = Authority::open(&dir).unwrap();
        let read = Authority::open(&dir).unwrap();
        assert_eq!(made.certificate(), read.certificate());
        assert!(!made.certificate().contains("PRIVATE"));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        fs::remove_dir_all(dir).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn its_key_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = fresh_dir("mode");
        Authority::open(&dir).unwrap();
        let path = dir.join(FILE);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&dir)), (0o600, 0o700));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = Authority::open(&dir).unwrap_err().to_string();
        assert!(refused.contains("mode 644"), "{refused}");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_damaged_file_is_refused_with_its_name() {
        let dir = fresh_dir("damaged");
        let nothing = || Ok("nothing".to_owned());
        private_file::read_or_create(&dir.join(FILE), nothing).unwrap();
        let refused = Authority::open(&dir).unwrap_err().to_string();
        assert!(refused.contains(FILE), "{refused}");
        fs::remove_dir_all(dir).unwrap();
    }

    /// Whether a phone that trusts the authority accepts its certificate for a name.
    fn is_believed(authority: &Authority, name: &str) -> bool {
        let key = new_key().unwrap();
        let leaf = leaf(&[name.to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &authority.issuer).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.certificate().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(roots.into(), crate::tls::provider());
        let verifier = verifier.build().unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let now = UnixTime::now();
        let verified = verifier.verify_server_cert(leaf.der(), &[], &name, &[], now);
        verified.is_ok()
    }

    #[test]
    fn its_key_vouches_for_this_machine_and_private_networks_and_for_nobody_else() {
        let dir = fresh_dir("constraints");
        let authority = Authority::open(&dir).unwrap();
        assert!(authority.is_constrained());
        let own = machine_names();
        assert_eq!(authority.excluded(&own), [""; 0]);
        let private = [
            "192.168.1.7",
            "10.0.0.1",
            "172.31.0.1",
            "fd00::1",
            "169.254.1.1",
            "100.100.1.1",
        ];
        for name in own.iter().map(String::as_str).chain(private) {
            assert!(is_believed(&authority, name), "{name}");
        }
        for name in [
            "bank.example",
            "localhost.example",
            "example.localdomain",
            "8.8.8.8",
            "2001:4860::8",
        ] {
            assert!(!is_believed(&authority, name), "{name}");
        }
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_name_it_was_not_made_for_is_left_out_and_can_be_told() {
        let dir = fresh_dir("renamed");
        let authority = Authority::open(&dir).unwrap();
        let names = ["localhost", "new-name", "8.8.8.8"].map(str::to_owned);
        assert_eq!(authority.excluded(&names), ["new-name", "8.8.8.8"]);
        authority.server(&names).unwrap();
        let refused = authority.server(&names[1..]).unwrap_err().to_string();
        assert!(refused.contains("none of its names"), "{refused}");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn this_machine_is_reached_by_name_and_by_address() {
        let names = machine_names();
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert!(
                names.iter().any(|known| known == name),
                "{name} in {names:?}"
            );
        }
    }
}
