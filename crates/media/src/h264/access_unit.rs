use bytes::{Bytes, BytesMut};

use super::framing::{LengthSize, NalUnitType, annex_b, length_prefixed, nal_unit_type};
use super::{framing, rbsp, sei};
use crate::Error;

/// One access unit taken apart into what a [`Packet`](crate::Packet) carries
/// and what its configuration carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessUnit {
    /// The pictures and their SEI, each NAL unit behind a four-byte length:
    /// without parameter sets, delimiters, filler and end marks.
    pub payload: Bytes,
    /// Sequence parameter sets, in the order met.
    pub sps: Vec<Bytes>,
    /// Picture parameter sets, in the order met.
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
            Some(T::Sps) => self.unit.sps.push(Bytes::copy_from_slice(nal)),
            Some(T::Pps) => self.unit.pps.push(Bytes::copy_from_slice(nal)),
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
