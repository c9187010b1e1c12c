//! What happens to a phone, as scripts in virtual time.

mod audio;
mod camera;
mod network;
mod session;

mod thermal;

use std::time::{Duration, Instant};

use onair_av::Error;
use onair_av::device::{self, Event as Told, Kind, Order};
use onair_media::{Bitrate, FrameRate, Size};

use super::*;

/// A phone whose device obeys, except for what it is told to refuse.
struct Phone {
    director: Director,
    now: Instant,
    frame_rate: FrameRate,
    refuses: Vec<Order>,
    refusal: Error,
}

impl Phone {
    /// Nothing runs yet.
    fn new() -> Self {
        Self {
            director: Director::new(Format {
                size: Size::new(1280, 720),
                frame_rate: rate(30),
                sample_rate: 48_000,
                channels: 2,
            }),
            now: Instant::now(),
            frame_rate: rate(30),
            refuses: Vec::new(),
            refusal: Error::Invalid {
                what: "no".to_owned(),
            },
        }
    }

    /// The camera is on the screen.
    fn in_preview() -> Self {
        let mut phone = Self::new();
        phone.tell(Event::Order(Order::Start));
        phone
    }

    /// The show has been on for a while.
    fn on_air() -> Self {
        let mut phone = Self::in_preview();
        phone.go_live();
        phone.wait(60);
        phone
    }

    fn go_live(&mut self) -> String {
        self.go_live_on(Ladder::default())
    }

    fn go_live_on(&mut self, ladder: Ladder) -> String {
        let wanted = self.director.frame_rate_when_cool();
        let quality = Quality {
            size: Size::new(1280, 720),
            frame_rate: wanted.unwrap_or(self.frame_rate),
            bitrate: Bitrate::kbps(4000),
        };
        self.tell(Event::GoLive { quality, ladder })
    }

    /// Reports something; gives what is done then, in order.
    fn tell(&mut self, event: Event) -> String {
        self.director.take(event, self.now);
        self.act();
        self.obey().join(", ")
    }

    /// The same for what a device reports.
    fn device(&mut self, event: Told) -> String {
        self.tell(Event::Device(event))
    }

    /// Lets time pass; gives what is done, and after how many seconds.
    fn wait(&mut self, seconds: u64) -> String {
        let (from, to) = (self.now, self.now + Duration::from_secs(seconds));
        let mut done = Vec::new();
        while let Some(at) = self.director.poll_timeout().filter(|at| *at <= to) {
            assert!(at >= self.now, "a deadline in the past");
            self.now = at;
            self.act();
            let after = (at - from).as_secs_f64();
            let words = self.obey().into_iter();
            done.extend(words.map(|words| format!("{after}: {words}")));
            let next = self.director.poll_timeout();
            assert!(next.is_none_or(|next| next > at), "the same deadline twice");
        }
        self.now = to;
        done.join(", ")
    }

    /// Lets the director act. The order in which it notes commands makes no difference.
    fn act(&mut self) {
        let now = self.now;
        let mut other = self.director.clone();
        other.advance(now);
        let wanted = other.wanted(now);
        wanted
            .iter()
            .rev()
            .for_each(|command| other.note(command, now));
        other.out.extend(wanted);
        self.director.act(now);
        assert_eq!(format!("{:?}", self.director), format!("{other:?}"));
        assert!(!self.director.owes(now), "{:?}", self.director.wanted(now));
    }

    fn obey(&mut self) -> Vec<String> {
        let mut done = Vec::new();
        while let Some(command) = self.director.poll_command() {
            done.push(words(&command));
            if let Command::Device(order) = command {
                if let Order::FrameRate(frame_rate) = order {
                    self.frame_rate = frame_rate;
                }
                let answer = if self.refuses.contains(&order) {
                    let error = self.refusal.clone();
                    Event::Refused { order, error }
                } else {
                    Event::Performed(order)
                };
                self.director.take(answer, self.now);
                self.act();
            }
            assert!(done.len() < 32, "{done:?}");
        }
        done
    }
}

fn rate(rate: u32) -> FrameRate {
    FrameRate::new(rate, 1).unwrap()
}

fn words(command: &Command) -> String {
    match command {
        Command::Device(Order::FrameRate(rate)) => format!("{rate} fps"),
        Command::Device(Order::Size(size)) => size.to_string(),
        Command::Device(order) => format!("{order:?}"),
        Command::Slate(true) => "slate".to_owned(),
        Command::Slate(false) => "camera".to_owned(),
        Command::Mute(true) => "mute".to_owned(),
        Command::Mute(false) => "unmute".to_owned(),
        Command::Bitrate(bitrate) => bitrate.to_string(),
        Command::Keyframe => "keyframe".to_owned(),
        Command::Reconnect => "reconnect".to_owned(),
        Command::KeepAwake(true) => "awake".to_owned(),
        Command::KeepAwake(false) => "may sleep".to_owned(),
        Command::Tell(notice) => format!("\"{notice:?}\""),
    }
}
