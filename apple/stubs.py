"""Text stubs: as much of Apple's SDK as a linker has to see, made from names alone.

A linker wants to know of a shared library only its name and what it exports. Both are public
facts, kept in `libraries.toml`; this module writes them as `.tbd` files, version 4, laid out
like an SDK. Nothing of Apple's is needed, copied or shipped.
"""

import functools
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

LIBRARIES = Path(__file__).with_name("libraries.toml")


@dataclass(frozen=True)
class Library:
    """A shared library of the system's, as far as these programs know it."""

    name: str
    install_name: str
    is_framework: bool
    prefixes: tuple[str, ...] = ()
    symbols: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = field(default=())

    def stub_path(self) -> Path:
        """Where an SDK has the stub, below its root."""
        if self.is_framework:
            return Path(f"System/Library/Frameworks/{self.name}.framework/{self.name}.tbd")
        return Path(f"usr/lib/{self.name}.tbd")


@functools.cache
def libraries(platform: str) -> tuple[Library, ...]:
    """All libraries; a Mac's frameworks have a version in their path, a phone's have none."""
    table = tomllib.loads(LIBRARIES.read_text())
    frameworks = [framework(name, platform, prefixes) for name, prefixes in table["frameworks"].items()]
    plain = [
        Library(name, entry["install-name"], False, tuple(entry["prefixes"]),
                frozenset(entry.get("symbols", "").split()), tuple(entry.get("also-known-as", ())))
        for name, entry in table["libraries"].items()
    ]
    return (*frameworks, *plain)


def framework(name: str, platform: str, prefixes: Iterable[str] = ()) -> Library:
    """A framework by its name; one that only has classes exports nothing that a linker sees."""
    version = "Versions/A/" if platform == "macos" else ""
    return Library(name, f"/System/Library/Frameworks/{name}.framework/{version}{name}", True, tuple(prefixes))


def library_of(symbol: str, platform: str) -> Library | None:
    """Who exports a symbol, given without C's underscore: the longest claim wins."""
    claims = [
        (len(symbol) + 1 if symbol in library.symbols else len(prefix), library)
        for library in libraries(platform)
        for prefix in (*library.prefixes, *(library.symbols & {symbol}))
        if symbol.startswith(prefix)
    ]
    return max(claims, key=lambda claim: claim[0], default=(0, None))[1]


def write(root: Path, symbols: Iterable[str], frameworks: Iterable[str], platform: str, arch: str) -> None:
    """Writes an SDK at `root` that exports what of `symbols` (as `nm` spells them) somebody claims."""
    exports: dict[Library, list[str]] = {library: [] for library in libraries(platform)}
    known = {library.name for library in exports}
    exports.update({framework(name, platform): [] for name in frameworks if name not in known})
    for symbol in sorted(set(symbols)):
        library = library_of(symbol.removeprefix("_"), platform)
        if library:
            exports[library].append(symbol)
    for library, names in exports.items():
        path = root / library.stub_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(library, names, f"{arch}-{platform}"))
        for alias in library.aliases:
            path.with_name(f"{alias}.tbd").symlink_to(path.name)


def text(library: Library, symbols: Iterable[str], target: str) -> str:
    """One stub. Classes are not among its symbols: objc2 finds them by name at run time."""
    quoted = ", ".join(f"'{symbol}'" for symbol in symbols)
    exports = f"exports:\n  - targets: [ {target} ]\n    symbols: [ {quoted} ]\n" if quoted else ""
    return (f"--- !tapi-tbd\ntbd-version: 4\ntargets: [ {target} ]\n"
            f"install-name: '{library.install_name}'\ncurrent-version: 1\n{exports}...\n")
