//! What is kept from one launch to the next, as text for the user defaults: everything but the
//! keys, one item a line. Lines that a later version added, or that are damaged, are ignored.
//!
//! ```text
//! size 720p
//! fps 30
//! bitrate 2500
//! stabilise standard
//! camera back
//! record on
//! to 3 on rtmp://live.example/app My show
//! ```

use std::fmt::Write as _;

use onair::av::device::{Position, Stabilisation};
use onair::media::Bitrate;

use crate::destination::{MAX_DESTINATIONS, tidy};
use crate::settings::FRAME_RATES;
use crate::{Definition, Destination, Id, Settings};

const STABILISATIONS: [(&str, Stabilisation); 3] = [
    ("off", Stabilisation::Off),
    ("standard", Stabilisation::Standard),
    ("cinematic", Stabilisation::Cinematic),
];

const CAMERAS: [(&str, Position); 2] = [("back", Position::Back), ("front", Position::Front)];

const SWITCH: [(&str, bool); 2] = [("on", true), ("off", false)];

/// Writes what [`read`] understands.
pub fn write(settings: &Settings, destinations: &[Destination]) -> String {
    let mut text = format!(
        "size {}\nfps {}\nstabilise {}\ncamera {}\nrecord {}\n",
        settings.definition.name(),
        settings.frame_rate,
        word(&STABILISATIONS, settings.stabilisation),
        word(&CAMERAS, settings.camera),
        word(&SWITCH, settings.records),
    );
    if let Some(bitrate) = settings.bitrate {
        writeln!(text, "bitrate {}", bitrate.as_kbps()).ok();
    }
    for one in destinations {
        let (id, active) = (one.id.0, word(&SWITCH, one.is_active));
        writeln!(text, "to {id} {active} {} {}", one.shown, tidy(&one.name)).ok();
    }
    text
}

/// Reads what [`write()`] wrote; the destinations have no address yet.
pub fn read(text: &str) -> (Settings, Vec<Destination>) {
    let mut settings = Settings::default();
    let mut destinations = Vec::new();
    for line in text.lines() {
        let Some((label, value)) = line.split_once(' ') else {
            continue;
        };
        if label != "to" {
            read_setting(label, value, &mut settings);
        } else if let Some(one) = read_destination(value, &destinations) {
            destinations.push(one);
        }
    }
    (settings, destinations)
}

fn read_setting(label: &str, value: &str, settings: &mut Settings) {
    match label {
        "size" => set(&mut settings.definition, definition(value)),
        "fps" => set(&mut settings.frame_rate, frame_rate(value)),
        "bitrate" => settings.bitrate = bitrate(value),
        "stabilise" => set(&mut settings.stabilisation, meaning(&STABILISATIONS, value)),
        "camera" => set(&mut settings.camera, meaning(&CAMERAS, value)),
        "record" => set(&mut settings.records, meaning(&SWITCH, value)),
        _ => {}
    }
}

fn read_destination(value: &str, before: &[Destination]) -> Option<Destination> {
    let mut parts = value.splitn(4, ' ');
    let id = Id(parts.next()?.parse().ok()?);
    let is_active = meaning(&SWITCH, parts.next()?)?;
    let shown = parts.next()?.to_owned();
    let is_new = before.len() < MAX_DESTINATIONS && before.iter().all(|one| one.id != id);
    is_new.then(|| Destination {
        id,
        name: tidy(parts.next().unwrap_or_default()),
        shown,
        is_active,
        address: None,
    })
}

fn definition(value: &str) -> Option<Definition> {
    let mut all = Definition::ALL.into_iter();
    all.find(|definition| definition.name() == value)
}

fn frame_rate(value: &str) -> Option<u32> {
    let value = value.parse().ok()?;
    FRAME_RATES.contains(&value).then_some(value)
}

fn bitrate(value: &str) -> Option<Bitrate> {
    let bitrate = Bitrate::kbps(value.parse().ok()?);
    Settings::BITRATES.contains(&bitrate).then_some(bitrate)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn word<T: PartialEq>(words: &[(&'static str, T)], meaning: T) -> &'static str {
    let found = words.iter().find(|(_, one)| *one == meaning);
    found.map_or("", |(word, _)| word)
}

fn meaning<T: Copy>(words: &[(&'static str, T)], word: &str) -> Option<T> {
    let found = words.iter().find(|(one, _)| *one == word);
    found.map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Address;

    fn destination(id: u32, name: &str) -> Destination {
        let address = Address::new("rtmp://me:pw@live.example/app?sig=1", "hush").unwrap();
        Destination {
            id: Id(id),
            name: name.to_owned(),
            shown: address.shown(),
            is_active: id == 1,
            address: Some(address),
        }
    }

    #[test]
    fn what_was_saved_is_read_back_without_the_keys() {
        let settings = Settings {
            definition: Definition::P1080,
            frame_rate: 60,
            bitrate: Some(Bitrate::kbps(4500)),
            stabilisation: Stabilisation::Cinematic,
            camera: Position::Front,
            records: true,
        };
        let destinations = vec![destination(1, "My show"), destination(7, "")];
        let text = write(&settings, &destinations);
        for secret in ["pw", "sig", "hush"] {
            assert!(!text.contains(secret), "{text}");
        }
        let without_keys = destinations.into_iter().map(|one| Destination {
            address: None,
            ..one
        });
        assert_eq!(read(&text), (settings, without_keys.collect()));
    }

    #[test]
    fn damaged_and_unknown_lines_are_passed_over() {
        let text = "size 8000p\nfps 31\nbitrate 1\ncamera sideways\nhologram on\nto\nto x on a b\n\
                    to 1 maybe a b\nto 2 on rtmp://a/b A name\nto 2 on rtmp://c/d Again\nrecord";
        let (settings, destinations) = read(text);
        assert_eq!(settings, Settings::default());
        assert_eq!(destinations.len(), 1);
        assert_eq!(destinations[0].name, "A name");
    }

    #[test]
    fn a_list_without_end_is_cut() {
        let text: String = (0..1000).map(|id| format!("to {id} on s n\n")).collect();
        assert_eq!(read(&text).1.len(), MAX_DESTINATIONS);
    }
}
