//! A device worked by the test, on air over loopback.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::support::{Behaviour, Heard, Peer, Puppet, hear, take_frame};
use onair::av::capture;
use onair::av::device::{
    Camera, Event as Told, Interruption, Kind, Microphone, Order, Setup, Thermal,
};
use onair::director::{self, Notice, Why};
use onair::flv::{Tag, TagKind};
use onair::media::{FrameRate, Size};
use onair::rate::LimitedBy;
use onair::studio::{News, Show, Studio};
use onair::{Event, Outcome, Report};

/// A studio with a simulated device.
struct Set {
    studio: Option<Studio>,
    puppet: Puppet,
    news: Receiver<News>,
}

impl Set {
    fn new() -> Self {
        let (sender, news) = channel();
        let puppet = Puppet::new();
        let listener = Arc::new(move |news| _ = sender.send(news));
        let studio = Studio::open(puppet.device(), listener).unwrap();
        puppet.orders_to(&Order::Start);
        Self {
            studio: Some(studio),
            puppet,
            news,
        }
    }

    fn studio(&self) -> &Studio {
        self.studio.as_ref().unwrap()
    }

    /// Waits for wanted news.
    fn wait<T>(&self, wanted: impl Fn(&News) -> Option<T>) -> T {
        let mut seen = Vec::new();
        loop {
            match self.news.recv_timeout(Duration::from_secs(30)) {
                Ok(news) => match wanted(&news) {
                    Some(found) => return found,
                    None => seen.push(news),
                },
                Err(_) => panic!("it did not come after {seen:?}"),
            }
        }
    }

    fn wait_for_notice(&self, wanted: &Notice) {
        self.wait(|news| matches!(news, News::Notice(notice) if notice == wanted).then_some(()));
    }

    fn wait_until_live(&self) {
        let is_live = |news: &News| matches!(news, News::Broadcast(Event::Live { .. }));
        self.wait(|news| is_live(news).then_some(()));
    }

    fn wait_for_report(&self) -> Report {
        self.wait(|news| match news {
            News::Broadcast(Event::Ended(report)) => Some(report.clone()),
            _ => None,
        })
    }

    fn wait_for_refusal(&self) -> String {
        self.wait(|news| match news {
            News::NotStarted(words) => Some(words.clone()),
            _ => None,
        })
    }
}

/// The next picture the server gets; all before it go to `tags`.
fn next_frame(peer: &Peer, tags: &mut Vec<Tag>) -> Tag {
    loop {
        if let (0, Heard::Tag(tag)) = peer.next() {
            tags.push(tag.clone());
            if tag.kind == TagKind::Video && !tag.is_sequence_header() {
                return tag;
            }
        }
    }
}

/// The audio frames among them.
fn audio(tags: &[Tag]) -> impl Iterator<Item = &Tag> {
    let own = tags.iter().filter(|tag| tag.kind == TagKind::Audio);
    own.filter(|tag| !tag.is_sequence_header())
}

/// The times of a kind's frames, in milliseconds.
fn times(tags: &[Tag], kind: TagKind) -> Vec<u32> {
    let is_media = |tag: &&Tag| tag.kind == kind && !tag.is_sequence_header();
    let media = tags.iter().filter(is_media);
    let media = media.filter(|tag| !tag.payload.is_empty());
    media.map(|tag| tag.timestamp).collect()
}

#[test]
fn a_show_goes_on_over_one_connection_while_the_phone_does_what_phones_do() {
    let (set, peer) = (Set::new(), Peer::start([Behaviour::Accept]));
    let size = set.studio().format().size;
    set.studio().go_live(Show::to(peer.url()));
    let inlets = set.puppet.inlets();
    take_frame(&inlets, size);
    hear(&inlets);
    set.wait(|news| matches!(news, News::KeepAwake(true)).then_some(()));
    set.wait_until_live();
    let mut tags = Vec::new();
    assert!(next_frame(&peer, &mut tags).is_keyframe());

    set.studio().tell(director::Event::Background);
    set.wait_for_notice(&Notice::NoVideo(Why::Background));
    set.puppet.orders_to(&Order::Video(false));
    take_frame(&inlets, size);
    let hidden = inlets.frames.as_ref().unwrap().tally().hidden;
    assert_eq!(hidden, 1, "the slate hides what the camera still sees");
    let slates: Vec<_> = (0..3).map(|_| next_frame(&peer, &mut tags)).collect();
    assert!(
        slates.iter().any(Tag::is_keyframe),
        "the slate is an IDR picture"
    );

    set.studio().tell(director::Event::Foreground);
    set.puppet.orders_to(&Order::Start);
    set.wait_for_notice(&Notice::Video);
    take_frame(&inlets, size);
    next_frame(&peer, &mut tags);

    set.puppet
        .tell(Told::CameraInterrupted(Interruption::CameraInUse));
    set.wait_for_notice(&Notice::NoVideo(Why::InUse));
    let from = tags.len();
    while audio(&tags[from..]).count() < 10 {
        next_frame(&peer, &mut tags);
    }
    set.puppet.tell(Told::CameraInterruptionEnded);
    set.wait_for_notice(&Notice::Video);
    take_frame(&inlets, size);
    next_frame(&peer, &mut tags);

    set.studio().end();
    let report = set.wait_for_report();
    set.puppet.detached();
    let rest = peer.published();
    tags.extend(rest.tags);
    assert!(rest.ended, "it was taken down properly");
    assert_eq!(report.outcome, Outcome::Stopped);
    assert_eq!(report.destinations[0].connects, 1);
    assert_eq!(report.destinations[0].gaps, []);
    let video = report.capture.and_then(|capture| capture.video).unwrap();
    assert_eq!(video.hidden, 1);
    assert!(video.repeated > 0, "{video:?}");
    let (pictures, audio) = (times(&tags, TagKind::Video), times(&tags, TagKind::Audio));
    let seconds = (pictures[pictures.len() - 1] - pictures[0]) / 1000;
    assert!(pictures.len() > seconds as usize, "1 fps at least");
    let steps = audio.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(steps.max().unwrap() <= 25, "sound without holes");
}

#[test]
fn a_device_out_of_the_table_of_systems_goes_on_air_anywhere() {
    let peer = Peer::start([Behaviour::Accept]);
    let mut setup = Setup::new(Size::new(160, 90), FrameRate::new(30, 1).unwrap());
    setup.camera = Some(Camera::Id("testcard".to_owned()));
    setup.microphone = Some(Microphone::Id("tone".to_owned()));
    let (sender, news) = channel();
    let listener = Arc::new(move |news| _ = sender.send(news));
    let studio = Studio::open(capture::open(&setup).unwrap(), listener).unwrap();
    studio.go_live(Show::to(peer.url()));
    let mut tags = Vec::new();
    while times(&tags, TagKind::Video).len() < 20 || audio(&tags).count() < 20 {
        next_frame(&peer, &mut tags);
    }
    let capture = studio.stats().expect("it is on air").capture;
    assert_eq!(capture.video.map(|video| video.late), Some(0));
    drop(studio);
    let ended = news.iter().find_map(|news| match news {
        News::Broadcast(Event::Ended(report)) => Some(report),
        _ => None,
    });
    assert_eq!(ended.map(|report| report.outcome), Some(Outcome::Stopped));
}

#[test]
fn another_network_is_another_connection_at_once() {
    let (set, peer) = (Set::new(), Peer::start([Behaviour::Accept]));
    let path = |interface| {
        director::Event::Network(director::Path {
            is_up: true,
            interface,
            is_expensive: false,
        })
    };
    set.studio().tell(path(1));
    set.studio().go_live(Show::to(peer.url()));
    set.wait_until_live();
    set.studio().tell(path(2));
    set.wait_until_live();
    set.studio().end();
    assert_eq!(set.wait_for_report().destinations[0].connects, 2);
}

#[test]
fn heat_makes_frames_smaller_in_the_middle_of_a_show() {
    let (set, peer) = (Set::new(), Peer::start([Behaviour::Accept]));
    set.studio().go_live(Show::to(peer.url()));
    let inlets = set.puppet.inlets();
    take_frame(&inlets, Size::new(320, 180));
    let mut tags = Vec::new();
    next_frame(&peer, &mut tags);
    set.puppet.tell(Told::Thermal(Thermal::Critical));
    set.wait_for_notice(&Notice::Heat(6));
    let format = set.studio().format();
    assert_eq!(format.size, Size::new(160, 90));
    assert_eq!(format.frame_rate.numerator(), 15);
    take_frame(&inlets, format.size);
    next_frame(&peer, &mut tags);
    set.studio().end();
    let report = set.wait_for_report();
    assert_eq!(report.outcome, Outcome::Stopped, "{}", report.reason);
    let limit = report.encoder.video.unwrap().bitrate.unwrap();
    assert_eq!(limit.limited_by, LimitedBy::Thermal);
    tags.extend(peer.published().tags);
    let headers = tags
        .iter()
        .filter(|tag| tag.kind == TagKind::Video && tag.is_sequence_header());
    assert_eq!(headers.count(), 2, "one for each size");
}

#[test]
fn what_is_muted_before_a_show_is_never_heard_in_it() {
    let set = Set::new();
    let longest = || {
        let peer = Peer::start([Behaviour::Accept]);
        set.studio().go_live(Show::to(peer.url()));
        let inlets = set.puppet.inlets();
        let mut tags = Vec::new();
        while audio(&tags).count() < 20 {
            hear(&inlets);
            if let (0, Heard::Tag(tag)) = peer.next() {
                tags.push(tag);
            }
        }
        set.studio().end();
        set.wait_for_report();
        set.puppet.detached();
        audio(&tags).map(|tag| tag.payload.len()).max().unwrap()
    };
    let heard = longest();
    set.studio().mute(true);
    let muted = longest();
    assert!(
        muted * 4 < heard,
        "{muted} bytes of silence, {heard} of noise"
    );
}

#[test]
fn a_show_that_begins_behind_another_application_shows_nothing_of_the_camera() {
    let (set, peer) = (Set::new(), Peer::start([Behaviour::Accept]));
    set.studio().tell(director::Event::Background);
    set.studio().go_live(Show::to(peer.url()));
    let inlets = set.puppet.inlets();
    take_frame(&inlets, Size::new(320, 180));
    assert_eq!(inlets.frames.as_ref().unwrap().tally().hidden, 1);
    set.studio().end();
    set.wait_for_report();
}

#[test]
fn a_second_show_waits_for_the_first_to_end_and_a_third_for_nothing() {
    let (set, peer) = (Set::new(), Peer::start([Behaviour::Accept]));
    set.studio().go_live(Show::to(peer.url()));
    set.studio().go_live(Show::to(peer.url()));
    assert_eq!(set.wait_for_refusal(), "a show is on already");
    set.wait_until_live();
    assert!(set.studio().stats().is_some());
    set.studio().end();
    set.studio().go_live(Show::to(peer.url()));
    set.wait_for_report();
    set.wait_until_live();
    set.studio().end();
    set.wait_for_report();
    set.puppet.detached();
}

#[test]
fn a_show_that_a_server_refuses_leaves_the_air() {
    let behaviour = Behaviour::Refuse("NetStream.Publish.BadName", "no such key");
    let (set, peer) = (Set::new(), Peer::start([behaviour]));
    set.studio().go_live(Show::to(peer.url()));
    let report = set.wait_for_report();
    assert_eq!(report.outcome, Outcome::Failed);
    set.puppet.detached();
    assert!(set.studio().stats().is_none());
    set.studio().go_live(Show::to(peer.url()));
    set.wait_for_report();
}

#[test]
fn a_show_without_a_destination_does_not_start_and_the_screen_may_sleep() {
    let set = Set::new();
    let url: onair::rtmp::Url = "rtmp://127.0.0.1:1/live/key".parse().unwrap();
    let mut show = Show::to(url);
    show.destinations.clear();
    set.studio().go_live(show);
    set.wait(|news| matches!(news, News::KeepAwake(false)).then_some(()));
    assert_eq!(set.wait_for_refusal(), "a broadcast needs a destination");
}

#[test]
fn who_may_use_neither_camera_nor_microphone_is_told_what_to_do() {
    let (set, peer) = (Set::new(), Peer::start([Behaviour::Accept]));
    for kind in [Kind::Camera, Kind::Microphone] {
        set.puppet.tell(Told::Permission {
            kind,
            granted: false,
        });
    }
    set.studio().go_live(Show::to(peer.url()));
    let words = set.wait_for_refusal();
    assert!(words.contains("allow one of them"), "{words}");
}

#[test]
fn what_a_device_refuses_is_told_in_its_words() {
    let set = Set::new();
    set.puppet.refuse(Order::Torch(true));
    set.studio().order(Order::Torch(true));
    set.wait_for_notice(&Notice::Trouble("puppet: no".to_owned()));
}

#[test]
fn dropping_a_studio_ends_its_show_and_stops_its_device() {
    let (mut set, peer) = (Set::new(), Peer::start([Behaviour::Accept]));
    set.studio().go_live(Show::to(peer.url()));
    set.wait_until_live();
    drop(set.studio.take());
    set.puppet.orders_to(&Order::DeactivateAudio);
    assert_eq!(set.wait_for_report().outcome, Outcome::Stopped);
    set.puppet.detached();
    assert!(peer.published().ended);
}
