//! Lists the tags of an `.flv` file: `cargo run -p onair-flv --example inspect -- FILE`.
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::error::Error;
use std::fs::File;
use std::io::Read;

use bytes::Bytes;
use onair_flv::file::Parser;
use onair_flv::{Demuxed, Demuxer, Tag};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: inspect FILE")?;
    let mut file = File::open(path)?;
    let (mut parser, mut demuxer) = (Parser::new(), Demuxer::new());
    loop {
        let mut piece = vec![0; 64 * 1024];
        let len = file.read(&mut piece)?;
        if len == 0 {
            break;
        }
        piece.truncate(len);
        parser.push(Bytes::from(piece));
        while let Some(tag) = parser.next()? {
            println!("{:>10} {}", tag.timestamp, describe(&tag, &mut demuxer));
        }
    }
    Ok(parser.finish()?)
}

fn describe(tag: &Tag, demuxer: &mut Demuxer) -> String {
    let (kind, len) = (tag.kind, tag.len());
    match demuxer.demux(tag) {
        Ok(Demuxed::Packet(packet)) => {
            let key = if packet.is_video_keyframe() {
                " key"
            } else {
                ""
            };
            format!("{kind:?} {len} bytes, pts {}{key}", packet.pts)
        }
        Ok(Demuxed::Metadata(metadata)) => format!("{metadata:?}"),
        Ok(_) => format!("{kind:?} {len} bytes, head {:?}", tag.head),
        Err(error) => format!("{kind:?} {len} bytes: {error}"),
    }
}
