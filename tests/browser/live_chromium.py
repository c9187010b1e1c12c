"""Chromium through chromedriver, with its own camera and microphone."""

import base64

from live_webdriver import Browser

FLAGS = [
    "--headless=new",
    "--no-sandbox",  # a container's root has none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--ignore-certificate-errors",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=30,device-count=2",
]


class Chromium(Browser):
    def __init__(self):
        super().__init__(["chromedriver", "--log-level=SEVERE"], self.capabilities)

    @staticmethod
    def capabilities(profile):
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
        return {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}

    def devtools(self, name, **parameters):
        return self.command("/goog/cdp/execute", {"cmd": name, "params": parameters})

    def before_page(self, script):
        """Runs in every page from now on, before the page's own scripts."""
        added = self.devtools("Page.addScriptToEvaluateOnNewDocument", source=script)
        return added["identifier"]

    def forget(self, identifier):
        self.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=identifier)

    def look(self, width, height, scheme):
        """A window of this size, light or dark."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 1000}
        self.devtools("Emulation.setDeviceMetricsOverride", **metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.devtools("Emulation.setEmulatedMedia", features=features)

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.devtools("Page.captureScreenshot", format="png")["data"]))

    def complaints(self):
        """What the console has warned of since the last call."""
        entries = self.command("/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]
