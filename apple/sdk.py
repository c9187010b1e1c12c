"""Reads an SDK of Apple's: what its libraries export (.tbd) and what its headers declare.

Works with any folder laid out as Xcode's iPhoneOS.sdk. Understands text stubs of version 4,
which is what SDKs have held since Xcode 11.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from toolchain import Failure

Version = tuple[int, ...]


@dataclass(frozen=True)
class Exports:
    """What can be had from a library, its re-exports included. Symbols are spelled as `nm` does."""

    symbols: frozenset[str]
    classes: frozenset[str]


@dataclass(frozen=True)
class Declarations:
    """Names in headers, each with the first iOS that has it, () being the first of all.

    One declared more than once is as old as its oldest declaration: a selector
    (`setTitle:forState:`) does not tell its class.
    """

    classes: dict[str, Version] = field(default_factory=dict)
    selectors: dict[str, Version] = field(default_factory=dict)
    symbols: dict[str, Version] = field(default_factory=dict)


class Sdk:
    """An SDK in a folder."""

    def __init__(self, root: Path, target: str = "arm64-ios") -> None:
        if not (root / "usr/lib").is_dir():
            raise Failure(f"{root} is not an SDK: it has no usr/lib. Name a folder such as iPhoneOS16.5.sdk")
        self.root = root
        self.target = target
        self._exports: dict[str, Exports | None] = {}

    @property
    def name(self) -> str:
        return self.root.resolve().name

    def exports(self, install_name: str) -> Exports | None:
        """What the library of that name exports, or nothing if the SDK has no such library."""
        if install_name not in self._exports:
            self._exports[install_name] = None  # libraries re-export each other in circles
            self._exports[install_name] = self._read(install_name)
        return self._exports[install_name]

    def declarations(self, frameworks: Iterable[str]) -> "Declarations":
        """What the headers of these frameworks declare for iOS."""
        found = Declarations()
        for header in self._headers(frameworks):
            for kind, name, version in declared(header.read_text(errors="replace")):
                table = getattr(found, kind)
                table[name] = min(version, table.get(name, version))
        return found

    def where(self, symbol: str) -> list[str]:
        """The libraries that export a symbol, for a person who has to add it to `libraries.toml`."""
        stubs = [*self.root.glob("usr/lib/*.tbd"), *self.root.glob("System/Library/Frameworks/*/*.tbd")]
        names = {"/" + str(stub.relative_to(self.root).with_suffix("")) for stub in stubs}
        return sorted(name for name in names if symbol in getattr(self.exports(name), "symbols", ()))

    def _read(self, install_name: str) -> Exports | None:
        path = self.root / (install_name.removesuffix(".dylib").lstrip("/") + ".tbd")
        if not path.exists():
            return None
        documents = [Document(text) for text in path.read_text().split("--- !tapi-tbd")[1:]]
        if not documents:
            raise Failure(f"{path} is not a text stub of version 4. llvm-readtapi makes it one: "
                          "llvm-readtapi -merge FILE --filetype=tbd-v4 -o FILE")
        own = {document.install_name for document in documents}
        symbols, classes = set(), set()
        for document in documents:
            symbols.update(document.names("symbols", self.target), document.names("weak-symbols", self.target),
                           document.names("thread-local-symbols", self.target))
            classes.update(document.names("objc-classes", self.target))
            for other in set(document.names("libraries", self.target)) - own:
                found = self.exports(other)
                if found:
                    symbols.update(found.symbols)
                    classes.update(found.classes)
        symbols.update(f"_OBJC_CLASS_$_{name}" for name in classes)
        return Exports(frozenset(symbols), frozenset(classes))

    def _headers(self, frameworks: Iterable[str]) -> Iterator[Path]:
        yield from self.root.glob("usr/include/objc/*.h")
        for framework in sorted(frameworks):
            yield from self.root.glob(f"System/Library/Frameworks/{framework}.framework/Headers/*.h")


class Document:
    """One library's part of a text stub: groups of lists, each group for some targets.

    The files are YAML, of which they use block keys and flow lists; that much is read here.
    """

    KEY = re.compile(r"^( *(?:- )?)([\w-]+): *(\[[^]]*\]|.*)$", re.MULTILINE)

    def __init__(self, text: str) -> None:
        self.install_name = ""
        self._groups: list[dict[str, list[str]]] = []
        section = ""
        for margin, key, value in self.KEY.findall(text):
            if not margin:
                section = key
                self.install_name = scalar(value) if key == "install-name" else self.install_name
            elif section in ("exports", "reexports", "reexported-libraries"):
                if "-" in margin:
                    self._groups.append({})
                self._groups[-1][key] = [scalar(item) for item in value.strip("[]").split(",") if item.strip()]

    def names(self, key: str, target: str) -> list[str]:
        return [name for group in self._groups if target in group.get("targets", ()) for name in group.get(key, ())]


def scalar(text: str) -> str:
    return text.strip().strip("'\"")


def declared(header: str) -> Iterator[tuple[str, str, Version]]:
    """What a header declares: which of `Declarations` it belongs to, its name, its age."""
    header = re.sub(r"/\*.*?\*/|//[^\n]*", " ", header, flags=re.DOTALL)
    header = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", " ", header, flags=re.MULTILINE)
    for container in header.split("@end"):
        yield from (("symbols", *symbol) for symbol in exported(container))
        head = re.search(r"@(interface|protocol)\s+(\w+)\b(?!\s*[;,])", container)
        before = re.split(r"[;}]", container[:head.start()])[-1] if head else ""
        since = availability(before)
        if not head or since is None:
            continue
        if head[1] == "interface" and not re.match(r"\s*\(", container[head.end():]):
            yield "classes", head[2], since
        for statement in re.split(r"[;}]", container[head.end():]):
            version = availability(statement)
            if version is not None:
                yield from (("selectors", selector, max(since, version)) for selector in selectors(statement))


def exported(text: str) -> Iterator[tuple[str, Version]]:
    """C functions and constants: `VT_EXPORT OSStatus VTSessionSetProperty(…) API_AVAILABLE(…)`."""
    for statement in re.split(r"[;}]", text):
        version = availability(statement)
        if version is not None and re.search(r"\bextern\b|\b[A-Z]+_(?:EXPORT|EXTERN)\b", statement):
            yield from ((name, version) for name in names_declared(statement)[-1:])


def availability(text: str) -> Version | None:
    """`API_AVAILABLE(ios(15.4))` and its older spellings; () where nothing is said, None where iOS is ruled out."""
    found = (re.search(r"AVAILABLE\w*\((?:[^()]|\([^()]*\))*?\bios\(([\d.]+)", text)
             or re.search(r"(?:AVAILABLE_IOS|AVAILABLE_IPHONE|CLASS_AVAILABLE_IOS)\((\d+[._]\d+)", text)
             or re.search(r"DEPRECATED\w*\((?:[^()]|\([^()]*\))*?\bios\(([\d.]+)", text))
    if found:
        return tuple(int(part) for part in re.split(r"[._]", found[1]))
    return None if re.search(r"API_UNAVAILABLE\([^()]*\bios\b", text) else ()


def selectors(statement: str) -> Iterator[str]:
    """The selectors of one declaration: a method's, or a property's getter and setter."""
    if "@property" in statement:
        yield from accessors(statement.split("@property", 1)[1])
        return
    method = re.search(r"(?:^|[\n\s])[-+]\s*\((.*)", statement, re.DOTALL)
    if method:
        plain = without_parentheses("(" + method[1])
        parts = re.findall(r"(\w*)\s*:", plain)
        bare = re.search(r"\w+", plain)
        if parts:
            yield "".join(f"{part}:" for part in parts)
        elif bare:
            yield bare[0]


def accessors(declaration: str) -> Iterator[str]:
    attributes = re.match(r"\s*\(([^)]*)\)", declaration)
    options = attributes[1] if attributes else ""
    rest = declaration[attributes.end():] if attributes else declaration
    block = re.search(r"\(\s*\^\s*(?:\w+\s+)*(\w+)\s*\)", rest)
    words = [block[1]] if block else names_declared(rest)
    getter, setter = re.search(r"getter\s*=\s*(\w+)", options), re.search(r"setter\s*=\s*(\w+:)", options)
    for word in words:
        yield getter[1] if getter else word
        if not re.search(r"\breadonly\b", options):
            yield setter[1] if setter else f"set{word[:1].upper()}{word[1:]}:"


def names_declared(declaration: str) -> list[str]:
    """`NSArray<NSString *> *names, *others API_AVAILABLE(…)`: the last word before each comma."""
    plain = re.sub(r"<[^<>]*>", "", re.sub(r"<[^<>]*>", "", without_parentheses(declaration)))
    pieces = [re.findall(r"\w+", piece) for piece in plain.split(",")]
    kept = [[word for word in words if not re.fullmatch(r"[A-Z][A-Z0-9]*_[A-Z0-9_]*|__\w+", word)] for words in pieces]
    return [words[-1] for words in kept if words]


def without_parentheses(text: str) -> str:
    """Types, blocks and macros' arguments go, however deep."""
    while (shorter := re.sub(r"\([^()]*\)", " ", text)) != text:
        text = shorter
    return text
