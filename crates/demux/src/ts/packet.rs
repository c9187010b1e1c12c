use super::sync::PACKET;

/// A TS packet with a payload (§2.4.3.2).
pub(super) struct TsPacket<'a> {
    pub(super) pid: u16,
    pub(super) start: bool,
    pub(super) counter: u8,
    /// The adaptation field announces a break (§2.4.3.5).
    pub(super) discontinuity: bool,
    pub(super) payload: &'a [u8],
}

impl<'a> TsPacket<'a> {
    /// `None` for packets marked broken, scrambled or without payload.
    pub(super) fn parse(packet: &'a [u8; PACKET]) -> Option<Self> {
        let [_, b1, b2, b3, rest @ ..] = packet;
        if b1 & 0x80 != 0 || b3 & 0xc0 != 0 || b3 & 0x10 == 0 {
            return None;
        }
        let (payload, flags) = if b3 & 0x20 == 0 {
            (&rest[..], 0)
        } else {
            let (length, behind) = rest.split_first()?;
            let (field, payload) = behind.split_at_checked(usize::from(*length))?;
            (payload, field.first().copied().unwrap_or(0))
        };
        Some(Self {
            pid: u16::from_be_bytes([b1 & 0x1f, *b2]),
            start: b1 & 0x40 != 0,
            counter: b3 & 0x0f,
            discontinuity: flags & 0x80 != 0,
            payload,
        })
    }
}
