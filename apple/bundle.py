"""Lays out an iPhone app and packs it, the same bytes each time."""

import plistlib
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

import icon
import privacy
from macho import Executable
from toolchain import MINIMUM_IOS

INFO = Path(__file__).with_name("Info.plist")

# Name in Info.plist, file, pixels: iPhone at 2x and 3x, iPad, iPad Pro. They are loose files, since
# only Xcode can compile an asset catalogue.
PHONE_ICONS = (("AppIcon60x60", "AppIcon60x60@2x.png", 120), ("AppIcon60x60", "AppIcon60x60@3x.png", 180))
PAD_ICONS = (("AppIcon76x76", "AppIcon76x76@2x~ipad.png", 152), ("AppIcon83.5x83.5", "AppIcon83.5x83.5@2x~ipad.png", 167))

# A date of their own would make each archive different; this is the oldest a zip can say.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Identity:
    """What tells this app, and this build of it, from every other."""

    identifier: str
    version: str
    build: str


def lay_out(executable: Path, app: Path, identity: Identity) -> None:
    """Writes the folder `app` (`Onair.app`) afresh."""
    shutil.rmtree(app, ignore_errors=True)
    app.mkdir(parents=True)
    shutil.copyfile(executable, app / executable.name)
    (app / executable.name).chmod(0o755)
    (app / "Info.plist").write_bytes(plistlib.dumps(info(executable.name, identity), fmt=plistlib.FMT_BINARY))
    (app / "PkgInfo").write_text("APPL????")
    (app / privacy.FILE).write_bytes(plistlib.dumps(privacy.manifest(Executable(executable).names())))
    for _, file, edge in (*PHONE_ICONS, *PAD_ICONS):
        (app / file).write_bytes(icon.png(edge))


def info(executable: str, identity: Identity) -> dict:
    """All of Info.plist."""
    phone, pad = ([name for name, _, _ in icons] for icons in (PHONE_ICONS, (*PHONE_ICONS, *PAD_ICONS)))
    return plistlib.loads(INFO.read_bytes()) | {
        "CFBundleExecutable": executable,
        "CFBundleIdentifier": identity.identifier,
        "CFBundleShortVersionString": identity.version,
        "CFBundleVersion": identity.build,
        "MinimumOSVersion": MINIMUM_IOS,
        "CFBundleIcons": {"CFBundlePrimaryIcon": {"CFBundleIconFiles": sorted(set(phone))}},
        "CFBundleIcons~ipad": {"CFBundlePrimaryIcon": {"CFBundleIconFiles": sorted(set(pad))}},
    }


def pack(folder: Path, archive: Path, below: str = "") -> None:
    """Zips `folder` and all in it; each name begins with `below` (`Payload/` in an .ipa)."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(f"{below}{path.relative_to(folder.parent)}", EPOCH)
                entry.create_system = 3  # Unix: the mode below counts
                entry.external_attr = (0o100755 if path.stat().st_mode & 0o100 else 0o100644) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
