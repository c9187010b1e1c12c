use super::*;

fn golden() -> Bytes {
    Bytes::from_static(include_bytes!("../../testdata/bframes.flv"))
}

fn drain(parser: &mut Parser) -> Vec<Tag> {
    std::iter::from_fn(|| parser.next().unwrap()).collect()
}

fn parse(file: &Bytes) -> Vec<Tag> {
    let mut parser = Parser::new();
    parser.push(file.clone());
    drain(&mut parser)
}

#[test]
fn a_file_of_ffmpegs_is_written_back_byte_for_byte() {
    let file = golden();
    let mut written = header(true, true).to_vec();
    for tag in parse(&file) {
        write_tag(&tag, &mut written);
    }
    assert!(written == file, "the bytes differ");
}

#[test]
fn tags_within_a_piece_are_slices_of_it() {
    let file = golden();
    for tag in parse(&file) {
        let inside = file.as_ptr_range().contains(&tag.payload.as_ptr());
        assert!(inside || tag.payload.is_empty());
    }
}

#[test]
fn any_cut_gives_the_same_tags() {
    let file = golden();
    let whole = parse(&file);
    for cut in [1, 2, 3, 10, 11, 512, 513, 4096] {
        let mut parser = Parser::new();
        let mut tags = Vec::new();
        for start in (0..file.len()).step_by(cut) {
            parser.push(file.slice(start..(start + cut).min(file.len())));
            tags.extend(drain(&mut parser));
        }
        assert!(tags == whole, "cut every {cut} bytes");
        assert_eq!((parser.finish(), parser.wrong_back_pointers()), (Ok(()), 0));
    }
}

#[test]
fn all_at_once_and_drained_later_is_the_same_too() {
    let file = golden();
    let mut parser = Parser::new();
    for byte in 0..file.len() {
        parser.push(file.slice(byte..=byte));
    }
    assert!(drain(&mut parser) == parse(&file));
}

#[test]
fn a_file_cut_anywhere_gives_every_whole_tag_and_says_it_is_truncated() {
    let file = golden();
    let whole = parse(&file);
    let mut ends = vec![];
    let mut at = 13;
    for tag in &whole {
        ends.push(at + 11 + tag.len());
        at += 15 + tag.len();
    }
    for len in 0..file.len().min(3000) {
        let mut parser = Parser::new();
        parser.push(file.slice(..len));
        let tags = drain(&mut parser);
        let expected = ends.iter().filter(|end| **end <= len).count();
        assert!(tags == whole[..expected], "cut at {len}");
        let back_pointer = |end: &usize| (*end..=end + 4).contains(&len);
        let clean = (9..=13).contains(&len) || ends.iter().any(back_pointer);
        match parser.finish() {
            Ok(()) => assert!(clean, "cut at {len}"),
            Err(error) => {
                assert!(!clean && matches!(error, Error::Truncated { at, .. } if at == len as u64));
            }
        }
    }
}

#[test]
fn a_broken_tag_header_is_located_and_final() {
    let mut parser = Parser::new();
    parser.push(Bytes::copy_from_slice(&header(true, true)));
    parser.push(Bytes::from_static(&[7; 40]));
    let error = Error::invalid("FLV tag: no such TagType", 13);
    assert_eq!(parser.next(), Err(error.clone()));
    parser.push(golden());
    assert_eq!(parser.next(), Err(error.clone()));
    assert_eq!(parser.finish(), Err(error));
}

#[test]
fn what_is_no_flv_is_refused() {
    let refuse = |bytes: &'static [u8]| {
        let mut parser = Parser::new();
        parser.push(Bytes::from_static(bytes));
        parser.next().unwrap_err()
    };
    let not = Error::invalid("not an FLV file", 0);
    assert_eq!(refuse(b"\0\0\0\x20ftypisom"), not);
    let inside = Error::invalid("FLV header: DataOffset inside it", 5);
    assert_eq!(refuse(b"FLV\x01\x05\0\0\0\x08\0\0\0\0"), inside);
    assert!(
        refuse(b"FLV\x02\x05\0\0\0\x09")
            .to_string()
            .contains("version 2")
    );
    let encrypted = refuse(b"FLV\x01\x05\0\0\0\x09\0\0\0\0\x29\0\0\0\0\0\0\0\0\0\0");
    assert!(encrypted.to_string().contains("encrypted"));
}

#[test]
fn a_longer_header_is_skipped_without_being_held() {
    let mut parser = Parser::new();
    parser.push(Bytes::from_static(b"FLV\x01\x04\xFF\xFF\xFF\xFF"));
    assert_eq!(parser.next(), Ok(None));
    assert_eq!(parser.promised(), Some((true, false)));
    for _ in 0..1000 {
        parser.push(Bytes::from_static(&[0; 1000]));
        assert_eq!(parser.next(), Ok(None));
        assert!(parser.buffer.is_empty());
    }
}

#[test]
fn wrong_back_pointers_are_counted_and_forgiven() {
    let mut file = golden().to_vec();
    let first = parse(&golden())[0].len();
    file[13 + 11 + first + 3] ^= 1;
    let mut parser = Parser::new();
    parser.push(file.into());
    assert_eq!(drain(&mut parser).len(), parse(&golden()).len());
    assert_eq!(parser.wrong_back_pointers(), 1);
}

#[test]
fn every_bit_of_a_timestamp_survives() {
    let tag = Tag::from_body(TagKind::Audio, 0x89AB_CDEF, Bytes::from_static(&[0xAF, 1]));
    let mut file = header(true, false).to_vec();
    write_tag(&tag, &mut file);
    assert_eq!(parse(&file.into()), [tag]);
}

#[test]
fn a_body_too_long_for_the_format_is_cut_where_its_length_says() {
    let body = Bytes::from(vec![0xAF; 1 << 24]);
    let mut file = header(true, false).to_vec();
    write_tag(&Tag::from_body(TagKind::Audio, 0, body), &mut file);
    let tags = parse(&file.into());
    assert_eq!((tags.len(), tags[0].len()), (1, (1 << 24) - 1));
}
