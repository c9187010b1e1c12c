//! `include/onair.h` is written by hand: here is what keeps it and the Rust side together.

use std::process::Command;

const HEADER: &str = include_str!("../../include/onair.h");
const FUNCTIONS: &str = concat!(
    include_str!("../../src/c.rs"),
    include_str!("../../src/c/device.rs")
);
const NUMBERS: &str = concat!(
    include_str!("../../src/push.rs"),
    include_str!("../../src/c/device.rs")
);

/// Its name, and its parameters' types and its result as C calls them.
type Function = (String, Vec<&'static str>);

#[test]
fn the_header_and_the_rust_side_have_the_same_functions() {
    let (declared, defined) = (declared(), defined());
    assert!(declared.len() >= 5, "{declared:?}");
    assert_eq!(declared, defined);
}

#[test]
fn the_header_and_the_rust_side_have_the_same_numbers() {
    let defines = HEADER.lines().filter_map(|line| {
        let (name, value) = line.strip_prefix("#define ONAIR_")?.split_once(' ')?;
        let value = value.trim_matches(['(', ')']).parse().ok()?;
        Some((name.replace('_', "").to_lowercase(), value))
    });
    let variants = NUMBERS.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_suffix(',')?.split_once(" = ")?;
        Some((name.to_lowercase(), value.parse().ok()?))
    });
    let (mut declared, mut defined): (Vec<(_, i32)>, Vec<(_, i32)>) =
        (defines.collect(), variants.collect());
    declared.sort();
    defined.sort();
    assert!(declared.len() >= 6, "{declared:?}");
    assert_eq!(declared, defined);
}

/// Where there is a clang: it needs no SDK for this.
#[test]
fn the_header_compiles_as_c_and_as_cplusplus_for_a_phone() {
    let Some(clang) = ["clang-22", "clang", "/usr/lib/llvm-22/bin/clang"]
        .into_iter()
        .find(|clang| Command::new(clang).arg("--version").output().is_ok())
    else {
        eprintln!("SKIPPED: there is no clang to read the header with");
        return;
    };
    let header = concat!(env!("CARGO_MANIFEST_DIR"), "/include/onair.h");
    for language in ["c-header", "c++-header", "objective-c-header"] {
        let checked = Command::new(clang)
            .args([
                "--target=arm64-apple-ios15.0",
                "-ffreestanding",
                "-fsyntax-only",
            ])
            .args(["-Wall", "-Wextra", "-Werror", "-x", language, header])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{language}: {said}");
    }
}

fn declared() -> Vec<Function> {
    let code = HEADER
        .split("*/")
        .filter_map(|part| part.split("/*").next());
    let statements = code.flat_map(|part| part.split(';'));
    let function = |statement: &'static str| {
        let (front, parameters) = statement.split_once("(")?;
        let (result, name) = front.trim().rsplit_once(' ')?;
        let name = name.strip_prefix("onair_")?;
        let parameters = parameters.trim().strip_suffix(')')?.split(',');
        let types = parameters.map(|parameter| kind(parameter.trim().rsplit_once(' ').unwrap().0));
        Some((name.to_owned(), types.chain([kind(result)]).collect()))
    };
    sorted(statements.filter_map(function))
}

fn defined() -> Vec<Function> {
    let functions = FUNCTIONS.split("extern \"C\" fn onair_").skip(1);
    sorted(functions.map(|function| {
        let (name, rest) = function.split_once('(').unwrap();
        let (parameters, rest) = rest.split_once(')').unwrap();
        let result = rest
            .split_once(" -> ")
            .unwrap()
            .1
            .split_once(" {")
            .unwrap()
            .0;
        let parameters = parameters.trim().trim_end_matches(',').split(',');
        let types = parameters.map(|parameter| kind(parameter.split_once(": ").unwrap().1));
        (name.to_owned(), types.chain([kind(result)]).collect())
    }))
}

fn sorted(functions: impl Iterator<Item = Function>) -> Vec<Function> {
    let mut functions: Vec<_> = functions.collect();
    functions.sort();
    functions
}

/// What a type is, in either language.
fn kind(name: &'static str) -> &'static str {
    match name.trim().trim_end_matches("_Nullable").trim() {
        "uint64_t" | "u64" => "u64",
        "int64_t" | "i64" => "i64",
        "int32_t" | "i32" => "i32",
        "CMSampleBufferRef" | "CVPixelBufferRef" | "*const c_void" => "object",
        "void *" | "*mut c_void" => "reference",
        other => panic!("a type that is not known here: {other}"),
    }
}
