//! Slices as a socket reads them.

use std::io::IoSlice;

use bytes::{Buf, Bytes};
use onair_rtmp::Slices;

use crate::common::*;

/// A header, a payload, another header, an empty payload, and the bytes they make.
fn sample() -> (Slices, Vec<u8>) {
    let mut slices = Slices::new();
    slices.copy_from(b"he");
    slices.copy_from(b"ad");
    slices.push(Bytes::from_static(b"payload"));
    slices.copy_from(b"|");
    slices.push(Bytes::new());
    slices.copy_from(b"");
    slices.push(Bytes::from_static(b"more"));
    (slices, b"headpayload|more".to_vec())
}

#[test]
fn neighbouring_copies_share_a_piece_and_empty_ones_make_none() {
    let (slices, all) = sample();
    let pieces: Vec<&[u8]> = slices.pieces().collect();
    assert_eq!(pieces, [&b"head"[..], b"payload", b"|", b"more"]);
    assert_eq!((slices.len(), slices.remaining()), (all.len(), all.len()));
    assert!(!slices.is_empty());
}

#[test]
fn any_sequence_of_advances_reads_the_same_bytes() {
    for step in 1..=16 {
        let (mut slices, all) = sample();
        let mut read = Vec::new();
        while slices.has_remaining() {
            let mut vector = [IoSlice::new(&[]); 8];
            let count = slices.chunks_vectored(&mut vector);
            let ready: Vec<u8> = vector[..count].iter().flat_map(|v| v.to_vec()).collect();
            assert_eq!(
                ready,
                all[read.len()..],
                "chunks_vectored gives all there is"
            );
            assert!(slices.chunk().len() <= ready.len() && !slices.chunk().is_empty());
            let count = step.min(slices.remaining());
            read.extend_from_slice(&ready[..count]);
            slices.advance(count);
        }
        assert_eq!(read, all);
        assert!(slices.is_empty() && slices.chunk().is_empty());
    }
}

#[test]
fn a_short_vector_takes_what_fits() {
    let (slices, _) = sample();
    let mut vector = [IoSlice::new(&[]); 2];
    assert_eq!(slices.chunks_vectored(&mut vector), 2);
    assert_eq!((&*vector[0], &*vector[1]), (&b"head"[..], &b"payload"[..]));
    assert_eq!(slices.chunks_vectored(&mut []), 0);
}

#[test]
fn slices_read_to_their_end_start_over_and_let_go_of_the_payload() {
    let payload = Bytes::from(vec![1; 100]);
    let mut slices = Slices::new();
    slices.push(payload.clone());
    assert!(!payload.is_unique());
    slices.advance(100);
    assert!(payload.is_unique());
    slices.copy_from(b"again");
    assert_eq!(flat(slices), b"again");
}

#[test]
fn copies_after_a_partial_read_come_last() {
    let (mut slices, all) = sample();
    slices.advance(2);
    slices.copy_from(b"!");
    assert_eq!(flat(slices), [&all[2..], b"!"].concat());
    let mut slices = Slices::new();
    slices.copy_from(b"abc");
    slices.advance(2);
    slices.copy_from(b"def");
    assert_eq!(flat(slices), b"cdef");
}

#[test]
fn appending_takes_only_what_is_left_and_copies_no_payload() {
    let (mut other, all) = sample();
    other.advance(5);
    let mut slices = Slices::new();
    slices.copy_from(b"0");
    slices.append(&other);
    let payload = other.pieces().next().unwrap().as_ptr();
    assert_eq!(slices.pieces().nth(1).unwrap().as_ptr(), payload);
    assert_eq!(flat(slices), [b"0", &all[5..]].concat());
}

#[test]
fn slices_print_lengths_and_no_bytes() {
    let (slices, _) = sample();
    assert_eq!(format!("{slices:?}"), "Slices { len: 16, pieces: 4 }");
}

#[test]
#[should_panic(expected = "advanced past the end")]
fn advancing_past_the_end_panics_as_buf_demands() {
    sample().0.advance(17);
}
