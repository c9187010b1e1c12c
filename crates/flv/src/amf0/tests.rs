use super::*;
use crate::Error;

/// The connect command object of a real publisher, by hand from the specification.
fn every_kind() -> Vec<Value> {
    vec![
        "connect".into(),
        1.0.into(),
        Value::object([
            ("app", "live".into()),
            ("fpad", false.into()),
            ("videoCodecs", 252.0.into()),
            ("nested", Value::object([("deep", Value::Null)])),
        ]),
        Value::ecma_array([("width", 1280.0.into()), ("stereo", true.into())]),
        Value::StrictArray(vec![Value::Undefined, Value::Reference(3), "x".into()]),
        Value::Date {
            millis: 1e12,
            time_zone: -60,
        },
        Value::Unsupported,
        Value::Xml("<a/>".into()),
        Value::TypedObject {
            class: "Point".into(),
            properties: vec![("x".into(), 1.5.into())],
        },
        Value::String("l".repeat(70_000)),
    ]
}

#[test]
fn values_are_written_as_the_specification_has_them() {
    let cases: [(Value, &[u8]); 9] = [
        (1.0.into(), &[0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]),
        (true.into(), &[1, 1]),
        ("ab".into(), &[2, 0, 2, b'a', b'b']),
        (
            Value::object([("a", Value::Null)]),
            &[3, 0, 1, b'a', 5, 0, 0, 9],
        ),
        (
            Value::ecma_array([("a", Value::Undefined)]),
            &[8, 0, 0, 0, 1, 0, 1, b'a', 6, 0, 0, 9],
        ),
        (Value::StrictArray(vec![Value::Null]), &[10, 0, 0, 0, 1, 5]),
        (
            Value::Date {
                millis: 0.0,
                time_zone: 1,
            },
            &[11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
        ),
        (Value::Reference(258), &[7, 1, 2]),
        (Value::Xml("x".into()), &[15, 0, 0, 0, 1, b'x']),
    ];
    for (value, bytes) in cases {
        assert_eq!(write_all(std::slice::from_ref(&value)), bytes, "{value:?}");
        assert_eq!(read(bytes), Ok((value, bytes.len())));
    }
}

#[test]
fn every_kind_reads_back_what_was_written() {
    let values = every_kind();
    assert_eq!(read_all(&write_all(&values)), Ok(values));
}

#[test]
fn one_value_is_read_and_the_rest_left() {
    let bytes = write_all(&["a".into(), Value::Null]);
    assert_eq!(read(&bytes), Ok(("a".into(), 4)));
}

#[test]
fn every_prefix_is_truncated_and_every_flip_survives() {
    let mut values = every_kind();
    values.pop();
    let bytes = write_all(&values);
    for len in 1..bytes.len() {
        match read_all(&bytes[..len]) {
            Ok(read) => assert_eq!(read, values[..read.len()]),
            Err(error) => assert_eq!(error, Error::truncated("AMF0 value", len)),
        }
    }
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            drop(read_all(&bytes));
        }
    }
}

#[test]
fn an_ecma_arrays_count_is_not_believed() {
    let bytes = [8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, b'a', 5, 0, 0, 9];
    let expected = Value::ecma_array([("a", Value::Null)]);
    assert_eq!(read(&bytes), Ok((expected, bytes.len())));
}

#[test]
fn a_strict_arrays_count_allocates_nothing() {
    let bytes = [10, 0xFF, 0xFF, 0xFF, 0xFF, 5];
    assert_eq!(read(&bytes), Err(Error::truncated("AMF0 value", 6)));
}

#[test]
fn nesting_is_followed_to_the_limit_and_no_deeper() {
    let nested = |depth: usize| [10, 0, 0, 0, 1].repeat(depth);
    let mut deepest = nested(MAX_DEPTH);
    deepest.push(5);
    assert!(read(&deepest).is_ok());
    let error = read(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert!(matches!(
        error,
        Error::TooMuch {
            limit: MAX_DEPTH,
            ..
        }
    ));
}

#[test]
fn values_are_counted_across_the_whole_message() {
    assert_eq!(read_all(&[5; MAX_VALUES]).unwrap().len(), MAX_VALUES);
    let error = read_all(&[5; MAX_VALUES + 1]).unwrap_err();
    assert!(matches!(
        error,
        Error::TooMuch {
            limit: MAX_VALUES,
            ..
        }
    ));
}

#[test]
fn text_in_latin_1_is_read_with_replacements() {
    let (value, _) = read(&[2, 0, 3, b'a', 0xE9, b'b']).unwrap();
    assert_eq!(value.as_str(), Some("a\u{FFFD}b"));
}

#[test]
fn a_name_grown_by_replacements_is_cut_to_what_can_be_written() {
    let mut bytes = vec![3, 0xFF, 0xFF];
    bytes.extend([0xFF; 0xFFFF]);
    bytes.extend([5, 0, 0, 9]);
    let (value, _) = read(&bytes).unwrap();
    let written = write_all(std::slice::from_ref(&value));
    assert_eq!(read(&written), Ok((value, written.len())));
}

#[test]
fn foreign_markers_are_named() {
    for (marker, part) in [(0x11, "AMF3"), (0x04, "movie clip"), (0x0E, "record set")] {
        let error = read(&[marker]).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }));
        assert!(error.to_string().contains(part));
    }
    assert!(matches!(read(&[0x12]), Err(Error::Invalid { at: 0, .. })));
    assert!(matches!(read(&[9]), Err(Error::Invalid { at: 0, .. })));
}

#[test]
fn the_last_of_a_repeated_name_counts() {
    let value = Value::object([("a", 1.0.into()), ("a", 2.0.into())]);
    assert_eq!(value.get("a").and_then(Value::as_f64), Some(2.0));
    assert_eq!(value.get("b"), None);
    assert_eq!(Value::Null.get("a"), None);
}
