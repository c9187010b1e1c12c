#!/usr/bin/env python3
"""Builds the command line for Macs with Apple silicon, on any machine: compiles, links, checks.

The program is signed ad hoc, as every program has to be there; a Mac runs it, and asks once about
one that was downloaded. On a Mac itself plain `cargo build --release -p onair-cli` does the same.
Exit status 77 means that this machine lacks a tool, which is named.
"""

import argparse
import sys

import cargo
import layout
from macho import Executable
from toolchain import MINIMUM_MACOS, REPOSITORY, Failure, main

TARGET = "aarch64-apple-darwin"

# Every Mac with Apple silicon knows chained fixups; LLVM's linker takes them for macOS 13 and newer by itself.
LINK_ARGUMENTS = ("-adhoc_codesign", "-fixup_chains", "-x", "-S")


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="do not optimise: a link proves the same")
    profile = {"OPT_LEVEL": "0", "CODEGEN_UNITS": "16"} if parser.parse_args().quick else {}
    linked = () if sys.platform == "darwin" else LINK_ARGUMENTS
    cargo.build(REPOSITORY / "Cargo.toml", TARGET, ["build", "-p", "onair-cli", "--bin", "onair"], linked, profile)
    path = cargo.target_directory() / TARGET / "release/onair"
    program = Executable(path)
    sdk_major = cargo.SDK_VERSIONS["macos"].split(".")[0]
    layout.refuse(path, layout.executable_faults(program, "macos", MINIMUM_MACOS, sdk_major))
    print(f"program   {len(program.data) / layout.MEGABYTE:.2f} MB, {len(program.imports())} imports "
          f"from {len(program.libraries())} libraries")
    print(f"checked, not run: {path}")


if __name__ == "__main__":
    main(run)
