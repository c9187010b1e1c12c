"""cargo, told to build for one of Apple's systems from whatever machine this is."""

import json
import os
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from toolchain import MINIMUM_IOS, MINIMUM_MACOS, REPOSITORY, output, run, std_from_source, sysroot, tool

# What LC_BUILD_VERSION claims to be linked with. UIKit and its kin look at it and behave as in
# that version; it is the newest whose rules the app is written for.
SDK_VERSIONS = {"ios": "18.0", "macos": "15.0"}


def build(manifest: Path, target: str, command: Sequence[str], link_arguments: Sequence[str] = (),
          profile: Mapping[str, str] = MappingProxyType({})) -> None:
    """Runs a command of cargo's that compiles (`build`, `rustc`) for `target`, in release.

    `profile` overrides settings of the release profile, spelled as cargo's environment wants them;
    its OPT_LEVEL is for all packages, those too that the manifest gives one of their own.
    """
    run(["cargo", "fetch", "--quiet", "--manifest-path", manifest])  # what is remapped has to be there
    env = environment(target, link_arguments)
    env |= {f"CARGO_PROFILE_RELEASE_{key}": value for key, value in profile.items()}
    from_source = std_from_source(target)
    if from_source:
        env["RUSTC_BOOTSTRAP"] = "1"
    run(["cargo", *command, "--release", "--manifest-path", manifest, "--target", target, "--target-dir",
         target_directory(), *package_levels(manifest, profile), *(["-Zbuild-std=std,panic_abort"] if from_source else [])], env)


def package_levels(manifest: Path, profile: Mapping[str, str]) -> list[str]:
    """Options for cargo that give each package with a level of its own the profile's."""
    if "OPT_LEVEL" not in profile:
        return []
    level = profile["OPT_LEVEL"]
    root = tomllib.loads(Path(metadata(manifest)["workspace_root"], "Cargo.toml").read_text())
    packages = root.get("profile", {}).get("release", {}).get("package", {})
    value = level if level.isdigit() else f'"{level}"'
    return [word for name in packages for word in ("--config", f'profile.release.package."{name}".opt-level={value}')]


def environment(target: str, link_arguments: Sequence[str] = ()) -> dict[str, str]:
    """The variables that make cargo's own build a build for `target`, the same bytes each time."""
    flags = [*remapped(), *(f"-Clink-arg={argument}" for argument in link_arguments)]
    env = {
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_INCREMENTAL": "0",
        "IPHONEOS_DEPLOYMENT_TARGET": MINIMUM_IOS,
        "MACOSX_DEPLOYMENT_TARGET": MINIMUM_MACOS,
    }
    if sys.platform != "darwin":  # a Mac has Apple's own linker and SDK
        platform = "macos" if target.endswith("darwin") else "ios"
        env |= {
            f"CARGO_TARGET_{target.upper().replace('-', '_')}_LINKER": str(REPOSITORY / "apple/apple-ld"),
            "ONAIR_SDK_VERSION": SDK_VERSIONS[platform],
            "SDKROOT": str(REPOSITORY / "apple"),  # any folder: rustc asks xcrun for one otherwise
        }
        if platform == "macos":
            env |= c_compiler(target.replace("-", "_"))
    return env


def c_compiler(target: str) -> dict[str, str]:
    """For the one C library among the Mac's dependencies: see `include/README.md`."""
    return {
        f"CC_{target}": str(tool("clang")),
        f"AR_{target}": str(tool("llvm-ar")),
        f"CFLAGS_{target}": f"-ffreestanding -isystem {REPOSITORY / 'apple/include'}",
    }


def target_directory() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()


def metadata(manifest: Path) -> dict:
    """What cargo knows of the workspace at `manifest`, without its dependencies."""
    return json.loads(output(["cargo", "metadata", "--no-deps", "--format-version", "1", "--manifest-path", manifest]))


def remapped() -> list[str]:
    """Flags that keep this machine's folders out of the program, where panics name their source."""
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    commit = next(line.split()[1] for line in output([os.environ.get("RUSTC", "rustc"), "-vV"]).splitlines()
                  if line.startswith("commit-hash"))
    folders = {REPOSITORY: "onair", home: "cargo", sysroot() / "lib/rustlib/src/rust": f"/rustc/{commit}"}
    folders |= {index: "crates" for index in sorted((home / "registry/src").glob("*"))}
    return [f"--remap-path-prefix={folder}={name}" for folder, name in folders.items()]  # the last match wins
