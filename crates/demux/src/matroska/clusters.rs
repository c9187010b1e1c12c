use std::collections::VecDeque;

use bytes::Bytes;

use super::element::{Element, children, unsigned, variable};
use super::header::CLUSTER;
use crate::Error;
use crate::block_cache::BlockCache;

/// The blocks of a segment, cluster by cluster (RFC 9559 §5.1.3, §10).
///
/// A cluster's own size is not used, so it may be unknown, as in a live stream.
pub(super) struct Clusters {
    at: u64,
    end: u64,
    /// The current cluster's time.
    time: u64,
    /// Frames of the block read last.
    ready: VecDeque<Frame>,
}

/// A frame and its block's time, in ticks of the segment.
pub(super) struct Frame {
    pub(super) track: u64,
    pub(super) time: i64,
    pub(super) duration: Option<u64>,
    /// Whether it is a keyframe, where its block says so.
    pub(super) keyframe: Option<bool>,
    pub(super) data: Bytes,
}

impl Clusters {
    /// From `at` to the segment's end, or the file's.
    pub(super) fn new(at: u64, end: Option<u64>) -> Self {
        Self {
            at,
            end: end.unwrap_or(u64::MAX),
            time: 0,
            ready: VecDeque::new(),
        }
    }

    /// The next frame; `None` at the end.
    pub(super) fn next(&mut self, blocks: &mut BlockCache) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(frame) = self.ready.pop_front() {
                return Ok(Some(frame));
            }
            if self.at >= self.end.min(blocks.len()) {
                return Ok(None);
            }
            let Some(found) = Element::read(blocks, self.at)? else {
                return Ok(None);
            };
            self.take(blocks, found)?;
        }
    }

    fn take(&mut self, blocks: &mut BlockCache, found: Element) -> Result<(), Error> {
        if found.id == CLUSTER {
            self.time = 0;
            self.at = found.content;
            return Ok(());
        }
        match found.id {
            TIMESTAMP => {
                let content = found.content(blocks, 8)?;
                self.time = unsigned(&content).unwrap_or(0);
            }
            SIMPLE_BLOCK => {
                let content = found.content(blocks, MAX_BLOCK)?;
                self.block(&content, None, true, found.at)?;
            }
            BLOCK_GROUP => {
                let content = found.content(blocks, MAX_BLOCK)?;
                let duration = children(&content).find(|(id, _)| *id == BLOCK_DURATION);
                let duration = duration.and_then(|(_, content)| unsigned(&content));
                if let Some((_, block)) = children(&content).find(|(id, _)| *id == BLOCK) {
                    self.block(&block, duration, false, found.at)?;
                }
            }
            _ => {}
        }
        self.at = found.end()?;
        Ok(())
    }

    /// Takes a block apart: its track, its time within the cluster, flags, frames.
    fn block(
        &mut self,
        block: &Bytes,
        duration: Option<u64>,
        is_simple: bool,
        at: u64,
    ) -> Result<(), Error> {
        let mut rest = &block[..];
        let wrong = || Error::invalid("Matroska block's size is wrong", at);
        let (track, _) = variable(&mut rest, true).ok_or_else(wrong)?;
        let (head, body) = rest.split_first_chunk::<3>().ok_or_else(wrong)?;
        let [high, low, flags] = *head;
        let time = i64::try_from(self.time)
            .ok()
            .and_then(|time| time.checked_add(i16::from_be_bytes([high, low]).into()))
            .ok_or_else(|| Error::invalid("Matroska number is out of range", at))?;
        let body = block.slice_ref(body);
        let frames = frames(&body, flags >> 1 & 3).ok_or_else(wrong)?;
        self.ready.extend(frames.into_iter().map(|data| Frame {
            track,
            time,
            duration,
            keyframe: is_simple.then_some(flags & 0x80 != 0),
            data,
        }));
        Ok(())
    }
}

/// The frames of a block's body, by its kind of lacing (RFC 9559 §10.3).
fn frames(body: &Bytes, lacing: u8) -> Option<Vec<Bytes>> {
    if lacing == NO_LACING {
        return Some(vec![body.clone()]);
    }
    let mut rest = &body[..];
    let more = usize::from(*rest.split_off_first()?);
    let sizes = match lacing {
        XIPH => xiph_sizes(&mut rest, more)?,
        EBML => ebml_sizes(&mut rest, more)?,
        _ => vec![rest.len() / (more + 1); more],
    };
    let mut frames = Vec::with_capacity(more + 1);
    for size in sizes {
        frames.push(body.slice_ref(rest.split_off(..size)?));
    }
    frames.push(body.slice_ref(rest));
    Some(frames)
}

/// Sizes as sums of bytes, each but the last 255.
fn xiph_sizes(rest: &mut &[u8], count: usize) -> Option<Vec<usize>> {
    let mut sizes = vec![0_usize; count];
    for size in &mut sizes {
        loop {
            let byte = usize::from(*rest.split_off_first()?);
            *size += byte;
            if byte < 255 {
                break;
            }
        }
    }
    Some(sizes)
}

/// The first size, then differences.
fn ebml_sizes(rest: &mut &[u8], count: usize) -> Option<Vec<usize>> {
    let mut sizes = Vec::with_capacity(count);
    let mut size = 0_i64;
    for index in 0..count {
        let (value, bits) = variable(rest, true)?;
        let value = i64::try_from(value).ok()?;
        let middle = if index == 0 { 0 } else { (1 << (bits - 1)) - 1 };
        size = size.checked_add(value - middle)?;
        sizes.push(usize::try_from(size).ok()?);
    }
    Some(sizes)
}

const TIMESTAMP: u64 = 0xe7;
const SIMPLE_BLOCK: u64 = 0xa3;
const BLOCK_GROUP: u64 = 0xa0;
const BLOCK: u64 = 0xa1;
const BLOCK_DURATION: u64 = 0x9b;

const NO_LACING: u8 = 0;
const XIPH: u8 = 1;
const EBML: u8 = 3;

/// Largest block read.
const MAX_BLOCK: u64 = 64 * 1024 * 1024;
