//! All fuzz targets in one program: their bodies are plain functions in the crates, and the
//! environment says which is run. `fuzz/run` builds and runs them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

// The command line is no library: what it fuzzes is taken in by its path.
#[path = "../../crates/cli/src/fuzz.rs"]
mod cli;
#[path = "../../crates/cli/src/values.rs"]
mod values;

type Body = fn(&[u8]);

/// Each body, and the name of its folder in `corpus/`.
const TARGETS: &[(&str, Body)] = &[
    ("address", onair_ios_model::fuzz::address),
    ("adts_roundtrip", onair_media::fuzz::adts_roundtrip),
    ("amf0_roundtrip", onair_flv::fuzz::amf0_roundtrip),
    ("annexb_roundtrip", onair_media::fuzz::annexb_roundtrip),
    ("asc", onair_media::fuzz::asc),
    ("asked", onair_receiver::fuzz::asked),
    ("avcc_roundtrip", onair_media::fuzz::avcc_roundtrip),
    ("bits", onair_media::fuzz::bits),
    ("browser", onair_receiver::fuzz::browser),
    ("chunk_roundtrip", onair_rtmp::fuzz::chunk_roundtrip),
    ("chunk_split", onair_rtmp::fuzz::chunk_split),
    ("command", onair_rtmp::fuzz::command),
    ("demux_any", onair_demux::fuzz::any),
    ("demux_flv", onair_demux::fuzz::flv),
    ("demux_ts", onair_demux::fuzz::ts),
    ("director", onair::fuzz::director),
    ("esds", onair_media::fuzz::esds),
    ("flv_file", onair_flv::fuzz::flv_file),
    ("flv_tag", onair_flv::fuzz::flv_tag),
    ("frame_fallback", onair_av::fuzz::frame_fallback),
    ("gap_fill", onair_av::fuzz::gap_fill),
    ("handshake", onair_rtmp::fuzz::handshake),
    ("hold", onair_receiver::fuzz::hold),
    ("hvcc_roundtrip", onair_media::fuzz::hvcc_roundtrip),
    ("kernel", onair::fuzz::kernel),
    ("length_prefixed", onair_media::fuzz::length_prefixed),
    ("link", onair_ios_model::fuzz::link),
    ("message", onair_rtmp::fuzz::message),
    ("movie", onair_mp4::fuzz::movie),
    ("mux_demux", onair_flv::fuzz::mux_demux),
    ("order", onair_receiver::fuzz::order),
    ("pcm", onair_av::fuzz::pcm),
    ("player_ops", onair_rtmp::fuzz::player_ops),
    ("published", onair_receiver::fuzz::published),
    ("publisher_ops", onair_rtmp::fuzz::publisher_ops),
    ("queue", onair::fuzz::queue),
    ("rate", onair::fuzz::rate),
    ("routes", onair::fuzz::routes),
    ("saved", onair_ios_model::fuzz::saved),
    ("server_ops", onair_rtmp::fuzz::server_ops),
    ("sound", onair_av::fuzz::audio),
    ("sps", onair_media::fuzz::sps),
    ("staying", onair::fuzz::staying),
    ("trace", onair::fuzz::trace),
    ("transport", onair_ts::fuzz::transport),
    ("units", onair_media::fuzz::units),
    ("url", onair_rtmp::fuzz::url),
    ("values", cli::values),
    ("y4m", onair_av::fuzz::y4m),
];

static BODY: LazyLock<Body> = LazyLock::new(|| {
    let name = std::env::var("ONAIR_FUZZ").unwrap_or_default();
    let known = TARGETS.iter().find(|(known, _)| *known == name);
    let Some((_, body)) = known else {
        let names = TARGETS.iter().map(|(name, _)| *name);
        println!("{}", names.collect::<Vec<_>>().join("\n"));
        std::process::exit(if name.is_empty() { 0 } else { 2 });
    };
    *body
});

fuzz_target!(init: { LazyLock::force(&BODY); }, |data: &[u8]| BODY(data));
