"""Reads a linked 64-bit Mach-O executable: as much as the checks of a build ask for.

After Apple's `mach-o/loader.h`, `mach-o/fixup-chains.h` and `kern/cs_blobs.h`.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from toolchain import Failure

EXECUTE = 2
ARM64 = 0x0100_000C
PIE = 0x20_0000
PLATFORMS = {1: "macos", 2: "ios", 7: "ios-simulator"}

_MAGIC_64 = 0xFEED_FACF
_SEGMENT_64, _LOAD_DYLIB, _CODE_SIGNATURE, _UUID, _RPATH = 0x19, 0x0C, 0x1D, 0x1B, 0x8000_001C
_BUILD_VERSION, _MAIN, _CHAINED_FIXUPS = 0x32, 0x8000_0028, 0x8000_0034
_SUPERBLOB, _CODE_DIRECTORY = 0xFADE_0CC0, 0xFADE_0C02
_ADHOC = 0x2
_SHA256 = 2


@dataclass(frozen=True)
class Import:
    """A symbol another library has to have when the program starts, as `nm` spells it."""

    symbol: str
    library: str
    weak: bool


@dataclass(frozen=True)
class BuildVersion:
    """What LC_BUILD_VERSION says: the platform, the oldest system, the SDK linked with."""

    platform: str
    minimum: str
    sdk: str


class Executable:
    """A program, read whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        magic, self.cpu, _, self.file_type, self._commands, _, self.flags = self._at(0, "<7I")
        if magic != _MAGIC_64:
            raise Failure(f"{path} is not a 64-bit Mach-O file (it begins with {magic:#x})")

    def libraries(self) -> list[str]:
        """The libraries it loads, by their install names, in the order imports count them."""
        return [self._string(at + self._at(at + 8, "<I")[0]) for at in self._find(_LOAD_DYLIB)]

    def build_version(self) -> BuildVersion:
        platform, minimum, sdk = self._at(self._only(_BUILD_VERSION) + 8, "<3I")
        return BuildVersion(PLATFORMS.get(platform, f"platform {platform}"), version(minimum), version(sdk))

    def has_entry(self) -> bool:
        return any(self._find(_MAIN))

    def has_uuid(self) -> bool:
        return any(self._find(_UUID))

    def has_rpath(self) -> bool:
        return any(self._find(_RPATH))

    def imports(self) -> list[Import]:
        """Everything dyld binds at the start. Chained fixups are what linkers write since iOS 13.4."""
        base, _ = self._at(self._only(_CHAINED_FIXUPS) + 8, "<2I")
        _, _, imports, names, count, form = self._at(base, "<6I")
        if form != 1:
            raise Failure(f"{self.path} has imports of format {form}; only DYLD_CHAINED_IMPORT (1) is read here")
        libraries = self.libraries()
        found = []
        for index in range(count):
            (word,) = self._at(base + imports + 4 * index, "<I")
            ordinal, weak, name = word & 0xFF, bool(word >> 8 & 1), word >> 9
            library = libraries[ordinal - 1] if 1 <= ordinal <= len(libraries) else f"(ordinal {ordinal})"
            found.append(Import(self._string(base + names + name), library, weak))
        return found

    def c_strings(self) -> list[str]:
        """Strings that end in a zero byte. Every class and selector that objc2 looks up is one."""
        offset, size = self._section("__TEXT", "__cstring")
        return [text.decode(errors="replace") for text in self.data[offset:offset + size].split(b"\0") if text]

    def names(self) -> list[str]:
        """Every name of the system's that the program may use: imports, classes, selectors."""
        return [imported.symbol for imported in self.imports()] + self.c_strings()

    def signature_fault(self) -> str | None:
        """What is wrong with the ad-hoc signature: it is recomputed, page by page."""
        commands = list(self._find(_CODE_SIGNATURE))
        if len(commands) != 1:
            return "it has no LC_CODE_SIGNATURE"
        start, size = self._at(commands[0] + 8, "<2I")
        if start + size != len(self.data):
            return "the signature is not at the end"
        magic, _, blobs = self._at(start, ">3I")
        if magic != _SUPERBLOB:
            return "the signature is no superblob"
        for index in range(blobs):
            _, offset = self._at(start + 12 + 8 * index, ">2I")
            if self._at(start + offset, ">I")[0] == _CODE_DIRECTORY:
                return self._code_directory_fault(start + offset, start)
        return "the signature has no CodeDirectory"

    def _code_directory_fault(self, at: int, end: int) -> str | None:
        _, _, _, flags, hashes, _, _, pages, limit = self._at(at, ">9I")
        length, kind, _, page_shift = self._at(at + 36, ">4B")
        if not flags & _ADHOC or kind != _SHA256:
            return f"flags {flags:#x}, hash {kind}: not ad-hoc with SHA-256"
        if limit != end:
            return "the signature leaves out a part of the file"
        page = 1 << page_shift
        for index in range(pages):
            stated = self.data[at + hashes + length * index:][:length]
            if stated != hashlib.sha256(self.data[index * page:min((index + 1) * page, limit)]).digest():
                return f"page {index} does not have the hash the signature states"
        return None if pages * page >= limit else "the signature has too few pages"

    def _section(self, segment: str, section: str) -> tuple[int, int]:
        for command in self._find(_SEGMENT_64):
            (count,) = self._at(command + 64, "<I")
            for at in range(command + 72, command + 72 + 80 * count, 80):
                name, of, _, size, offset = self._at(at, "<16s16sQQI")
                if (of.rstrip(b"\0"), name.rstrip(b"\0")) == (segment.encode(), section.encode()):
                    return offset, size
        return 0, 0

    def _find(self, wanted: int) -> Iterator[int]:
        at = 32
        for _ in range(self._commands):
            command, size = self._at(at, "<2I")
            if command == wanted:
                yield at
            at += size

    def _only(self, wanted: int) -> int:
        found = list(self._find(wanted))
        if len(found) != 1:
            raise Failure(f"{self.path} has {len(found)} load commands {wanted:#x} where there has to be one")
        return found[0]

    def _at(self, offset: int, layout: str) -> tuple:
        return struct.unpack_from(layout, self.data, offset)

    def _string(self, offset: int) -> str:
        return self.data[offset:self.data.index(b"\0", offset)].decode()


def version(packed: int) -> str:
    """X.Y.Z in nibbles, as load commands have it; a zero Z is left out."""
    patch = packed & 0xFF
    return f"{packed >> 16}.{packed >> 8 & 0xFF}" + (f".{patch}" if patch else "")
