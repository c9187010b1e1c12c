//! The files the benchmarks publish, made once by FFmpeg.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use onair_flv::TagKind;
use onair_flv::file::Parser;

/// Two minutes of 4.5 Mbit/s 720p30 H.264 and AAC: 70 MB.
pub fn short() -> Result<String> {
    let seed = make("seed.flv", |path| {
        let input =
            "-f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=sample_rate=48000 -t 10";
        let video = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 60 -b:v 4500k \
                     -minrate 4500k -maxrate 4500k -bufsize 2250k -x264-params nal-hrd=cbr";
        ffmpeg(&format!(
            "{input} {video} -c:a aac -b:a 128k -ac 2 -f flv {path}"
        ))
    })?;
    let repeat = |path: &str| ffmpeg(&format!("-stream_loop 11 -i {seed} -c copy -f flv {path}"));
    make("short.flv", repeat)
}

/// Fourteen times as much: 1 GB.
pub fn long() -> Result<String> {
    let short = short()?;
    let repeat = |path: &str| ffmpeg(&format!("-stream_loop 13 -i {short} -c copy -f flv {path}"));
    make("long.flv", repeat)
}

/// Two seconds of raw 1080p30 test card.
pub fn card() -> Result<String> {
    make("card.y4m", |path| {
        let input = "-f lavfi -i testsrc2=size=1920x1080:rate=30 -t 2";
        ffmpeg(&format!("{input} -pix_fmt yuv420p -f yuv4mpegpipe {path}"))
    })
}

/// Twenty-five seconds of 2.5 Mbit/s 720p30 H.264 and AAC.
pub fn fanout() -> Result<String> {
    make("fanout.flv", |path| {
        let input =
            "-f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine=sample_rate=48000 -t 25";
        let video = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 60 -b:v 2500k \
                     -minrate 2500k -maxrate 2500k -bufsize 1250k -x264-params nal-hrd=cbr";
        ffmpeg(&format!(
            "{input} {video} -c:a aac -b:a 128k -ac 2 -f flv {path}"
        ))
    })
}

/// The body of an FLV file's last video tag.
pub fn last_video(path: &str) -> Result<Bytes> {
    let mut parser = Parser::new();
    parser.push(Bytes::from(std::fs::read(path)?));
    let mut last = None;
    while let Some(tag) = parser.next()? {
        if tag.kind == TagKind::Video && !tag.payload.is_empty() && !tag.is_sequence_header() {
            last = Some(tag.payload);
        }
    }
    last.context("no pictures")
}

/// The bytes of all audio and video bodies in an FLV file.
pub fn body_bytes(path: &str) -> Result<u64> {
    let (mut file, mut parser) = (File::open(path)?, Parser::new());
    let mut bytes = 0;
    loop {
        let mut block = vec![0; 1 << 20];
        let len = file.read(&mut block)?;
        block.truncate(len);
        if block.is_empty() {
            return Ok(bytes);
        }
        parser.push(block.into());
        while let Some(tag) = parser.next()? {
            if tag.kind != TagKind::Script {
                bytes += tag.len() as u64;
            }
        }
    }
}

fn make(name: &str, create: impl FnOnce(&str) -> Result<()>) -> Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/media");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    if !path.exists() {
        // Under another name first, so that a half-made file is never taken for whole.
        let draft = folder.join(format!("draft-{name}"));
        create(text(&draft)?)?;
        std::fs::rename(draft, &path)?;
    }
    Ok(text(&path)?.to_owned())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}

fn ffmpeg(line: &str) -> Result<()> {
    let status = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(line.split_whitespace())
        .status()
        .context("no ffmpeg to make the files with")?;
    ensure!(status.success(), "ffmpeg {line}: {status}");
    Ok(())
}
