"""Checks of what was built, without an SDK and without running it: each returns what is wrong."""

import os
import plistlib
import re
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import macho
import privacy
import stubs
from macho import Executable
from toolchain import REPOSITORY, Failure

MEGABYTE = 1 << 20
LARGEST_APP = 4 * MEGABYTE

# Where people's folders are; none may be named in the program, nor this repository's.
MACHINE_PATHS = (b"/root/", b"/home/", b"/Users/")

# Keys without which iOS ends the app when it first asks (usage descriptions), letterboxes it
# (launch screen) or never shows it a window (scenes).
NEEDED_KEYS = (
    "CFBundleExecutable", "CFBundleIcons", "CFBundleIdentifier", "CFBundlePackageType", "CFBundleShortVersionString",
    "CFBundleURLTypes", "CFBundleVersion", "ITSAppUsesNonExemptEncryption", "LSRequiresIPhoneOS",
    "LSSupportsOpeningDocumentsInPlace", "MinimumOSVersion", "NSCameraUsageDescription", "NSLocalNetworkUsageDescription",
    "NSMicrophoneUsageDescription", "NSPhotoLibraryAddUsageDescription", "UIApplicationSceneManifest", "UIBackgroundModes",
    "UIDeviceFamily", "UIFileSharingEnabled", "UILaunchScreen", "UIRequiredDeviceCapabilities",
    "UISupportedInterfaceOrientations",
)


def refuse(what: Path, faults: Iterable[str]) -> None:
    """Stops a build whose result has faults, and lists them all."""
    listed = list(faults)
    if listed:
        raise Failure(f"{what} is not what it has to be:\n" + "\n".join(f"  {fault}" for fault in listed))


def executable_faults(program: Executable, platform: str, minimum: str, sdk_major: str) -> Iterator[str]:
    """Faults of a linked program that would keep a system from loading it or treating it as meant."""
    if program.file_type != macho.EXECUTE or program.cpu != macho.ARM64:
        yield "it is not an arm64 executable"
    if not program.flags & macho.PIE:
        yield "it is not position-independent (PIE)"
    built = program.build_version()
    if built.platform != platform or built.minimum != minimum or built.sdk.split(".")[0] != sdk_major:
        yield f"LC_BUILD_VERSION says {built}, meant is {platform} {minimum} with an SDK {sdk_major}"
    if not program.has_entry() or not program.has_uuid():
        yield "LC_MAIN or LC_UUID is missing"
    if program.has_rpath():
        yield "it looks for libraries in an LC_RPATH, where there are none"
    if fault := program.signature_fault():
        yield f"signature: {fault}"
    yield from library_faults(program, platform)
    yield from (f"it names a folder of this machine: {path}" for path in machine_paths(program.data))


def library_faults(program: Executable, platform: str) -> Iterator[str]:
    """Libraries that are not the system's, and those whose classes are looked up but that are not loaded."""
    loaded = program.libraries()
    for library in loaded:
        if not library.startswith(("/usr/lib/", "/System/Library/Frameworks/")):
            yield f"it loads {library}, which is no library of the system's"
    for name in class_names(program):
        library = stubs.library_of(name, platform)
        if library and library.is_framework and library.install_name not in loaded:
            yield f"the class {name} is looked up, but its framework {library.name} is not loaded"


def class_names(program: Executable) -> set[str]:
    """C strings that look like the name of a class of Apple's: two capitals and more, no colon."""
    return {text for text in program.c_strings() if re.fullmatch(r"[A-Z]{2}\w*[a-z]\w*", text)}


def machine_paths(data: bytes) -> Iterator[str]:
    """Folders of the machine that built this, where it names any."""
    for folder in {*MACHINE_PATHS, os.fsencode(Path.home()) + b"/", os.fsencode(REPOSITORY) + b"/"}:
        at = data.find(folder)
        if at >= 0:
            yield data[at:at + 100].split(b"\0")[0].decode(errors="replace")


def app_faults(app: Path, program: Executable) -> Iterator[str]:
    """Faults of the folder around an iPhone's program."""
    info = plistlib.loads((app / "Info.plist").read_bytes())
    yield from (f"Info.plist has no {key}" for key in NEEDED_KEYS if key not in info)
    if not (app / info["CFBundleExecutable"]).is_file():
        yield f"Info.plist names an executable that is not there: {info['CFBundleExecutable']}"
    if info["MinimumOSVersion"] != program.build_version().minimum:
        yield "Info.plist and the program disagree about the oldest iOS"
    if len(program.data) >= LARGEST_APP:
        yield f"the program has {len(program.data) / MEGABYTE:.2f} MB, {LARGEST_APP // MEGABYTE} are allowed"
    scenes = info["UIApplicationSceneManifest"]["UISceneConfigurations"]["UIWindowSceneSessionRoleApplication"]
    for delegate in (scene["UISceneDelegateClassName"] for scene in scenes):
        if delegate not in program.c_strings():
            yield f"Info.plist names the scene delegate {delegate}, which the program does not define"
    yield from icon_faults(app, info)
    yield from privacy_faults(app, program)


def icon_faults(app: Path, info: dict) -> Iterator[str]:
    for key in ("CFBundleIcons", "CFBundleIcons~ipad"):
        for name in info[key]["CFBundlePrimaryIcon"]["CFBundleIconFiles"]:
            files = sorted(app.glob(f"{name}@*.png"))
            if not files:
                yield f"{key} names {name}, of which there is no file"
            for file in files:
                points, scale = re.search(r"AppIcon([\d.]+)x.*@(\d)x", file.name).groups()
                width, height, _, colour = struct.unpack(">IIBB", file.read_bytes()[16:26])
                if width != height or width != float(points) * int(scale) or colour != 2:
                    yield f"{file.name} has {width} x {height} pixels of colour type {colour}"


def privacy_faults(app: Path, program: Executable) -> Iterator[str]:
    for call in privacy.unexplained(program.names()):
        yield f"{call} needs a reason in a privacy manifest: choose one in apple/privacy.py"
    if plistlib.loads((app / privacy.FILE).read_bytes()) != privacy.manifest(program.names()):
        yield f"{privacy.FILE} is not about this program"


def archive_faults(archive: Path) -> Iterator[str]:
    """Faults of an .ipa as a zip: iOS keeps the modes, and one folder is all that may be in it."""
    with zipfile.ZipFile(archive) as packed:
        if packed.testzip():
            yield "the zip is damaged"
        for entry in packed.infolist():
            if not re.match(r"Payload/\w+\.app/", entry.filename):
                yield f"{entry.filename} is outside of Payload/NAME.app"
            mode = stat.S_IMODE(entry.external_attr >> 16)
            is_program = entry.filename.split("/")[2] == entry.filename.split("/")[1].removesuffix(".app")
            if mode != (0o755 if is_program else 0o644):
                yield f"{entry.filename} has mode {mode:o}"
