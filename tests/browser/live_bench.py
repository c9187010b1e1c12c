"""What a check of the go-live page has: the browser, the page, and where the stream comes out."""

import json
import re
from urllib.parse import urlsplit

from live_line import Line
from live_stream import Recorder


class Bench:
    def __init__(self, browser, options, directory):
        self.browser = browser
        self.page = options.page
        self.rtmp = options.rtmp
        self.shots = options.shots
        self.directory = directory

    def name(self, name):
        """The name the page goes live under."""
        return self.settings(name=name, limit=360, bitrate=800_000)["name"]

    def settings(self, **settings):
        kept = json.dumps(json.dumps(settings))
        self.browser.before_page(f"if (location.protocol !== 'about:') localStorage.setItem('onair.live', {kept})")
        return settings

    def open(self, page=None):
        self.browser.open(page or self.page)
        if self.browser.asks:
            self.turn_camera_on()
        self.state("ready", 40)
        self.browser.wait("!document.getElementById('go').disabled", "the red button")

    def turn_camera_on(self):
        """Asks for the camera; once more where the first question had no answer."""
        self.browser.press("#allow")
        try:
            self.state("ready", 10)
        except TimeoutError:
            self.browser.press("#allow")

    def state(self, name, seconds=15):
        self.browser.wait(f"document.documentElement.dataset.state === {name!r}", f"the page to be {name}", seconds)

    def go_live(self):
        self.browser.press("#go")
        self.state("live")

    def end(self):
        self.browser.press("#go")
        self.browser.press("#farewell .danger")
        self.state("ready")
        return self.browser.text("word")

    def record(self, name):
        return Recorder(self.rtmp.replace("{name}", name), self.directory / f"{name}.flv")

    def through(self, line):
        """The page's link, by way of a line."""
        return re.sub(r"(?<=://)[^/]+", f"127.0.0.1:{line.port}", self.page)

    def line(self):
        where = urlsplit(self.page)
        return Line((where.hostname, where.port))
