use bytes::{Bytes, BytesMut};

use super::framing::{LengthSize, NalUnitType, annex_b, length_prefixed, nal_unit_type};
use super::{framing, rbsp, sei};
use crate::Error;

// As many as there are ids (ISO/IEC 14496-10 §7.4.2.1.1, §7.4.2.2).
const MAX_SPS: usize = 32;
const MAX_PPS: usize = 256;

/// One access unit taken apart into what a [`Packet`](crate::Packet) carries
/// and what its configuration carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// The pictures and their SEI, each NAL unit behind a four-byte length:
    /// without parameter sets, delimiters, filler and end marks.
    pub payload: Bytes,
    /// Sequence parameter sets, in the order met: the first 32.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, in the order met: the first 256.
    pub pps: Vec<Bytes>,
    /// True for an IDR picture.
    pub idr: bool,
    /// True when a recovery point SEI says that decoding may start here, as
    /// broadcast streams without IDR pictures do.
    pub recovery_point: bool,
}

impl AccessUnit {
    /// Takes an Annex B access unit apart.
    pub fn from_annex_b(data: &[u8]) -> Self {
        let mut sorter = Sorter::new(data.len());
        annex_b(data).for_each(|unit| sorter.add(unit));
        sorter.finish()
    }

    /// Takes a length-prefixed access unit apart.
    pub fn from_length_prefixed(data: &[u8], size: LengthSize) -> Result<Self, Error> {
        let mut sorter = Sorter::new(data.len());
        for unit in length_prefixed(data, size) {
            sorter.add(unit?);
        }
        Ok(sorter.finish())
    }

    /// True when a viewer can begin here.
    pub const fn is_keyframe(&self) -> bool {
        self.idr || self.recovery_point
    }
}

struct Sorter {
    unit: AccessUnit,
    payload: BytesMut,
    seen_picture: bool,
}

impl Sorter {
    fn new(capacity: usize) -> Self {
        Self {
            unit: AccessUnit::default(),
            payload: BytesMut::with_capacity(capacity + 8),
            seen_picture: false,
        }
    }

    fn add(&mut self, nal: &[u8]) {
        use NalUnitType as T;
        match nal_unit_type(nal) {
            Some(T::Sps) => keep_set(&mut self.unit.sps, MAX_SPS, nal),
            Some(T::Pps) => keep_set(&mut self.unit.pps, MAX_PPS, nal),
            Some(T::AccessUnitDelimiter | T::EndOfSequence | T::EndOfStream | T::Filler) | None => {
            }
            Some(kind) => self.keep(kind, nal),
        }
    }

    fn keep(&mut self, kind: NalUnitType, nal: &[u8]) {
        if kind.is_picture() && !self.seen_picture {
            self.seen_picture = true;
            self.unit.idr = kind == NalUnitType::Idr;
        }
        self.unit.recovery_point |= kind == NalUnitType::Sei && sei::has_recovery_point(&rbsp(nal));
        framing::put_length_prefixed(nal, &mut self.payload);
    }

    fn finish(mut self) -> AccessUnit {
        self.unit.payload = self.payload.freeze();
        self.unit
    }
}

/// More sets than there are ids are a flood, not a stream.
fn keep_set(sets: &mut Vec<Bytes>, most: usize, nal: &[u8]) {
    if sets.len() < most {
        sets.push(Bytes::copy_from_slice(nal));
    }
}
