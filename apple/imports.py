#!/usr/bin/env python3
"""Compares a linked iPhone program with Apple's own SDKs.

Every symbol it imports has to be exported by the library it is bound to, every class it looks
up by a framework it loads, and every selector declared in the headers of one. Whatever is newer
than the oldest iOS would end the program at its start, or throw: apple/imports.toml lists what is
reached at run time instead. Give the SDK of the oldest iOS first, or the nearest newer one;
availability in its headers settles the versions between.

An SDK is a folder such as
    /Applications/Xcode.app/Contents/Developer/Platforms/iPhoneOS.platform/Developer/SDKs/iPhoneOS.sdk
and never part of this repository.
"""

import argparse
import plistlib
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cargo
from macho import Executable
from sdk import Declarations, Exports, Sdk, Version
from toolchain import MINIMUM_IOS, main

ALLOWED = Path(__file__).with_name("imports.toml")


@dataclass(frozen=True)
class Newer:
    """A name that only newer systems have, reached at run time."""

    name: str
    since: Version
    reason: str


@dataclass(frozen=True)
class Allowed:
    """`imports.toml`, read."""

    own: tuple[str, ...]
    own_prefixes: tuple[str, ...]
    newer: dict[str, Newer]

    def is_own(self, name: str) -> bool:
        return name in self.own or name.startswith(self.own_prefixes)


def run() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sdks", metavar="SDK", type=Path, nargs="+", help="a folder laid out as Xcode's iPhoneOS.sdk")
    parser.add_argument("--program", type=Path, help="the executable (default: the one `just ios` built)")
    parser.add_argument("--where", metavar="SYMBOL", action="append",
                        help="say which libraries of the SDKs export a symbol (_malloc), and check nothing")
    chosen = parser.parse_args()
    if chosen.where:
        for sdk in map(Sdk, chosen.sdks):
            for symbol in chosen.where:
                print(f"{sdk.name}: {symbol}: {', '.join(sdk.where(symbol)) or 'exported by nothing'}")
        return 0
    return 1 if faults(chosen.program or cargo.target_directory() / "apple/Onair.app/Onair", chosen.sdks) else 0


def faults(program: Path, sdks: list[Path]) -> int:
    """Compares a program with each SDK, tells what was found, and returns how many faults there are."""
    return sum(check(Executable(program), Sdk(path), read_allowed()) for path in sdks)


def check(program: Executable, sdk: Sdk, allowed: Allowed) -> int:
    """Prints what was compared and each fault; returns how many faults there are."""
    exports = {library: sdk.exports(library) for library in program.libraries()}
    found = [f"the SDK has no {library}" for library, export in exports.items() if export is None]
    exports = {library: export for library, export in exports.items() if export}
    declared = sdk.declarations(framework for library in exports if (framework := framework_name(library)))
    names = names_of(program, allowed)
    found += symbol_faults(program, exports, declared)
    found += name_faults(names, exports, declared, allowed)
    found += allowance_faults(program, declared, allowed)
    classes = sum(any(name in export.classes for export in exports.values()) for name in names)
    print(f"{sdk.name}: {len(program.imports())} symbols, {classes} classes, {len(names) - classes} selectors "
          f"and names compared, {len(found)} faults")
    for fault in found:
        print(f"  {fault}")
    unproven = [newer.name for newer in allowed.newer.values() if age(newer.name, declared) is None]
    if unproven:
        print(f"  not in this SDK, and so not proven: {', '.join(unproven)}")
    return len(found)


def symbol_faults(program: Executable, exports: dict[str, Exports], declared: Declarations) -> Iterator[str]:
    for imported in program.imports():
        if imported.weak or imported.library not in exports:
            continue
        since = declared.symbols.get(imported.symbol.removeprefix("_"), ())
        if imported.symbol not in exports[imported.library].symbols:
            yield f"{imported.symbol} is not exported by {imported.library}"
        elif since > parsed(MINIMUM_IOS):
            yield f"{imported.symbol} is there since iOS {dotted(since)} only, and bound at the start"


def name_faults(names: set[str], exports: dict[str, Exports], declared: Declarations, allowed: Allowed) -> Iterator[str]:
    classes = frozenset().union(*(export.classes for export in exports.values()))
    symbols = frozenset().union(*(export.symbols for export in exports.values()))
    for name in sorted(names - set(allowed.newer)):
        since = age(name, declared)
        if name not in classes and name not in declared.selectors and f"_{name}" not in symbols:
            yield f"{name} is no class, selector or symbol of what the program loads: if it is ours, say so in {ALLOWED.name}"
        elif (since or ()) > parsed(MINIMUM_IOS):
            yield f"{name} is there since iOS {dotted(since)} only: ask at run time, and say so in {ALLOWED.name}"


def allowance_faults(program: Executable, declared: Declarations, allowed: Allowed) -> Iterator[str]:
    strings = set(program.c_strings())
    for newer in allowed.newer.values():
        since = age(newer.name, declared)
        if newer.name not in strings:
            yield f"{ALLOWED.name} allows {newer.name}, which the program does not use"
        elif since is not None and since != newer.since:
            yield f"{ALLOWED.name} says {newer.name} is there since {dotted(newer.since)}, the headers say {dotted(since)}"
    for name in allowed.own:
        if name not in strings:
            yield f"{ALLOWED.name} calls {name} ours, which the program does not use"


def names_of(program: Executable, allowed: Allowed) -> set[str]:
    """The C strings that can name a class, a selector or a symbol of the system's."""
    strings = {text for text in program.c_strings() if re.fullmatch(r"[A-Za-z_]\w*(:(\w+:)*)?", text)}
    return {text for text in strings if not allowed.is_own(text)}


def age(name: str, declared: Declarations) -> Version | None:
    """The first iOS that has a name, whatever it names; None for one the headers do not know."""
    ages = [table[name] for table in (declared.classes, declared.selectors, declared.symbols) if name in table]
    return min(ages, default=None)


def read_allowed() -> Allowed:
    table = tomllib.loads(ALLOWED.read_text())
    newer = [Newer(entry["name"], parsed(entry["since"]), entry["reason"]) for entry in table.get("newer", ())]
    return Allowed(tuple(table["own"]["names"]), tuple(table["own"]["prefixes"]), {entry.name: entry for entry in newer})


def framework_name(install_name: str) -> str | None:
    found = re.search(r"/(\w+)\.framework/", install_name)
    return found[1] if found else None


def parsed(version: str) -> Version:
    return tuple(int(part) for part in version.split("."))


def dotted(version: Version) -> str:
    return ".".join(map(str, version)) or "the first"


if __name__ == "__main__":
    main(run)
