//! The program's output for programs is as docs/json says.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::common::{Dir, Manner, Peer, Ran};

/// One of the schemas in docs/json: the part of JSON Schema 2020-12 that they use.
struct Schema(Value);

impl Schema {
    fn of(name: &str) -> Self {
        let file = format!(
            "{}/../../docs/json/{name}.schema.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        Self(serde_json::from_str(&text).expect("JSON"))
    }

    /// What is wrong with `value`, and where.
    fn faults(&self, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(&self.0, value, "", &mut faults);
        faults
    }

    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        for (keyword, rule) in schema.as_object().expect("a schema is an object") {
            let is_well = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "required" => true,
                "$ref" => {
                    let name = rule.as_str().and_then(|name| name.strip_prefix("#/$defs/"));
                    let named = &self.0["$defs"][name.expect("a reference to $defs")];
                    self.check(named, value, at, faults);
                    true
                }
                "type" => is_of_type(rule, value),
                "const" => rule == value,
                "enum" => rule.as_array().expect("a list").contains(value),
                "properties" => {
                    let value = value.as_object().cloned().unwrap_or_default();
                    self.check_properties(schema, &value, at, faults);
                    true
                }
                "additionalProperties" => *rule == json!(false),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(rule, item, &format!("{at}/{index}"), faults);
                    }
                    true
                }
                "oneOf" => self.fits_one(rule, value, at, faults),
                other => panic!("the schema uses {other}, which this test does not know"),
            };
            if !is_well {
                faults.push(format!("{at}: {keyword} {rule} does not hold for {value}"));
            }
        }
    }

    fn check_properties(
        &self,
        schema: &Value,
        value: &Map<String, Value>,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        let known = schema["properties"].as_object().expect("an object");
        for (name, value) in value {
            match known.get(name) {
                Some(rule) => self.check(rule, value, &format!("{at}/{name}"), faults),
                None => faults.push(format!("{at}/{name} is not documented")),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().expect("a name");
            if !value.contains_key(name) {
                faults.push(format!("{at}/{name} is missing"));
            }
        }
    }

    /// If none fits, tells what is wrong with the closest.
    fn fits_one(&self, rules: &Value, value: &Value, at: &str, faults: &mut Vec<String>) -> bool {
        let attempts = rules.as_array().expect("a list").iter().map(|rule| {
            let mut faults = Vec::new();
            self.check(rule, value, at, &mut faults);
            faults
        });
        let attempts: Vec<_> = attempts.collect();
        if attempts.iter().filter(|faults| faults.is_empty()).count() == 1 {
            return true;
        }
        let nearest = attempts.into_iter().min_by_key(Vec::len);
        faults.extend(nearest.unwrap_or_default());
        false
    }
}

fn is_of_type(rule: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("a type's name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("{other} is no type"),
    };
    rule.as_array()
        .map_or_else(|| is(rule), |names| names.iter().any(is))
}

/// Checks every line; gives how many are numbers, and how many reports.
pub(crate) fn check_lines(name: &str, lines: &str) -> [usize; 2] {
    let schema = Schema::of(name);
    let mut counts = [0, 0];
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).expect("JSON");
        let faults = schema.faults(&value);
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{line}");
        counts[usize::from(value["report"] == true)] += 1;
    }
    counts
}

const SMALL: &str = "--size 160x90 --bitrate 100k --stats json";

#[test]
fn a_schema_finds_what_is_missing_odd_or_new() {
    let schema = Schema::of("devices");
    let good = json!({"cameras": [], "microphones": [], "screens": [], "encoders": []});
    assert_eq!(schema.faults(&good), [""; 0]);
    for (name, value) in [
        ("cameras", json!(null)),
        ("cameras", json!([{"id": "1"}])),
        ("new", json!(1)),
        (
            "encoders",
            json!([{"name": 1, "kind": "smell", "codec": "", "hardware": null,
                             "default": true, "notes": []}]),
        ),
    ] {
        let mut odd = good.clone();
        odd[name] = value;
        assert!(!schema.faults(&odd).is_empty(), "{odd}");
    }
}

#[test]
fn what_publish_and_demo_count_is_as_documented() {
    let (dir, peer) = (Dir::new(), Peer::new(Manner::Accept));
    let refusing = Peer::new(Manner::Refuse("NetStream.Publish.Denied", "not you"));
    let (good, bad) = (peer.url(), refusing.url());
    let line = format!("publish --to {good} --to {bad} {SMALL} --record copy.mp4");
    let ran = dir.run(&format!("{line} --duration 2500ms"));
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert_eq!(check_lines("publish", &ran.stdout), [2, 1]);
    let ran = dir.run(&format!("publish --to {good} --from copy.mp4 --stats json"));
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(check_lines("publish", &ran.stdout)[1], 1);
    std::fs::write(dir.path().join("raw.y4m"), raw_pictures(5)).expect("a file");
    let piped = dir
        .onair(&format!(
            "publish --to {good} --from - --format y4m --stats json"
        ))
        .stdin(File::open(dir.path().join("raw.y4m")).expect("the file"))
        .output()
        .expect("the program starts");
    let ran = Ran::from(piped);
    assert_eq!(check_lines("publish", &ran.stdout)[1], 1, "{ran:?}");
    assert!(
        ran.stdout.contains(r#""capture":{"video":{"repeated":"#),
        "{ran:?}"
    );
    let ran = dir.run(&format!("demo --no-open --web 0 {SMALL} --duration 1s"));
    assert_eq!(check_lines("publish", &ran.stdout)[1], 1);
}

/// `count` frames at ten a second.
fn raw_pictures(count: usize) -> Vec<u8> {
    let mut raw = b"YUV4MPEG2 W64 H48 F10:1 C420\n".to_vec();
    for _ in 0..count {
        raw.extend(b"FRAME\n");
        raw.extend([128; 64 * 48 * 3 / 2]);
    }
    raw
}

#[cfg(unix)]
#[test]
fn what_receive_counts_is_as_documented() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    let address = free.expect("a free port");
    let dir = Dir::new();
    let mut command = dir.onair(&format!("receive -q --listen {address} --stats json"));
    let mut receiver = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut numbers = BufReader::new(receiver.stdout.take().expect("it is piped"));
    let line = format!("publish -q --to rtmp://{address}/live/cam --size 160x90 --bitrate 100k");
    let mut publisher = dir.onair(&line).spawn().expect("it starts");
    let mut lines = String::new();
    while !lines.contains("live/cam") {
        assert!(
            numbers.read_line(&mut lines).expect("it counts") > 0,
            "{lines}"
        );
    }
    for child in [&publisher, &receiver] {
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.expect("kill is there").success());
    }
    numbers.read_to_string(&mut lines).expect("it counts");
    assert_eq!(receiver.wait().expect("it ends").code(), Some(0));
    publisher.wait().expect("it ends");
    let [numbers, reports] = check_lines("receive", &lines);
    assert!(numbers > 0 && reports == 1, "{lines}");
}

#[test]
fn what_devices_lists_is_as_documented() {
    let ran = Dir::new().run("devices --json");
    assert_eq!(check_lines("devices", &ran.stdout), [1, 0]);
}

/// Files of every container, with and without faults.
#[test]
fn what_inspect_says_is_as_documented() {
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../demux/testdata");
    let mut count = 0;
    for file in std::fs::read_dir(files).expect("there are files").flatten() {
        let path = file.path();
        let ending = path.extension().and_then(|ending| ending.to_str());
        if !matches!(ending, Some("mp4" | "mov" | "flv" | "ts" | "mkv")) {
            continue;
        }
        let line = format!("inspect --json {}", path.display());
        let ran = Dir::new().run(&line);
        count += check_lines("inspect", &ran.stdout)[0];
    }
    assert!(count > 5, "only {count} files");
}
