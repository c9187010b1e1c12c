#!/usr/bin/env python3
"""The pages in WebKit, Safari's engine, as WebKitGTK with its made-up camera and microphone.

    webkit.py --onair target/debug/onair [CHECK…]
"""

import argparse
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

from live_bench import Bench
from live_server import Server
from live_webkit import NO_COMPOSITOR, PROCESSING, Display, WebKit, trusting

MOST_APART = 0.020  # seconds between what the page says and what the picture shows


def goes_live_by_a_worker(bench_of):
    """Safari's way: a worker reads the camera's frames."""
    with bench_of(features=[PROCESSING]) as bench:
        return goes_live(bench, "worker", limit=720, seconds=6)


def goes_live_by_the_video_element(bench_of):
    """An older Safari's: the page is told of the frames that the preview shows."""
    with bench_of() as bench:
        return goes_live(bench, "element", limit=360, seconds=4)


def goes_live_by_a_timer(bench_of):
    """Without the compositor the page is told of none, and looks for itself."""
    with bench_of(environment=NO_COMPOSITOR) as bench:
        return goes_live(bench, "timer", limit=360, seconds=4)


def goes_live(bench, name, limit, seconds):
    bench.settings(name=name, limit=limit, bitrate=800_000)
    bench.open()
    bench.go_live()
    with bench.record(name) as recording:
        time.sleep(seconds)
        health, about = bench.browser.text("health-words"), bench.browser.text("about")
        bench.end()
    faults = recording.faults() + bench.browser.complaints()
    frames, blocks = (len(recording.packets(kind)) for kind in "va")
    print(f"   {about}: {frames} frames, {blocks} blocks of audio in {seconds} s; {health}")
    if frames < seconds or blocks < seconds * 20:  # another program may need this machine
        faults.append(f"{frames} frames and {blocks} blocks of audio in {seconds} s")
    if "AAC" not in about:
        faults.append(f"the page says {about!r}")
    return faults


def the_watch_page_plays_and_tells_the_truth(bench_of):
    """The test card plays in Safari's engine, and the page says how far behind live it is as the card does."""
    card = bench_of.server.rtmp.replace("{name}", "card")
    command = [bench_of.onair, "publish", "-q", "--to", card, "--size", "640x360"]
    publisher = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with bench_of() as bench:
            bench.browser.open(urljoin(bench.page, "/?stream=live%2Fcard"))
            bench.browser.wait("document.documentElement.dataset.state === 'live'", "the card to play", 40)
            time.sleep(5)
            for _ in range(4):  # another program's burst may spoil one, but not all of them
                faults, told = agreement(bench.browser)
                print(f"   {told}")
                if not faults:
                    break
            return faults + bench.browser.complaints()
    finally:
        publisher.terminate()
        publisher.wait(10)


def agreement(browser):
    mark = Path(__file__).with_name("mark.js").read_text()
    script = f"""const seen = ({mark})(document.getElementById('video'));
        return [seen?.frame, seen?.latency, parseFloat(document.getElementById('latency').textContent)]"""
    samples = []
    deadline = time.monotonic() + 6
    while time.monotonic() < deadline:
        samples.append(browser.run(script))
        time.sleep(0.05)
    seen = [sample for sample in samples if sample[1] is not None and sample[2] is not None]
    if len(seen) < 20 or seen[-1][0] - seen[0][0] < 60:
        return ["the card does not move"], f"{len(seen)} of {len(samples)} samples, {samples[-1:]}"
    picture, page = (statistics.mean(sample[i] for sample in seen) for i in (1, 2))
    told = f"behind live: {picture * 1000:.0f} ms by the card, {page * 1000:.0f} ms by the page ({len(seen)} samples)"
    return [] if abs(picture - page) < MOST_APART else [told], told


def the_authority_is_trusted_once_installed(bench_of):
    """The phone's path: the page warns, the certificate is fetched and installed, and the camera goes live."""
    directory = bench_of.directory / "tls"
    directory.mkdir(exist_ok=True)
    with Server(bench_of.onair, directory, relays=False, options=["--tls"]) as server:
        faults = []
        with bench_of.at(server, lenient=False) as bench:
            if is_shown(bench.browser, server.page):
                faults.append("the page opens although nobody vouches for it")
        certificate = fetch(urljoin(server.page, "/ca.crt"))
        steps = fetch(urljoin(server.page, "/trust"))
        if "Certificate Trust Settings" not in steps or 'href="/ca.crt"' not in steps:
            faults.append("/trust does not tell an iPhone's steps")
        driver = trusting(certificate, directory)
        with bench_of.at(server, lenient=False, driver=driver, features=[PROCESSING]) as bench:
            return faults + goes_live(bench, "trusted", limit=360, seconds=3)


def is_shown(browser, page):
    """Whether the page is there, and not the browser's warning."""
    try:
        browser.open(page)
    except RuntimeError:
        return False
    return browser.run("return Boolean(document.getElementById('allow'))")


def fetch(url):
    """As who taps on in spite of the warning."""
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    with urllib.request.urlopen(url, context=careless, timeout=10) as answer:
        return answer.read().decode()


CHECKS = [
    goes_live_by_a_worker,
    goes_live_by_the_video_element,
    goes_live_by_a_timer,
    the_watch_page_plays_and_tells_the_truth,
    the_authority_is_trusted_once_installed,
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--onair", type=Path, required=True)
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(check.__name__ for check in CHECKS))
    options = parser.parse_args()
    chosen = [check for check in CHECKS if not options.checks or check.__name__ in options.checks]
    with tempfile.TemporaryDirectory() as directory, Display() as display:
        onair, directory = options.onair.resolve(), Path(directory)
        with Server(onair, directory, relays=False) as server:
            # Each gets a second chance of its own: what plays in real time may meet another program's burst.
            visits = Visits(server, display, directory, onair)
            failed = [check for check in chosen if not (passes(check, visits) or passes(check, visits))]
    sys.exit(bool(failed))


class Visits:
    """Gives a check its browser, at a page of the server's."""

    def __init__(self, server, display, directory, onair):
        self.server, self.display, self.directory, self.onair = server, display, directory, onair

    def __call__(self, **how):
        return self.at(self.server, **how)

    @contextmanager
    def at(self, server, **how):
        place = argparse.Namespace(page=server.page, rtmp=server.rtmp, shots=None)
        with WebKit(self.display, **how) as browser:
            yield Bench(browser, place, self.directory)


def passes(check, visits):
    try:
        faults = check(visits)
    except (TimeoutError, RuntimeError, OSError, subprocess.SubprocessError) as error:
        faults = [f"{type(error).__name__}: {error}"]
    print(f"{'FAIL' if faults else 'ok  '} {check.__name__.replace('_', ' ')}", flush=True)
    for fault in faults:
        print(f"     {fault}", flush=True)
    return not faults


if __name__ == "__main__":
    main()
