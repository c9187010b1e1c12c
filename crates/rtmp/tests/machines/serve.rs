//! The server, and clients of every make.

use std::time::Duration;

use bytes::Bytes;
use onair_flv::amf0::Value;
use onair_flv::{Tag, TagKind};
use onair_rtmp::chunk::{Limits, Reader};
use onair_rtmp::server::{Config, Event, StreamId};
use onair_rtmp::{Command, Control, Error, Input, Message, MessageKind, UserControl, handshake};

use crate::common::{audio, metadata, picture, start};
use crate::host::Host;
use crate::script::Reply;

/// A client of another make, together with a server: each message is answered at once.
struct Speaker {
    host: Host,
    mouth: Reply,
    ear: Reader,
}

impl Speaker {
    fn new() -> Self {
        Self::facing(Host::new())
    }

    /// The handshake done, step by step.
    fn facing(mut host: Host) -> Self {
        let mut handshake = handshake::Client::new(3);
        let mut ear = Reader::new(Limits::default());
        while let Some(bytes) = handshake.poll_transmit() {
            host.input(Input::Receive(start(), &bytes));
            let answer = host.take_out();
            let used = handshake.handle(&answer).unwrap();
            ear.feed(&answer[used..]);
        }
        assert!(handshake.is_done());
        Self {
            host,
            mouth: Reply::new(),
            ear,
        }
    }

    fn say(&mut self, stream: u32, command: Command) -> Vec<Message> {
        self.mouth.command(stream, &command);
        self.speak()
    }

    fn send(&mut self, stream: u32, tag: &Tag) -> Vec<Message> {
        let kind = MessageKind::from(tag.kind.code());
        self.mouth.message(stream, kind, &tag.body());
        self.speak()
    }

    fn speak(&mut self) -> Vec<Message> {
        self.host.input(Input::Receive(start(), &self.mouth.take()));
        self.listen()
    }

    fn listen(&mut self) -> Vec<Message> {
        self.ear.feed(&self.host.take_out());
        std::iter::from_fn(|| self.ear.next().unwrap()).collect()
    }

    fn connect(&mut self) -> Vec<Message> {
        let object = Value::object([
            ("app", Value::from("live/")),
            ("flashVer", Value::from("Test/1.0")),
            ("tcUrl", Value::from("rtmp://host/live")),
        ]);
        self.say(0, Command::new("connect", 1.0).object(object))
    }

    /// Up to the stream created.
    fn open(&mut self) {
        self.connect();
        let created = commands(&self.say(0, Command::new("createStream", 4.0)));
        assert_eq!(created[0].arguments, [Value::from(1.0)]);
    }

    fn publish(&mut self) -> Vec<Message> {
        self.say(1, Command::new("publish", 5.0).text("key").text("live"))
    }

    fn play(&mut self) -> Vec<Message> {
        self.say(
            1,
            Command::new("play", 0.0)
                .text("key")
                .argument(Value::from(-2000.0)),
        )
    }
}

fn commands(messages: &[Message]) -> Vec<Command> {
    let commands = messages
        .iter()
        .filter(|message| message.kind == MessageKind::CommandAmf0);
    commands
        .map(|message| Command::parse(&message.payload).unwrap())
        .collect()
}

/// The codes of all `onStatus` said.
fn codes(messages: &[Message]) -> Vec<String> {
    let commands = commands(messages);
    let status = commands.iter().filter(|command| command.name == "onStatus");
    let code = |command: &Command| {
        command.arguments[0]
            .get("code")?
            .as_str()
            .map(str::to_owned)
    };
    status.filter_map(code).collect()
}

fn is_ended(event: &Event) -> bool {
    matches!(event, Event::Ended { .. })
}

fn ended(speaker: &Speaker) -> usize {
    speaker
        .host
        .told()
        .iter()
        .filter(|event| is_ended(event))
        .count()
}

#[test]
fn connect_is_answered_with_windows_and_success() {
    let mut speaker = Speaker::new();
    let said = speaker.connect();
    let controls: Vec<_> = said
        .iter()
        .filter_map(|m| Control::parse(m).unwrap())
        .collect();
    assert!(matches!(controls[0], Control::WindowAckSize(2_500_000)));
    assert!(matches!(
        controls[1],
        Control::PeerBandwidth {
            size: 2_500_000,
            ..
        }
    ));
    assert!(matches!(controls[2], Control::SetChunkSize(4096)));
    let [result] = &commands(&said)[..] else {
        panic!("{said:?}")
    };
    assert_eq!((result.name.as_str(), result.transaction), ("_result", 1.0));
    let code = result.arguments[0].get("code");
    assert_eq!(code, Some(&Value::from("NetConnection.Connect.Success")));
    let Event::Connected { app, .. } = &speaker.host.told()[0] else {
        panic!()
    };
    assert_eq!(&**app, "live", "a last slash is no part of the name");
}

#[test]
fn ffmpegs_order_is_served() {
    let mut speaker = Speaker::new();
    speaker.connect();
    speaker.mouth.control(&Control::WindowAckSize(2_500_000));
    for (name, transaction) in [("releaseStream", 2.0), ("FCPublish", 3.0)] {
        let said = commands(&speaker.say(0, Command::new(name, transaction).text("key")));
        assert_eq!(
            (said[0].name.as_str(), said[0].transaction),
            ("_result", transaction)
        );
    }
    speaker.say(0, Command::new("createStream", 4.0));
    assert_eq!(codes(&speaker.publish()), ["NetStream.Publish.Start"]);
    speaker.send(1, &picture(0, 10_000));
    assert!(!speaker.host.server.is_unpublishing());
    let said = speaker.say(0, Command::new("FCUnpublish", 6.0).text("key"));
    assert_eq!(said, [], "it would not be read, and reset the connection");
    assert!(speaker.host.server.is_unpublishing());
    let delete = Command::new("deleteStream", 7.0).argument(Value::from(1.0));
    assert_eq!(
        codes(&speaker.say(0, delete)),
        ["NetStream.Unpublish.Success"]
    );
    assert_eq!((speaker.host.tags().len(), ended(&speaker)), (1, 1));
}

#[test]
fn an_encoder_that_waits_for_on_fc_publish_gets_it() {
    let mut speaker = Speaker::new();
    speaker.connect();
    let said = commands(&speaker.say(0, Command::new("FCPublish", 3.0).text("key")));
    assert_eq!(said[1].name, "onFCPublish");
}

#[test]
fn gstreamers_order_without_the_old_commands_is_served() {
    let mut speaker = Speaker::new();
    speaker.open();
    assert_eq!(codes(&speaker.publish()), ["NetStream.Publish.Start"]);
    speaker.send(1, &audio(0));
    assert_eq!(speaker.host.tags().len(), 1);
}

#[test]
fn a_publish_that_ends_in_three_ways_at_once_ends_once() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.publish();
    speaker.mouth.command(1, &Command::new("closeStream", 0.0));
    speaker.mouth.command(
        0,
        &Command::new("deleteStream", 0.0).argument(Value::from(1.0)),
    );
    speaker.speak();
    speaker.host.input(Input::Closed(start()));
    assert_eq!(ended(&speaker), 1);
    assert_eq!(speaker.host.told().pop(), Some(Event::Closed));
}

#[test]
fn a_client_that_just_leaves_has_ended_its_publish() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.publish();
    speaker.host.input(Input::Closed(start()));
    assert_eq!(ended(&speaker), 1);
    assert_eq!(speaker.host.told().pop(), Some(Event::Closed));
}

#[test]
fn a_refused_client_may_ask_again() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.host.refuses = Some(("NetStream.Publish.BadName", "taken"));
    assert_eq!(codes(&speaker.publish()), ["NetStream.Publish.BadName"]);
    speaker.send(1, &picture(0, 100));
    assert!(speaker.host.tags().is_empty());
    speaker.host.refuses = None;
    assert_eq!(codes(&speaker.publish()), ["NetStream.Publish.Start"]);
}

#[test]
fn a_publish_on_no_stream_is_an_error_in_words() {
    let mut speaker = Speaker::new();
    speaker.connect();
    let publish = Command::new("publish", 5.0).text("key");
    assert_eq!(
        codes(&speaker.say(7, publish)),
        ["NetStream.Publish.Failed"]
    );
    assert_eq!(speaker.host.error, None);
}

#[test]
fn a_publish_twice_on_a_stream_is_an_error_in_words() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.publish();
    assert_eq!(codes(&speaker.publish()), ["NetStream.Publish.Failed"]);
}

#[test]
fn nothing_is_served_before_connect() {
    let mut speaker = Speaker::new();
    assert!(speaker.say(0, Command::new("createStream", 4.0)).is_empty());
    assert!(speaker.publish().is_empty());
    assert!(speaker.host.told().is_empty());
}

#[test]
fn metadata_loses_its_wrapping() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.publish();
    let mut wrapped = Vec::new();
    Value::from("@setDataFrame").write(&mut wrapped);
    wrapped.extend(metadata().body());
    let wrapped = Tag::from_body(TagKind::Script, 0, Bytes::from(wrapped));
    speaker.send(1, &wrapped);
    speaker.send(1, &metadata());
    let tags: Vec<_> = speaker
        .host
        .tags()
        .into_iter()
        .map(|(_, tag)| tag)
        .collect();
    assert_eq!(tags, [metadata(), metadata()]);
}

#[test]
fn an_aggregate_is_taken_apart() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.publish();
    let mut body = Vec::new();
    for tag in [picture(0, 40), audio(0)] {
        onair_flv::file::write_tag(&tag, &mut body);
    }
    speaker
        .mouth
        .message(1, MessageKind::Aggregate, &Bytes::from(body));
    speaker.speak();
    let tags: Vec<_> = speaker
        .host
        .tags()
        .into_iter()
        .map(|(_, tag)| tag)
        .collect();
    assert_eq!(tags, [picture(0, 40), audio(0)]);
}

#[test]
fn a_player_is_sent_what_the_application_gives_it() {
    let mut speaker = Speaker::new();
    speaker.open();
    let said = speaker.play();
    assert_eq!(
        codes(&said),
        ["NetStream.Play.Reset", "NetStream.Play.Start"]
    );
    let begins = Control::UserControl(UserControl::StreamBegin(1));
    assert!(
        said.iter()
            .any(|message| Control::parse(message).unwrap() == Some(begins.clone()))
    );
    let Some(Event::Play {
        stream, app, key, ..
    }) = speaker.host.told().pop()
    else {
        panic!()
    };
    assert_eq!((&*app, key.expose()), ("live", "key"));
    for tag in [metadata(), picture(0, 9000), audio(0)] {
        speaker.host.server.send(stream, &tag).unwrap();
        speaker.host.drain(start());
        let heard = speaker.listen();
        assert_eq!((heard[0].stream_id, &heard[0].payload), (1, &tag.body()));
    }
}

#[test]
fn a_player_is_told_when_the_server_closes() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.play();
    speaker.host.server.close(start());
    speaker.host.drain(start());
    let said = speaker.listen();
    assert_eq!(codes(&said), ["NetStream.Play.UnpublishNotify"]);
    let over = Control::UserControl(UserControl::StreamEof(1));
    assert!(
        said.iter()
            .any(|message| Control::parse(message).unwrap() == Some(over.clone()))
    );
    assert_eq!(speaker.host.told().pop(), Some(Event::Closed));
}

#[test]
fn answers_for_a_stream_that_is_gone_change_nothing() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.host.hesitates = true;
    speaker.publish();
    let Some(Event::Publish { stream, .. }) = speaker.host.told().pop() else {
        panic!()
    };
    speaker.say(
        0,
        Command::new("deleteStream", 0.0).argument(Value::from(1.0)),
    );
    speaker.host.server.accept(stream);
    speaker
        .host
        .server
        .refuse(stream, "NetStream.Publish.Denied", "late");
    speaker.host.server.send(stream, &audio(0)).unwrap();
    speaker.host.drain(start());
    assert!(speaker.listen().is_empty());
}

#[test]
fn a_client_that_asks_for_nothing_is_given_up() {
    let mut speaker = Speaker::new();
    speaker.open();
    let waiting_for = "a request to publish or play";
    speaker
        .host
        .input(Input::Timeout(start() + Duration::from_secs(10)));
    assert_eq!(speaker.host.error, Some(Error::TimedOut { waiting_for }));
}

#[test]
fn a_silent_connection_is_given_up() {
    let mut host = Host::new();
    host.input(Input::Timeout(start() + Duration::from_secs(10)));
    assert!(matches!(host.error, Some(Error::TimedOut { .. })));
}

#[test]
fn any_byte_is_a_sign_of_life() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.publish();
    let mut now = start();
    for _ in 0..5 {
        now += Duration::from_secs(30);
        speaker.host.input(Input::Timeout(now));
        now += Duration::from_secs(29);
        speaker
            .mouth
            .control(&Control::UserControl(UserControl::PingResponse(0)));
        speaker
            .host
            .input(Input::Receive(now, &speaker.mouth.take()));
    }
    assert_eq!(speaker.host.error, None);
}

#[test]
fn media_is_acknowledged_as_often_as_the_client_asks() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.publish();
    speaker.mouth.control(&Control::WindowAckSize(20_000));
    speaker.speak();
    let mut acknowledged = 0;
    for index in 0..100 {
        let said = speaker.send(1, &picture(index, 1000));
        let acks = said
            .iter()
            .filter(|m| m.kind == MessageKind::Acknowledgement);
        acknowledged += acks.count();
    }
    assert!((5..=11).contains(&acknowledged), "{acknowledged}");
}

#[test]
fn the_limit_on_early_media_counts_empty_messages_too() {
    let mut limits = Config::default();
    limits.pending_limit = 10_000;
    let mut host = Host::with(limits);
    host.hesitates = true;
    let mut speaker = Speaker::facing(host);
    speaker.open();
    speaker.publish();
    for _ in 0..10_000 {
        speaker.mouth.message(1, MessageKind::Audio, &Bytes::new());
    }
    speaker.speak();
    assert!(matches!(
        speaker.host.error,
        Some(Error::LimitExceeded { .. })
    ));
}

#[test]
fn two_streams_on_a_connection_are_kept_apart() {
    let mut speaker = Speaker::new();
    speaker.open();
    speaker.say(0, Command::new("createStream", 4.0));
    speaker.publish();
    speaker.say(2, Command::new("publish", 5.0).text("other"));
    speaker.send(2, &audio(0));
    speaker.send(1, &audio(1));
    let media = |event: Event| match event {
        Event::Media { stream, tag } => Some((stream.value(), tag)),
        _ => None,
    };
    let media: Vec<(u32, Tag)> = speaker.host.told().into_iter().filter_map(media).collect();
    assert_eq!(media, [(2, audio(0)), (1, untimed(audio(1)))]);
    let streams = |event: &Event| match event {
        Event::Publish { stream, .. } => Some(*stream),
        _ => None,
    };
    let streams: Vec<StreamId> = speaker.host.told().iter().filter_map(streams).collect();
    assert_eq!(
        streams
            .iter()
            .map(|stream| stream.value())
            .collect::<Vec<_>>(),
        [1, 2]
    );
}

/// The speaker says everything at time 0.
fn untimed(tag: Tag) -> Tag {
    Tag {
        timestamp: 0,
        ..tag
    }
}

#[test]
fn an_event_shows_no_secret_wherever_an_encoder_put_it() {
    for app in ["live?key=sesame", "live/sesame", "sesame"] {
        let event = Event::Connected {
            app: app.into(),
            tc_url: format!("rtmp://h/{app}").into(),
            flash_version: String::new(),
        };
        let shown = format!("{event:?}");
        assert!(shown.contains("rtmp://h"), "{shown}");
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
