use std::io::Cursor;

use matroska_demuxer::{DemuxError, MatroskaFile};

use super::element::Element;
use crate::Error;
use crate::block_cache::BlockCache;

/// Everything before the first cluster, read by the library.
///
/// The library sees nothing else: it would follow a file's seek head and cues, and its sums over
/// them and over blocks may overflow.
pub(super) struct Header {
    pub(super) file: MatroskaFile<Cursor<Vec<u8>>>,
    /// Where the first cluster begins, or whatever comes in its place.
    pub(super) clusters: u64,
    /// Where the segment says that it ends.
    pub(super) end: Option<u64>,
}

impl Header {
    pub(super) fn read(blocks: &mut BlockCache) -> Result<Self, Error> {
        let ebml = element(blocks, 0)?;
        let segment = element(blocks, ebml.end()?)?;
        if segment.id != SEGMENT {
            let what = "EBML file, but not Matroska or WebM";
            return Err(Error::invalid(what, segment.at));
        }
        let end = segment.end().ok();
        let (mut info, mut tracks, mut clusters) = (None, None, None);
        let mut at = segment.content;
        while info.is_none() || tracks.is_none() || clusters.is_none() {
            let Some(found) = Element::read(blocks, at)? else {
                break;
            };
            match found.id {
                INFO => info = Some(found),
                TRACKS => tracks = Some(found),
                CLUSTER => clusters = clusters.or(Some(found.at)),
                _ => {}
            }
            at = match found.end() {
                Ok(end) => end,
                Err(_) if found.id == CLUSTER => break,
                Err(error) => return Err(error),
            };
        }
        let (Some(info), Some(tracks)) = (info, tracks) else {
            return Err(missing(blocks, end, at));
        };
        let mut parts = Vec::new();
        for part in [info, tracks] {
            parts.extend_from_slice(&whole(blocks, part)?);
        }
        let file = MatroskaFile::open(Cursor::new(shown(&whole(blocks, ebml)?, &parts)));
        Ok(Self {
            file: file.map_err(|error| refused(&error, segment.at))?,
            clusters: clusters.unwrap_or(at),
            end,
        })
    }
}

/// The file the library sees: these parts, and a cluster without a block.
fn shown(ebml: &[u8], parts: &[u8]) -> Vec<u8> {
    let cluster = [&CLUSTER_ID[..], &[0x80]].concat();
    let mut size = ((parts.len() + cluster.len()) as u64).to_be_bytes();
    size[0] = 0x01;
    [ebml, &SEGMENT_ID, &size, parts, &cluster].concat()
}

fn element(blocks: &mut BlockCache, at: u64) -> Result<Element, Error> {
    let found = Element::read(blocks, at)?;
    found.ok_or_else(|| Error::truncated("Matroska file", blocks.len()))
}

/// An element with its header.
fn whole(blocks: &mut BlockCache, part: Element) -> Result<bytes::Bytes, Error> {
    let size = part.end()? - part.at;
    if size > MAX_HEADER {
        return Err(Error::invalid("Matroska headers are too large", part.at));
    }
    blocks.bytes(part.at, size, "Matroska header")
}

fn missing(blocks: &BlockCache, end: Option<u64>, at: u64) -> Error {
    if end.is_some_and(|end| end > blocks.len()) {
        return Error::truncated("Matroska file", blocks.len());
    }
    Error::invalid("Matroska file lacks its tracks or information", at)
}

fn refused(error: &DemuxError, at: u64) -> Error {
    let what = match error {
        DemuxError::ElementNotFound(_) => "Matroska file lacks its tracks",
        DemuxError::UnsupportedDocType(_) | DemuxError::UnsupportedDocTypeReadVersion(_) => {
            "EBML file, but not Matroska or WebM"
        }
        _ => "Matroska header is wrong",
    };
    Error::invalid(what, at)
}

/// `Segment`'s element id (RFC 9559 §5.1).
const SEGMENT: u64 = 0x1853_8067;
const SEGMENT_ID: [u8; 4] = [0x18, 0x53, 0x80, 0x67];

/// `Info`'s.
const INFO: u64 = 0x1549_a966;

/// `Tracks`'s.
const TRACKS: u64 = 0x1654_ae6b;

/// `Cluster`'s.
pub(super) const CLUSTER: u64 = 0x1f43_b675;
const CLUSTER_ID: [u8; 4] = [0x1f, 0x43, 0xb6, 0x75];

/// Largest header element read: none of these holds fonts or covers.
const MAX_HEADER: u64 = 16 * 1024 * 1024;
