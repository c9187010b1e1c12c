#!/usr/bin/env python3
"""Compiles swift/ without a Mac, and runs of it what needs nothing of Apple's.

Everything in the package, its example and the README's are compiled against stand-ins of Apple's
modules (swift/Check/StandIns): that proves the Swift, and that it fits the engine's interface, and
of Apple's nothing. Then a program publishes through the package to a server on this machine.

Needs swiftc 5.9 or later on PATH, or named by SWIFTC; Debian 13 has it in the package swiftlang.
Exit status 77 means that there is none.
"""

import argparse
import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cargo
import toolchain
from toolchain import REPOSITORY, Failure, Missing, main
from xcframework import CRATE, LIBRARY, NAME, SWIFT, generate

# In the order in which they need each other.
STAND_INS = ("CoreMedia", "CoreVideo", "UIKit", "AVFoundation", "ReplayKit", "SwiftUI")
READMES = (REPOSITORY / "README.md", SWIFT / "README.md")
# What Rust's standard library and the encoders want from a linker on Linux.
SYSTEM_LIBRARIES = ("-lstdc++", "-lm", "-lpthread", "-ldl")


def run() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    compiler = Compiler(find(), Path(tempfile.mkdtemp(prefix="onair-swift-", dir=cargo.target_directory())))
    try:
        check(compiler)
    finally:
        shutil.rmtree(compiler.folder)


def check(compiler: "Compiler") -> None:
    toolchain.run(["cargo", "rustc", "--quiet", "--manifest-path", CRATE / "Cargo.toml", "--lib", "--crate-type", "staticlib",
                   "--target-dir", cargo.target_directory()])
    library = cargo.target_directory() / "debug" / LIBRARY
    generated = compiler.folder / "generated"
    generate(library, generated, compiler.headers)
    (compiler.headers / "module.modulemap").write_text(
        f'module {NAME} {{\n    header "{NAME}.h"\n    header "onair.h"\n    export *\n}}\n')
    sources = [*sorted(generated.glob("*.swift")), *sorted((SWIFT / "Sources/Onair").glob("*.swift"))]
    against_stand_ins(compiler, sources)
    with server() as url:
        program = linked(compiler, [source for source in sources if not is_apple_only(source)], library)
        try:
            subprocess.run([*compiler.outside, program, url], check=True, timeout=60)
        except subprocess.SubprocessError as failure:
            raise Failure(f"the package does not work: {failure}") from failure


def find() -> list[str]:
    command = shlex.split(os.environ.get("SWIFTC", "swiftc"))
    if not shutil.which(command[0]):
        raise Missing("there is no Swift compiler: set SWIFTC, or on Debian 13 apt-get install swiftlang")
    return command


class Compiler:
    """swiftc, and a folder for what it makes."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self.command, self.folder, self.headers = command, folder, folder / "headers"
        self.headers.mkdir()
        # Whatever runs the compiler elsewhere (`chroot FOLDER swiftc`) runs its programs there too.
        self.outside = command[:-1]

    def module(self, name: str, sources: list[Path]) -> None:
        self("-emit-module", "-parse-as-library", "-module-name", name,
             "-emit-module-path", self.folder / f"{name}.swiftmodule", *sources)

    def __call__(self, *arguments: str | Path) -> None:
        toolchain.run([*self.command, "-swift-version", "5", "-warnings-as-errors", "-I", self.folder, "-I", self.headers, *arguments])


def against_stand_ins(compiler: Compiler, sources: list[Path]) -> None:
    """Compiles everything, as if this were an iPhone's SDK."""
    for name in STAND_INS:
        compiler.module(name, [SWIFT / f"Check/StandIns/{name}.swift"])
    folder = compiler.folder / "as-on-ios"
    folder.mkdir()
    for source in sources:
        (folder / source.name).write_text(source.read_text().replace("#if os(iOS)", "#if true"))
    compiler.module("Onair", sorted(folder.glob("*.swift")))
    examples = [*(SWIFT / "Examples").glob("*.swift"), *from_readmes(compiler.folder)]
    if len(examples) <= len(READMES):
        raise Failure("an example is gone: each README has one, and so has swift/Examples")
    for example in examples:
        compiler("-typecheck", "-parse-as-library", "-module-name", "Example", example)
        print(f"ok    {example.stem} compiles")


def from_readmes(folder: Path) -> Iterator[Path]:
    for readme in READMES:
        for number, text in enumerate(re.findall(r"```swift\n(.*?)```", readme.read_text(), re.DOTALL)):
            place = folder / f"{readme.parent.name}-readme-{number}.swift"
            place.write_text(text)
            yield place


def is_apple_only(source: Path) -> bool:
    return re.search(rf"^import (?:{'|'.join(STAND_INS)})$", source.read_text(), re.MULTILINE) is not None


def linked(compiler: Compiler, sources: list[Path], library: Path) -> Path:
    """The package as far as it is for every system, and a program that uses it."""
    package, program = compiler.folder / "Onair.o", compiler.folder / "check"
    compiler("-c", "-wmo", "-parse-as-library", "-module-name", "Onair", "-emit-module",
             "-emit-module-path", compiler.folder / "Onair.swiftmodule", "-o", package, *sources)
    # Straight to the linker: the compiler would look for hints in the library, of another LLVM.
    compiler("-o", program, SWIFT / "Check/main.swift", package, "-Xlinker", library, *SYSTEM_LIBRARIES)
    return program


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Our own, on a port of its own."""
    toolchain.run(["cargo", "build", "--quiet", "-p", "onair-cli", "--target-dir", cargo.target_directory()])
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    process = subprocess.Popen([cargo.target_directory() / "debug/onair", "receive", "--quiet", "--listen", f"127.0.0.1:{port}"])
    try:
        wait_for(port)
        yield f"rtmp://127.0.0.1:{port}/live"
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise Failure(f"onair receive does not listen on port {port}")


if __name__ == "__main__":
    main(run)
