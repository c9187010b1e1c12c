#!/usr/bin/env python3
"""Builds the iPhone app: compiles, links, bundles, packs, checks. No Mac and no SDK is needed.

The result is signed ad hoc, which no iPhone accepts as it is: docs/iphone.md says how to put
your own signature on it. Exit status 77 means that this machine lacks a tool, which is named.
"""

import argparse
import hashlib
import sys
from pathlib import Path

import bundle
import cargo
import imports
import layout
from macho import Executable
from toolchain import MINIMUM_IOS, REPOSITORY, Failure, main

TARGET = "aarch64-apple-ios"
MANIFEST = REPOSITORY / "apps/ios/Cargo.toml"

# -x and -S leave out local symbols and debug notes, which hold paths; the padding is room for
# the load commands that signing tools add.
LINK_ARGUMENTS = ("-adhoc_codesign", "-x", "-S", "-headerpad", "0x1000")


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identifier", default="org.onair.Onair",
                        help="the bundle identifier; one account cannot sign another's (default: %(default)s)")
    parser.add_argument("--build-number", default="1", help="CFBundleVersion, to grow with every upload (default: %(default)s)")
    parser.add_argument("--twice", action="store_true", help="link and pack a second time, and compare the bytes")
    parser.add_argument("--sdk", type=Path, action="append", default=[],
                        help="an SDK of Apple's to compare the imports with, see apple/imports.py; may be repeated")
    chosen = parser.parse_args()

    archive = make(chosen.identifier, chosen.build_number)
    if chosen.twice:
        first = archive.read_bytes()
        (MANIFEST.parent / "src/main.rs").touch()
        if make(chosen.identifier, chosen.build_number).read_bytes() != first:
            raise Failure(f"a second build has other bytes: {archive}")
        print("a second build has the same bytes")
    if chosen.sdk and imports.faults(archive.with_suffix(".app") / archive.stem, chosen.sdk):
        raise Failure("the program asks for what an SDK does not have: see above")


def make(identifier: str, build_number: str) -> Path:
    """Builds, packs and checks; returns the archive."""
    executable, version = build()
    folder = cargo.target_directory() / "apple"
    app, archive = folder / f"{executable.name}.app", folder / f"{executable.name}.ipa"
    bundle.lay_out(executable, app, bundle.Identity(identifier, version, build_number))
    bundle.pack(app, archive, below="Payload/")
    check(app, archive, executable.name)
    report(app / executable.name, archive)
    return archive


def build() -> tuple[Path, str]:
    """Compiles and links; returns the program and its version."""
    package = cargo.metadata(MANIFEST)["packages"][0]
    (name,) = (target["name"] for target in package["targets"] if "bin" in target["kind"])
    linked = () if sys.platform == "darwin" else LINK_ARGUMENTS
    cargo.build(MANIFEST, TARGET, ["build", "--bin", name], linked)
    return cargo.target_directory() / TARGET / "release" / name, package["version"]


def check(app: Path, archive: Path, name: str) -> None:
    program = Executable(app / name)
    sdk_major = cargo.SDK_VERSIONS["ios"].split(".")[0]
    layout.refuse(app, layout.executable_faults(program, "ios", MINIMUM_IOS, sdk_major))
    layout.refuse(app, layout.app_faults(app, program))
    layout.refuse(archive, layout.archive_faults(archive))


def report(program: Path, archive: Path) -> None:
    read = Executable(program)
    print(f"program   {len(read.data) / layout.MEGABYTE:.2f} MB, {len(read.imports())} imports "
          f"from {len(read.libraries())} libraries")
    print(f"archive   {archive.stat().st_size / layout.MEGABYTE:.2f} MB, sha256 {hashlib.sha256(archive.read_bytes()).hexdigest()}")
    print(f"checked, not run: {archive}")


if __name__ == "__main__":
    main(run)
