//! Whole broadcasts over simulated VideoToolbox, when the encoder goes and never comes back. In
//! `interop/run sim` it comes back.
#![cfg(test)]

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use onair::av::capture::TestCard;
use onair::av::encode::VideoSettings;
use onair::media::{FrameRate, Size};
use onair::rtmp::Url;
use onair::{Broadcast, Destination, Event, Outcome, Pace};
use onair_av_sim::Sim;

/// `kVTInvalidSessionErr`.
const INVALID_SESSION: i32 = -12903;

/// Runs a broadcast whose encoder is gone for good after five frames; gives its outcome and why.
fn run(sim: &Sim, seconds: u64) -> (Outcome, String) {
    sim.turn(|knobs| {
        knobs.callback = [0, 0, 0, 0, 0, INVALID_SESSION].into();
        knobs.create = vec![INVALID_SESSION; 1000].into();
        knobs.create.push_front(0);
    });
    // It lets nobody in: what matters happens before.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("rtmp://{}/live/key", server.local_addr().unwrap());
    thread::spawn(move || server.incoming().for_each(drop));
    let mut destination = Destination::new(url.parse::<Url>().unwrap());
    destination.retry.max_attempts = 4;
    let (size, rate) = (Size::new(64, 48), FrameRate::new(30, 1).unwrap());
    let settings = VideoSettings {
        encoder: Some("videotoolbox".to_owned()),
        ..VideoSettings::new(size, rate)
    };
    let broadcast = Broadcast::builder()
        .video(TestCard::new(size, rate))
        .video_settings(settings)
        .pace(Pace::Max)
        .duration(Duration::from_secs(seconds))
        .to(destination)
        .start()
        .unwrap();
    let report = loop {
        if let Event::Ended(report) = broadcast.next_event().unwrap() {
            break report;
        }
    };
    drop(broadcast);
    sim.wait_until_all_is_given_back();
    (report.outcome, report.reason)
}

#[test]
fn what_is_not_live_waits_ten_seconds_of_its_time_for_an_encoder() {
    let sim = Sim::begin();
    let (outcome, reason) = run(&sim, 3600);
    assert_eq!(outcome, Outcome::Failed);
    assert!(reason.contains("-12903"), "{reason}");
}

#[test]
fn frames_that_end_without_an_encoder_are_a_failure() {
    let sim = Sim::begin();
    let (outcome, reason) = run(&sim, 2);
    assert_eq!(outcome, Outcome::Failed);
    assert!(reason.contains("-12903"), "{reason}");
}
