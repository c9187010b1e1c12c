"""A browser through its driver: WebDriver is JSON over HTTP, so the standard library will do."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


class Browser:
    """One browser with a fresh profile; `close` it, or use it in a `with`."""

    asks = False  # the camera has to be turned on by hand, as permissions are not known beforehand

    def __init__(self, driver, capabilities, environment=None):
        self.profile = tempfile.mkdtemp(prefix="browser-")
        self.address = f"http://127.0.0.1:{free_port()}"
        command = [*driver, f"--port={self.address.rpartition(':')[2]}"]
        # A group of its own: what the driver started ends with it, even when the browser broke.
        self.driver = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        try:
            wait_until(self.is_up, f"{driver[0]} to start")
            answer = self.request("POST", "/session", {"capabilities": {"alwaysMatch": capabilities(self.profile)}})
        except (TimeoutError, RuntimeError, OSError):
            self.end()
            raise
        self.session = f"/session/{answer['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def is_up(self):
        try:
            return self.request("GET", "/status")["ready"]
        except OSError:
            return False

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def command(self, path, body):
        return self.request("POST", self.session + path, body)

    def open(self, url):
        self.command("/url", {"url": "about:blank"})  # a changed fragment alone loads nothing
        self.command("/url", {"url": url})

    def run(self, script, *arguments):
        return self.command("/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script, what, seconds=15):
        """Until the expression is true."""
        return wait_until(lambda: self.run(f"return {script}"), what, seconds)

    def text(self, identifier):
        return self.run("return document.getElementById(arguments[0]).textContent", identifier)

    def press(self, selector):
        """A real click: what is covered, disabled or out of sight cannot be pressed."""
        element = self.command("/element", {"using": "css selector", "value": selector})
        self.command(f"/element/{next(iter(element.values()))}/click", {})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.request("GET", self.session + "/screenshot")))

    def close(self):
        try:
            self.request("DELETE", self.session)
        except (OSError, RuntimeError):
            pass  # a browser that broke has nothing to say
        finally:
            self.end()

    def end(self):
        self.driver.terminate()
        self.driver.wait()
        try:
            os.killpg(self.driver.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all of them ended by themselves
        shutil.rmtree(self.profile, ignore_errors=True)


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_until(condition, what, seconds=15):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise TimeoutError(f"waited {seconds} s for {what}")
