#!/usr/bin/env python3
"""Builds onair for Swift: swift/OnairFFI.xcframework, its zip, and swift/Sources/Onair/Generated.

The XCFramework holds crates/ffi as a static library, for the iPhone and for the simulator on Macs
of both kinds, with its headers. Everything is made and checked without a Mac; Xcode has not opened
it yet. Exit status 77 means that this machine lacks a tool, which is named.
"""

import argparse
import hashlib
import plistlib
import re
import shutil
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bundle
import cargo
import layout
import stubs
import toolchain
from toolchain import MINIMUM_IOS, REPOSITORY, Failure, main, output, tool

CRATE = REPOSITORY / "crates/ffi"
SWIFT = REPOSITORY / "swift"
NAME = "OnairFFI"
LIBRARY = "libonair_ffi.a"

# An app pays for every byte, and links the rest of its own program to this. Panics have to
# unwind: UniFFI makes errors of them.
PROFILE = {"OPT_LEVEL": "s", "LTO": "fat", "CODEGEN_UNITS": "1", "STRIP": "none", "DEBUG": "0"}
QUICK = PROFILE | {"OPT_LEVEL": "0", "LTO": "off", "CODEGEN_UNITS": "16"}


@dataclass(frozen=True)
class Architecture:
    """One of a slice's: how Rust, Apple and a fat file's header call it."""

    target: str
    name: str
    cpu: tuple[int, int]


@dataclass(frozen=True)
class Slice:
    """A folder of the XCFramework: one platform, all its architectures in one file."""

    identifier: str
    variant: str | None
    platform: str
    architectures: tuple[Architecture, ...]


ARM64 = (0x0100_000C, 0)
X86_64 = (0x0100_0007, 3)
SLICES = (
    Slice("ios-arm64", None, "ios", (Architecture("aarch64-apple-ios", "arm64", ARM64),)),
    Slice("ios-arm64_x86_64-simulator", "simulator", "iossimulator",
          (Architecture("aarch64-apple-ios-sim", "arm64", ARM64), Architecture("x86_64-apple-ios", "x86_64", X86_64))),
)


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="do not optimise: enough to check, too large to ship")
    profile = QUICK if parser.parse_args().quick else PROFILE
    tool("clang")  # the last that is needed, asked for before minutes of compiling
    built = {architecture: build(architecture, profile) for part in SLICES for architecture in part.architectures}
    framework = SWIFT / f"{NAME}.xcframework"
    with tempfile.TemporaryDirectory() as folder:
        headers = bindings(built[SLICES[0].architectures[0]], Path(folder))
        lay_out(framework, built, headers)
    archive = framework.with_suffix(".xcframework.zip")
    bundle.pack(framework, archive)
    layout.refuse(framework, faults(framework))
    report(framework, archive)


def build(architecture: Architecture, profile: dict[str, str]) -> Path:
    """Compiles the static library for one target, without debug notes."""
    command = ["rustc", "--lib", "--crate-type", "staticlib"]
    cargo.build(CRATE / "Cargo.toml", architecture.target, command, profile=profile)
    library = cargo.target_directory() / architecture.target / "release" / LIBRARY
    stripped = library.with_suffix(".stripped.a")
    toolchain.run([tool("llvm-objcopy"), "--strip-debug", "--enable-deterministic-archives", library, stripped])
    return stripped


def bindings(library: Path, scratch: Path) -> Path:
    """Writes the Swift sources into the package; returns a folder with the headers and their map."""
    generated = SWIFT / "Sources/Onair/Generated"
    shutil.rmtree(generated, ignore_errors=True)
    generate(library, generated, scratch)
    return scratch


def generate(library: Path, sources: Path, headers: Path) -> None:
    """Writes the Swift sources, and all headers with the map of the module, for what is in a library."""
    bindgen = ["cargo", "run", "--quiet", "--locked", "--manifest-path", REPOSITORY / "apple/bindgen/Cargo.toml",
               "--target-dir", cargo.target_directory(), "--", library]
    toolchain.run([*bindgen, sources, "--swift-sources"])
    toolchain.run([*bindgen, headers, "--headers"])
    for header in (CRATE / "include").iterdir():
        shutil.copyfile(header, headers / header.name)


def lay_out(framework: Path, built: dict[Architecture, Path], headers: Path) -> None:
    """Writes the framework afresh. The headers are a folder down, where clang looks for a module of
    that name: Xcode puts the headers of all of an app's frameworks into one place."""
    shutil.rmtree(framework, ignore_errors=True)
    for part in SLICES:
        folder = framework / part.identifier
        folder.mkdir(parents=True)
        (folder / LIBRARY).write_bytes(fat([(architecture, built[architecture].read_bytes()) for architecture in part.architectures]))
        shutil.copytree(headers, folder / "Headers" / NAME)
    (framework / "Info.plist").write_bytes(plistlib.dumps(info()))


def info() -> dict:
    """The Info.plist: what is in which folder, as `xcodebuild -create-xcframework` writes it."""
    return {
        "CFBundlePackageType": "XFWK",
        "XCFrameworkFormatVersion": "1.0",
        "AvailableLibraries": [
            {
                "LibraryIdentifier": part.identifier,
                "LibraryPath": LIBRARY,
                "BinaryPath": LIBRARY,
                "HeadersPath": "Headers",
                "SupportedArchitectures": [architecture.name for architecture in part.architectures],
                "SupportedPlatform": "ios",
            } | ({"SupportedPlatformVariant": part.variant} if part.variant else {})
            for part in SLICES
        ],
    }


def fat(libraries: list[tuple[Architecture, bytes]]) -> bytes:
    """Several architectures in one file, after `mach-o/fat.h`; a single one is left as it is."""
    if len(libraries) == 1:
        return libraries[0][1]
    header, body = struct.pack(">2I", 0xCAFE_BABE, len(libraries)), b""
    start = -(-(8 + 20 * len(libraries)) // 8) * 8
    for architecture, data in libraries:
        header += struct.pack(">5I", *architecture.cpu, start + len(body), len(data), 3)
        body += data + bytes(-len(data) % 8)
    return header.ljust(start, b"\0") + body


def faults(framework: Path) -> Iterator[str]:
    """What would keep Xcode from linking against it, as far as that can be known here."""
    stated = plistlib.loads((framework / "Info.plist").read_bytes())["AvailableLibraries"]
    for part, entry in zip(SLICES, stated, strict=True):
        folder = framework / entry["LibraryIdentifier"]
        library = folder / entry["LibraryPath"]
        for architecture in entry["SupportedArchitectures"]:
            yield from slice_faults(library, architecture, part.platform)
            yield from header_faults(library, architecture, folder / entry["HeadersPath"] / NAME)
        for machine_path in layout.machine_paths(library.read_bytes()):
            yield f"{library.name} names a folder of this machine: {machine_path}"
        yield from module_faults(folder / entry["HeadersPath"])


def slice_faults(library: Path, architecture: str, platform: str) -> Iterator[str]:
    commands = output([tool("llvm-objdump"), "--macho", "--arch", architecture, "--private-headers", library])
    platforms = set(re.findall(r"^ *platform (\w+)", commands, re.MULTILINE))
    if platforms != {platform}:
        yield f"{library.parent.name}, {architecture}: its objects are for {platforms or 'nothing'}, not for {platform}"
    minimums = set(re.findall(r"^ *minos ([\d.]+)", commands, re.MULTILINE))
    if any(float(minimum) > float(MINIMUM_IOS) for minimum in minimums):
        yield f"{library.parent.name}, {architecture}: its objects ask for iOS {minimums}"


def header_faults(library: Path, architecture: str, headers: Path) -> Iterator[str]:
    """Functions a header declares have to be in the library, and what it takes from frameworks has to
    be in the map, since a static library cannot ask for it."""
    defined = symbols(library, architecture, "--defined-only")
    for header in sorted(headers.glob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(), flags=re.DOTALL)
        for function in sorted(set(re.findall(r"\b((?:uniffi|ffi)_onair\w+|onair_\w+)\s*\(", text))):
            if function not in defined:
                yield f"{header.name} declares {function}, which {library.parent.name}, {architecture}, does not define"
    linked = set(re.findall(r'link framework "(\w+)"', (headers / "module.modulemap").read_text()))
    wanted = {owner.name for symbol in symbols(library, architecture, "--undefined-only")
              if (owner := stubs.library_of(symbol, "ios")) and owner.is_framework}
    for missing in sorted(wanted - linked):
        yield f"the module map has no `link framework \"{missing}\"`, of which {library.parent.name}, {architecture}, uses symbols"


def module_faults(headers: Path) -> Iterator[str]:
    """clang reads the module as Swift's importer does; Apple's own headers are not there to be read."""
    with tempfile.NamedTemporaryFile("w", suffix=".m") as source:
        source.write(f"@import {NAME};\n")
        source.flush()
        command = [tool("clang"), "--target=arm64-apple-ios" + MINIMUM_IOS, "-ffreestanding", "-fmodules", "-fsyntax-only",
                   f"-fmodules-cache-path={headers.parent / 'cache'}", "-Wall", "-Werror", "-I", headers, source.name]
        try:
            output(command)
        except Failure as failure:
            yield f"clang does not take the module in {headers.parent.name}: {failure}"
        finally:
            shutil.rmtree(headers.parent / "cache", ignore_errors=True)


def symbols(library: Path, architecture: str, which: str) -> set[str]:
    listed = output([tool("llvm-nm"), "--no-llvm-bc", f"--arch={architecture}", which, "--extern-only", "--just-symbol-name", "--quiet", library])
    return {line.removeprefix("_") for line in listed.split() if line.startswith("_")}


def report(framework: Path, archive: Path) -> None:
    for part in SLICES:
        library = framework / part.identifier / LIBRARY
        print(f"{part.identifier:28} {library.stat().st_size / layout.MEGABYTE:.1f} MB")
    print(f"{archive.name:28} {archive.stat().st_size / layout.MEGABYTE:.1f} MB, checksum {hashlib.sha256(archive.read_bytes()).hexdigest()}")
    print(f"checked, not run, nor opened in Xcode: {framework}")


if __name__ == "__main__":
    main(run)
