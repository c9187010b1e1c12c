"""Apple's "privacy manifest": nothing is collected, nobody is tracked, and why some calls are made.

Calls that could tell devices apart need a stated reason, one of Apple's list ("Describing use of
required reason API"). The manifest is made from what the program really calls.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

FILE = "PrivacyInfo.xcprivacy"


@dataclass(frozen=True)
class Category:
    """A kind of call, and the reason onair has for it, if it has one."""

    name: str
    calls: str
    reason: str | None = None


CATEGORIES = (
    # Metadata of files in the app's own container: its recordings.
    Category("FileTimestamp", r"_(stat|fstat|lstat|fstatat|f?getattrlist(bulk|at)?)", "C617.1"),
    # Time between events within the app.
    Category("SystemBootTime", r"_mach_absolute_time|systemUptime", "35F9.1"),
    # Settings that only the app itself reads.
    Category("UserDefaults", r"NSUserDefaults", "CA92.1"),
    Category("DiskSpace", r"_f?stat(v?fs)|.*[vV]olumeAvailableCapacity.*|NSFileSystem(Free)?Size"),
    Category("ActiveKeyboards", r"activeInputModes"),
)


def manifest(names: Iterable[str]) -> dict:
    """The property list for a program that imports or looks up `names`."""
    names = list(names)
    return {
        "NSPrivacyTracking": False,
        "NSPrivacyTrackingDomains": [],
        "NSPrivacyCollectedDataTypes": [],
        "NSPrivacyAccessedAPITypes": [
            {
                "NSPrivacyAccessedAPIType": f"NSPrivacyAccessedAPICategory{category.name}",
                "NSPrivacyAccessedAPITypeReasons": [category.reason],
            }
            for category in CATEGORIES
            if category.reason and calls(category, names)
        ],
    }


def calls(category: Category, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if re.fullmatch(category.calls, name)})


def unexplained(names: Iterable[str]) -> list[str]:
    """Calls that need a reason and have none: somebody has to choose one."""
    names = list(names)
    return [call for category in CATEGORIES if not category.reason for call in calls(category, names)]
