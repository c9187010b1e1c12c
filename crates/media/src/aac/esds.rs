//! The descriptors an `AudioSpecificConfig` travels in outside of FLV: MP4's
//! `esds` box holds them, and so does the magic cookie of Core Audio's encoders.

use std::ops::Range;

use bytes::Bytes;

use crate::Error;

const NAME: &str = "ES_Descriptor";

/// The `AudioSpecificConfig` inside an `ES_Descriptor` (ISO/IEC 14496-1 §7.2.6.5),
/// as a slice of it; not yet looked at.
pub fn audio_specific_config(descriptor: &Bytes) -> Result<Bytes, Error> {
    let stream = find(descriptor, 0..descriptor.len(), ES_DESCRIPTOR)?;
    let stream = after_stream_head(descriptor, stream)?;
    let decoder = find(descriptor, stream, DECODER_CONFIG)?;
    if byte(descriptor, &decoder, 0)? != MPEG4_AUDIO {
        return Err(Error::unsupported(
            "an ES_Descriptor of something other than MPEG-4 audio",
        ));
    }
    let decoder = skip(descriptor, decoder, DECODER_CONFIG_HEAD)?;
    let info = find(descriptor, decoder, DECODER_SPECIFIC_INFO)?;
    Ok(descriptor.slice(info))
}

/// The body of the first descriptor with this tag in `part`.
fn find(data: &[u8], mut part: Range<usize>, wanted: u8) -> Result<Range<usize>, Error> {
    while !part.is_empty() {
        let tag = byte(data, &part, 0)?;
        let (size, body) = read_size(data, skip(data, part.clone(), 1)?)?;
        let rest = skip(data, body.clone(), size)?;
        if tag == wanted {
            return Ok(body.start..rest.start);
        }
        part = rest;
    }
    Err(Error::invalid(
        "ES_Descriptor: a descriptor is missing",
        part.start,
    ))
}

/// An expandable size (§8.3.3): seven bits a byte, four bytes at most.
fn read_size(data: &[u8], mut part: Range<usize>) -> Result<(usize, Range<usize>), Error> {
    let mut size = 0;
    for _ in 0..4 {
        let next = byte(data, &part, 0)?;
        part.start += 1;
        size = size << 7 | usize::from(next & 0x7f);
        if next & 0x80 == 0 {
            return Ok((size, part));
        }
    }
    Err(Error::invalid(
        "ES_Descriptor: a size of more than four bytes",
        part.start,
    ))
}

/// What follows `ES_ID`, the flags, and the fields they announce.
fn after_stream_head(data: &[u8], part: Range<usize>) -> Result<Range<usize>, Error> {
    let flags = byte(data, &part, 2)?;
    let mut part = skip(data, part, 3)?;
    if flags & DEPENDS != 0 {
        part = skip(data, part, 2)?;
    }
    if flags & HAS_URL != 0 {
        let length = usize::from(byte(data, &part, 0)?);
        part = skip(data, part, 1 + length)?;
    }
    if flags & HAS_CLOCK != 0 {
        part = skip(data, part, 2)?;
    }
    Ok(part)
}

fn byte(data: &[u8], part: &Range<usize>, at: usize) -> Result<u8, Error> {
    let at = skip(data, part.clone(), at)?;
    let found = data.get(at.clone()).and_then(|rest| rest.first());
    found.copied().ok_or_else(|| short(data, at.end))
}

fn skip(data: &[u8], part: Range<usize>, count: usize) -> Result<Range<usize>, Error> {
    if count > part.len() {
        return Err(short(data, part.end));
    }
    Ok(part.start + count..part.end)
}

/// A descriptor ends too early: for want of bytes, or within its parent.
const fn short(data: &[u8], at: usize) -> Error {
    if at < data.len() {
        return Error::invalid("ES_Descriptor: a descriptor leaves its parent", at);
    }
    Error::truncated(NAME, at)
}

// Tags (ISO/IEC 14496-1 table 1).
const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC_INFO: u8 = 5;

/// `objectTypeIndication` of ISO/IEC 14496-3 (table 5).
const MPEG4_AUDIO: u8 = 0x40;
/// The fixed part of a `DecoderConfigDescriptor` (§7.2.6.6): types, buffer, two bit rates.
const DECODER_CONFIG_HEAD: usize = 13;

// Flags of an `ES_Descriptor`: streamDependenceFlag, URL_Flag, OCRstreamFlag.
const DEPENDS: u8 = 0x80;
const HAS_URL: u8 = 0x40;
const HAS_CLOCK: u8 = 0x20;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::test_data::hex;

    /// The magic cookie of Core Audio's AAC-LC encoder, 44.1 kHz stereo: sizes
    /// are four bytes long whatever they say.
    pub(crate) const COOKIE: &str = "038080802200000004808080144015001800\
                                     0001f4000001f4000580808002121006808080\
                                     0102";
    /// The same with all three optional fields and sizes of one byte.
    pub(crate) const OPTIONAL: &str = "031f0001e00007026162000b\
                                       04124015001800\
                                       0001f4000001f4000503119008060102";

    fn parse(text: &str) -> Result<Bytes, Error> {
        audio_specific_config(&Bytes::from(hex(text)))
    }

    #[test]
    fn a_magic_cookie_holds_the_configuration() {
        assert_eq!(parse(COOKIE).unwrap(), hex("1210"));
    }

    #[test]
    fn optional_fields_are_passed_over() {
        assert_eq!(parse(OPTIONAL).unwrap(), hex("119008"));
    }

    #[test]
    fn a_cookie_cut_short_says_so() {
        let whole = Bytes::from(hex(COOKIE));
        for end in 0..whole.len() {
            let cut = audio_specific_config(&whole.slice(..end));
            match end {
                0 => assert!(matches!(cut, Err(Error::Invalid { .. }))),
                _ => assert_eq!(cut, Err(Error::truncated(NAME, end))),
            }
        }
    }

    #[test]
    fn other_codecs_and_descriptors_that_lie_are_refused() {
        let video = COOKIE.replace("144015", "142011");
        assert!(matches!(parse(&video), Err(Error::Unsupported { .. })));
        let outside = COOKIE.replace("0580808002", "0580808022");
        let refused = Error::invalid("ES_Descriptor: a descriptor leaves its parent", 33);
        assert_eq!(parse(&outside), Err(refused));
        let endless = parse("03808080808000");
        assert!(matches!(endless, Err(Error::Invalid { at: 5, .. })));
        let without = parse("0303000000");
        assert!(matches!(without, Err(Error::Invalid { at: 5, .. })));
    }
}
