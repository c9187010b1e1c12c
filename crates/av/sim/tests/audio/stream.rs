use std::process::{Command, Stdio};

use onair_av::encode::{AudioEncoder, AudioSettings};
use onair_av_sim::Sim;
use onair_flv::{Muxer, file};
use onair_media::{Packet, Timestamp};

use crate::common;
use crate::rig::{
    PRIMING, RATE, assert_in_step, beeps, config, encode, heard, loudness, two_seconds,
};

#[test]
fn what_goes_in_is_heard_at_its_level_and_length() {
    let _sim = Sim::begin();
    let packets = two_seconds();
    // 96 000 samples and 2112 of priming, in units of 1024; and the encoder's own last.
    assert!((96..=98).contains(&packets.len()), "{}", packets.len());
    let end = packets.last().unwrap();
    assert!(end.pts + end.duration.unwrap() >= Timestamp::from_millis(2000));
    let Some(audio) = heard(&packets) else { return };
    assert!(audio.len() >= 96_000, "{}", audio.len());
    let level = loudness(&audio[10_000..14_000]);
    assert!((level - 0.3535).abs() < 0.01, "{level}");
    assert!(loudness(&audio[20_000..50_000]) < 0.001);
}

#[test]
fn priming_is_taken_from_the_times_so_that_audio_is_in_step() {
    let _sim = Sim::begin();
    let packets = two_seconds();
    assert_eq!(packets[0].pts, Timestamp::from_ticks(-PRIMING, RATE));
    assert_in_step(&packets, 2);
}

#[test]
fn a_headset_in_the_middle_changes_nothing_but_the_audio() {
    let sim = Sim::begin();
    let mut blocks = beeps(RATE, 2, 0, 1000);
    blocks.extend(beeps(16_000, 1, 1000, 3000));
    blocks.extend(beeps(RATE, 2, 3000, 4000));
    let mut encoder = AudioEncoder::open(&AudioSettings::default()).unwrap();
    let packets = encode(&mut encoder, &blocks);
    assert_eq!(sim.living().get("AudioConverter"), Some(&1));
    assert!(packets.iter().all(|p| p.config.same(&packets[0].config)));
    assert_in_step(&packets, 4);
}

#[test]
fn it_is_a_stream_that_ffprobe_reads_as_flv() {
    let _sim = Sim::begin();
    let packets = two_seconds();
    assert_eq!(config(&packets[0]).decoder_config[..], [0x11, 0x90]);
    let Some(said) = ffprobe(flv(&packets)) else {
        return;
    };
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "aac,LC,48000,2");
    let times: Vec<i64> = lines[1..]
        .iter()
        .map(|line| line.parse().unwrap())
        .collect();
    let due = packets.iter().map(|packet| packet.pts.as_millis() + 44);
    assert_eq!(times.len(), packets.len());
    assert!(
        times
            .iter()
            .zip(due)
            .all(|(time, due)| time.abs_diff(due) <= 1)
    );
}

/// An .flv of audio alone.
fn flv(packets: &[Packet]) -> Vec<u8> {
    let mut muxer = Muxer::starting_at(packets[0].dts);
    let mut out = file::header(false, true).to_vec();
    for tag in packets.iter().flat_map(|packet| muxer.mux(packet)) {
        file::write_tag(&tag, &mut out);
    }
    out
}

/// The stream's codec, profile, rate and channels, then each packet's time.
fn ffprobe(flv: Vec<u8>) -> Option<String> {
    // It goes through FFmpeg so that what is skipped without it is skipped here too.
    let copied = common::ffmpeg(
        &["-f", "flv", "-i", "-", "-c", "copy", "-f", "flv", "-"],
        flv,
    )?;
    let entries = "stream=codec_name,profile,sample_rate,channels:packet=pts";
    let mut child = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-of",
            "csv=p=0",
            "-show_entries",
            entries,
            "-",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &copied));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<String> = text
        .lines()
        .map(|l| l.trim_end_matches(',').to_owned())
        .collect();
    let stream = lines.pop().unwrap();
    lines.insert(0, stream);
    Some(lines.join("\n"))
}
