//! What an authority's certificate says about it (RFC 5280 §4.1).

use rcgen::{DistinguishedName, DnType, DnValue};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use yasna::models::TaggedDerValue;
use yasna::tags::{TAG_IA5STRING, TAG_PRINTABLESTRING, TAG_SEQUENCE, TAG_UTF8STRING};
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, BERReaderSeq};

use super::constraints::{Constraints, text};

/// Who the authority is, and what it may vouch for.
pub(super) struct Stated {
    pub(super) subject: DistinguishedName,
    pub(super) constraints: Option<Constraints>,
}

impl Stated {
    /// Reads a certificate (PEM). webpki takes it apart, as it does for those who trust it; only
    /// the contents of two fields are read here.
    pub(super) fn of(pem: &str) -> Result<Self, String> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes());
        let der = der.map_err(|error| error.to_string())?;
        let mut store = RootCertStore::empty();
        store.add(der).map_err(|error| error.to_string())?;
        let anchor = store.roots.first().ok_or("no certificate in it")?;
        let subject = read(&anchor.subject, subject).map_err(|error| error.to_string())?;
        let limits = anchor.name_constraints.as_ref();
        let constraints = limits.map(|limits| read(limits, Constraints::read));
        let constraints = constraints.transpose().map_err(|error| error.to_string())?;
        Ok(Self {
            subject,
            constraints,
        })
    }
}

/// Reads the content of a sequence, which lacks its own tag and length.
fn read<T>(
    inside: &[u8],
    mut with: impl FnMut(&mut BERReaderSeq<'_, '_>) -> ASN1Result<T>,
) -> ASN1Result<T> {
    let sequence = TaggedDerValue::from_tag_and_bytes(TAG_SEQUENCE, inside.to_vec());
    let whole = yasna::construct_der(|writer| writer.write_tagged_der(&sequence));
    yasna::parse_der(&whole, |reader| reader.read_sequence(&mut with))
}

/// A `Name`: a sequence of sets, each of one attribute.
fn subject(names: &mut BERReaderSeq<'_, '_>) -> ASN1Result<DistinguishedName> {
    let mut subject = DistinguishedName::new();
    while let Some(set) = names.read_optional(|reader| reader.collect_set_of(attribute))? {
        for (kind, value) in set {
            subject.push(kind, value);
        }
    }
    Ok(subject)
}

fn attribute(reader: BERReader<'_, '_>) -> ASN1Result<(DnType, DnValue)> {
    reader.read_sequence(|reader| {
        let kind = reader.next().read_oid()?;
        let value = reader.next().read_tagged_der()?;
        let invalid = |_| ASN1Error::new(ASN1ErrorKind::Invalid);
        let text = text(value.value())?;
        let value = match value.tag() {
            TAG_UTF8STRING => DnValue::Utf8String(text),
            TAG_PRINTABLESTRING => DnValue::PrintableString(text.try_into().map_err(invalid)?),
            TAG_IA5STRING => DnValue::Ia5String(text.try_into().map_err(invalid)?),
            _ => return Err(ASN1Error::new(ASN1ErrorKind::Invalid)),
        };
        Ok((DnType::from_oid(kind.components()), value))
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn a_subject_is_read_as_it_was_written() {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in [
            (
                DnType::CountryName,
                DnValue::PrintableString("AT".try_into().unwrap()),
            ),
            (
                DnType::OrganizationName,
                DnValue::Ia5String("on air".try_into().unwrap()),
            ),
            (
                DnType::CommonName,
                DnValue::Utf8String("onair on bücher".to_owned()),
            ),
        ] {
            params.distinguished_name.push(kind, value);
        }
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let stated = Stated::of(&made.pem()).unwrap();
        assert_eq!(stated.subject, params.distinguished_name);
        assert!(stated.constraints.is_none());
    }

    #[test]
    fn nothing_cut_short_or_damaged_is_believed_or_panics() {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
        params.name_constraints = Some(super::super::constraints::for_machine(&[]));
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let der = made.der().to_vec();
        for length in 0..der.len() {
            assert!(of_der(&der[..length]).is_err(), "{length} bytes");
        }
        for at in 0..der.len() {
            let mut flipped = der.clone();
            flipped[at] ^= 1 << (at % 8);
            let _any = of_der(&flipped);
        }
    }

    fn of_der(der: &[u8]) -> Result<Stated, String> {
        use base64::Engine as _;
        let body = base64::engine::general_purpose::STANDARD.encode(der);
        Stated::of(&format!(
            "-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
        ))
    }
}
