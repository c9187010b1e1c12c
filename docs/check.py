#!/usr/bin/env python3
"""Every file the guide points at is there, and has in it what the guide says it has."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

GUIDE = Path(__file__).resolve().parent
REPOSITORY = GUIDE.parent

# "- `path` and `sibling.rs`: `name`, `Type::name`, words."
POINTER = re.compile(r"^- `([\w./-]+/[\w.-]+)`(?: and `([\w.-]+)`)?: (.*(?:\n  .*)*)", re.MULTILINE)
NAME = re.compile(r"`(?:\w+::)*(\w+)`")


def faults(page: Path) -> Iterator[str]:
    pointers = POINTER.findall(page.read_text())
    for place, sibling, words in pointers:
        files = [REPOSITORY / place, *([(REPOSITORY / place).parent / sibling] if sibling else [])]
        missing = [file for file in files if not file.is_file()]
        yield from (f"{page.name}: there is no {file.relative_to(REPOSITORY)}" for file in missing)
        if not missing:
            text = "".join(file.read_text() for file in files)
            yield from (f"{page.name}: {place} has no {name}" for name in NAME.findall(words) if name not in text)


def main() -> None:
    pages = sorted((GUIDE / "from-lens-to-server").glob("[0-9]*.md"))
    pointers = sum(len(POINTER.findall(page.read_text())) for page in pages)
    found = [fault for page in pages for fault in faults(page)]
    print(*found, f"{pointers} pointers on {len(pages)} pages, {len(found)} of them wrong", sep="\n")
    sys.exit(bool(found) or pointers < len(pages))


main()
