//! What must hold whatever peers send: the bodies of the fuzz targets.

use std::task::{Context, Waker};

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use onair_flv::{Demuxed, Demuxer, Tag, TagKind};

pub use crate::relay::fuzz_hold as hold;
pub use crate::web::browser;
pub use crate::web::fuzz_order as order;
use crate::web::{Expected, Fragmenter, judge_origin};
use crate::{
    Ingest, Item, Keys, Origin, PublisherKind, RegistryConfig, StreamName, StreamRegistry, Viewer,
};

/// How much one stream may hold here.
const STREAM_BYTES: usize = 4096;

/// A publisher's arbitrary messages, on their way to a web viewer: three bytes say what and when,
/// one how long, and the body follows. Names are any text.
pub fn published(data: &[u8]) {
    let registry = StreamRegistry::new(RegistryConfig {
        stream_bytes: STREAM_BYTES,
        ..RegistryConfig::default()
    });
    let name = StreamName::new("live", "cam").expect("a name");
    let origin = Origin::new("127.0.0.1:1", PublisherKind::Rtmp, "fuzz");
    let Ok(ingest) = registry.publish(name.clone(), origin) else {
        return;
    };
    let viewer = registry.subscribe(&name).expect("it is published");
    let mut watched = Watched::new(viewer);
    let (mut demuxer, mut time, mut rest) = (Demuxer::new(), 0_u32, data);
    while let [what, step, scale, length, body @ ..] = rest {
        let (body, after) = body.split_at(usize::from(*length).min(body.len()));
        time = time.wrapping_add(u32::from(*step) << (scale % 25));
        let kind = [TagKind::Video, TagKind::Audio, TagKind::Script][usize::from(what % 3)];
        let tag = Tag::from_body(kind, time, Bytes::copy_from_slice(body));
        push(&ingest, &mut demuxer, &tag);
        if what & 0x80 == 0 {
            watched.read();
        }
        rest = after;
    }
    drop(ingest);
    watched.read();
    assert!(watched.is_over, "a viewer learns of the end");
}

fn push(ingest: &Ingest, demuxer: &mut Demuxer, tag: &Tag) {
    let _ = match demuxer.demux(tag) {
        Ok(Demuxed::Packet(packet)) => ingest.push(packet),
        Ok(Demuxed::Metadata(metadata)) => ingest.metadata(metadata),
        Ok(Demuxed::Nothing) | Err(_) => Ok(()),
    };
}

/// A viewer in a browser.
struct Watched {
    viewer: Viewer,
    fragmenter: Option<Fragmenter>,
    is_over: bool,
}

impl Watched {
    fn new(viewer: Viewer) -> Self {
        let all = Expected {
            video: true,
            audio: true,
        };
        Self {
            viewer,
            fragmenter: Some(Fragmenter::new(all)),
            is_over: false,
        }
    }

    fn read(&mut self) {
        let context = Context::from_waker(Waker::noop());
        let mut items = Vec::new();
        while !self.is_over && self.viewer.poll_take(&context, 1, &mut items).is_ready() {
            for item in items.drain(..) {
                match item {
                    Item::Packet(packet) => self.show(packet),
                    Item::Metadata(_) => {}
                    Item::Ended => self.is_over = true,
                }
            }
        }
    }

    /// Media that cannot be shown ends the show, as it does the viewer's connection.
    fn show(&mut self, packet: onair_media::Packet) {
        let Some(fragmenter) = &mut self.fragmenter else {
            return;
        };
        let is_fine = fragmenter.push(packet).is_ok();
        drop(fragmenter.take());
        if !is_fine {
            self.fragmenter = None;
        }
    }
}

/// Names that strangers choose: a line each for application, name and key, `Origin` and `Host`. A
/// name that is accepted can be printed, and is found again by its path.
pub fn asked(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (app, name, key) = (next(), next(), next());
    if let Some(name) = StreamName::new(app, name) {
        assert!(!name.as_str().contains(char::is_control));
        assert_eq!(StreamName::from_path(name.as_str()), Some(name));
    }
    let _ = StreamName::from_path(&text);
    let _ = Keys::default().admit(app, &key.into());
    let mut headers = HeaderMap::new();
    for header in [ORIGIN, HOST] {
        if let Ok(value) = HeaderValue::from_str(next()) {
            headers.append(header, value);
        }
    }
    judge_origin(&headers);
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpora_replay() {
        corpus::replay("asked", asked);
        corpus::replay("browser", browser);
        corpus::replay("hold", hold);
        corpus::replay("order", order);
        corpus::replay("published", published);
    }
}
