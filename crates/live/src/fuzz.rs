//! What must hold for any bytes: the bodies of the fuzz targets.

#[cfg(target_os = "linux")]
mod kernel;
mod queue;
mod rate;
mod routes;
mod staying;
mod trace;

use std::time::{Duration, Instant};

use onair_av::Error;
use onair_av::device::{self, Camera, Format, Interruption, Kind, Order, Rotation, Thermal};
use onair_media::{Bitrate, FrameRate, Size};

#[cfg(target_os = "linux")]
pub use kernel::kernel;
pub use queue::queue;
pub use rate::rate;
pub use routes::routes;
pub use staying::staying;
pub use trace::trace;

use crate::director::{Command, Director, Event, Ladder, Notice, Path, Quality};

/// A director keeps its promises whatever happens, in any order: two bytes are an event, an answer
/// of the device, or some time passing.
pub fn director(data: &[u8]) {
    let mut watch = Watch::new();
    for pair in data.chunks_exact(2).take(2000) {
        match pair[0] % 8 {
            0 | 1 => watch.wait(Duration::from_millis(250 << (pair[1] % 15))),
            2 => watch.refuses = pair[1],
            _ => watch.tell(event(pair[0] / 8, pair[1])),
        }
    }
    watch.recover();
}

/// A director, what it has said, and what it must therefore not say now.
struct Watch {
    director: Director,
    now: Instant,
    /// Orders whose number is one of these bits are refused.
    refuses: u8,
    is_in_front: bool,
    is_on_air: bool,
    is_dead: bool,
    slate: bool,
    mute: bool,
    awake: bool,
    no_video: bool,
    no_audio: bool,
    offline: bool,
    heat: u8,
    starts: u32,
}

impl Watch {
    fn new() -> Self {
        let format = Format {
            size: Size::new(1920, 1080),
            frame_rate: FrameRate::new(60, 1).expect("it is not zero"),
            sample_rate: 48_000,
            channels: 2,
        };
        Self {
            director: Director::new(format),
            now: Instant::now(),
            refuses: 0,
            is_in_front: true,
            is_on_air: false,
            is_dead: false,
            slate: false,
            mute: false,
            awake: false,
            no_video: false,
            no_audio: false,
            offline: false,
            heat: 0,
            starts: 0,
        }
    }

    fn tell(&mut self, event: Event) {
        match &event {
            Event::Foreground => self.is_in_front = true,
            Event::Background => self.is_in_front = false,
            Event::GoLive { .. } if !self.is_on_air => {
                self.is_on_air = true;
                (self.slate, self.mute) = (false, false);
            }
            Event::End => self.is_on_air = false,
            Event::Device(device::Event::ServicesLost) => self.is_dead = true,
            Event::Device(device::Event::ServicesReset) => self.is_dead = false,
            // The user asks, so he thinks that they are back.
            Event::Order(Order::Start) => self.is_dead = false,
            _ => {}
        }
        let users = match &event {
            Event::Order(order) => Some(order.clone()),
            _ => None,
        };
        self.director.handle_event(event, self.now);
        self.starts = 0;
        self.obey(users.as_ref());
        assert!(self.starts <= 2, "it starts in circles");
        self.check();
    }

    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        let (mut timeouts, mut starts) = (0, 0);
        while let Some(at) = self.director.poll_timeout().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.director.handle_timeout(self.now);
            self.starts = 0;
            self.obey(None);
            starts += self.starts;
            timeouts += 1;
            let next = self.director.poll_timeout();
            assert!(next.is_none_or(|next| next > self.now), "no time passes");
            self.check();
        }
        self.now = until;
        let most = 100 + time.as_secs() / 10;
        assert!(timeouts <= most, "{timeouts} timeouts in {time:?}");
        // One for the session, and one for audio that could be activated.
        let is_bounded = self.is_in_front || starts <= 2;
        assert!(is_bounded, "it starts in the background again and again");
    }

    /// Once all is well with the phone, all is well with the show.
    fn recover(&mut self) {
        let granted = |kind| device::Event::Permission {
            kind,
            granted: true,
        };
        self.refuses = 0;
        self.tell(Event::Foreground);
        self.tell(Event::EncoderBack);
        for event in [
            device::Event::ServicesReset,
            granted(Kind::Camera),
            granted(Kind::Microphone),
            device::Event::AudioInterruptionEnded {
                should_resume: true,
            },
            device::Event::CameraInterruptionEnded,
        ] {
            self.tell(Event::Device(event));
        }
        self.tell(Event::Order(Order::Start));
        self.wait(Duration::from_secs(1));
        let is_ill = self.no_video || self.no_audio || self.is_on_air && self.slate;
        assert!(!is_ill, "it does not recover: {:?}", self.director);
    }

    fn obey(&mut self, users: Option<&Order>) {
        let mut done = Vec::new();
        while let Some(command) = self.director.poll_command() {
            done.push(command.clone());
            assert!(done.len() <= 40, "commands without end: {done:?}");
            if let Command::Device(order) = command {
                self.order(order, users);
            } else {
                self.note(&command);
            }
        }
    }

    fn order(&mut self, order: Order, users: Option<&Order>) {
        let is_users = users.is_some_and(|users| same_kind(users, &order));
        assert!(is_users || !self.is_dead, "{order:?} to dead services");
        self.starts += u32::from(order == Order::Start);
        let answer = if self.refuses & bit(&order) == 0 {
            Event::Performed(order)
        } else {
            let what = "no".to_owned();
            let error = Error::Invalid { what };
            Event::Refused { order, error }
        };
        self.director.handle_event(answer, self.now);
    }

    fn note(&mut self, command: &Command) {
        let is_for_viewers = matches!(
            command,
            Command::Slate(_)
                | Command::Mute(_)
                | Command::Keyframe
                | Command::Bitrate(_)
                | Command::Reconnect
        );
        assert!(
            self.is_on_air || !is_for_viewers,
            "{command:?} without a show"
        );
        match command {
            Command::Slate(slate) => flip(&mut self.slate, *slate),
            Command::Mute(mute) => flip(&mut self.mute, *mute),
            Command::KeepAwake(awake) => flip(&mut self.awake, *awake),
            Command::Reconnect => assert!(!self.offline || self.is_on_air),
            Command::Bitrate(bitrate) => assert!((2000..=4000).contains(&bitrate.as_kbps())),
            Command::Tell(notice) => self.notice(notice),
            _ => {}
        }
    }

    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::NoVideo(_) => self.no_video = true,
            Notice::Video => flip(&mut self.no_video, false),
            Notice::NoAudio(_) => self.no_audio = true,
            Notice::Audio => flip(&mut self.no_audio, false),
            Notice::Offline => flip(&mut self.offline, true),
            Notice::Online => flip(&mut self.offline, false),
            Notice::Heat(step) => {
                assert!(
                    *step != self.heat && *step <= 7,
                    "{step} after {}",
                    self.heat
                );
                self.heat = *step;
            }
            _ => {}
        }
    }

    fn check(&self) {
        assert!(!self.director.owes(self.now), "{:?}", self.director);
        assert_eq!(self.awake, self.is_on_air);
        let is_hidden = self.is_in_front || !self.is_on_air || self.slate;
        assert!(
            is_hidden,
            "the camera shows though the application left the screen"
        );
    }
}

/// Says something that was not so before.
fn flip(state: &mut bool, to: bool) {
    assert_ne!(std::mem::replace(state, to), to, "it was said before");
}

fn bit(order: &Order) -> u8 {
    match order {
        Order::Start => 1,
        Order::Rebuild => 2,
        Order::ActivateAudio => 4,
        Order::Video(true) => 8,
        Order::Video(false) => 16,
        Order::FrameRate(_) => 32,
        Order::Size(_) => 64,
        _ => 128,
    }
}

fn same_kind(one: &Order, other: &Order) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn event(kind: u8, detail: u8) -> Event {
    let bit = detail & 1 != 0;
    match kind % 20 {
        0 => Event::Foreground,
        1 => Event::Background,
        2 => Event::Network(Path {
            is_up: detail > 60,
            interface: u32::from(detail % 3),
            is_expensive: bit,
        }),
        3 => Event::Order(user_order(detail)),
        4 => Event::GoLive {
            quality: Quality {
                size: Size::new(1920, 1080),
                frame_rate: FrameRate::new(60, 1).expect("it is not zero"),
                bitrate: Bitrate::kbps(4000),
            },
            ladder: Ladder { change_size: bit },
        },
        5 if detail > 128 => Event::End,
        5 | 6 => Event::Mute(bit),
        7 => Event::EncoderLost,
        8 => Event::EncoderBack,
        9 => Event::Order(Order::Start),
        kind => Event::Device(device_event(kind, detail)),
    }
}

fn user_order(detail: u8) -> Order {
    let orders = [
        Order::Stop,
        Order::Start,
        Order::ActivateAudio,
        Order::Camera(Camera::Id("1".to_owned())),
        Order::FrameRate(FrameRate::new(30, 1).expect("it is not zero")),
        Order::Size(Size::new(1280, 720)),
        Order::Rotation(Rotation::Quarter),
        Order::Rotation(Rotation::None),
    ];
    orders[usize::from(detail) % orders.len()].clone()
}

fn device_event(kind: u8, detail: u8) -> device::Event {
    use device::Event;
    let thermals = [
        Thermal::Nominal,
        Thermal::Fair,
        Thermal::Serious,
        Thermal::Critical,
    ];
    let thermal = thermals[usize::from(detail % 4)];
    let reasons = [
        Interruption::Background,
        Interruption::AudioInUse,
        Interruption::CameraInUse,
        Interruption::SharedScreen,
        Interruption::Pressure,
        Interruption::Unknown,
    ];
    match kind {
        10 => Event::CameraInterrupted(reasons[usize::from(detail) % reasons.len()]),
        11 => Event::CameraInterruptionEnded,
        12 => Event::AudioInterrupted,
        13 => Event::AudioInterruptionEnded {
            should_resume: detail & 1 != 0,
        },
        14 => Event::RouteChanged {
            input: (detail & 2 != 0).then(|| "headset".to_owned()),
            lost: detail & 1 != 0,
        },
        15 if detail & 1 != 0 => Event::ServicesLost,
        15 => Event::ServicesReset,
        16 => Event::Failed {
            what: "-11800".to_owned(),
        },
        17 => Event::Thermal(thermal),
        18 => Event::Pressure(thermal),
        _ if detail < 128 => [Event::Started, Event::Stopped][usize::from(detail & 1)].clone(),
        _ => Event::Permission {
            kind: [Kind::Camera, Kind::Microphone][usize::from(detail & 1)],
            granted: detail & 2 != 0,
        },
    }
}

#[cfg(test)]
#[path = "../../../fuzz/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    /// A seeded xorshift64: the same noise on every run.
    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let byte = |_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        (0..length).map(byte).collect()
    }

    #[test]
    fn a_director_keeps_its_promises_whatever_happens() {
        for seed in 1..=300_u64 {
            super::director(&noise(0x9E37_79B9_7F4A_7C15 ^ seed, 400));
        }
    }

    #[test]
    fn a_law_keeps_within_its_limits_whatever_the_line_says() {
        for seed in 1..=100_u64 {
            super::rate(&noise(0x9E37_79B9_7F4A_7C15 ^ seed, 3000));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_kernel_that_lies_moves_no_law_out_of_its_limits() {
        for seed in 1..=100_u64 {
            super::kernel(&noise(0x9E37_79B9_7F4A_7C15 ^ seed, 6000));
        }
    }

    #[test]
    fn a_clock_that_steps_takes_no_step_that_is_not_allowed() {
        for seed in 1..=300_u64 {
            super::staying(&noise(0x9E37_79B9_7F4A_7C15 ^ seed, 4000));
        }
    }

    #[test]
    fn the_corpora_replay() {
        super::corpus::replay("director", super::director);
        #[cfg(target_os = "linux")]
        super::corpus::replay("kernel", super::kernel);
        super::corpus::replay("queue", super::queue);
        super::corpus::replay("rate", super::rate);
        super::corpus::replay("routes", super::routes);
        super::corpus::replay("staying", super::staying);
        super::corpus::replay("trace", super::trace);
    }
}
