//! Matroska's ways of packing frames, in files built by hand.

use onair_demux::{Error, open};
use onair_media::{Kind, Packet};

/// An element with a one-, two- or four-byte id and an eight-byte size.
fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    let mut size = (body.len() as u64).to_be_bytes();
    size[0] = 0x01;
    [id, &size, body].concat()
}

fn number(id: &[u8], value: u16) -> Vec<u8> {
    element(id, &value.to_be_bytes())
}

/// A file with an AAC track (number 1) of which the clusters are given.
fn file(encodings: &[u8], clusters: &[u8]) -> Vec<u8> {
    let about = [
        number(&[0x42, 0xf2], 4),
        number(&[0x42, 0xf3], 8),
        element(&[0x42, 0x82], b"matroska"),
        number(&[0x42, 0x87], 4),
        number(&[0x42, 0x85], 2),
    ];
    let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &about.concat());
    let info = [
        element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
        element(&[0x4d, 0x80], b"hand"),
        element(&[0x57, 0x41], b"hand"),
    ];
    let rate = element(&[0xb5], &48_000_f32.to_be_bytes());
    let entry = [
        number(&[0xd7], 1),
        number(&[0x73, 0xc5], 1),
        number(&[0x83], 2),
        element(&[0x86], b"A_AAC"),
        element(&[0x63, 0xa2], &[0x11, 0x90]),
        element(&[0xe1], &[rate, number(&[0x9f], 2)].concat()),
        encodings.to_vec(),
    ];
    let tracks = element(&[0xae], &entry.concat());
    let body = [
        element(&[0x15, 0x49, 0xa9, 0x66], &info.concat()),
        element(&[0x16, 0x54, 0xae, 0x6b], &tracks),
        clusters.to_vec(),
    ];
    [header, element(&[0x18, 0x53, 0x80, 0x67], &body.concat())].concat()
}

fn cluster(time: u16, blocks: &[Vec<u8>]) -> Vec<u8> {
    let body = [number(&[0xe7], time), blocks.concat()].concat();
    element(&[0x1f, 0x43, 0xb6, 0x75], &body)
}

/// Track 1, a time within the cluster, flags, and what follows.
fn block(time: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    [&[0x81, 0, time, flags], rest].concat()
}

fn read(bytes: &[u8]) -> Result<Vec<Packet>, Error> {
    let name = format!("onair-demux-{}-{:p}.mkv", std::process::id(), bytes);
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).unwrap();
    let demux = open(&path);
    std::fs::remove_file(&path).unwrap();
    let mut demux = demux?;
    std::iter::from_fn(|| demux.next_packet().transpose()).collect()
}

fn payloads(packets: &[Packet]) -> Vec<&[u8]> {
    packets
        .iter()
        .map(|packet| packet.payload.as_ref())
        .collect()
}

#[test]
fn laces_of_all_three_kinds_are_taken_apart_and_timed_by_the_frame() {
    let simple = |flags, rest: &[u8]| element(&[0xa3], &block(0, flags, rest));
    let frames: [&[u8]; 3] = [b"one", b"three", b"four"];
    let joined = frames.concat();
    let xiph = [&[2, 3, 5], joined.as_slice()].concat();
    let ebml = [&[2, 0x83, 0xc1], joined.as_slice()].concat();
    for (flags, lace) in [(0x82, xiph), (0x86, ebml)] {
        let packets = read(&file(&[], &cluster(100, &[simple(flags, &lace)]))).unwrap();
        assert_eq!(payloads(&packets), frames, "{flags:#x}");
        let micros: Vec<_> = packets.iter().map(|p| p.pts.as_nanos() / 1000).collect();
        assert_eq!(micros, [100_000, 121_333, 142_666]);
    }
    let packets = read(&file(&[], &cluster(0, &[simple(0x84, b"\x02aabbcc")]))).unwrap();
    assert_eq!(payloads(&packets), [b"aa", b"bb", b"cc"]);
}

#[test]
fn block_groups_are_read_with_their_durations() {
    let group = |time, data: &[u8], duration| {
        let parts = [
            element(&[0xa1], &block(time, 0, data)),
            number(&[0x9b], duration),
        ];
        element(&[0xa0], &parts.concat())
    };
    let clusters = cluster(0, &[group(0, b"first", 21), group(21, b"second", 22)]);
    let packets = read(&file(&[], &clusters)).unwrap();
    assert_eq!(payloads(&packets), [b"first".as_slice(), b"second"]);
    assert!(
        packets
            .iter()
            .all(|p| p.keyframe && p.kind() == Kind::Audio)
    );
    assert_eq!(packets[0].duration.unwrap().as_millis(), 21);
}

#[test]
fn stripped_headers_are_put_back() {
    let compression = [number(&[0x42, 0x54], 3), element(&[0x42, 0x55], b"he")];
    let encoding = element(
        &[0x62, 0x40],
        &element(&[0x50, 0x34], &compression.concat()),
    );
    let encodings = element(&[0x6d, 0x80], &encoding);
    let clusters = cluster(0, &[element(&[0xa3], &block(0, 0x80, b"llo"))]);
    let packets = read(&file(&encodings, &clusters)).unwrap();
    assert_eq!(payloads(&packets), [b"hello"]);
}

#[test]
fn numbers_that_overflow_are_an_error_and_no_panic() {
    let latest = element(&[0xe7], &u64::MAX.to_be_bytes());
    let late = [latest, element(&[0xa3], &block(9, 0x80, b"x"))].concat();
    let late = element(&[0x1f, 0x43, 0xb6, 0x75], &late);
    let endless = [
        &[0xa0][..],
        &[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe],
    ]
    .concat();
    for clusters in [late, cluster(9, &[endless])] {
        let error = read(&file(&[], &clusters)).unwrap_err();
        let is_typed = matches!(error, Error::Invalid { .. } | Error::Truncated { .. });
        assert!(is_typed, "{error}");
    }
}

#[test]
fn the_lowest_time_in_a_cluster_is_a_time() {
    let lowest = element(&[0xa3], &[0x81, 0x80, 0x00, 0x80, 1]);
    let packets = read(&file(&[], &cluster(40_000, &[lowest]))).unwrap();
    assert_eq!(packets[0].pts.as_millis(), 40_000 - 32_768);
}

#[test]
fn a_group_of_unknown_size_and_cues_beyond_all_numbers_do_no_harm() {
    // What `matroska-demuxer` 0.8.1 adds up unchecked.
    let unknown = vec![0xa0, 0xff];
    let error = read(&file(&[], &cluster(9, &[unknown]))).unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    let position = element(&[0xf1], &u64::MAX.to_be_bytes());
    let place = element(&[0xb7], &[number(&[0xf7], 1), position].concat());
    let point = element(&[0xbb], &[number(&[0xb3], 0), place].concat());
    let cues = element(&[0x1c, 0x53, 0xbb, 0x6b], &point);
    let simple = cluster(0, &[element(&[0xa3], &block(0, 0x80, b"x"))]);
    let packets = read(&file(&[], &[simple, cues].concat())).unwrap();
    assert_eq!(payloads(&packets), [b"x"]);
}

#[test]
fn live_clusters_of_unknown_size_are_read_one_after_another() {
    let unknown = |time, data: &[u8]| {
        let body = [
            number(&[0xe7], time),
            element(&[0xa3], &block(0, 0x80, data)),
        ]
        .concat();
        let size = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        [&[0x1f, 0x43, 0xb6, 0x75][..], &size, &body].concat()
    };
    let clusters = [unknown(0, b"one"), unknown(21, b"two")].concat();
    let packets = read(&file(&[], &clusters)).unwrap();
    assert_eq!(payloads(&packets), [b"one", b"two"]);
    assert_eq!(packets[1].pts.as_millis(), 21);
}

#[test]
fn zlib_inside_matroska_is_refused_with_a_way_out() {
    let compression = number(&[0x42, 0x54], 0);
    let encoding = element(&[0x62, 0x40], &element(&[0x50, 0x34], &compression));
    let bytes = file(&element(&[0x6d, 0x80], &encoding), &cluster(0, &[]));
    let error = read(&bytes).unwrap_err();
    assert!(
        matches!(&error, Error::Codec { refused, .. } if refused[0].codec.contains("zlib")),
        "{error}"
    );
}
