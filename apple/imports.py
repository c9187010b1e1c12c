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
from sdk import Exports, Sdk, Version
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


@dataclass(frozen=True)
class Names:
    """What a program asks of the system, besides the symbols the linker knows of."""

    classes: frozenset[str]
    selectors: frozenset[str]


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
    declared = sdk.declarations(framework for library in exports if (framework := framework_name(library)))
    names = names_of(program, allowed)
    found += symbol_faults(program, exports, declared)
    found += name_faults(names, exports, declared, allowed)
    found += allowance_faults(program, allowed, declared)
    print(f"{sdk.name}: {len(program.imports())} symbols, {len(names.classes)} classes, {len(names.selectors)} selectors "
          f"compared, {len(found)} faults")
    for fault in found:
        print(f"  {fault}")
    for newer in allowed.newer.values():
        known = "as the headers say" if newer.name in declared else "unknown to this SDK, NOT PROVEN"
        print(f"  newer: {newer.name} since iOS {dotted(newer.since)}, {known}: {newer.reason}")
    return len(found)


def symbol_faults(program: Executable, exports: dict[str, Exports | None],
                  declared: dict[str, Version]) -> Iterator[str]:
    for imported in program.imports():
        found = exports.get(imported.library)
        name = imported.symbol.removeprefix("_")
        if found is None or imported.weak:
            continue
        if imported.symbol not in found.symbols:
            yield f"{imported.symbol} is not exported by {imported.library}"
        elif too_new(name, declared):
            yield f"{imported.symbol} is there since iOS {dotted(declared[name])} only, and bound at the start"


def name_faults(names: Names, exports: dict[str, Exports | None], declared: dict[str, Version],
                allowed: Allowed) -> Iterator[str]:
    classes = frozenset().union(*(found.classes for found in exports.values() if found))
    symbols = frozenset().union(*(found.symbols for found in exports.values() if found))
    for name in sorted(names.classes | names.selectors):
        if name in allowed.newer or f"_{name}" in symbols and not too_new(name, declared):
            continue  # a symbol's name among the strings is for dlsym
        if name in names.classes and name not in classes:
            yield f"the class {name} is in no library the program loads"
        elif name in names.selectors and name not in declared:
            yield f"{name} is declared in no header of the frameworks the program loads: if it is ours, say so in {ALLOWED.name}"
        elif too_new(name, declared):
            yield f"{name} is there since iOS {dotted(declared[name])} only: ask at run time, and say so in {ALLOWED.name}"


def allowance_faults(program: Executable, allowed: Allowed, declared: dict[str, Version]) -> Iterator[str]:
    strings = set(program.c_strings())
    for newer in allowed.newer.values():
        if newer.name not in strings:
            yield f"{ALLOWED.name} allows {newer.name}, which the program does not use"
        elif newer.name in declared and declared[newer.name] != newer.since:
            yield f"{ALLOWED.name} says {newer.name} is there since {dotted(newer.since)}, the headers say {dotted(declared[newer.name])}"


def names_of(program: Executable, allowed: Allowed) -> Names:
    """Classes begin with two capitals and have no colon; every other identifier is taken for a selector."""
    strings = {text for text in program.c_strings() if re.fullmatch(r"[A-Za-z_]\w*(:(\w+:)*)?", text)}
    strings = {text for text in strings if not allowed.is_own(text)}
    classes = {text for text in strings if re.fullmatch(r"[A-Z]{2}\w*", text)}
    return Names(frozenset(classes), frozenset(strings - classes))


def too_new(name: str, declared: dict[str, Version]) -> bool:
    return declared.get(name, ()) > parsed(MINIMUM_IOS)


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
