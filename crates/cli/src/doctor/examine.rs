//! From step to step, as far as they go.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use onair::Fault;
use onair::demux::Verdict;
use onair::media::Bitrate;
use onair::rtmp::publisher::{Config, Flight, Step as Reached};
use onair::rtmp::{Credentials, Error, Url};

use super::address::{self, Address};
use super::cause::Cause;
use super::diagnosis;
use super::dialogue::{Answer, endless, introduce, log_in, shake_hands};
use super::media::{Media, Wanted};
use super::report::{Check, Finding, Good, Outcome, Rate, Report, Step, good};
use super::route::{Route, bare, connect, resolve, secure};
use super::session::Session;
use super::uplink::{self, Flow};
use super::world::World;

/// What to look at.
pub(crate) struct Question<'a> {
    pub(crate) url: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) wanted: Wanted,
    /// How long to publish.
    pub(crate) lasts: Duration,
    /// Whether to publish at all.
    pub(crate) publishes: bool,
}

/// Takes all steps in their order; tells each as soon as it is done.
pub(crate) fn examine(
    question: &Question<'_>,
    world: &dyn World,
    tell: &mut dyn FnMut(&Check),
) -> Report {
    let mut examination = Examination {
        question,
        world,
        tell,
        report: Report {
            url: "***".to_owned(),
            service: None,
            wanted: question.wanted.in_all(),
            checks: Vec::new(),
            carries: None,
        },
    };
    let _first_failure = examination.all();
    examination.finish()
}

struct Examination<'a> {
    question: &'a Question<'a>,
    world: &'a dyn World,
    tell: &'a mut dyn FnMut(&Check),
    report: Report,
}

impl<'a> Examination<'a> {
    fn all(&mut self) -> Option<()> {
        let question = self.question;
        let address = self.step(Step::Address, |_| {
            let mut address = address::read(question.url, question.key)?;
            let (says, notes) = (address.says(), std::mem::take(&mut address.notes));
            Ok(good(address, says).noting(notes))
        })?;
        self.report.url = address.url.to_string();
        self.report.service = address.service.map(|service| service.name);
        let (media, offered) = self.rules(&address)?;
        let route = self.route(&address)?;
        let session = self.conversation(&address.url, &route)?;
        if !question.publishes {
            for step in [Step::Publish, Step::Media, Step::Uplink] {
                self.skip(step, "left out: --no-publish");
            }
            return None;
        }
        self.publish(session, &media, offered)
    }

    /// Encodes the test card, and asks what the service has against it.
    fn rules(&mut self, address: &Address) -> Option<(Media, Bitrate)> {
        let wanted = self.question.wanted;
        let media = match Media::encode(&wanted) {
            Ok(media) => media,
            Err(error) => {
                let finding = Finding::new(Fault::Internal, format!("the test card: {error}"));
                return self.step(Step::Rules, |_| Err(finding));
            }
        };
        let report = media.surveyed(wanted.in_all());
        let name = address.service.map(|service| service.name);
        let verdict = |verdict: &&Verdict| Some(verdict.service) == name;
        let Some(verdict) = report.verdicts.iter().find(verdict) else {
            self.skip(Step::Rules, "none are known for this host");
            return Some((media, more(wanted.in_all())));
        };
        let b_frames = report.tracks.iter().find_map(|track| track.b_frames);
        let says = described(&wanted, verdict.service, b_frames);
        self.step(Step::Rules, |_| {
            rules(media, &wanted, verdict).map(|good| good.saying(says))
        })
    }

    /// Where to connect: a name, an address of it, and TLS.
    fn route(&mut self, address: &Address) -> Option<Route> {
        let (host, port) = (bare(&address.url).to_owned(), address.url.port());
        let found = self.step(Step::Name, |world| resolve(world, &host, port))?;
        let to = self.step(Step::Tcp, |world| connect(world, &found, &host))?;
        let route = Route {
            to,
            host,
            is_secure: address.is_secure(),
        };
        match route.is_secure {
            true => self.step(Step::Tls, |world| secure(world, &route))?,
            false => self.skip(Step::Tls, "rtmp:// has none"),
        }
        Some(route)
    }

    /// Handshake, connect, login.
    fn conversation(&mut self, url: &Url, route: &Route) -> Option<Session<'a>> {
        let mut config = Config::new(url.clone());
        config.flight = Flight::Classic;
        config.seed = seed(self.world.now());
        if let Some(credentials) = &self.question.credentials {
            config.credentials = Some(credentials.clone());
        }
        let session = self.step(Step::Handshake, |world| shake_hands(world, route, config))?;
        match self.step(Step::Connect, |world| introduce(world, session))? {
            Answer::Welcome(session) => {
                self.skip(Step::Login, "not asked for");
                Some(*session)
            }
            Answer::Challenge(retry) => self.step(Step::Login, |world| log_in(world, *retry)),
        }
    }

    fn publish(&mut self, mut session: Session<'a>, media: &Media, offered: Bitrate) -> Option<()> {
        let lasts = self.question.lasts;
        self.step(Step::Publish, |_| match session.until(Reached::Live) {
            Ok(None) => Ok(good((), "the server takes the stream")),
            Ok(Some(_)) => Err(endless()),
            Err(error) => Err(diagnosis::of_conversation(&error, session.reached())),
        })?;
        let flow = self.step(Step::Media, |_| {
            let (flow, result) = session.stream(media.feed(offered), &media.tracks, lasts);
            sent(flow, result)
        })?;
        let carries = uplink::carried(&flow);
        self.report.carries = Some(carries);
        let wanted = self.report.wanted;
        self.step(Step::Uplink, |_| {
            let least = if carries.at_least { "at least " } else { "" };
            let says = format!("{least}{}", Rate(carries.rate));
            Ok(good((), says).noting(uplink::judge(carries, wanted)?))
        })
    }

    /// Takes a step, and tells what came of it.
    fn step<T>(
        &mut self,
        step: Step,
        take: impl FnOnce(&'a dyn World) -> Result<Good<T>, Finding>,
    ) -> Option<T> {
        let began = self.world.now();
        let result = take(self.world);
        let took = self.world.now().saturating_duration_since(began);
        match result {
            Ok(Good { value, says, notes }) => {
                let check = Check::new(step, Outcome::Ok).saying(says).taking(took);
                self.tell(check.finding(notes));
                Some(value)
            }
            Err(finding) => {
                let at = finding.step.unwrap_or(step);
                if at != step {
                    self.tell(Check::new(step, Outcome::Ok).taking(took));
                }
                let check = Check::new(at, Outcome::Failed).finding(vec![finding]);
                self.tell(if at == step {
                    check.taking(took)
                } else {
                    check
                });
                None
            }
        }
    }

    fn skip(&mut self, step: Step, why: &str) {
        self.tell(Check::new(step, Outcome::Skipped).saying(why));
    }

    fn tell(&mut self, check: Check) {
        (self.tell)(&check);
        self.report.checks.push(check);
    }

    /// What is left was not reached.
    fn finish(mut self) -> Report {
        let done: Vec<_> = self.report.checks.iter().map(|check| check.step).collect();
        for step in Step::ALL {
            if !done.contains(&step) {
                self.tell(Check::new(step, Outcome::NotReached));
            }
        }
        self.report
    }
}

/// A broadcast in words, and who takes it.
fn described(wanted: &Wanted, service: &str, b_frames: Option<bool>) -> String {
    let b_frames = match b_frames {
        Some(true) => "B-frames",
        Some(false) | None => "no B-frames",
    };
    format!(
        "{service} takes {}, {} fps, a keyframe every {} s, {b_frames}, {}",
        wanted.size,
        wanted.frame_rate,
        wanted.keyframe.as_secs_f64(),
        Rate(wanted.in_all())
    )
}

/// What a service says of a broadcast like this, and the rate to try the line with.
fn rules(
    media: Media,
    wanted: &Wanted,
    verdict: &Verdict,
) -> Result<Good<(Media, Bitrate)>, Finding> {
    let mut notes = Vec::new();
    for objection in &verdict.objections {
        let words = format!("{} ({})", objection.reason, objection.source);
        let finding = Finding::new(Cause::RuleBroken, words);
        match objection.needed {
            true => return Err(finding),
            false => notes.push(finding),
        }
    }
    let more = more(wanted.in_all());
    let verdicts = media.surveyed(more).verdicts;
    let is_too_much = |other: &Verdict| other.service == verdict.service && !other.ready;
    let offered = match verdicts.iter().any(is_too_much) {
        true => wanted.in_all(),
        false => more,
    };
    Ok(good((media, offered), "").noting(notes))
}

/// A line should carry half as much again.
fn more(wanted: Bitrate) -> Bitrate {
    Bitrate::bps(wanted.as_bps() / 2 * 3)
}

/// What came of the media.
fn sent(flow: Flow, result: Result<(), Error>) -> Result<Good<Flow>, Finding> {
    let lasted = flow.lasted;
    result.map_err(|error| diagnosis::of_drop(&error, lasted))?;
    if uplink::carried(&flow).rate.as_bps() == 0 {
        let words = "the server took the stream, and after the first bytes read nothing of it";
        return Err(Finding::new(Cause::NothingRead, words));
    }
    let says = format!(
        "a test card for {:.1} s, and it was kept",
        lasted.as_secs_f64()
    );
    Ok(good(flow, says))
}

/// Bytes that no other connection has.
fn seed(now: Instant) -> u64 {
    RandomState::new().hash_one(now)
}
