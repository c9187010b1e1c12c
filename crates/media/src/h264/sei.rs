/// `payloadType` of a recovery point (ISO/IEC 14496-10 Annex D.1.1).
const RECOVERY_POINT: usize = 6;

/// True when an SEI NAL unit, emulation prevention removed, holds a recovery
/// point message (ISO/IEC 14496-10 §7.3.2.3).
pub(super) fn has_recovery_point(rbsp: &[u8]) -> bool {
    let mut rest = rbsp.get(1..).unwrap_or_default();
    while let Some((kind, after)) = message(rest) {
        if kind == RECOVERY_POINT {
            return true;
        }
        rest = after;
    }
    false
}

/// The type of the first message, and what follows it.
fn message(data: &[u8]) -> Option<(usize, &[u8])> {
    let (kind, data) = number(data)?;
    let (size, data) = number(data)?;
    Some((kind, data.get(size..)?))
}

/// A number written as bytes of 255 and one last smaller byte.
fn number(data: &[u8]) -> Option<(usize, &[u8])> {
    let full = data.iter().take_while(|&&byte| byte == 0xff).count();
    let last = *data.get(full)?;
    Some((full * 255 + usize::from(last), &data[full + 1..]))
}
