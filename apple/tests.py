#!/usr/bin/env python3
"""Tests of these scripts: python3 apple/tests.py"""

import os
import plistlib
import struct
import subprocess
import tempfile
import unittest
import zlib
from pathlib import Path

import bundle
import cargo
import icon
import imports
import ios
import layout
import macho
import privacy
import sdk
import stubs
import toolchain
import xcframework

HEADER = """
#import <UIKit/UIKit.h> // - (void)notThis;
UIKIT_EXTERN NSString *const UINewThing API_AVAILABLE(ios(16.0), tvos(15.0));
VT_EXPORT OSStatus
VTDoWork(void (*callback)(int, void *), CFStringRef key) API_AVAILABLE(macosx(10.8), ios(8.0));
@class UILater;
API_AVAILABLE(ios(17.0)) NS_SWIFT_UI_ACTOR
@interface UIModern<T> : NSObject
@property (nonatomic, readonly, getter=isOn) BOOL on;
@property (nullable, copy) void (^completion)(NSError *, BOOL);
@property(nonatomic) NSArray<NSString *> *names, *others API_UNAVAILABLE(tvos);
- (instancetype)initWithFrame:(CGRect)frame style:(void (^)(int a))style NS_DESIGNATED_INITIALIZER;
+ (nullable id)plain API_AVAILABLE(ios(17.4));
@end
@interface UIOld : NSObject
/* - (void)nor:(id)this; */
- (void)show:(id)sender NS_AVAILABLE_IOS(5_0);
@property(readonly) id macOnly API_AVAILABLE(macos(13.0)) API_UNAVAILABLE(ios, tvos);
@end
@interface UIOld (Extra)
- (id)extra;
@property(readonly) NSString* UID NS_SWIFT_NAME(uid);
@end
API_UNAVAILABLE(ios) @interface UIForMacs : NSObject
- (void)nothing;
@end
"""

STUB = """--- !tapi-tbd
tbd-version:     4
targets:         [ armv7-ios, arm64-ios ]
install-name:    '/usr/lib/libSystem.B.dylib'
reexported-libraries:
  - targets:         [ arm64-ios ]
    libraries:       [ '/usr/lib/system/libinner.dylib' ]
exports:
  - targets:         [ armv7-ios ]
    symbols:         [ _old_only ]
  - targets:         [ armv7-ios, arm64-ios ]
    symbols:         [ _outer, '_quoted$NAME',
                       _on_a_second_line ]
    objc-classes:    [ NSOuter ]
--- !tapi-tbd
tbd-version:     4
targets:         [ arm64-ios ]
install-name:    '/usr/lib/system/libinner.dylib'
exports:
  - targets:         [ arm64-ios ]
    weak-symbols:    [ _inner ]
...
"""


class Stubs(unittest.TestCase):
    def test_the_longest_beginning_says_whose_a_symbol_is(self) -> None:
        for symbol, library in {
            "AVAudioSessionCategoryPlayAndRecord": "AVFAudio", "AVMediaTypeVideo": "AVFoundation",
            "kVTProfileLevel_H264_High_AutoLevel": "VideoToolbox", "malloc": "libSystem", "objc_msgSend": "libobjc",
        }.items():
            self.assertEqual(stubs.library_of(symbol, "ios").name, library)

    def test_a_name_nobody_claims_is_in_no_library(self) -> None:
        self.assertIsNone(stubs.library_of("malloc_", "ios"))
        self.assertIsNone(stubs.library_of("onair_start", "ios"))

    def test_a_stub_sdk_reads_back_as_it_was_meant(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            stubs.write(Path(folder), ["_malloc", "_CFRelease", "_nobodys"], ["PassKit"], "ios", "arm64")
            read = sdk.Sdk(Path(folder))
            self.assertEqual(read.exports("/usr/lib/libSystem.B.dylib"), None)
            self.assertEqual((Path(folder) / "usr/lib/libc.tbd").read_text(), (Path(folder) / "usr/lib/libSystem.tbd").read_text())
            self.assertEqual(read.exports("/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation").symbols, {"_CFRelease"})
            self.assertEqual(read.exports("/System/Library/Frameworks/PassKit.framework/PassKit").symbols, frozenset())

    def test_a_macs_frameworks_have_a_version_in_their_names(self) -> None:
        self.assertEqual(stubs.framework("AppKit", "macos").install_name,
                         "/System/Library/Frameworks/AppKit.framework/Versions/A/AppKit")


class Sdk(unittest.TestCase):
    def test_a_header_tells_selectors_classes_and_functions_with_their_age(self) -> None:
        found = {(kind, name): version for kind, name, version in sdk.declared(HEADER)}
        self.assertEqual(found, {
            ("symbols", "UINewThing"): (16, 0), ("symbols", "VTDoWork"): (8, 0), ("classes", "UIModern"): (17, 0),
            **{("selectors", name): (17, 0) for name in (
                "isOn", "completion", "setCompletion:", "names", "setNames:", "others", "setOthers:", "initWithFrame:style:")},
            ("selectors", "plain"): (17, 4), ("classes", "UIOld"): (), ("selectors", "show:"): (5, 0),
            ("selectors", "extra"): (), ("selectors", "UID"): (),
        })

    def test_a_stub_gives_its_target_and_what_it_exports_again(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "usr/lib/libSystem.B.tbd"
            path.parent.mkdir(parents=True)
            path.write_text(STUB)
            (path.parent / "system").mkdir()
            (path.parent / "system/libinner.tbd").write_text("--- !tapi-tbd" + STUB.split("--- !tapi-tbd")[2])
            found = sdk.Sdk(Path(folder)).exports("/usr/lib/libSystem.B.dylib")
            self.assertEqual(found.symbols, {"_outer", "_quoted$NAME", "_on_a_second_line", "_inner", "_OBJC_CLASS_$_NSOuter"})
            self.assertEqual(found.classes, {"NSOuter"})


class Imports(unittest.TestCase):
    ALLOWED = imports.Allowed((), ("Onair",), {"later": imports.Newer("later", (16, 0), "asked for first")})
    EXPORTS = {"/usr/lib/libobjc.A.dylib": sdk.Exports(frozenset({"_VTOld", "_VTNew"}), frozenset({"NSObject", "NSNew"}))}
    DECLARED = sdk.Declarations(
        classes={"NSObject": (), "NSNew": (16, 0), "NSUnexported": ()},
        selectors={"init": (), "later": (16, 0), "fresh": (15, 4), "URL": (2, 0)},
        symbols={"VTNew": (16, 0)},
    )

    def faults(self, *names: str) -> list[str]:
        return list(imports.name_faults(set(names), self.EXPORTS, self.DECLARED, self.ALLOWED))

    def test_what_the_oldest_system_has_passes(self) -> None:
        self.assertEqual(self.faults("NSObject", "VTOld", "init", "later", "URL"), [])

    def test_each_name_that_is_unknown_or_too_new_is_a_fault(self) -> None:
        for name in ("NSNew", "NSMissing", "NSUnexported", "VTNew", "fresh", "mistyped:"):
            self.assertEqual(len(self.faults(name)), 1, name)


class Bundle(unittest.TestCase):
    IDENTITY = bundle.Identity("org.example.app", "1.2.3", "7")

    def test_info_plist_has_every_key_that_is_checked_for(self) -> None:
        info = bundle.info("Onair", self.IDENTITY)
        self.assertEqual([key for key in layout.NEEDED_KEYS if key not in info], [])
        self.assertEqual((info["CFBundleShortVersionString"], info["CFBundleVersion"]), ("1.2.3", "7"))

    def test_a_missing_icon_and_one_of_a_wrong_size_are_faults(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            app, info = Path(folder), bundle.info("Onair", self.IDENTITY)
            for _, file, edge in (*bundle.PHONE_ICONS, *bundle.PAD_ICONS):
                (app / file).write_bytes(icon.png(edge))
            self.assertEqual(list(layout.icon_faults(app, info)), [])
            (app / "AppIcon60x60@3x.png").write_bytes(icon.png(60))
            (app / "AppIcon76x76@2x~ipad.png").unlink()
            faults = set(layout.icon_faults(app, info))
            self.assertEqual(len(faults), 2, faults)

    def test_an_archive_keeps_modes_and_is_the_same_each_time(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            app = Path(folder) / "Onair.app"
            app.mkdir()
            for name, mode in (("Onair", 0o755), ("Info.plist", 0o644)):
                (app / name).write_text(name)
                (app / name).chmod(mode)
            first, second = Path(folder) / "1.ipa", Path(folder) / "2.ipa"
            bundle.pack(app, first, below="Payload/")
            (app / "Onair").touch()
            bundle.pack(app, second, below="Payload/")
            self.assertEqual(first.read_bytes(), second.read_bytes())
            self.assertEqual(list(layout.archive_faults(first)), [])
            (app / "Onair").chmod(0o644)
            bundle.pack(app, first, below="Elsewhere/")
            self.assertEqual(len(list(layout.archive_faults(first))), 3)


class Linked(unittest.TestCase):
    """What `apple-ld` links, read back: a program that names a class and prints."""

    SOURCE = """
        #[link(name = "UIKit", kind = "framework")] unsafe extern "C" {}
        static CLASS: &core::ffi::CStr = c"UIView";
        fn main() { println!("{CLASS:?}") }
    """

    @classmethod
    def setUpClass(cls) -> None:
        if toolchain.std_from_source("aarch64-apple-ios"):
            raise unittest.SkipTest("this compiler has no standard library for iOS ready")
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = Path(cls.folder.name) / "program"
        linked = cls.link(cls.SOURCE)
        assert linked.returncode == 0, linked.stderr
        cls.program = macho.Executable(cls.path)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    @classmethod
    def link(cls, source: str) -> subprocess.CompletedProcess:
        cls.path.with_suffix(".rs").write_text(source)
        env = cargo.environment("aarch64-apple-ios", ios.LINK_ARGUMENTS)
        flags = env.pop("CARGO_ENCODED_RUSTFLAGS").split("\x1f")
        linker = env["CARGO_TARGET_AARCH64_APPLE_IOS_LINKER"]
        command = ["rustc", "--target=aarch64-apple-ios", "--edition=2024", "-Cpanic=abort", f"-Clinker={linker}", *flags,
                   f"--remap-path-prefix={cls.folder.name}=test", "-o", cls.path, cls.path.with_suffix(".rs")]
        return subprocess.run(command, env={**os.environ, **env}, cwd=toolchain.REPOSITORY, capture_output=True, text=True)

    def faults(self, program: macho.Executable) -> list[str]:
        return list(layout.executable_faults(program, "ios", "15.0", "18"))

    def tampered(self, old: bytes, new: bytes) -> macho.Executable:
        self.assertEqual((len(old), self.program.data.count(old)), (len(new), 1))
        path = Path(self.folder.name) / "tampered"
        path.write_bytes(self.program.data.replace(old, new))
        return macho.Executable(path)

    def test_a_program_has_no_faults_and_names_its_sdk(self) -> None:
        self.assertEqual(self.faults(self.program), [])
        self.assertEqual(self.program.build_version(), macho.BuildVersion("ios", "15.0", "18.0"))
        self.assertIn("/System/Library/Frameworks/UIKit.framework/UIKit", self.program.libraries())
        self.assertIn(macho.Import("_write", "/usr/lib/libSystem.B.dylib", False), self.program.imports())

    def test_a_byte_changed_after_signing_is_noticed(self) -> None:
        faults = self.faults(self.tampered(b"UIView\0", b"UIVieW\0"))
        self.assertEqual(len(faults), 1, faults)
        self.assertIn("does not have the hash", faults[0])

    def test_a_class_whose_framework_is_not_loaded_is_noticed(self) -> None:
        faults = list(layout.library_faults(self.tampered(b"UIView\0", b"AVView\0"), "ios"))
        self.assertEqual(faults, ["the class AVView is looked up, but its framework AVFoundation is not loaded"])

    def test_another_version_than_meant_is_noticed(self) -> None:
        for minimum, sdk_major in (("16.0", "18"), ("15.0", "26")):
            faults = list(layout.executable_faults(self.program, "ios", minimum, sdk_major))
            self.assertEqual([fault.split()[0] for fault in faults], ["LC_BUILD_VERSION"])

    def test_a_folder_of_this_machine_is_noticed(self) -> None:
        self.assertEqual(list(layout.machine_paths(b"..\0/home/somebody/src/main.rs\0")), ["/home/somebody/src/main.rs"])

    def test_a_symbol_that_nobody_exports_fails_the_link(self) -> None:
        linked = self.link('unsafe extern "C" { safe fn nobodys(); safe fn write(); } fn main() { nobodys(); write() }')
        self.assertNotEqual(linked.returncode, 0)
        self.assertRegex(linked.stderr, r"nobody exports the symbols above.*libraries\.toml: nobodys\n")


class Xcframework(unittest.TestCase):
    def test_a_fat_file_gives_each_architecture_its_own_bytes_back(self) -> None:
        simulator = xcframework.SLICES[1].architectures
        contents = [b"first slice", b"second"]
        data = xcframework.fat(list(zip(simulator, contents, strict=True)))
        magic, count = struct.unpack_from(">2I", data)
        self.assertEqual((magic, count), (0xCAFEBABE, 2))
        for index, content in enumerate(contents):
            cpu, subtype, offset, size, align = struct.unpack_from(">5I", data, 8 + 20 * index)
            self.assertEqual((cpu, subtype), simulator[index].cpu)
            self.assertEqual(data[offset:offset + size], content)
            self.assertEqual(offset % (1 << align), 0)

    def test_info_plist_names_each_slice_as_xcode_does(self) -> None:
        device, simulator = xcframework.info()["AvailableLibraries"]
        self.assertEqual(device["LibraryIdentifier"], "ios-arm64")
        self.assertNotIn("SupportedPlatformVariant", device)
        self.assertEqual(simulator["SupportedArchitectures"], ["arm64", "x86_64"])
        self.assertEqual(simulator["SupportedPlatformVariant"], "simulator")


class Icon(unittest.TestCase):
    def test_the_icon_is_a_red_light_on_black(self) -> None:
        edge = 40
        data = icon.png(edge)
        length, = struct.unpack(">I", data[33:37])
        rows = zlib.decompress(data[41:41 + length])
        self.assertEqual(len(rows), edge * (1 + 3 * edge))
        centre = (edge // 2) * (1 + 3 * edge) + 1 + 3 * (edge // 2)
        self.assertEqual(tuple(rows[centre:centre + 3]), icon.LIGHT)
        self.assertEqual(tuple(rows[1:4]), icon.BACKGROUND)


class Privacy(unittest.TestCase):
    def test_a_manifest_names_what_is_called_and_nothing_else(self) -> None:
        made = privacy.manifest(["_fstat", "_malloc"])
        self.assertEqual([entry["NSPrivacyAccessedAPIType"] for entry in made["NSPrivacyAccessedAPITypes"]],
                         ["NSPrivacyAccessedAPICategoryFileTimestamp"])
        plistlib.dumps(made)

    def test_a_call_without_a_reason_is_found(self) -> None:
        self.assertEqual(privacy.unexplained(["_fstat", "_statfs", "activeInputModes"]), ["_statfs", "activeInputModes"])


if __name__ == "__main__":
    unittest.main()
