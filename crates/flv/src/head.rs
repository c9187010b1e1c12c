use std::fmt;
use std::ops::Deref;

/// What an FLV tag, or an RTMP message, carries (FLV 10.1 §E.4.1, `TagType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagKind {
    /// Audio.
    Audio = 8,
    /// Video.
    Video = 9,
    /// Named data: `onMetaData` above all.
    Script = 18,
}

impl TagKind {
    /// The number on the wire, the same in FLV and in RTMP.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind with this number on the wire.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            8 => Some(Self::Audio),
            9 => Some(Self::Video),
            18 => Some(Self::Script),
            _ => None,
        }
    }
}

/// A tag's codec header: at most [`Head::MAX`] bytes, held inline.
#[derive(Clone, Copy, Default)]
pub struct Head {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Head {
    /// The most bytes a head can hold.
    pub const MAX: usize = 16;

    /// The first [`Head::MAX`] bytes of `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        let mut head = Self::default();
        for (to, from) in head.bytes.iter_mut().zip(bytes) {
            *to = *from;
            head.len += 1;
        }
        head
    }
}

impl Deref for Head {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Head {}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &**self {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_never_holds_more_than_it_can() {
        assert_eq!(Head::new(&[1; 40]).len(), Head::MAX);
        assert_eq!(format!("{:?}", Head::new(&[0x17, 1])), "1701");
    }
}
