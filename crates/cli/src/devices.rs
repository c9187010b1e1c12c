//! `onair devices`: the devices to capture from, and the encoders.

use std::fmt::Write as _;

use clap::Args;
use onair::av::capture::list;
use onair::av::device::{self, Info};
use onair::av::encode::{EncoderInfo, available};
use onair::demux;
use onair::media::Kind;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::json::escaped;
use crate::{outlet, pipe};

/// List what pictures and sound can come from and what can encode them
///
/// What is picked when none is named is marked: a device, or the encoder `auto` means.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onair devices\n  onair devices --json")]
pub(crate) struct Devices {
    /// One JSON object on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(opts: &Devices) -> Result<(), Failure> {
    let (devices, encoders) = (list(), available());
    let text = if opts.json {
        escaped(&format!("{}\n", to_json(&devices, &encoders)))
    } else {
        to_text(&devices, &encoders)
    };
    outlet::print(&text).map(drop)
}

fn to_json(devices: &[Info], encoders: &[EncoderInfo]) -> Value {
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
    let of_kind = |kind| {
        let devices = devices.iter().filter(|info| info.kind == kind);
        devices.map(device_to_json).collect::<Vec<_>>()
    };
    json!({
        "cameras": of_kind(device::Kind::Camera),
        "microphones": of_kind(device::Kind::Microphone),
        "screens": of_kind(device::Kind::Screen),
        "encoders": encoders,
    })
}

fn device_to_json(info: &Info) -> Value {
    json!({ "id": info.id, "name": info.name, "source": source(info), "default": info.is_default })
}

fn to_text(devices: &[Info], encoders: &[EncoderInfo]) -> String {
    let mut text = format!(
        "Sources\n  testcard   moving bars with a clock, and a tone\n  \
         FILE       {} .y4m\n  \
         -          stdin: --format {}\n",
        demux::extensions().join(" "),
        pipe::formats()
    );
    if devices.is_empty() {
        text.push_str(NO_DEVICES);
    }
    for (title, kind) in [
        ("Cameras", device::Kind::Camera),
        ("Microphones", device::Kind::Microphone),
        ("Screens", device::Kind::Screen),
    ] {
        let of_kind = devices.iter().filter(|info| info.kind == kind);
        write_devices(&mut text, title, &of_kind.collect::<Vec<_>>());
    }
    text.push_str("\nEncoders\n");
    for encoder in encoders {
        write_encoder(&mut text, encoder);
    }
    text.push_str("\n* is what is picked when none is named\n");
    text
}

fn write_devices(text: &mut String, title: &str, devices: &[&Info]) {
    if devices.is_empty() {
        return;
    }
    let _infallible = writeln!(text, "\n{title}");
    let sources = devices.iter().map(|info| source(info).len());
    let width = sources.max().unwrap_or(0);
    for info in devices {
        let mark = if info.is_default { '*' } else { ' ' };
        let (source, name) = (source(info), &info.name);
        let _infallible = writeln!(text, "{mark} {source:<width$}  {name}");
    }
}

/// What to type after `--from` or `--audio`.
fn source(info: &Info) -> String {
    let kind = match info.kind {
        device::Kind::Camera => "camera",
        device::Kind::Microphone => "mic",
        device::Kind::Screen => "screen",
    };
    format!("{kind}:{}", info.id)
}

fn write_encoder(text: &mut String, encoder: &EncoderInfo) {
    let mark = if encoder.default { '*' } else { ' ' };
    let location = match encoder.hardware {
        Some(true) => "hardware",
        Some(false) => "software",
        None => "hardware where there is any",
    };
    let (name, codec) = (encoder.name, encoder.codec);
    let _infallible = writeln!(
        text,
        "{mark} {name:<10} {codec}, {location} ({})",
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

const NO_DEVICES: &str = "  \
    Cameras, microphones and screens: this version finds none here. FFmpeg gets one in:
    ffmpeg -f v4l2 -i /dev/video0 -f pulse -i default -c:v libx264 -pix_fmt yuv420p -tune zerolatency -c:a aac \
    -f flv - |
      onair publish --from - --format flv --to URL
";

#[cfg(test)]
mod tests {
    use super::*;

    fn info(kind: device::Kind, id: &str, name: &str, is_default: bool) -> Info {
        Info {
            is_default,
            ..Info::new(kind, id, name)
        }
    }

    fn desk() -> Vec<Info> {
        vec![
            info(device::Kind::Camera, "0x1420", "FaceTime HD Camera", true),
            info(device::Kind::Camera, "A1", "iPhone Camera", false),
            info(device::Kind::Microphone, "BuiltIn", "Microphone", true),
        ]
    }

    #[test]
    fn devices_are_listed_as_they_are_typed() {
        let text = to_text(&desk(), &[]);
        let cameras =
            "\nCameras\n* camera:0x1420  FaceTime HD Camera\n  camera:A1      iPhone Camera\n";
        assert!(text.contains(cameras), "{text}");
        assert!(
            text.contains("\nMicrophones\n* mic:BuiltIn  Microphone\n"),
            "{text}"
        );
        assert!(!text.contains("Screens"), "{text}");
        assert!(!text.contains("FFmpeg"), "{text}");
    }

    #[test]
    fn a_machine_without_devices_is_told_how_to_get_one_in() {
        let text = to_text(&[], &[]);
        assert!(text.contains("ffmpeg -f v4l2 -i /dev/video0"), "{text}");
        assert!(text.contains("-c:a aac -f flv - |\n"), "{text}");
    }

    #[test]
    fn json_has_what_to_type() {
        let json = to_json(&desk(), &[]);
        assert_eq!(json["cameras"][1]["source"], "camera:A1");
        assert_eq!(json["cameras"][0]["default"], true);
        assert_eq!(json["microphones"][0]["id"], "BuiltIn");
        assert_eq!(json["screens"], json!([]));
    }
}
