//! `onair devices`: what there is to capture from and encode with.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use onair::av::encode::{EncoderInfo, available};
use onair::media::Kind;
use serde_json::{Value, json};

use crate::args::Devices;
use crate::failure::Failure;

pub(crate) fn run(opts: &Devices) -> Result<(), Failure> {
    let encoders = available();
    let text = if opts.json {
        format!("{}\n", to_json(&encoders))
    } else {
        to_text(&encoders)
    };
    let _pipe_closed = io::stdout().write_all(text.as_bytes());
    Ok(())
}

fn to_json(encoders: &[EncoderInfo]) -> Value {
    let encoders: Vec<_> = encoders
        .iter()
        .map(|encoder| {
            json!({
                "name": encoder.name,
                "kind": kind(encoder),
                "codec": encoder.codec,
                "hardware": encoder.hardware,
                "default": encoder.default,
                "notes": encoder.notes,
            })
        })
        .collect();
    json!({ "cameras": [], "microphones": [], "screens": [], "encoders": encoders })
}

fn to_text(encoders: &[EncoderInfo]) -> String {
    let mut text = String::from(
        "Sources\n  testcard   moving bars with a clock, and a tone\n  \
         FILE       .mp4 .mov .flv .ts .mkv .y4m\n  \
         -          stdin: --format flv, ts or y4m\n  \
         Cameras, microphones and screens come with a later version.\n\nEncoders\n",
    );
    for encoder in encoders {
        write_encoder(&mut text, encoder);
    }
    text.push_str("\n* is what auto picks\n");
    text
}

fn write_encoder(text: &mut String, encoder: &EncoderInfo) {
    let mark = if encoder.default { '*' } else { ' ' };
    let place = if encoder.hardware {
        "hardware"
    } else {
        "software"
    };
    let (name, codec) = (encoder.name, encoder.codec);
    let _infallible = writeln!(
        text,
        "{mark} {name:<10} {codec}, {place} ({})",
        kind(encoder)
    );
    for note in &encoder.notes {
        let _infallible = writeln!(text, "             {note}");
    }
}

const fn kind(encoder: &EncoderInfo) -> &'static str {
    match encoder.kind {
        Kind::Video => "video",
        Kind::Audio => "audio",
    }
}
