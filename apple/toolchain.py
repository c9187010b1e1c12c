"""The tools a build for Apple's systems needs, wherever this machine has them.

The compiler's own toolchain comes first: rustup ships Apple's flavour of LLVM's linker with
every compiler, and the rest of LLVM as the component `llvm-tools`. PATH is next, then Debian's
versioned folders. What is missing is installed where that needs no question.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

REPOSITORY = Path(__file__).resolve().parent.parent

# What `ios.py` and its kin return when this machine cannot have a tool: automake's "skipped".
SKIPPED = 77

# The oldest systems the programs run on, as rustc is told and as Info.plist says.
MINIMUM_IOS = "15.0"
MINIMUM_MACOS = "12.0"

# Debian's package of each tool, the version tried here before the distribution's own.
PACKAGES = {
    "clang": ("clang-22", "clang"),
    "ld64.lld": ("lld-22", "lld"),
    "llvm-ar": ("llvm-22", "llvm"),
    "llvm-nm": ("llvm-22", "llvm"),
    "llvm-objcopy": ("llvm-22", "llvm"),
    "llvm-objdump": ("llvm-22", "llvm"),
}


class Failure(Exception):
    """What went wrong and what to do about it, for the person at the terminal."""


class Missing(Failure):
    """A tool that this machine does not have and may not install."""


def main(body: Callable[[], int | None]) -> NoReturn:
    """Runs a script's body; what stops it is told without a traceback, with a status .ci/run knows."""
    try:
        sys.exit(body())
    except Missing as missing:
        print(missing, file=sys.stderr)
        sys.exit(SKIPPED)
    except Failure as failure:
        sys.exit(str(failure))


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    """Runs a command in the repository; its failure is ours."""
    done = subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise Failure(f"this command failed (status {done.returncode}): {' '.join(map(str, command))}")


def output(command: Sequence[str | Path]) -> str:
    """What a command prints on standard output; warnings of a command that succeeds are dropped."""
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"this command failed: {' '.join(map(str, command))}\n{done.stderr.strip()}")
    return done.stdout


@functools.cache
def tool(name: str) -> Path:
    """The path of a program of LLVM's, installed if that is possible."""
    found = _search(name) or (_install(name) and _search(name))
    if not found:
        packages = " or ".join(PACKAGES[name])
        raise Missing(f"{name} is missing. Either of these brings it:\n"
                      f"    rustup component add llvm-tools     (all but clang)\n"
                      f"    apt-get install {packages}")
    return found


@functools.cache
def sysroot() -> Path:
    """The folder of the Rust compiler that this repository asks for."""
    return Path(output([os.environ.get("RUSTC", "rustc"), "--print", "sysroot"]).strip())


def std_from_source(target: str) -> bool:
    """Whether the standard library for `target` has to be compiled: nobody here has it ready."""
    if _has_std(target) or (_rustup("target", "add", target) and _has_std(target)):
        return False
    source = sysroot() / "lib/rustlib/src/rust/library/Cargo.lock"
    if source.exists() or (_rustup("component", "add", "rust-src") and source.exists()):
        return True
    raise Missing(f"Rust's standard library for {target} is missing. Any of these brings it:\n"
                  f"    rustup target add {target}\n"
                  f"    rustup component add rust-src      (it is compiled then)\n"
                  f"    apt-get install rust-web-src       (likewise, for Debian's rustc)")


def _search(name: str) -> Path | None:
    host = sysroot() / "lib/rustlib" / _host() / "bin"
    debian = sorted(Path("/usr/lib").glob("llvm-*/bin"), key=_version, reverse=True)
    for folder in (host, host / "gcc-ld"):
        if (folder / name).exists():
            return folder / name
    on_path = shutil.which(name)
    if on_path:
        return Path(on_path)
    return next((folder / name for folder in debian if (folder / name).exists()), None)


def _install(name: str) -> bool:
    if name != "clang" and _rustup("component", "add", "llvm-tools"):
        return True
    privilege = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (privilege and not shutil.which("sudo")):
        return False
    _quietly([*privilege, "apt-get", "update", "-qq"])
    return any(_quietly([*privilege, "apt-get", "install", "-y", "-qq", "--no-install-recommends", package])
               for package in PACKAGES[name])


def _has_std(target: str) -> bool:
    return any((sysroot() / "lib/rustlib" / target / "lib").glob("libstd-*.rlib"))


def _rustup(*arguments: str) -> bool:
    return shutil.which("rustup") is not None and _quietly(["rustup", *arguments])


def _quietly(command: Sequence[str]) -> bool:
    print("+", *command, file=sys.stderr)
    return subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


@functools.cache
def _host() -> str:
    verbose = output([os.environ.get("RUSTC", "rustc"), "-vV"])
    return re.search(r"^host: (.+)$", verbose, re.MULTILINE)[1]


def _version(folder: Path) -> int:
    return int(re.search(r"llvm-(\d+)", str(folder))[1])
