use bytes::{Bytes, BytesMut};

use super::nal::{NalUnitType, nal_unit_type};
use crate::h264::{annex_b, put_length_prefixed};

/// One access unit taken apart into what a [`Packet`](crate::Packet) carries
/// and what its configuration carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// The pictures and their SEI, each NAL unit behind a four-byte length:
    /// without parameter sets, delimiters, filler and end marks.
    pub payload: Bytes,
    /// Video parameter sets, in the order met: as many as there are ids.
    pub vps: Vec<Bytes>,
    /// Sequence parameter sets, likewise.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, likewise.
    pub pps: Vec<Bytes>,
    /// True when decoding may start here.
    pub keyframe: bool,
}

impl AccessUnit {
    /// Takes an Annex B access unit apart (ISO/IEC 23008-2 Annex B).
    pub fn from_annex_b(data: &[u8]) -> Self {
        let mut unit = Self::default();
        let mut payload = BytesMut::with_capacity(data.len() + 8);
        let mut seen_picture = false;
        for nal in annex_b(data) {
            let Some(kind) = nal_unit_type(nal) else {
                continue;
            };
            if unit.keep_set(kind, nal) || is_left_out(kind) {
                continue;
            }
            if kind.is_picture() && !seen_picture {
                seen_picture = true;
                unit.keyframe = kind.is_random_access();
            }
            put_length_prefixed(nal, &mut payload);
        }
        unit.payload = payload.freeze();
        unit
    }

    /// True for a parameter set. More of them than there are ids are a flood, not a stream.
    fn keep_set(&mut self, kind: NalUnitType, nal: &[u8]) -> bool {
        let (sets, most) = match kind {
            NalUnitType::Vps => (&mut self.vps, 16),
            NalUnitType::Sps => (&mut self.sps, 16),
            NalUnitType::Pps => (&mut self.pps, 64),
            _ => return false,
        };
        if sets.len() < most {
            sets.push(Bytes::copy_from_slice(nal));
        }
        true
    }
}

const fn is_left_out(kind: NalUnitType) -> bool {
    matches!(
        kind,
        NalUnitType::AccessUnitDelimiter
            | NalUnitType::EndOfSequence
            | NalUnitType::EndOfStream
            | NalUnitType::Filler
    )
}
