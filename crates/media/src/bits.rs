use crate::Error;

/// Reads big-endian bits; every error names the structure and the byte offset.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'a> {
    data: &'a [u8],
    /// The next bit's index.
    at: usize,
    what: &'static str,
}

impl<'a> BitReader<'a> {
    /// Reads `data`; errors say they happened in `what`.
    pub(crate) const fn new(data: &'a [u8], what: &'static str) -> Self {
        Self { data, at: 0, what }
    }

    /// One bit.
    pub(crate) fn flag(&mut self) -> Result<bool, Error> {
        let byte = self.data.get(self.at / 8).ok_or_else(|| self.truncated())?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    /// The next `count` bits, at most 32 of them, most significant first: all or
    /// none are taken.
    pub(crate) fn bits(&mut self, count: u32) -> Result<u32, Error> {
        debug_assert!(count <= 32, "wider than the result");
        self.need(usize::try_from(count).unwrap_or(usize::MAX))?;
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Ok(value)
    }

    /// The next `count` bits, at most 8 of them.
    pub(crate) fn small(&mut self, count: u32) -> Result<u8, Error> {
        let value = self.bits(count.min(8))?;
        Ok(u8::try_from(value).unwrap_or(u8::MAX))
    }

    /// Passes over `count` bits.
    pub(crate) fn skip(&mut self, count: usize) -> Result<(), Error> {
        self.need(count)?;
        self.at += count;
        Ok(())
    }

    /// Passes over what is left of a byte begun.
    pub(crate) const fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    /// An unsigned Exp-Golomb number: `ue(v)` (ISO/IEC 14496-10 §9.1).
    pub(crate) fn ue(&mut self) -> Result<u32, Error> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 32 {
                return Err(self.invalid());
            }
        }
        let suffix = u64::from(self.bits(zeros)?);
        let value = (1_u64 << zeros) - 1 + suffix;
        u32::try_from(value).map_err(|_| self.invalid())
    }

    /// A `ue(v)` that may be at most `max`.
    pub(crate) fn up_to(&mut self, max: u8) -> Result<u8, Error> {
        let value = u8::try_from(self.ue()?).ok().filter(|&value| value <= max);
        value.ok_or_else(|| self.invalid())
    }

    /// A signed Exp-Golomb number: `se(v)` (ISO/IEC 14496-10 §9.1.1).
    pub(crate) fn se(&mut self) -> Result<i32, Error> {
        let code = i64::from(self.ue()?);
        let magnitude = (code + 1) / 2;
        let value = if code % 2 == 0 { -magnitude } else { magnitude };
        i32::try_from(value).map_err(|_| self.invalid())
    }

    /// How many bits are left.
    pub(crate) const fn remaining(&self) -> usize {
        (self.data.len() * 8).saturating_sub(self.at)
    }

    /// The byte the next bit lies in.
    pub(crate) const fn position(&self) -> usize {
        self.at / 8
    }

    /// The structure contradicts itself here.
    pub(crate) const fn invalid(&self) -> Error {
        Error::invalid(self.what, self.position())
    }

    const fn need(&self, count: usize) -> Result<(), Error> {
        if count > self.remaining() {
            return Err(self.truncated());
        }
        Ok(())
    }

    const fn truncated(&self) -> Error {
        Error::truncated(self.what, self.data.len())
    }
}

/// Writes big-endian bits.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits used in the last byte; 0 means it is full, or there is none.
    used: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of `value`, most significant first.
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            self.put_flag(value >> shift & 1 == 1);
        }
    }

    /// Appends one bit.
    pub(crate) fn put_flag(&mut self, bit: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if let (true, Some(last)) = (bit, self.bytes.last_mut()) {
            *last |= 0x80 >> self.used;
        }
        self.used = (self.used + 1) % 8;
    }

    /// The bytes, the last one filled up with zero bits.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(data: &[u8]) -> BitReader<'_> {
        BitReader::new(data, "test")
    }

    #[test]
    fn fixed_width_reads_cross_bytes() {
        let mut r = reader(&[0b1010_0101, 0xff, 0x00, 0x12, 0x34]);
        assert_eq!(r.bits(3), Ok(0b101));
        assert_eq!(r.bits(9), Ok(0b0_0101_1111));
        assert_eq!(r.position(), 1);
        r.align();
        assert_eq!(r.bits(24), Ok(0x1234));
        assert_eq!(r.remaining(), 0);
    }

    #[test]
    fn reading_past_the_end_names_the_byte_and_takes_nothing() {
        let mut r = reader(&[0xff]);
        assert_eq!(r.bits(9), Err(Error::truncated("test", 1)));
        assert_eq!((r.bits(8), r.flag().is_err()), (Ok(0xff), true));
        assert_eq!(reader(&[1]).skip(9), Err(Error::truncated("test", 1)));
    }

    #[test]
    fn exp_golomb_codes_read_as_table_9_2_says() {
        let mut r = reader(&[0b1010_0110, 0b0100_0010, 0b1001_1000]);
        let codes: Vec<_> = (0..5).map(|_| r.ue()).collect();
        assert_eq!(codes, [Ok(0), Ok(1), Ok(2), Ok(3), Ok(4)]);
        let mut r = reader(&[0b1010_0110, 0b0100_0010, 0b1001_0100]);
        let codes: Vec<_> = (0..5).map(|_| r.se()).collect();
        assert_eq!(codes, [Ok(0), Ok(1), Ok(-1), Ok(2), Ok(-2)]);
    }

    #[test]
    fn the_longest_exp_golomb_code_fits_and_a_longer_one_is_invalid() {
        // 31 zeros, the marker, 31 ones: 2^32 - 2.
        assert_eq!(
            reader(&[0, 0, 0, 1, 0xff, 0xff, 0xff, 0xfe]).ue(),
            Ok(u32::MAX - 1)
        );
        // 32 zeros and a zero suffix: 2^32 - 1, which u32 still holds.
        assert_eq!(reader(&[0, 0, 0, 0, 0x80, 0, 0, 0, 0]).ue(), Ok(u32::MAX));
        assert_eq!(
            reader(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]).ue(),
            Err(Error::invalid("test", 8))
        );
        assert_eq!(reader(&[0; 9]).ue(), Err(Error::invalid("test", 4)));
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut w = BitWriter::default();
        w.put(0b101, 3);
        w.put(0xabcd, 16);
        w.put_flag(true);
        let bytes = w.into_bytes();
        let mut r = reader(&bytes);
        assert_eq!(bytes.len(), 3);
        assert_eq!(
            (r.bits(3), r.bits(16), r.flag()),
            (Ok(5), Ok(0xabcd), Ok(true))
        );
        assert_eq!(r.bits(4), Ok(0));
    }
}
