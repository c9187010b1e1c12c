use crate::source::Blocks;

/// What a file's beginning says of its layout (RFC 8794 §4, RFC 9559 §4.5).
#[derive(Default)]
pub(super) struct Outline {
    /// Where the segment ends, if it says so.
    pub(super) end: Option<u64>,
    /// Where the last byte of the seek head's id is.
    pub(super) seek_head: Option<u64>,
}

impl Outline {
    pub(super) fn parse(blocks: &mut Blocks) -> Self {
        let size = blocks.len().min(MAX_EBML_HEADER);
        let head = blocks.bytes(0, size, "EBML header").unwrap_or_default();
        Self::read(&head).unwrap_or_default()
    }

    fn read(head: &[u8]) -> Option<Self> {
        let place = |rest: &[u8]| (head.len() - rest.len()) as u64;
        let mut rest = head;
        let (_, size) = element(&mut rest)?;
        rest = skip(rest, size)?;
        let (_, size) = element(&mut rest).filter(|(id, _)| *id == SEGMENT)?;
        let mut outline = Self {
            end: size.and_then(|size| place(rest).checked_add(size)),
            seek_head: None,
        };
        loop {
            let at = place(rest);
            match element(&mut rest) {
                Some((SEEK_HEAD, _)) => outline.seek_head = Some(at + 3),
                Some((_, size)) if outline.seek_head.is_none() => match skip(rest, size) {
                    Some(behind) => rest = behind,
                    None => return Some(outline),
                },
                _ => return Some(outline),
            }
        }
    }
}

fn skip(rest: &[u8], size: Option<u64>) -> Option<&[u8]> {
    rest.get(usize::try_from(size?).ok()?..)
}

/// An EBML element's id and size; no size when it is unknown.
fn element(input: &mut &[u8]) -> Option<(u64, Option<u64>)> {
    let (id, _) = variable(input, false)?;
    let (size, bits) = variable(input, true)?;
    Some((id, Some(size).filter(|size| *size != (1 << bits) - 1)))
}

/// An EBML variable-size number and how many bits it has; ids keep their marker.
fn variable(input: &mut &[u8], unmark: bool) -> Option<(u64, u32)> {
    let first = *input.split_off_first()?;
    let extra = first.leading_zeros();
    let marker = 0x80_u8.checked_shr(extra)?;
    let mut value = u64::from(if unmark { first & !marker } else { first });
    for _ in 0..extra {
        value = value << 8 | u64::from(*input.split_off_first()?);
    }
    Some((value, 7 * (extra + 1)))
}

/// `Segment`'s element id.
const SEGMENT: u64 = 0x1853_8067;

/// `SeekHead`'s element id.
const SEEK_HEAD: u64 = 0x114d_9b74;

/// Bytes looked at for the segment's header.
const MAX_EBML_HEADER: u64 = 4096;
