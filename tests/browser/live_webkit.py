"""WebKit, Safari's engine, through WebKitWebDriver, with its made-up camera and microphone."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urljoin

from live_webdriver import Browser

DEVICES = ["--automation", "--autoplay-policy=allow", "--enable-media-stream=true", "--enable-mock-capture-devices=true"]
# What WebKitGTK keeps behind a switch and Safari has: a worker may read a track's frames.
PROCESSING = "--features=+MediaStreamTrackProcessing"
# Without it WebKit tells a page of no frame that it shows, as some machines do.
NO_COMPOSITOR = {"WEBKIT_DISABLE_DMABUF_RENDERER": "1"}
SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")  # what WebKitGTK trusts
HEARD = "if (!window.heardFaults) { window.heardFaults = []; for (const kind of ['error', 'unhandledrejection']) " \
    "addEventListener(kind, (event) => heardFaults.push(String(event.message ?? event.reason))); }"


class WebKit(Browser):
    """`features`: the browser's own options; `driver`: what starts it; `lenient`: any certificate will do."""

    asks = True

    def __init__(self, display, features=(), environment=None, driver=("WebKitWebDriver",), lenient=True):
        self.scripts = {}
        options = {"args": [*DEVICES, *features]}
        wanted = {"webkitgtk:browserOptions": options, "acceptInsecureCerts": lenient}
        # A bus of no use: without one it looks for a desktop's.
        around = {"DISPLAY": display, "GIO_USE_VFS": "local", "GTK_A11Y": "none", "NO_AT_BRIDGE": "1"}
        super().__init__(list(driver), lambda _: wanted, {**around, **(environment or {})})
        self.command("/window/rect", {"width": 1280, "height": 900})

    def before_page(self, script):
        """Runs in every page before its camera is turned on; storage is there from the page's beginning."""
        self.scripts[len(self.scripts)] = script
        return len(self.scripts) - 1

    def open(self, url):
        for page in (urljoin(url, "/assets/icon.svg"), url):
            self.command("/url", {"url": page})
            self.run(HEARD)
            for script in self.scripts.values():
                self.run(script)

    def complaints(self):
        return self.run("return window.heardFaults ?? []")


def trusting(certificate, directory):
    """A driver whose browser trusts one authority more: in a mount namespace of its own, for no other program."""
    bundle = directory / "trusted.pem"
    bundle.write_text(SYSTEM.read_text() + certificate)
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    script = 'mount --bind "$0" "$1" && shift && exec WebKitWebDriver "$@"'
    return ["unshare", *root, "--mount", "sh", "-c", script, bundle, SYSTEM]


class Display:
    """A screen that nobody sees: WebKitGTK cannot be without one."""

    def __enter__(self):
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        return f":{self.process.stdout.readline().strip()}"

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
