use std::task::{Context, Poll};

use onair_flv::Muxer;
use onair_media::{Config, Packet, VideoCodec};
use onair_rtmp::server::StreamId;
use onair_rtmp::{Error, Server};

use crate::{Item, Viewer};

/// A connection that plays.
#[derive(Debug)]
pub(super) struct Playing {
    pub(super) stream: StreamId,
    viewer: Viewer,
    muxer: Muxer,
    items: Vec<Item>,
    /// The weight of the items given last.
    given: usize,
    /// The codec of the video, which the player takes.
    codec: Option<VideoCodec>,
}

/// About how much goes to the kernel at once.
const BATCH: usize = 128 * 1024;

impl Playing {
    pub(super) fn new(stream: StreamId, viewer: Viewer) -> Self {
        Self {
            stream,
            viewer,
            muxer: Muxer::new(),
            items: Vec::new(),
            given: 0,
            codec: None,
        }
    }

    pub(super) const fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// How many bytes the items given last hold.
    pub(super) const fn given(&self) -> usize {
        self.given
    }

    /// Gives the machine the player's next items; ready with whether the stream goes on.
    pub(super) fn poll_feed(
        &mut self,
        cx: &Context<'_>,
        server: &mut Server,
    ) -> Poll<Result<bool, Error>> {
        std::task::ready!(self.viewer.poll_take(cx, BATCH, &mut self.items));
        self.given = self.items.iter().map(Item::weight).sum();
        for item in self.items.drain(..) {
            match item {
                Item::Packet(packet) => {
                    if let Some(words) = refusal(&packet, server, &mut self.codec) {
                        server.end_play(self.stream, "NetStream.Play.Failed", &words);
                        return Poll::Ready(Ok(false));
                    }
                    for tag in self.muxer.mux(&packet) {
                        server.send(self.stream, &tag)?;
                    }
                }
                Item::Metadata(metadata) => {
                    server.send(self.stream, &self.muxer.metadata(&metadata))?;
                }
                Item::Ended => return Poll::Ready(Ok(false)),
            }
        }
        Poll::Ready(Ok(true))
    }
}

/// Why the player cannot take the packet's codec, if that is news.
fn refusal(packet: &Packet, server: &Server, known: &mut Option<VideoCodec>) -> Option<String> {
    let Config::Video(video) = &packet.config else {
        return None;
    };
    if known.replace(video.codec) == Some(video.codec) {
        return None;
    }
    server.refusal_of(video.codec)
}
